//! A primary with a synchronous standby, which change places, and the lines that lead to them.

use super::figures::{Figures, PROMOTIONS};
use super::plan::{At, DatabaseDeed, HUBS};
use crate::chain::Store;
use crate::relay::{Commit, Relay};
use crate::server::Server;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use testkit::till::until;

pub struct Database {
    servers: [Arc<Mutex<Server>>; 2],
    /// Through which a standby follows the server.
    followed: [Relay; 2],
    /// Of each hub, to each server.
    lines: Vec<[Relay; 2]>,
    primary: Mutex<usize>,
}

fn pause(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

impl Database {
    pub fn start() -> Database {
        let first = Server::with(&["max_connections=120", "wal_level=replica", "max_wal_senders=8"]);
        // The standby gets these with the copy of the files.
        for setting in ["synchronous_standby_names = '*'", "wal_keep_size = '512MB'"] {
            first.ask("postgres", &format!("ALTER SYSTEM SET {setting}"));
        }
        let leads_to_first = Relay::blind(first.port);
        let second = first.standby_through(leads_to_first.port);
        let followed = [leads_to_first, Relay::blind(second.port)];
        let lines = (0..HUBS).map(|_| [Relay::to(first.port), Relay::to(second.port)]).collect();
        first.ask("postgres", "SELECT pg_reload_conf()");
        let servers = [first, second].map(|server| Arc::new(Mutex::new(server)));
        let database = Database { servers, followed, lines, primary: Mutex::new(0) };
        database.until_synchronous(0);
        database
    }

    /// What a chain may keep, to ask the database.
    pub fn store(&self) -> Store {
        Store::Postgres(Arc::clone(&self.servers[0]))
    }

    /// Where a hub finds both servers.
    pub fn url(&self, hub: usize) -> String {
        let server = self.servers[0].lock().unwrap();
        let both = format!(":{},127.0.0.1:{}/", self.lines[hub][0].port, self.lines[hub][1].port);
        server.url().replace(&format!(":{}/", server.port), &both)
    }

    pub fn ask(&self, sql: &str) -> String {
        let primary = *self.primary.lock().unwrap();
        self.servers[primary].lock().unwrap().journal(sql)
    }

    fn until_synchronous(&self, primary: usize) {
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        until("the standby is synchronous", || {
            self.servers[primary].lock().unwrap().ask("postgres", sql) == "1"
        });
    }

    /// The primary dies, the standby takes over, and the former primary follows it, from a copy of its files.
    fn promote(&self, deaf_ms: u64, figures: &Figures) {
        let mut primary = self.primary.lock().unwrap();
        let (old, new) = (*primary, 1 - *primary);
        if deaf_ms > 0 {
            self.followed[old].set_silent(true);
            pause(deaf_ms);
        }
        let began = Instant::now();
        self.servers[old].lock().unwrap().kill();
        self.followed[old].set_down(false);
        self.followed[old].set_silent(false);
        self.servers[new].lock().unwrap().promote();
        figures.without_database(began.elapsed());
        figures.add(PROMOTIONS, 1);
        *primary = new;
        self.servers[old].lock().unwrap().follow(self.followed[new].port);
        self.until_synchronous(new);
    }

    fn suffer(&self, deed: DatabaseDeed, figures: &Figures) {
        match deed {
            DatabaseDeed::Promote { deaf_ms } => self.promote(deaf_ms, figures),
            DatabaseDeed::Stop { ms, dies } => {
                let primary = *self.primary.lock().unwrap();
                let began = Instant::now();
                let mut server = self.servers[primary].lock().unwrap();
                if dies {
                    server.kill();
                } else {
                    server.stop();
                }
                pause(ms);
                server.begin();
                figures.without_database(began.elapsed());
                figures.add("times without any database", 1);
            }
            DatabaseDeed::Deaf { ms } => {
                let primary = *self.primary.lock().unwrap();
                self.followed[primary].set_silent(true);
                pause(ms);
                self.followed[primary].set_silent(false);
                figures.add("times without a standby that confirms", 1);
            }
            DatabaseDeed::LoseCommits { hub, count } => {
                let primary = *self.primary.lock().unwrap();
                self.lines[hub][primary].next(&vec![Commit::Answerless; count]);
                figures.add("commits whose answer was to be lost", u64::try_from(count).unwrap());
            }
            DatabaseDeed::Line { hub, ms, is_silent } => {
                for line in &self.lines[hub] {
                    if is_silent { line.set_silent(true) } else { line.set_down(true) }
                }
                pause(ms);
                for line in &self.lines[hub] {
                    line.set_silent(false);
                    line.set_down(false);
                }
                figures.add("lines between a hub and the database cut or silent", 1);
            }
        }
    }

    /// Lives through what is planned, one after the other. In the end both servers are there.
    pub fn live(&self, deeds: &[(At, DatabaseDeed)], began: Instant, figures: &Figures) {
        for (at, deed) in deeds {
            let at = began + Duration::from_millis(*at);
            thread::sleep(at.saturating_duration_since(Instant::now()));
            self.suffer(*deed, figures);
        }
        self.until_synchronous(*self.primary.lock().unwrap());
    }
}
