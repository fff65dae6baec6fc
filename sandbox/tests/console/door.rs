//! The console in the shop's network, behind TLS and a token.

use serde_json::json;
use wxcoupon_sandbox::{Options, Sandbox};

use crate::browser::{self, Browser, Seat};

#[test]
fn a_browser_of_the_network_brings_the_token_once() {
    if !browser::is_there() {
        return;
    }
    let (listen, names) = ("0.0.0.0".parse().unwrap(), vec!["127.0.0.1".to_owned()]);
    let sandbox = Sandbox::start(Options { listen, names, ..Options::default() }).unwrap();
    let token = sandbox.token().unwrap();
    let browser = Browser::open(Seat::CHINESE, &sandbox.console_url());
    let page = format!("{}/", sandbox.control_url());
    assert_eq!(browser.text("return location.href"), page, "the token has gone from the address");
    assert_eq!(browser.text("return document.cookie"), "", "scripts do not see it");
    let config = browser.wait_for(
        "const done = arguments[0]; fetch('/config.json').then((answer) => answer.json()).then(done)",
    );
    // What the page tells to type works from another machine.
    browser.show("truth");
    browser.click("main details summary");
    browser.until_text(
        "main details",
        "curl --cacert ca.pem -H \"Authorization: Bearer TOKEN\" -X POST https://",
    );
    browser.show("setup");
    let ca = browser.wait_for(
        "const done = arguments[0]; fetch(document.querySelector('#download-ca').href).then((answer) => answer.text()).then(done)",
    );
    assert!(ca.as_str().unwrap().starts_with("-----BEGIN CERTIFICATE"));
    let folder = sandbox.dir().to_str().unwrap().to_owned();
    assert!(!browser.text_of("main").contains(&folder), "no paths of another machine");
    assert!(browser.text_of("#snippet").contains("cat config.json"));
    assert!(config["private_key_pem"].as_str().unwrap().starts_with("-----BEGIN"));
    let injected = browser.wait_for(
        "const done = arguments[0]; \
         fetch('/faults', { method: 'POST', body: '{\"kind\":\"hang\",\"on\":\"echo\"}' }).then((answer) => done(answer.status))",
    );
    assert_eq!((injected, sandbox.faults().len()), (json!(200), 1));
    browser.reload();
    browser.assert_clean();

    // Whoever has no cookie gets a form.
    browser.forget_cookies();
    browser.go(&page);
    browser.until_there("#token");
    assert_eq!(browser.count("[role=alert]"), 0);
    browser.fill("#token", "not-the-token-at-all");
    browser.click("button");
    browser.until_text("[role=alert]", "令牌不对");
    browser.fill("#token", token);
    browser.click("button");
    browser.until_live();
    assert_eq!(browser.text("return location.href"), page);
}
