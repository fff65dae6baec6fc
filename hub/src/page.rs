//! The page for a shift manager: is everything redeemed, what is in doubt and since when, which tills are there.

use crate::hub::Hub;
use crate::metrics::{MINUTES, Minute};
use crate::store::Failed;
use crate::store::tills;
use std::fmt::Write as _;
use wxcoupon::api::{self, use_time};
use wxcoupon::journal::{Row, State};

/// The languages of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Chinese,
}

impl Language {
    /// As the address asks, or the browser.
    pub fn choose(asked: Option<&str>, accepted: &str) -> Language {
        match asked {
            Some("zh") => Language::Chinese,
            Some("en") => Language::English,
            _ => {
                let first = accepted.split([',', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
                if first.starts_with("zh") { Language::Chinese } else { Language::English }
            }
        }
    }

    fn of(self, text: (&'static str, &'static str)) -> &'static str {
        match self {
            Language::English => text.0,
            Language::Chinese => text.1,
        }
    }
}

const TITLE: (&str, &str) = ("Coupons: state of the hub", "优惠券服务状态");
const ALL_CLEAR: (&str, &str) = ("Every redemption is known.", "所有核销结果均已确认。");
const IN_DOUBT: (&str, &str) = ("Not yet known", "结果待确认");
const NOTE: (&str, &str) = (
    "Keep these sales open, and redeem none of them under a new number. The hub asks WeChat Pay by itself; the till settles.",
    "请保留这些订单，不要换新单号重新核销。系统会自动向微信支付查询，收银机也可执行“查清”。",
);
const NEEDS_A_PERSON: (&str, &str) = (" (needs a person)", "（需要人工处理）");
const CHART: (&str, &str) = ("Redemptions a minute, last two hours", "近两小时每分钟核销数");
const REDEEMED: (&str, &str) = ("redeemed", "已核销");
const REFUSED: (&str, &str) = ("refused", "被拒绝");
const DOUBTFUL: (&str, &str) = ("in doubt", "待确认");
const TILLS: (&str, &str) = ("Tills", "收银机");
const TILL: (&str, &str) = ("Till", "收银机");
const NUMBER: (&str, &str) = ("Number", "单号");
const OPERATION: (&str, &str) = ("Operation", "操作");
const STATE: (&str, &str) = ("State", "状态");
const SINCE: (&str, &str) = ("Since", "开始时间");
const LAST_SEEN: (&str, &str) = ("Last seen", "最近一次通信");
const NEVER: (&str, &str) = ("never", "从未");
const REVOKED: (&str, &str) = ("revoked", "已停用");
const NO_KEY: (&str, &str) = ("waits for its code", "等待输入激活码");
const GOOD: (&str, &str) = ("active", "正常");
const OTHER: (&str, &str) = ("中文", "English");
const AS_OF: (&str, &str) = ("As of", "截至");
const NOT_ALL: (&str, &str) = ("Only the first 200 are shown.", "仅显示前 200 条。");
const HERE: (&str, &str) = ("Seen in the last 15 minutes", "最近 15 分钟有通信");
const COLON: (&str, &str) = (": ", "：");
const COMMA: (&str, &str) = (", ", "，");

/// As WeChat Pay's documentation calls it, or in English by its name in calls.
fn operation(id: &str, language: Language) -> &str {
    let known = api::by_id(id).filter(|_| language == Language::Chinese);
    known.map_or(id, |operation| operation.title)
}

fn state(state: State) -> (&'static str, &'static str) {
    match state {
        State::Pending => ("pending", "待确认"),
        State::Voiding => ("being called off", "撤销中"),
        State::Watching => ("called off, watched", "已撤销，观察中"),
        State::RefusedWatched => ("refused, watched", "已拒绝，观察中"),
        State::Unresolved => ("unresolved", "无法确认"),
        State::Damaged => ("damaged", "记录损坏"),
        _ => ("finished", "已完成"),
    }
}

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1a1a1a;--ground:#fff;--line:#ccc;--good:#0b6b2b;--bad:#a11212;\
--grey:#595959}@media(prefers-color-scheme:dark){:root{--ink:#e7ebee;--ground:#101418;--line:#39424a;--good:#6fd3a4;--bad:#ff9d94;\
--grey:#a3adb7}}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:var(--ink);\
background:var(--ground)}a{color:var(--good)}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;\
border-bottom:1px solid var(--line)}td{overflow-wrap:anywhere}td:first-child,.time{white-space:nowrap}.good{color:var(--good)}\
.bad{color:var(--bad)}.grey{color:var(--grey)}svg{width:100%;height:auto;min-height:90px}.key span{margin-right:1rem;\
white-space:nowrap}@media(max-width:40rem){body{margin:1rem auto}thead{display:none}table,tbody{display:block}\
tr{display:flex;flex-wrap:wrap;gap:0 .8rem;padding:.4rem 0;border-bottom:1px solid var(--line)}td{padding:0;border:0}}";

/// Rows of doubt that are shown.
const MOST: usize = 200;
/// A till that was not seen for longer is away.
const HERE_MS: i64 = 15 * 60 * 1000;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn stamp(ms: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000));
    let text = time.map(use_time).unwrap_or_default();
    text.get(..19).unwrap_or_default().replace('T', " ")
}

/// The whole page.
pub fn page(hub: &Hub, language: Language) -> Result<String, Failed> {
    let rows = hub.client.unfinished().map_err(|error| Failed::new(error.message))?;
    // What this hub has not written down yet, so that a till that works is not said to be away.
    hub.note_seen();
    let tills = hub.store.read(tills::list)?;
    let now = hub.now_ms();
    let (code, other) = match language {
        Language::English => ("en", "zh"),
        Language::Chinese => ("zh-CN", "en"),
    };
    let title = language.of(TITLE);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"30\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body>\
         <main><h1>{title}</h1><p class=\"grey\">{} {} (UTC+8) · <a href=\"?lang={other}\" lang=\"{other}\">{}</a></p>\n",
        language.of(AS_OF),
        stamp(now),
        language.of(OTHER),
    );
    doubt(&mut page, hub, &rows, language)?;
    let _ = write!(page, "<h2>{}</h2>\n{}", language.of(CHART), chart(&hub.metrics.minutes(), now, language));
    table_of_tills(&mut page, &tills, now, language);
    page.push_str("</main></body></html>\n");
    Ok(page)
}

fn doubt(page: &mut String, hub: &Hub, rows: &[Row], language: Language) -> Result<(), Failed> {
    let open: Vec<&Row> = rows.iter().filter(|row| row.state.is_in_doubt()).collect();
    if open.is_empty() {
        let _ = writeln!(page, "<p class=\"good\"><strong>{}</strong></p>", language.of(ALL_CLEAR));
        return Ok(());
    }
    let _ = write!(
        page,
        "<h2 class=\"bad\">{}{}{}</h2>\n<p>{}</p>\n<table><thead><tr>",
        language.of(IN_DOUBT),
        language.of(COLON),
        open.len(),
        language.of(NOTE)
    );
    for head in [SINCE, TILL, NUMBER, OPERATION, STATE] {
        let _ = write!(page, "<th scope=\"col\">{}</th>", language.of(head));
    }
    page.push_str("</tr></thead><tbody>\n");
    for row in open.iter().take(MOST) {
        let number = &*row.request.request_no;
        let till = hub.owner(number)?.map_or_else(|| "–".to_owned(), |owner| owner.till);
        let needs = matches!(row.state, State::Unresolved | State::Damaged);
        let needs = if needs { language.of(NEEDS_A_PERSON) } else { "" };
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}{needs}</td></tr>",
            stamp(row.doubted_ms.unwrap_or(row.created_ms)),
            escaped(&till),
            escaped(number),
            escaped(operation(&row.request.operation, language)),
            language.of(state(row.state)),
        );
    }
    page.push_str("</tbody></table>\n");
    if open.len() > MOST {
        let _ = writeln!(page, "<p class=\"grey\">{}</p>", language.of(NOT_ALL));
    }
    Ok(())
}

fn table_of_tills(page: &mut String, tills: &[tills::Till], now: i64, language: Language) {
    let (tills_are, colon) = (language.of(TILLS), language.of(COLON));
    let is_here = |till: &tills::Till| till.seen_ms.is_some_and(|at| now - at <= HERE_MS);
    let (here, all) = (tills.iter().filter(|till| is_here(till)).count(), tills.len());
    let here_are = language.of(HERE);
    let _ = write!(
        page,
        "<h2>{tills_are}{colon}{all}</h2>\n<p class=\"grey\">{here_are}{colon}{here}</p>\n<table><thead><tr>"
    );
    for head in [TILL, LAST_SEEN, STATE] {
        let _ = write!(page, "<th scope=\"col\">{}</th>", language.of(head));
    }
    page.push_str("</tr></thead><tbody>\n");
    for till in tills {
        let (class, what) = match till {
            till if till.revoked_ms.is_some() => ("grey", REVOKED),
            till if till.generations.is_empty() => ("grey", NO_KEY),
            _ => ("good", GOOD),
        };
        let seen = till.seen_ms.map_or_else(|| language.of(NEVER).to_owned(), stamp);
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"time {}\">{seen}</td><td class=\"{class}\">{}</td></tr>",
            escaped(&till.id),
            if is_here(till) { "good" } else { "grey" },
            language.of(what),
        );
    }
    page.push_str("</tbody></table>\n");
}

const WIDTH: usize = 960;
const HEIGHT: u32 = 160;

/// Bars, one a minute: redeemed below, then refused, then in doubt.
fn chart(minutes: &[Minute], now: i64, language: Language) -> String {
    let last = now.div_euclid(60_000);
    let all = |minute: &Minute| minute.redeemed + minute.refused + minute.in_doubt;
    let most = minutes.iter().map(all).max().unwrap_or(0).max(1);
    let sum = |of: fn(&Minute) -> u32| minutes.iter().map(of).sum::<u32>();
    let sums = [
        ("good", REDEEMED, sum(|minute| minute.redeemed)),
        ("grey", REFUSED, sum(|minute| minute.refused)),
        ("bad", DOUBTFUL, sum(|minute| minute.in_doubt)),
    ];
    let told = sums.map(|(_, what, count)| format!("{} {count}", language.of(what))).join(language.of(COMMA));
    let width = WIDTH / MINUTES;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{told}\">\n\
         <line x1=\"0\" y1=\"{HEIGHT}\" x2=\"{WIDTH}\" y2=\"{HEIGHT}\" class=\"grey\" stroke=\"currentColor\"/>\n\
         <text x=\"4\" y=\"14\" font-size=\"13\" class=\"grey\" fill=\"currentColor\">{most}</text>\n",
        HEIGHT + 4
    );
    for minute in minutes {
        let Ok(back) = usize::try_from(last - minute.at) else { continue };
        if back >= MINUTES {
            continue;
        }
        let x = (MINUTES - 1 - back) * width;
        let mut below = 0;
        for (count, class) in [(minute.redeemed, "good"), (minute.refused, "grey"), (minute.in_doubt, "bad")]
        {
            let height = count * (HEIGHT - 20) / most;
            if count > 0 {
                let height = height.max(1);
                below += height;
                let y = HEIGHT.saturating_sub(below);
                let width = width - 1;
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"{class}\" fill=\"currentColor\"/>"
                );
            }
        }
    }
    svg.push_str("</svg>\n<p class=\"key\">");
    for (class, what, count) in sums {
        let _ = write!(svg, "<span><b class=\"{class}\">■</b> {} {count}</span>", language.of(what));
    }
    svg.push_str("</p>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_s_language_counts_unless_the_address_says_another() {
        assert_eq!(Language::choose(None, "zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(Language::choose(None, "de,zh;q=0.9"), Language::English);
        assert_eq!(Language::choose(Some("en"), "zh-CN"), Language::English);
        assert_eq!(Language::choose(Some("zh"), ""), Language::Chinese);
    }

    #[test]
    fn the_chart_has_a_bar_for_each_minute_and_kind() {
        let now = 1_767_225_600_000;
        let at = now / 60_000;
        let minutes = [
            Minute { at: at - 500, redeemed: 9, ..Minute::default() },
            Minute { at: at - 1, redeemed: 3, refused: 1, in_doubt: 0 },
            Minute { at, redeemed: 2, refused: 0, in_doubt: 1 },
        ];
        let svg = chart(&minutes, now, Language::English);
        assert_eq!(svg.matches("<rect").count(), 4, "{svg}");
        assert!(svg.contains("redeemed 14, refused 1, in doubt 1"), "{svg}");
        assert!(!chart(&[], now, Language::Chinese).contains("<rect"));
    }

    #[test]
    fn nothing_that_a_till_says_becomes_markup() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
