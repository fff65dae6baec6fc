//! One run: everything starts, suffers what is planned, is healed, ends what is open, and is looked at.

use super::database::Database;
use super::figures::{FREEZES, Figures, HUB_KILLS, PROMOTIONS, TILL_KILLS, WITHOUT_DATABASE_MS};
use super::hubs::Hub;
use super::oracle::{self, Happened, Violation};
use super::plan::{HUBS, NetDeed, Plan, TILLS, faults};
use super::random::Random;
use super::record::Book;
use super::till::Desk;
use crate::chain::Chain;
use crate::library;
use crate::line::{Line, Mode};
use crate::relay::Relay;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wxcoupon_sandbox::{Fault, Options, Sandbox};

/// A till may do what the tests of a shop do.
const POLICY: &str = "[policy]\nany_user = true\nany_coupon = true\nrate_per_s = 1000\n";

/// The chain, and what is between its parts.
struct World {
    sandbox: Arc<Sandbox>,
    database: Database,
    /// Of each till, to each hub.
    lines: Vec<Vec<Arc<Line>>>,
    /// Of each hub, to both hosts of WeChat Pay.
    wechat: Vec<Vec<Relay>>,
    tills: Vec<Desk>,
    folder: TempDir,
}

/// What a run leaves behind.
pub struct Ending {
    pub books: Vec<Book>,
    pub ledger: Vec<Happened>,
    pub violations: Vec<Violation>,
    pub figures: Figures,
    pub story: String,
}

fn port_of(url: &str) -> u16 {
    url.trim_end_matches('/').rsplit_once(':').unwrap().1.parse().unwrap()
}

fn between_hub_and_wechat(sandbox: &Sandbox) -> Vec<Relay> {
    sandbox.urls().iter().map(|url| Relay::blind(port_of(url))).collect()
}

impl World {
    fn build(plan: &Plan, figures: &Figures) -> (World, Vec<Hub>) {
        let sandbox =
            Options { log_capacity: if plan.is_short { 10_000 } else { 120_000 }, ..Options::default() };
        let sandbox = Arc::new(Sandbox::start(sandbox).unwrap());
        let database = Database::start();
        let wechat: Vec<Vec<Relay>> = (0..HUBS).map(|_| between_hub_and_wechat(&sandbox)).collect();
        let changes = |hub: usize| {
            let urls: Vec<String> =
                wechat[hub].iter().map(|line| format!("https://127.0.0.1:{}", line.port)).collect();
            json!({ "base_urls": urls, "attempt_timeout_ms": 1_000, "connect_timeout_ms": 500 })
        };
        let lines: Vec<Vec<Arc<Line>>> =
            (0..TILLS).map(|_| (0..HUBS).map(|_| Arc::new(Line::to("127.0.0.1:1"))).collect()).collect();
        let to_hub = |hub: usize| lines.iter().map(|lines| Arc::clone(&lines[hub])).collect();
        let first =
            Chain::before(Arc::clone(&sandbox), database.store(), database.url(0), POLICY, &changes(0));
        let others: Vec<Chain> =
            (1..HUBS).map(|hub| first.beside(database.url(hub), &changes(hub))).collect();
        let chains = std::iter::once(first).chain(others);
        let mut hubs: Vec<Hub> = chains.enumerate().map(|(at, chain)| Hub::new(chain, to_hub(at))).collect();
        // The first one makes the tables.
        hubs[0].launch();
        hubs[0].attend_until_ready(figures);
        hubs.iter_mut().skip(1).for_each(Hub::launch);
        for hub in &mut hubs {
            hub.attend_until_ready(figures);
        }
        let folder = TempDir::new().unwrap();
        let keys: Vec<_> = (0..TILLS).map(|at| hubs[0].chain.till(&format!("T{at}"))).collect();
        let desks = keys.iter().enumerate().map(|(at, own)| {
            // Each prefers another hub.
            let hubs: Vec<&str> =
                (0..HUBS).map(|hub| lines[at][(at + hub) % HUBS].address.as_str()).collect();
            let (seed, has_file) = (plan.seed.wrapping_add(1000 * at as u64), at % 2 == 0);
            let config = library::config(own, &hubs);
            Desk::set_up(folder.path(), &own.name, seed, &config, has_file, !plan.is_short)
        });
        let tills = desks.collect();
        (World { sandbox, database, lines, wechat, tills, folder }, hubs)
    }

    fn suffer(&self, deed: &NetDeed) {
        match deed {
            NetDeed::Till { till, hub, mode } => self.lines[*till][*hub].set(*mode),
            NetDeed::WeChat { hub, is_silent, is_down } => {
                for line in &self.wechat[*hub] {
                    line.set_silent(*is_silent);
                    if *is_down || !*is_silent {
                        line.set_down(*is_down);
                    }
                }
            }
            NetDeed::Fault { spec, ms } => {
                let fault = self.sandbox.inject(Fault::from_spec(spec).unwrap());
                let (sandbox, ms) = (Arc::clone(&self.sandbox), *ms);
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(ms));
                    sandbox.clear_fault(fault);
                });
            }
        }
    }

    fn books(&self) -> Vec<Book> {
        self.tills.iter().map(|till| Book::read(&till.record())).collect()
    }

    fn ledger(&self) -> Vec<Happened> {
        self.sandbox.ledger().iter().map(Happened::of).collect()
    }
}

/// Does all of it.
pub fn run(plan: &Plan, say: impl Fn(&str) + Sync) -> Ending {
    let figures = Figures::default();
    let (world, mut hubs) = World::build(plan, &figures);
    let mut random = Random::seeded(plan.seed ^ 0xfa);
    for spec in faults(&mut random) {
        world.sandbox.inject(Fault::from_spec(&spec).unwrap());
    }
    say(&format!("seed {}: {HUBS} hubs, {TILLS} tills, {} s", plan.seed, plan.ends_ms / 1000));
    suffer(plan, &world, &mut hubs, &figures, &say);
    heal(&world, &mut hubs, &figures);
    end(plan, &world, &figures);
    let violations = look(plan, &world);
    let (books, ledger) = (world.books(), world.ledger());
    count(&books, &figures);
    let stories = violations.iter().take(20).map(|violation| story(violation, &world, &hubs, &books));
    let story = stories.collect();
    Ending { books, ledger, violations, figures, story }
}

/// Everything at the same time, each in a thread of its own.
fn suffer(plan: &Plan, world: &World, hubs: &mut [Hub], figures: &Figures, say: &(impl Fn(&str) + Sync)) {
    let (began, over) = (Instant::now(), AtomicBool::new(false));
    thread::scope(|scope| {
        let (over, mut living) = (&over, Vec::new());
        for (hub, deeds) in hubs.iter_mut().zip(&plan.hubs) {
            living.push(scope.spawn(move || hub.live(deeds, began, over, figures)));
        }
        for (till, kills) in world.tills.iter().zip(&plan.tills) {
            living.push(scope.spawn(move || till.live(kills, began, over, figures)));
        }
        scope.spawn(move || {
            let (mut net, mut stretch) = (plan.net.iter().peekable(), 1);
            loop {
                let is_over = over.load(Ordering::SeqCst);
                let now = u64::try_from(began.elapsed().as_millis()).unwrap();
                while let Some((_, deed)) = net.next_if(|(at, _)| *at <= now) {
                    world.suffer(deed);
                }
                if now >= stretch * plan.stretch_ms {
                    say(&line_of(stretch, world, figures));
                    stretch += 1;
                }
                if is_over {
                    return;
                }
                // Nobody ends before: who does has failed.
                assert!(!living.iter().any(thread::ScopedJoinHandle::is_finished));
                thread::sleep(Duration::from_millis(20));
            }
        });
        // However this thread leaves, the others are told.
        let _over = Over { over, stop: world.folder.path().join("stop") };
        // Servers end with the thread that has started them: this one.
        world.database.live(&plan.database, began, figures);
        let ends = began + Duration::from_millis(plan.ends_ms);
        thread::sleep(ends.saturating_duration_since(Instant::now()));
    });
}

struct Over<'a> {
    over: &'a AtomicBool,
    stop: PathBuf,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        let _ = std::fs::write(&self.stop, "");
        self.over.store(true, Ordering::SeqCst);
    }
}

fn line_of(stretch: u64, world: &World, figures: &Figures) -> String {
    let stats = world.sandbox.stats();
    format!(
        "stretch {stretch}: kills of hubs {}, of tills {}, frozen {}, promotions {}, without a database {} s; redeemed {}, returned {}",
        figures.of(HUB_KILLS),
        figures.of(TILL_KILLS),
        figures.of(FREEZES),
        figures.of(PROMOTIONS),
        figures.of(WITHOUT_DATABASE_MS) / 1000,
        stats.used,
        stats.returned,
    )
}

fn heal(world: &World, hubs: &mut [Hub], figures: &Figures) {
    world.sandbox.clear_faults();
    world.lines.iter().flatten().for_each(|line| line.set(Mode::Through));
    for line in world.wechat.iter().flatten() {
        line.set_silent(false);
        line.set_down(false);
    }
    for hub in hubs.iter_mut() {
        hub.attend_until_ready(figures);
    }
}

/// Every till ends what is open.
fn end(plan: &Plan, world: &World, figures: &Figures) {
    let began = Instant::now();
    if plan.is_short {
        // No call of before runs any more. So the tills' words, which hold for two minutes, may be over.
        thread::sleep(Duration::from_secs(11));
        world.database.ask("UPDATE wxcoupon_hub.numbers SET until_ms = 0");
    }
    let limit = Duration::from_secs(if plan.is_short { 240 } else { 900 });
    thread::scope(|scope| {
        for till in &world.tills {
            scope.spawn(move || till.end(limit, !plan.is_short));
        }
    });
    figures.took("everything is settled after everything is healed", began.elapsed());
}

/// What is wrong, once what ends by itself has had its time.
fn look(plan: &Plan, world: &World) -> Vec<Violation> {
    let (began, patience) = (Instant::now(), Duration::from_secs(if plan.is_short { 120 } else { 480 }));
    loop {
        let mut violations = oracle::violations(&world.books(), &world.ledger());
        // Pending, or being called off: of nobody's numbers, either.
        let open = "SELECT number || ' ' || operation FROM wxcoupon.requests WHERE state IN (0, 6)";
        let open = world.database.ask(open);
        violations.extend(open.lines().map(|row| Violation {
            number: row.to_owned(),
            coupon: String::new(),
            what: "is still open in the hubs' journal".to_owned(),
            may_end: true,
        }));
        let may_end = violations.iter().any(|violation| violation.may_end);
        if !may_end || began.elapsed() > patience {
            return violations;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

fn count(books: &[Book], figures: &Figures) {
    for (kind, count) in oracle::ends(books) {
        figures.add(&kind, count);
    }
    for (what, ms) in oracle::times(books, &figures.database_was_back()) {
        figures.took(what, Duration::from_millis(ms));
    }
}

/// The whole course of a number: what was told, what WeChat Pay was asked, what hubs have logged.
fn story(violation: &Violation, world: &World, hubs: &[Hub], books: &[Book]) -> String {
    let Violation { number, coupon, what, .. } = violation;
    let mut story = format!("{number} ({coupon}): {what}\n");
    for (name, sale) in books.iter().flat_map(|book| &book.sales).filter(|(_, sale)| sale.coupon == *coupon) {
        let _ = write!(story, " told of {name}, {:?}:\n{}", sale.verdict, oracle::told(sale));
    }
    for asked in world.sandbox.requests() {
        if asked.coupon_code.as_ref() == Some(coupon) {
            let (number, status) = (asked.number.unwrap_or_default(), asked.http_status.unwrap_or_default());
            let fault = asked.fault.unwrap_or_default();
            let _ = writeln!(
                story,
                " {} {} {number} {status} {fault}{}{}",
                asked.time,
                asked.operation,
                if asked.took_effect { " took effect" } else { "" },
                if asked.duplicate { " repeated" } else { "" },
            );
        }
    }
    for entry in world.sandbox.ledger().iter().filter(|entry| entry.coupon_code == *coupon) {
        let _ = writeln!(story, " ledger {}: {} {:?} {}", entry.seq, entry.time, entry.effect, entry.number);
    }
    for (at, hub) in hubs.iter().enumerate() {
        for line in hub.chain.log().lines().filter(|line| line.contains(number.as_str())) {
            let _ = writeln!(story, " hub {at}: {line}");
        }
    }
    story
}
