//! The tables: made once, changed step by step, and used by two versions at once.

use crate::server::Server;
use crate::till::{config, till, wechat};
use std::thread;
use testkit::till::{Till, use_request};

/// What is seen of the tables from outside.
fn tables(server: &Server) -> String {
    let columns = "SELECT string_agg(table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable, E'\\n' \
                   ORDER BY table_name, ordinal_position) FROM information_schema.columns WHERE table_schema = 'wxcoupon'";
    let indices = "SELECT string_agg(indexdef, E'\\n' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'wxcoupon'";
    format!("{}\n{}\n", server.journal(columns), server.journal(indices))
}

#[test]
fn whoever_comes_first_makes_the_tables_and_the_others_find_them() {
    let (sandbox, server) = (wechat(), Server::start());
    thread::scope(|scope| {
        for at in 0..6 {
            let (sandbox, server) = (&sandbox, &server);
            scope.spawn(move || {
                let told = till(sandbox, server)
                    .redeem(&use_request(&format!("AUTO_{at}"), &format!("SALE-000{at}")));
                assert_eq!(told.status, 0, "{}", told.json);
            });
        }
    });
    assert_eq!(server.journal("SELECT written, oldest FROM wxcoupon.format"), "1|1");
    assert_eq!(server.journal("SELECT count(*) FROM wxcoupon.requests"), "6");
}

#[test]
fn a_role_that_may_make_nothing_uses_what_an_administrator_has_made() {
    let (sandbox, server) = (wechat(), Server::start());
    server.journal("CREATE ROLE clerk LOGIN PASSWORD 'clerk'; REVOKE CREATE ON DATABASE journal FROM PUBLIC");
    let url = format!("postgres://clerk:clerk@127.0.0.1:{}/journal", server.port);
    let refused = Till::try_new(&config(&sandbox, &url)).err().unwrap();
    assert!(refused.json.to_string().contains("42501"), "{}", refused.json);
    server.journal("CREATE SCHEMA wxcoupon AUTHORIZATION clerk");
    let told = Till::new(&config(&sandbox, &url)).redeem(&use_request("AUTO_CLERK", "SALE-0001"));
    assert_eq!(told.status, 0, "{}", told.json);
}

/// The tables as the first version of this format has made them. Never changed: later versions start from them.
const FIRST: &str = include_str!("schema/1.sql");

#[test]
fn tables_of_the_first_format_are_brought_to_this_one() {
    let (sandbox, server) = (wechat(), Server::start());
    server.journal(FIRST);
    let before = till(&sandbox, &server);
    assert_eq!(before.redeem(&use_request("AUTO_OLD", "SALE-0001")).status, 0);
    let fresh = Server::start();
    drop(till(&sandbox, &fresh));
    assert_eq!(tables(&server), tables(&fresh), "from the first format it comes to the same");
    assert_eq!(
        server.journal("SELECT written, oldest FROM wxcoupon.format"),
        fresh.journal("SELECT written, oldest FROM wxcoupon.format")
    );
}

#[test]
fn a_newer_version_may_add_and_this_one_goes_on_until_it_takes_away() {
    let (sandbox, server) = (wechat(), Server::start());
    let running = till(&sandbox, &server);
    assert_eq!(running.redeem(&use_request("AUTO_A", "SALE-0001")).status, 0);
    // Expand: what is added may be left out.
    server.journal(
        "ALTER TABLE wxcoupon.requests ADD COLUMN shop TEXT, ADD COLUMN rank BIGINT NOT NULL DEFAULT 0; \
         CREATE TABLE wxcoupon.nonces (nonce TEXT PRIMARY KEY); UPDATE wxcoupon.format SET written = 99",
    );
    for till in [&running, &till(&sandbox, &server)] {
        let again = till.redeem(&use_request("AUTO_A", "SALE-0001"));
        assert_eq!((again.status, again.json["recorded"].as_bool()), (0, Some(true)), "{}", again.json);
    }
    assert_eq!(till(&sandbox, &server).redeem(&use_request("AUTO_B", "SALE-0002")).status, 0);
    assert_eq!(server.journal("SELECT written FROM wxcoupon.format"), "99", "nothing is set back");
    // Contract: from now on versions as this one are refused.
    server.journal("UPDATE wxcoupon.format SET oldest = 99");
    let refused = Till::try_new(&config(&sandbox, &server.url())).err().unwrap();
    assert_eq!(refused.class(), 2);
    assert!(refused.json.to_string().contains("newer version"), "{}", refused.json);
}
