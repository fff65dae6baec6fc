//! One request as one line of the log on standard error.

use std::fmt::Write as _;
use std::time::Duration;

use crate::protocol::request_log::RequestEntry;

/// The line for a request; the openid is masked.
pub(super) fn format(entry: &RequestEntry, took: Option<Duration>) -> String {
    let mut line = format!("{} host{}", entry.time, entry.host);
    // Writing to a String cannot fail.
    if !entry.method.is_empty() {
        let _ = write!(line, " {} {} {}", entry.operation, entry.method, mask(&entry.target));
    }
    if let Some(number) = &entry.number {
        let _ = write!(line, " number={}", clean(number));
    }
    match entry.http_status {
        Some(status) => {
            let _ = write!(line, " -> {status}");
        }
        None => line.push_str(" -> no answer"),
    }
    if entry.sub_code != 0 {
        let _ = write!(line, " sub-code={}", entry.sub_code);
    }
    if let Some(fault) = &entry.fault {
        let _ = write!(line, " fault={fault}");
    }
    if entry.took_effect {
        line.push_str(" effect");
    }
    if entry.duplicate {
        line.push_str(" duplicate");
    }
    if !entry.method.is_empty() && !entry.signature_ok {
        line.push_str(" bad-signature");
    }
    if let Some(took) = took {
        let _ = write!(line, " {:.1}ms", took.as_secs_f64() * 1000.0);
    }
    line
}

/// Hides the middle of the openid in a path, and the query altogether.
fn mask(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let mut masked: Vec<String> = Vec::new();
    let mut after_users = false;
    for segment in path.split('/') {
        masked.push(if after_users { hide(segment) } else { clean(segment) });
        after_users = segment == "users";
    }
    masked.join("/")
}

fn hide(openid: &str) -> String {
    let letters: Vec<char> = clean(openid).chars().collect();
    let start: String = letters.iter().take(4).collect();
    let end: String = letters.iter().skip(4.max(letters.len().saturating_sub(4))).collect();
    format!("{start}***{end}")
}

/// Control characters do not reach the terminal.
fn clean(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_the_openid() {
        let target =
            "/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/C1?appid=x";
        assert_eq!(mask(target), "/v3/marketing/partner/product-coupon/users/oSan***0001/coupons/C1");
        assert_eq!(mask("/users/oU/x"), "/users/oU***/x");
    }
}
