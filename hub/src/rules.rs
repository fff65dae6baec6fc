//! What a till may ask for: its own numbers, users that it has scanned, coupons that it has redeemed.

use crate::answer::{Answer, Refusal};
use crate::hub::Hub;
use crate::policy::Policy;
use crate::store::Failed;
use crate::store::numbers::{self, Claim};
use serde_json::{Map, Value};
use wxcoupon::api::{self, BUSIFAVOR, Operation, Presence};
use wxcoupon::journal::{Row, State};
use wxcoupon::report::Report;
use wxcoupon::status::Code;

/// How long after its call a till's word holds, in milliseconds.
pub const WORD_MS: i64 = 120_000;

type Members = Map<String, Value>;

/// A till with its policy.
#[derive(Debug, Clone, Copy)]
pub struct Till<'a> {
    pub id: &'a str,
    pub policy: &'a Policy,
}

fn text<'a>(members: &'a Members, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

/// Puts in what the policy says, and refuses what contradicts it. True: something was put in.
pub fn force(till: Till<'_>, members: &mut Members, takes: impl Fn(&str) -> bool) -> Result<bool, Answer> {
    let mut changed = false;
    for (name, forced) in [("brand_id", &till.policy.brand_id), ("store_id", &till.policy.store_id)] {
        let Some(forced) = forced.as_deref().filter(|_| takes(name)) else { continue };
        match members.get(name) {
            None | Some(Value::Null) => {
                members.insert(name.to_owned(), forced.into());
                changed = true;
            }
            Some(Value::String(given)) if given == forced => {}
            Some(_) => {
                let message =
                    format!("the hub's policy says {name} for this till, and the request names another one");
                let mut answer = Answer::refused(Refusal::NotAllowed, message);
                answer.report.field = Some(format!("/{name}"));
                return Err(answer);
            }
        }
    }
    Ok(changed)
}

/// Whether a number looks like one under which the library itself returns a redemption that was called off. A till that took it
/// first would prevent that.
pub fn is_the_library_s(number: &str) -> bool {
    let digits = number.strip_prefix('V').unwrap_or_default();
    digits.len() == 38 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

/// The answer about a number of another till. It says nothing of what is under it.
pub fn reused() -> Answer {
    let message = "the request number was used by another till".to_owned();
    Answer::told(Report { message, ..Report::new(Code::RequestNoReused) })
}

/// Whether a number is the till's, or may become it. `Ok(None)`: nobody has it.
pub fn is_own_number(hub: &Hub, till: Till<'_>, number: &str) -> Result<Option<bool>, Failed> {
    let owner = hub.owner(number)?;
    Ok(owner.map(|owner| hub.sees(till.id, till.policy, &owner.till)))
}

/// What the hub fills in stays as it was recorded with the first request of that number: a policy or a default may have changed
/// since, and the time goes on. True: something was changed.
pub fn as_recorded(operation: &Operation, members: &mut Members, row: &Row) -> bool {
    let mut changed = false;
    for filled in operation.members {
        let is_time = matches!(filled.presence, Presence::RequiredOrNow);
        let is_left_out = members.get(filled.name).is_none_or(Value::is_null);
        let is_forced = ["brand_id", "store_id"].contains(&filled.name);
        let is_default = matches!(filled.presence, Presence::RequiredOrDefault | Presence::OptionalOrDefault);
        if !(is_time || is_left_out && (is_forced || is_default)) {
            continue;
        }
        if let Some(recorded) = row.members.get(filled.name)
            && members.get(filled.name) != Some(recorded)
        {
            members.insert(filled.name.to_owned(), recorded.clone());
            changed = true;
        }
    }
    changed
}

/// Gives the number of a write to the till, before anything is sent.
pub fn claim(
    hub: &Hub,
    till: Till<'_>,
    operation: &'static Operation,
    members: &Members,
    word_ms: i64,
    nonce: &str,
) -> Result<(), Answer> {
    let Some(number) = operation.request_no_member.and_then(|name| text(members, name)) else {
        return Ok(());
    };
    if number.is_empty() || number.len() > 128 {
        // The library says what is wrong with it.
        return Ok(());
    }
    match is_own_number(hub, till, number)? {
        Some(false) => return Err(reused()),
        Some(true) => {}
        None => may_begin(hub, till, operation, members, number)?,
    }
    let claim = Claim {
        number: number.to_owned(),
        till: till.id.to_owned(),
        operation: operation.id,
        coupon: api::is_redemption(operation.id).then(|| coupon_of(operation, members)).flatten(),
        word_ms,
        nonce: nonce.to_owned(),
    };
    let has = claimed(hub, claim)?;
    // Somebody may have been faster.
    if !hub.sees(till.id, till.policy, &has.till) {
        return Err(reused());
    }
    if has.is_void { Err(called_off()) } else { Ok(()) }
}

/// The answer about a number that was called off before any request with it came.
pub fn called_off() -> Answer {
    let message = "the request with this number was called off before it came".to_owned();
    Answer::told(Report { message, ..Report::new(Code::RequestNoReused) })
}

/// Claims a number. Where the answer to the commit is lost, the claim is made again: it says then whose number it is. Where that says
/// nothing either, the number may be the till's: that is neither refused nor done.
pub fn claimed(hub: &Hub, claim: Claim) -> Result<numbers::Number, Answer> {
    let make = |claim: Claim, is_first: bool| {
        hub.store.write(move |sql| {
            let is_copy = !numbers::keep_nonce(sql, &claim.till, &claim.nonce, 0)?;
            if is_copy && is_first { Ok(None) } else { numbers::claim(sql, &claim).map(Some) }
        })
    };
    let has = match make(claim.clone(), true) {
        Err(unknown @ Failed::Unknown(_)) => make(claim, false).map_err(|_| Answer::unrecorded(&unknown)),
        known => Ok(known?),
    };
    has?.ok_or_else(Answer::copy)
}

/// Whether a till may begin a request with a number that no till has.
fn may_begin(
    hub: &Hub,
    till: Till<'_>,
    operation: &'static Operation,
    members: &Members,
    number: &str,
) -> Result<(), Answer> {
    if is_the_library_s(number) {
        let message = "numbers of V and 38 hexadecimal digits are those of returns that the hub makes itself";
        return Err(Answer::refused(Refusal::NotAllowed, message));
    }
    if let Some(prefix) = till.policy.number_prefix.as_deref()
        && !number.starts_with(prefix)
    {
        let message = format!("the hub's policy says that this till's numbers begin with {prefix}");
        return Err(Answer::refused(Refusal::NotAllowed, message));
    }
    // Somebody has used the journal without the hub.
    if hub.client.row(number).map_err(|error| Answer::told(error.into()))?.is_some() {
        return Err(reused());
    }
    let undoes = api::is_return(operation.id) || operation.id.ends_with("deactivate");
    if undoes && !till.policy.any_coupon && !has_redeemed(hub, till, operation, members)? {
        let message = format!("{}: this till has not redeemed the coupon", operation.id);
        return Err(Answer::refused(Refusal::NotOwn, message));
    }
    Ok(())
}

/// What names a coupon in the table of numbers. Codes may repeat across stocks: that is looked at row by row.
pub fn coupon_of(operation: &Operation, members: &Members) -> Option<String> {
    let family = if std::ptr::eq(operation.family, &raw const BUSIFAVOR) { "busifavor" } else { "product" };
    text(members, "coupon_code").map(|code| format!("{family}\n{code}"))
}

/// Whether the redemption that stands now is this till's.
fn has_redeemed(hub: &Hub, till: Till<'_>, operation: &Operation, members: &Members) -> Result<bool, Answer> {
    let Some(coupon) = coupon_of(operation, members) else { return Ok(false) };
    let numbers = hub.store.read(|sql| numbers::redemptions(sql, &coupon))?;
    let mut latest: Option<(i64, i64, Row, String)> = None;
    for number in numbers {
        let row = hub.client.row(&number.request_no).map_err(|error| Answer::told(error.into()))?;
        let Some(row) = row.filter(|row| row.state == State::Done) else { continue };
        let is_same = |name: &str| match (text(members, name), known(&row, name)) {
            (Some(asked), Some(known)) => asked == known,
            // Nothing says that it is another coupon.
            _ => true,
        };
        if !["stock_id", "openid", "product_coupon_id"].into_iter().all(is_same) {
            continue;
        }
        let done_s = row.verdict_s.unwrap_or(row.updated_ms.div_euclid(1000));
        if latest.as_ref().is_none_or(|(last_s, id, ..)| (*last_s, *id) < (done_s, row.id)) {
            latest = Some((done_s, row.id, row, number.till));
        }
    }
    Ok(latest.is_some_and(|(_, _, row, owner)| {
        let is_certain = known(&row, "stock_id").is_some() && text(members, "stock_id").is_some();
        is_certain && hub.sees(till.id, till.policy, &owner) && hub.client.stands(&row)
    }))
}

/// A member of a recorded request, or of its answer.
fn known(row: &Row, name: &str) -> Option<String> {
    let asked = text(&row.members, name).map(str::to_owned);
    asked.or_else(|| {
        let answer: Value = serde_json::from_str(row.answer.as_deref()?).ok()?;
        answer.get(name).or_else(|| answer.pointer(&format!("/stock/{name}")))?.as_str().map(str::to_owned)
    })
}

/// What a scan gave, as it is kept.
pub fn openid_grant(openid: &str) -> String {
    format!("openid {openid}")
}

/// The same of a code that nobody's name came with.
pub fn code_grant(code: &str) -> String {
    format!("code {code}")
}

/// Whether a question about a user or a coupon is about what the till has scanned.
pub fn is_scanned(hub: &Hub, till: Till<'_>, members: &Members) -> Result<(), Answer> {
    if till.policy.any_user {
        return Ok(());
    }
    let what = match (text(members, "openid"), text(members, "coupon_code")) {
        (Some(openid), _) => openid_grant(openid),
        (None, Some(code)) => code_grant(code),
        (None, None) => return Ok(()),
    };
    let is_granted = hub.store.read(|sql| numbers::is_granted(sql, till.id, &what))?;
    if is_granted {
        return Ok(());
    }
    Err(Answer::refused(
        Refusal::NotOwn,
        "this till's own scan did not give this user or code within 15 minutes",
    ))
}

/// What the answer of a scan allows to ask about.
pub fn grants_of(data: &Value) -> Vec<String> {
    let mut grants: Vec<String> =
        data.get("openid").and_then(Value::as_str).map(openid_grant).into_iter().collect();
    let lists = ["coupons", "unusable"].into_iter().filter_map(|list| data.get(list)?.as_array());
    for coupon in lists.flatten() {
        let named = |name: &str| {
            let places = [format!("/use/{name}"), format!("/coupon/{name}")];
            places.iter().find_map(|place| coupon.pointer(place)?.as_str()).filter(|text| !text.is_empty())
        };
        grants.extend(named("openid").map(openid_grant));
        grants.extend(named("coupon_code").map(code_grant));
    }
    grants.sort_unstable();
    grants.dedup();
    grants
}

/// Takes the numbers of other tills out of what a failure says.
pub fn veiled(hub: &Hub, till: Till<'_>, report: Report) -> Report {
    if report.code == Code::Ok || report.message.is_empty() {
        return report;
    }
    let is_number =
        |word: &str| (6..=128).contains(&word.len()) && word.bytes().any(|byte| byte.is_ascii_digit());
    let mut message = report.message.clone();
    let words =
        report.message.split(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')));
    for word in words.filter(|word| is_number(word)) {
        if is_own_number(hub, till, word).ok().flatten() == Some(false) {
            message = message.replace(word, "of another till");
        }
    }
    Report { message, ..report }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_scan_allows_its_users_and_codes() {
        let data = json!({
            "kind": "auth_code", "openid": "o1",
            "coupons": [{ "coupon": {}, "use": { "openid": "o1", "coupon_code": "C1" } }],
            "unusable": [{ "coupon": { "coupon_code": "C2" } }, { "coupon": { "openid": "" } }],
        });
        assert_eq!(grants_of(&data), ["code C1", "code C2", "openid o1"]);
        assert!(grants_of(&json!({ "coupons": 1 })).is_empty());
    }

    #[test]
    fn the_library_s_own_numbers_are_told_by_their_form() {
        assert!(is_the_library_s("V0123456789ABCDEF0123456789ABCDEF012345"));
        assert!(!is_the_library_s("V0123456789ABCDEF0123456789ABCDEF01234"));
        assert!(!is_the_library_s("V0123456789abcdef0123456789ABCDEF012345"));
    }
}
