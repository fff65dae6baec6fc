//! Behind pgbouncer, where each transaction may have another session.

use crate::server::{Pooler, Server};
use crate::till::{asked, config, end_leases, used, wechat};
use serde_json::json;
use std::thread;
use testkit::till::{Till, use_request};
use wxcoupon_sandbox::{Fault, FaultKind};

#[test]
fn transactions_need_no_session() {
    let (sandbox, mut server) = (wechat(), Server::start());
    let pooler = Pooler::before(&server);
    let config = config(&sandbox, &server.url_at(pooler.port));
    let tills = [Till::new(&config), Till::new(&config)];
    thread::scope(|scope| {
        for call in 0..8 {
            let twin = tills[call % 2].twin();
            scope.spawn(move || {
                for at in 0..5 {
                    let request = use_request(&format!("AUTO_{call}_{at}"), &format!("P-{call}-{at}-0000"));
                    assert_eq!(twin.redeem(&request).status, 0);
                    let again = twin.redeem(&request);
                    assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
                }
            });
        }
    });
    assert_eq!(
        (asked(&sandbox), server.journal("SELECT count(*) FROM wxcoupon.requests WHERE state = 1")),
        (40, "40".into())
    );

    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    assert_eq!(tills[0].redeem(&use_request("AUTO_DOUBT", "SALE-0001")).class(), 4);
    sandbox.clear_fault(fault);
    assert_eq!(tills[1].settle_all().status, 0);
    assert!(!tills[1].check().json.to_string().contains("hidden"));

    // The server goes away behind the pooler, and comes back.
    server.stop();
    let down = tills[0].redeem(&use_request("AUTO_DOWN", "SALE-0002"));
    assert!(down.class() == 2 || down.name() == "WXCOUPON_E_UNRECORDED", "{}", down.json);
    assert_eq!(used(&sandbox, "AUTO_DOWN"), 0);
    server.begin();
    testkit::till::until("it is back", || {
        end_leases(&server);
        tills[0].redeem(&use_request("AUTO_DOWN", "SALE-0002")).status == 0
    });
    assert_eq!((used(&sandbox, "AUTO_DOWN"), used(&sandbox, "AUTO_DOUBT")), (1, 1));
}
