//! Forms with files: `multipart/form-data` (RFC 7578), strictly.

use crate::text::Said;

/// One part of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    pub(crate) filename: Option<&'a str>,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a [u8],
}

/// Takes a form apart. Anything before the first and after the last boundary
/// is refused: no client has a reason to send it.
pub(crate) fn parse<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, Said> {
    let delimiter = format!("--{}", boundary(content_type)?);
    let separator = format!("\r\n{delimiter}");
    let mut rest = body
        .strip_prefix(delimiter.as_bytes())
        .ok_or(("body does not begin with the boundary", "主体不以 boundary 开头"))?;
    let mut parts = Vec::new();
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            return match end {
                b"" | b"\r\n" => Ok(parts),
                _ => Err(("something follows the last boundary", "最后的 boundary 之后还有内容")),
            };
        }
        rest = rest
            .strip_prefix(b"\r\n")
            .ok_or(("a boundary is not at the end of its line", "boundary 之后没有换行"))?;
        let (part, after) = split(rest, separator.as_bytes())
            .ok_or(("the last boundary is missing", "缺少最后的 boundary"))?;
        parts.push(part_of(part)?);
        rest = after;
    }
}

fn boundary(content_type: &str) -> Result<&str, Said> {
    let mut parameters = content_type.split(';').map(str::trim);
    if !parameters.next().is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data")) {
        return Err(("Content-Type must be multipart/form-data", "Content-Type 应为 multipart/form-data"));
    }
    let value = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim_matches('"'));
    value
        .filter(|value| (1..=70).contains(&value.len()))
        .ok_or(("Content-Type has no boundary", "Content-Type 里没有 boundary"))
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let position = bytes.windows(at.len()).position(|window| window == at)?;
    Some((bytes.get(..position)?, bytes.get(position + at.len()..)?))
}

fn part_of(bytes: &[u8]) -> Result<Part<'_>, Said> {
    let (head, body) = split(bytes, b"\r\n\r\n").ok_or(("a part has no headers", "有一个部分没有头"))?;
    let head = std::str::from_utf8(head)
        .map_err(|_| ("a part's headers are not UTF-8", "有一个部分的头不是 UTF-8"))?;
    let header = |wanted: &str| {
        head.split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim())
    };
    let disposition = header("content-disposition")
        .ok_or(("a part has no Content-Disposition", "有一个部分没有 Content-Disposition"))?;
    let parameters = disposition
        .strip_prefix("form-data")
        .ok_or(("a part is not form-data", "有一个部分不是 form-data"))?;
    let name = parameter(parameters, "name").ok_or(("a part has no name", "有一个部分没有 name"))?;
    Ok(Part {
        name,
        filename: parameter(parameters, "filename"),
        content_type: header("content-type").unwrap_or_default(),
        body,
    })
}

/// The value of `; name="value"`; clients escape double quotes as `%22`.
fn parameter<'a>(parameters: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = parameters;
    while let Some((_, after)) = rest.split_once(';') {
        let (name, value) = after.split_once('=')?;
        let (value, next) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b\"";

    #[test]
    fn takes_a_form_apart() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"meta\"\r\n\
            content-type: application/json\r\n\r\n{}\r\n--b\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a;b.png\"\r\n\r\n\0\r\n--bar\r\n--b--\r\n";
        let error = parse(TYPE, body).unwrap_err();
        // `--bar` begins like the boundary: a sender must not let that happen.
        assert_eq!(error.0, "a boundary is not at the end of its line");
        let body = String::from_utf8_lossy(body).replace("--bar", "-bar");
        let parts = parse(TYPE, body.as_bytes()).unwrap();
        let meta = Part { name: "meta", filename: None, content_type: "application/json", body: b"{}" };
        let file = Part { name: "file", filename: Some("a;b.png"), content_type: "", body: b"\0\r\n-bar" };
        assert_eq!(parts, [meta, file]);
    }

    #[test]
    fn refuses_what_is_not_a_form() {
        let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
        for body in ["", "x--b--", "--b", "--b--x", part, "--b\r\nX: y\r\n\r\n\r\n--b--", "--b\r\n\r\n--b--"]
        {
            assert!(parse(TYPE, body.as_bytes()).is_err(), "{body}");
        }
        for kind in ["application/json", "multipart/form-data", "multipart/form-data; boundary="] {
            assert!(parse(kind, b"--b--").is_err(), "{kind}");
        }
    }
}
