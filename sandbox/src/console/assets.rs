//! The files of the page, compiled in.

/// A file of the page.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) content: &'static str,
}

macro_rules! assets {
    ($($name:literal)*) => {
        /// All of them; `index.html` is the page, the others are below `/console/`.
        pub(crate) const ALL: &[Asset] = &[$(Asset {
            name: $name,
            content_type: content_type($name),
            content: include_str!(concat!("page/", $name)),
        },)*];
    };
}

const fn content_type(name: &str) -> &'static str {
    // The last letter tells the four kinds apart.
    match name.as_bytes() {
        [.., b'l'] => "text/html; charset=utf-8",
        [.., b'g'] => "image/svg+xml",
        [.., b'c', b's', b's'] => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    }
}

assets! {
    "index.html"
    "icon.svg"
    "base.css" "layout.css" "views.css" "log.css" "sign_in.css"
    "app.js" "api.js" "dom.js" "format.js" "i18n.js" "en.js" "en-more.js" "zh.js" "zh-more.js"
    "store.js" "live.js"
    "coupons.js" "offer.js" "phone.js" "faults.js" "log.js" "marks.js" "exchange.js" "signature.js" "truth.js"
    "notifications.js" "clock.js" "certificates.js" "setup.js" "snippets.js" "record.js"
}

/// The file of that name.
pub(crate) fn find(name: &str) -> Option<&'static Asset> {
    ALL.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_served_under_its_type() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/console/page");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let asset = find(&name).unwrap_or_else(|| panic!("{name} is not served"));
            let kind = match name.rsplit('.').next().unwrap() {
                "html" => "text/html; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                "js" => "text/javascript; charset=utf-8",
                "svg" => "image/svg+xml",
                other => panic!("{other}"),
            };
            assert_eq!(asset.content_type, kind, "{name}");
        }
    }

    #[test]
    fn every_import_and_every_link_of_the_page_is_there() {
        for asset in ALL {
            let quoted = asset.content.split(['"', '\'']);
            for name in
                quoted.filter_map(|text| text.strip_prefix("./").or_else(|| text.strip_prefix("/console/")))
            {
                let is_file =
                    [".js", ".css", ".svg"].iter().any(|end| name.ends_with(end)) && !name.contains('/');
                assert!(!is_file || find(name).is_some(), "{} names {name}", asset.name);
            }
        }
    }
}
