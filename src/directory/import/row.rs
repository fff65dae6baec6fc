//! One row of a file becomes an entry.

use crate::directory::told::moment;
use crate::directory::{Entry, Family};
use crate::name;
use serde_json::{Map, Value};

/// Members that are known. All others are left out.
pub const KNOWN: [&str; 9] = [
    "coupon_code",
    "stock_id",
    "product_coupon_id",
    "openid",
    "appid",
    "brand_id",
    "valid_begin_time",
    "valid_end_time",
    "family",
];
/// Members without which nothing can be found.
const REQUIRED: [&str; 2] = ["coupon_code", "stock_id"];
/// The longest code of 商品券. Those of 商家券 have at most 32 characters.
const LONGEST_CODE: usize = 40;
/// The longest openid, and longer than any other id.
const LONGEST_ID: usize = 128;
/// Longer names of columns are not repeated.
const LONGEST_NAME: usize = 40;

type Result<T> = std::result::Result<T, String>;

/// The first line of a CSV file.
#[derive(Debug)]
pub struct Header {
    /// The known member of each column.
    columns: Vec<Option<&'static str>>,
    /// Names that are not known.
    pub ignored: Vec<String>,
}

impl Header {
    /// Reads the names of the columns.
    pub fn read(cells: &[String]) -> Result<Header> {
        let known = |cell: &String| KNOWN.into_iter().find(|name| name.eq_ignore_ascii_case(cell.trim()));
        let columns: Vec<_> = cells.iter().map(known).collect();
        for name in KNOWN {
            let count = columns.iter().filter(|column| **column == Some(name)).count();
            if count > 1 {
                return Err(format!("its first line names {name} twice"));
            }
            if count == 0 && REQUIRED.contains(&name) {
                return Err(format!(
                    "its first line must name the members, separated by commas, and does not name {name}; known are: {}",
                    KNOWN.join(", ")
                ));
            }
        }
        // With other characters than names have, it may be more than one line, and have values of a row in it.
        let is_plain = |cell: &String| cell.trim().chars().all(|at| at == ' ' || name::is_visible(at));
        let are_names = cells.iter().all(is_plain);
        let named = |number: usize, cell: &str| {
            if are_names {
                cell.trim().chars().take(LONGEST_NAME).collect()
            } else {
                format!("column {number}")
            }
        };
        let unknown = (1..).zip(cells.iter().zip(&columns)).filter(|(_, (_, column))| column.is_none());
        let ignored = unknown.map(|(number, (cell, _))| named(number, cell)).collect();
        Ok(Header { columns, ignored })
    }

    /// The entry in a row.
    pub fn entry(&self, cells: &[String], brand_id: Option<&str>) -> Result<Entry> {
        if cells.len() != self.columns.len() {
            return Err(format!(
                "it has {} values, and the first line {} names",
                cells.len(),
                self.columns.len()
            ));
        }
        entry(brand_id, |name| {
            let column = self.columns.iter().position(|column| *column == Some(name));
            Ok(column.and_then(|column| cells.get(column)).map(|cell| cell.trim_matches(' ').to_owned()))
        })
    }
}

/// The values of one line of CSV (RFC 4180), each of which ends on its line.
pub fn cells(line: &str) -> Result<Vec<String>> {
    let (mut cells, mut rest) = (Vec::new(), line);
    loop {
        let (cell, behind) = if let Some(quoted) = rest.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (cell, behind) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            (cell.to_owned(), behind)
        };
        cells.push(cell);
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Ok(cells),
            None => return Err("something follows a closing quote that is not a comma".into()),
        }
    }
}

/// The value after its first quote, and what follows its last one. A quote inside is doubled.
fn unquoted(text: &str) -> Result<(String, &str)> {
    let (mut cell, mut rest) = (String::new(), text);
    loop {
        let (part, behind) = rest.split_once('"').ok_or("a quote is not closed on its line")?;
        cell.push_str(part);
        match behind.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None => return Ok((cell, behind)),
        }
    }
}

/// The entry in an object.
pub fn of_members(members: &Map<String, Value>, brand_id: Option<&str>) -> Result<Entry> {
    entry(brand_id, |name| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("{name} must be a text, found {}", crate::json::kind(other))),
    })
}

fn entry(own_brand: Option<&str>, value: impl Fn(&'static str) -> Result<Option<String>>) -> Result<Entry> {
    let id = |name: &'static str| -> Result<Option<String>> {
        let Some(text) = value(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        match name::flaw(&text) {
            Some(flaw) => Err(format!("{name} has {flaw}")),
            None if text.chars().count() > LONGEST_ID => {
                Err(format!("{name} has more than {LONGEST_ID} characters"))
            }
            None => Ok(Some(text)),
        }
    };
    let required = |name: &'static str| id(name)?.ok_or_else(|| format!("{name} is missing"));
    let time = |name: &'static str| -> Result<Option<i64>> {
        let Some(text) = value(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let read = moment(&text);
        read.map(Some).ok_or_else(|| format!("{name} must be a time such as 2026-12-31T23:59:59+08:00"))
    };
    let family = match value("family")?.as_deref() {
        None | Some("" | "product" | "商品券") => Family::Product,
        Some("busifavor" | "商家券") => Family::Busifavor,
        Some(_) => return Err("family must be product or busifavor".into()),
    };
    let coupon_code = required("coupon_code")?;
    if coupon_code.chars().count() > LONGEST_CODE {
        return Err(format!("coupon_code has more than {LONGEST_CODE} characters"));
    }
    // No code has these characters. A spreadsheet writes long numbers with them.
    if coupon_code.contains(['.', '+']) {
        return Err(
            "coupon_code is a number that a spreadsheet has rounded: format that column as text, and export it anew".into()
        );
    }
    let brand_id = match (family, id("brand_id")?, own_brand) {
        (Family::Busifavor, ..) => None,
        (Family::Product, Some(given), Some(own)) if given != own => {
            return Err("brand_id is not the brand of this context".into());
        }
        (Family::Product, given, own) => given.or_else(|| own.map(str::to_owned)),
    };
    let (from_s, until_s) = (time("valid_begin_time")?, time("valid_end_time")?);
    if from_s.zip(until_s).is_some_and(|(from_s, until_s)| from_s > until_s) {
        return Err("valid_end_time is before valid_begin_time".into());
    }
    Ok(Entry {
        family,
        brand_id,
        stock_id: required("stock_id")?,
        coupon_code,
        product_coupon_id: id("product_coupon_id")?.filter(|_| family == Family::Product),
        openid: id("openid")?,
        appid: id("appid")?,
        valid_from_s: from_s,
        valid_until_s: until_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_its_values() {
        let cut = |line: &str| cells(line).map_or_else(|why| format!("! {why}"), |cells| cells.join("|"));
        for (line, expected) in [
            ("a,b,c", "a|b|c"),
            ("a,,", "a||"),
            ("", ""),
            (r#""a,b",c"#, "a,b|c"),
            (r#""a""b","""#, "a\"b|"),
            (r#"a,"b"#, "! a quote is not closed on its line"),
            (r#""a""b","""","#, "a\"b|\"|"),
            (r#""a""b","""""#, "a\"b|\""),
            (r#"a"b,c"#, "a\"b|c"),
            (r#""a"b,c"#, "! something follows a closing quote that is not a comma"),
        ] {
            assert_eq!(cut(line), expected, "{line}");
        }
    }

    fn told(members: &str) -> String {
        let members = crate::json::parse_object(members).unwrap();
        of_members(&members, Some("120344")).map_or_else(|why| why, |entry| format!("{entry:?}"))
    }

    #[test]
    fn a_fault_is_named_and_no_value_is_repeated() {
        for (members, why) in [
            (r#"{"stock_id":"S"}"#, "coupon_code is missing"),
            (r#"{"coupon_code":"C","stock_id":""}"#, "stock_id is missing"),
            (r#"{"coupon_code":1,"stock_id":"S"}"#, "coupon_code must be a text, found a number"),
            (
                r#"{"coupon_code":"1.22794E+21","stock_id":"S"}"#,
                "coupon_code is a number that a spreadsheet has rounded",
            ),
            (
                r#"{"coupon_code":"C ","stock_id":"S"}"#,
                "coupon_code has a blank (U+0020) as character 2 of 2",
            ),
            (
                r#"{"coupon_code":"C","stock_id":"S","valid_end_time":"2026/1/1"}"#,
                "valid_end_time must be a time",
            ),
            (
                r#"{"coupon_code":"C","stock_id":"S","family":"voucher"}"#,
                "family must be product or busifavor",
            ),
            (
                r#"{"coupon_code":"C","stock_id":"S","brand_id":"9"}"#,
                "brand_id is not the brand of this context",
            ),
            (
                r#"{"coupon_code":"C","stock_id":"S","valid_begin_time":"2026-01-02T00:00:00+08:00","valid_end_time":"2026-01-01T00:00:00+08:00"}"#,
                "valid_end_time is before",
            ),
        ] {
            assert!(told(members).starts_with(why), "{members}: {}", told(members));
        }
        let secret = "oSecret_0123456789";
        for name in KNOWN {
            let flawed = format!("{{\"{name}\":\"{secret}\\u200b\"}}");
            assert!(!told(&flawed).contains(secret), "{}", told(&flawed));
        }
    }

    #[test]
    fn what_is_not_of_the_family_is_left_out() {
        let both = r#""coupon_code":"C","stock_id":"S","product_coupon_id":"P","openid":"o1","appid":"wx1""#;
        let product = told(&format!("{{{both}}}"));
        assert!(
            product.contains("brand_id: Some(\"120344\")") && product.contains("Some(\"P\")"),
            "{product}"
        );
        let other = told(&format!("{{{both},\"family\":\"商家券\"}}"));
        assert!(other.contains("Busifavor, brand_id: None") && !other.contains("\"P\""), "{other}");
    }
}
