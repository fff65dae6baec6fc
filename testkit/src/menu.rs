//! A menu of faults for the matrices of the tests: what goes wrong, and the class that each kind of call must end with.

use wxcoupon_sandbox::{Fault, FaultKind};

/// What goes wrong, and what the till must be told.
pub struct Row {
    /// For the table.
    pub name: String,
    /// Faults of the same call that act wherever they apply.
    pub before: Vec<Fault>,
    /// The fault that the columns place.
    pub fault: Fault,
    /// Classes by first or every attempt, and one or both hosts: `[first one, first both, every one, every
    /// both]`. Nothing where the fault cannot act so.
    pub classes: [Option<i32>; 4],
    /// Cells of one batch run at the same time. The first is for those that do not disturb each other, the
    /// second for answers of megabytes, the third for throttling, which slows the whole process down.
    pub batch: usize,
    /// The effect comes after the call has given up.
    pub lands_late: bool,
    /// What is no fault of a moment and goes on after the call.
    pub goes_on: Option<FaultKind>,
    /// What the redemption of a 商家券 must be told.
    pub busifavor: Busifavor,
}

/// What the redemption of a 商家券 must be told under a fault.
pub enum Busifavor {
    /// The same as that of a product coupon.
    Same,
    /// These classes.
    Classes(Classes),
    /// The sandbox cannot play the fault as WeChat Pay would, or what is told depends on the moment.
    LeftOut,
}

/// How many there are.
pub const BATCHES: usize = 3;

type Classes = [i32; 4];

/// The repeat, or the other host, gets the right answer.
const HARMLESS: Classes = [0, 0, 0, 0];
/// The same; but where every attempt fails, the outcome is in doubt.
const DOUBT: Classes = [0, 0, 0, 4];
/// The same; but where every attempt fails, nothing was sent.
const UNSENT: Classes = [0, 0, 0, 3];
/// The same; but where every attempt is told to wait, the till is.
const WAIT: Classes = [0, 0, 0, 6];
/// WeChat Pay says no, and there is nothing to doubt.
const REFUSED: Classes = [5, 5, 5, 5];

/// How long a slow redemption takes: longer than an attempt, shorter than a call.
pub const SLOW_MS: u64 = 900;

impl Row {
    fn new(name: impl Into<String>, kind: FaultKind, classes: Classes) -> Row {
        Row {
            name: name.into(),
            before: Vec::new(),
            batch: match kind {
                FaultKind::Huge { .. } => 1,
                FaultKind::RateLimited { .. } => 2,
                _ => 0,
            },
            lands_late: matches!(kind, FaultKind::SlowProcessing { .. }),
            goes_on: None,
            // Its code says nothing, whatever the status is.
            busifavor: match kind {
                FaultKind::Status { status, html: false } if status != 401 => Busifavor::Classes(DOUBT),
                // What is told of the time is not shifted with the rest of the answer. And a lock is told as a fault, after
                // which the repeat may or may not fit the deadline.
                FaultKind::DateOffset { .. }
                | FaultKind::Clock { seconds: 300.. }
                | FaultKind::SlowProcessing { ms: SLOW_MS.. } => Busifavor::LeftOut,
                _ => Busifavor::Same,
            },
            fault: Fault::new(kind),
            classes: classes.map(Some),
        }
    }

    /// Two rows: the request takes effect, and it does not.
    fn both_ways(name: &str, kind: FaultKind, classes: Classes) -> [Row; 2] {
        [true, false].map(|processed| {
            let suffix = if processed { "takes effect" } else { "no effect" };
            let row = Row::new(format!("{name}, {suffix}"), kind.clone(), classes);
            Row { fault: row.fault.clone().processed(processed), ..row }
        })
    }

    /// The first attempt's answer is lost, with or without an effect; then the row's fault.
    fn after_loss(self, took_effect: bool) -> Row {
        let (kind, lost) = if took_effect {
            (FaultKind::ProcessThenReset, "answer lost")
        } else {
            (FaultKind::ResetAfterRead, "request lost")
        };
        Row {
            name: format!("{lost}, then {}", self.name),
            before: [vec![Fault::new(kind).times(1)], self.before].concat(),
            // The third attempt waits longer, and may or may not fit the deadline.
            busifavor: match self.busifavor {
                Busifavor::Classes(_) => Busifavor::LeftOut,
                other => other,
            },
            ..self
        }
    }
}

/// All of them, in the order of the table.
pub fn rows() -> Vec<Row> {
    let mut rows = connections();
    rows.extend(silence());
    rows.extend(statuses());
    rows.extend(unproven());
    rows.extend(unreadable());
    rows.extend(time_and_delay());
    rows.extend(one_after_another());
    rows
}

fn connections() -> Vec<Row> {
    use FaultKind as F;
    let refuse = Row::new("refuse_connection", F::RefuseConnection, UNSENT);
    vec![
        // The port is closed until it is opened again: it cannot be closed for one attempt.
        Row { classes: [None, None, Some(0), Some(3)], ..refuse },
        Row::new("tls_alert", F::TlsAlert, UNSENT),
        Row::new("reset_before_read", F::ResetBeforeRead, UNSENT),
        Row::new("reset_after_read", F::ResetAfterRead, DOUBT),
        Row::new("process_then_reset", F::ProcessThenReset, DOUBT),
        Row::new("close_after", F::CloseAfter, HARMLESS),
    ]
}

fn silence() -> Vec<Row> {
    use FaultKind as F;
    let mut rows =
        vec![Row::new("hang", F::Hang, DOUBT), Row::new("process_then_hang", F::ProcessThenHang, DOUBT)];
    rows.extend(Row::both_ways("slow_drip", F::SlowDrip { ms: 20 }, DOUBT));
    rows.extend(Row::both_ways("cut_body", F::CutBody, DOUBT));
    rows.extend(Row::both_ways("header_without_end", F::HeaderWithoutEnd, DOUBT));
    rows
}

fn statuses() -> Vec<Row> {
    use FaultKind as F;
    let mut rows = Vec::new();
    for (status, html) in [(408, false), (500, false), (503, false), (502, true), (403, true), (404, true)] {
        let page = if html { " page" } else { "" };
        let kind = F::Status { status, html };
        rows.extend(Row::both_ways(&format!("status {status}{page}"), kind, DOUBT));
    }
    // A signed refusal that took effect all the same would be a lie, not a fault.
    for status in [400, 401, 403, 404] {
        let kind = F::Status { status, html: false };
        rows.push(Row::new(format!("status {status}"), kind, REFUSED));
    }
    rows.push(Row::new("rate_limited", F::RateLimited { retry_after: None }, WAIT));
    for retry_after in [1, 30] {
        let classes = if retry_after == 30 { [6; 4] } else { WAIT };
        let kind = F::RateLimited { retry_after: Some(retry_after) };
        rows.push(Row::new(format!("rate_limited {retry_after} s"), kind, classes));
    }
    for status in [200, 302, 403, 407] {
        rows.push(Row::new(format!("captive_portal {status}"), F::CaptivePortal { status }, DOUBT));
    }
    for status in [302, 307] {
        rows.push(Row::new(format!("redirect {status}"), F::Redirect { status }, DOUBT));
    }
    rows
}

fn unproven() -> Vec<Row> {
    use FaultKind as F;
    [
        ("unsigned", F::Unsigned),
        ("wrong_signature", F::WrongSignature),
        ("signtest", F::Signtest),
        ("stale -600 s", F::Stale { seconds: -600 }),
        ("stale +600 s", F::Stale { seconds: 600 }),
        ("unknown_serial", F::UnknownSerial),
        ("merchant_serial", F::MerchantSerial),
        ("tampered_body", F::TamperedBody),
        ("wrong_coupon", F::WrongCoupon),
    ]
    .into_iter()
    .flat_map(|(name, kind)| Row::both_ways(name, kind, DOUBT))
    // The coupon itself says whose number it bears.
    .chain([wrong_number("takes effect", true, HARMLESS), wrong_number("no effect", false, DOUBT)])
    .collect()
}

fn wrong_number(suffix: &str, takes_effect: bool, classes: [i32; 4]) -> Row {
    let row = Row::new(format!("wrong_number, {suffix}"), FaultKind::WrongNumber, classes);
    // Its answer has no number, so nothing would be wrong with one that was made up.
    let busifavor = if takes_effect { Busifavor::Same } else { Busifavor::LeftOut };
    Row { fault: row.fault.clone().processed(takes_effect), busifavor, ..row }
}

fn unreadable() -> Vec<Row> {
    use FaultKind as F;
    let mut rows: Vec<Row> = [
        ("huge", F::Huge { bytes: 5 * 1024 * 1024 }),
        ("gzip", F::Gzip),
        ("empty_body", F::EmptyBody),
        ("not_json", F::NotJson),
    ]
    .into_iter()
    .flat_map(|(name, kind)| Row::both_ways(name, kind, DOUBT))
    .collect();
    // The answer is right, so it must not have been made up.
    rows.push(Row::new("chunked", F::Chunked, HARMLESS));
    rows
}

fn time_and_delay() -> Vec<Row> {
    use FaultKind as F;
    const HOURS: i64 = 8 * 60 * 60;
    vec![
        Row::new("delay 100 ms", F::Delay { ms: 100 }, HARMLESS),
        Row::new("delay 1 s", F::Delay { ms: 1000 }, DOUBT),
        Row::new("slow_processing 100 ms", F::SlowProcessing { ms: 100 }, HARMLESS),
        // The repeat meets the lock, whose wait does not fit the deadline.
        Row::new("slow_processing 900 ms", F::SlowProcessing { ms: SLOW_MS }, [4; 4]),
        Row::new("date_offset 8 h", F::DateOffset { seconds: HOURS }, HARMLESS),
        Row::new("clock +200 s", F::Clock { seconds: 200 }, HARMLESS),
        // The library follows the clock once a call; one that is wrong for one answer only leads it astray.
        Row {
            // It is the till's clock that is wrong: WeChat Pay's does not run backwards.
            goes_on: Some(F::Clock { seconds: HOURS }),
            ..Row::new("clock +8 h", F::Clock { seconds: HOURS }, [5, 5, 5, 0])
        },
    ]
}

fn one_after_another() -> Vec<Row> {
    use FaultKind as F;
    let refused = || Row::new("status 403", F::Status { status: 403, html: false }, HARMLESS);
    let unasked = || {
        let row = refused();
        Row {
            name: format!("{}, query unanswered", row.name),
            before: vec![Fault::new(F::Hang).on("query")],
            // On one host only, the repeat goes to the other and is answered.
            classes: [0, 4, 0, 4].map(Some),
            ..row
        }
    };
    let throttled = || Row::new("rate_limited", F::RateLimited { retry_after: None }, DOUBT);
    let cut_off = || {
        let row = Row::new("no connection", F::ResetBeforeRead, DOUBT);
        // The connection of the first attempt is spared.
        Row { fault: row.fault.skip(1), ..row }
    };
    let mut rows = vec![
        // Asking finds the effect of the first attempt, or that there is none.
        refused().after_loss(true),
        Row { classes: [0, 4, 0, 4].map(Some), ..refused() }.after_loss(false),
    ];
    for took_effect in [true, false] {
        rows.push(unasked().after_loss(took_effect));
        rows.push(throttled().after_loss(took_effect));
        rows.push(cut_off().after_loss(took_effect));
    }
    rows
}
