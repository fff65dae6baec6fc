//! The order of the header: the order of use.

use super::document;
use super::item::{Item, Kind};
use std::fmt::Write as _;

/// The texts around the declarations, from cbindgen.toml.
pub struct Frame {
    pub first_page: String,
    pub macros: String,
    pub trailer: String,
}

struct Section {
    title: &'static str,
    /// Names in order; one that ends in `*` stands for all that begin so and are named nowhere else.
    names: &'static [&'static str],
}

const SECTIONS: &[Section] = &[
    Section {
        title: "Version",
        names: &[
            "WXCOUPON_VERSION",
            "WXCOUPON_VERSION_NUMBER",
            "WXCOUPON_ABI_VERSION",
            "wxcoupon_version",
            "wxcoupon_abi_version",
        ],
    },
    Section {
        title: "Statuses",
        names: &[
            "WXCOUPON_CLASS_*",
            "WXCOUPON_OK",
            "WXCOUPON_E_*",
            "wxcoupon_status_name",
            "wxcoupon_status_text",
            "wxcoupon_status_class",
        ],
    },
    Section {
        title: "Result buffer: made once, filled by every call",
        names: &[
            "wxcoupon_buf",
            "wxcoupon_buf_new",
            "wxcoupon_buf_data",
            "wxcoupon_buf_len",
            "wxcoupon_buf_copy",
            "wxcoupon_buf_copy_utf16",
            "wxcoupon_buf_status",
            "wxcoupon_buf_in_doubt",
            "wxcoupon_buf_free",
        ],
    },
    Section {
        title: "Context: keys, hosts, connections and journal of one merchant",
        names: &["wxcoupon_ctx", "wxcoupon_ctx_new", "wxcoupon_ctx_update", "wxcoupon_ctx_free"],
    },
    Section {
        title: "At the till",
        names: &["wxcoupon_scan", "wxcoupon_query", "wxcoupon_quote", "wxcoupon_use", "wxcoupon_return"],
    },
    Section {
        title: "Before the till: coupons come to users",
        names: &["wxcoupon_list", "wxcoupon_send", "wxcoupon_confirm", "wxcoupon_deactivate"],
    },
    Section { title: "What may have happened", names: &["wxcoupon_pending", "wxcoupon_settle"] },
    Section {
        title: "Jobs, for programs with one thread",
        names: &[
            "wxcoupon_job",
            "wxcoupon_start",
            "wxcoupon_job_wait",
            "wxcoupon_job_cancel",
            "wxcoupon_job_free",
        ],
    },
    Section { title: "What WeChat Pay sends by itself", names: &["wxcoupon_notification_open"] },
    Section {
        title: "Everything else that WeChat Pay offers",
        names: &["wxcoupon_call", "wxcoupon_request"],
    },
    Section { title: "Log", names: &["WXCOUPON_LOG_*", "wxcoupon_log_fn", "wxcoupon_log_set"] },
    Section {
        title: "Warming up and diagnostics",
        names: &["wxcoupon_warm", "wxcoupon_check", "wxcoupon_stats", "wxcoupon_handles_live"],
    },
];

/// A section with its items in order.
pub struct Chapter {
    pub title: &'static str,
    pub items: Vec<Item>,
}

/// The items in their sections. Everything that was exported must have its place, and every place its item.
pub fn chapters(mut items: Vec<Item>) -> Vec<Chapter> {
    let exact: Vec<&str> = SECTIONS.iter().flat_map(|section| section.names).copied().collect();
    let chapter = |section: &Section| {
        let mut chapter = Chapter { title: section.title, items: Vec::new() };
        for name in section.names {
            let taken = match name.strip_suffix('*') {
                None => take(&mut items, |item| item.name() == *name),
                Some(prefix) => {
                    take(&mut items, |item| item.name().starts_with(prefix) && !exact.contains(&item.name()))
                }
            };
            assert!(!taken.is_empty(), "the sources export no {name}: take it out of the header's sections");
            chapter.items.extend(taken);
        }
        chapter
    };
    let chapters = SECTIONS.iter().map(chapter).collect();
    let left: Vec<&str> = items.iter().map(Item::name).collect();
    assert!(left.is_empty(), "give these a section of the header: {left:?}");
    chapters
}

/// Puts the header together.
pub fn assemble(frame: &Frame, example: &str, chapters: &[Chapter]) -> String {
    let classes = class_names(chapters);
    let example: String =
        example.lines().map(|line| format!(" *     {line}").trim_end().to_owned() + "\n").collect();
    let first_page = frame.first_page.trim_start().replace("@EXAMPLE@\n", &example);
    let mut text = format!("{first_page}{}", frame.macros);
    for chapter in chapters {
        let rule = "=".repeat(74);
        let _ = write!(text, "\n/* {rule}\n * {}\n * {rule} */\n", chapter.title);
        let mut previous = None;
        for item in &chapter.items {
            text.push_str(&separator(previous, item, &classes));
            text.push_str(&document::comment(item));
            text.push_str(&declaration(item));
            previous = item.number();
        }
    }
    text + &frame.trailer
}

fn take(items: &mut Vec<Item>, wanted: impl Fn(&Item) -> bool) -> Vec<Item> {
    let (mut taken, rest): (Vec<Item>, Vec<Item>) = std::mem::take(items).into_iter().partition(wanted);
    *items = rest;
    taken.sort_by_key(Item::number);
    taken
}

fn class_names(chapters: &[Chapter]) -> Vec<(i32, String)> {
    let items = chapters.iter().flat_map(|chapter| &chapter.items);
    let classes = items.filter(|item| item.name().starts_with("WXCOUPON_CLASS_"));
    classes.filter_map(|item| Some((item.number()?, item.name().to_owned()))).collect()
}

/// A blank line, and above the first code of each class the class.
fn separator(previous: Option<i32>, item: &Item, classes: &[(i32, String)]) -> String {
    match item.number() {
        Some(code)
            if item.name().starts_with("WXCOUPON_E_") && previous.unwrap_or(0) / 1000 != code / 1000 =>
        {
            let class = classes.iter().find(|(number, _)| *number == code / 1000);
            let name = class.map_or_else(|| panic!("{} has no class", item.name()), |(_, name)| name);
            format!("\n/* ---- {name} ---- */\n\n")
        }
        _ => "\n".to_owned(),
    }
}

/// A declaration with the calling convention, broken within 80 columns.
fn declaration(item: &Item) -> String {
    let text = item.declaration.as_str();
    let whole = match item.kind() {
        Kind::Macro => return aligned_macro(item),
        Kind::Type => text.replace("(*", "(WXCOUPON_CALL *"),
        Kind::Function => {
            let (result, rest) = text.split_at(text.find(item.name()).unwrap_or(0));
            format!("WXCOUPON_API {result}WXCOUPON_CALL {rest}")
        }
    };
    if whole.len() <= 80 {
        return whole + "\n";
    }
    // The last bracket that opens is the parameter list's, in prototypes and in the callback's type.
    let (head, parameters) = whole.split_at(whole.rfind('(').map_or(0, |at| at + 1));
    let lines =
        if parameters.len() + 4 <= 80 { parameters.to_owned() } else { parameters.replace(", ", ",\n    ") };
    format!("{head}\n    {lines}\n")
}

fn aligned_macro(item: &Item) -> String {
    let value = item.declaration.split(' ').skip(2).collect::<Vec<_>>().join(" ");
    format!("#define {:<34} {value}\n", item.name())
}
