//! The sandbox in the shop's network: where it listens, what it is called, and whom it lets in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use openssl::ssl::{SslConnector, SslMethod, SslStream};
use serde_json::{Value, json};
use support::desk::Desk;
use support::{Call, Got, sandbox};
use wxcoupon_sandbox::{Error, Options, Sandbox};

const TOKEN: &str = "0123456789-abcdef.XYZ";

/// Open to the network, as which every address that begins with 127 stands in.
fn in_the_shop(token: Option<&str>) -> Sandbox {
    let names = ["127.0.0.1", "pos.shop.example", "192.168.1.10"].map(str::to_owned).to_vec();
    let listen = "0.0.0.0".parse().unwrap();
    Sandbox::start(Options { listen, names, token: token.map(str::to_owned), ..Options::default() }).unwrap()
}

/// Connects to another address of this machine, and insists on a certificate for that name.
fn connect(sandbox: &Sandbox, url: &str, name: &str) -> Result<SslStream<TcpStream>, String> {
    let port = url.rsplit_once(':').unwrap().1.trim_end_matches('/');
    let tcp = TcpStream::connect(format!("127.0.0.2:{port}")).map_err(|e| e.to_string())?;
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_ca_file(sandbox.dir().join("ca.pem")).unwrap();
    connector.build().connect(name, tcp).map_err(|e| e.to_string())
}

fn ask(sandbox: &Sandbox, method: &str, path: &str, headers: &[(&str, &str)]) -> Got {
    let call = headers
        .iter()
        .fold(Call::new(method, path).header("Authorization", "none"), |call, (name, value)| {
            call.header(name, value)
        });
    Desk::new(sandbox).send(&call)
}

#[test]
fn the_network_reaches_it_under_its_names() {
    let shop = in_the_shop(None);
    for url in [&shop.urls()[0], &shop.urls()[1], &shop.control_url()] {
        assert!(url.starts_with("https://127.0.0.1:"), "the first name stands in URLs: {url}");
        for name in ["pos.shop.example", "192.168.1.10", "localhost", "127.0.0.1"] {
            connect(&shop, url, name).unwrap_or_else(|e| panic!("{name} at {url}: {e}"));
        }
        assert!(connect(&shop, url, "other.example").is_err());
    }
    let config: Value = serde_json::from_slice(&std::fs::read(shop.config_path()).unwrap()).unwrap();
    assert_eq!(config["base_urls"], json!(shop.urls()));
    let till = support::Till::new(&shop);
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));

    let home = sandbox();
    let port = home.urls()[0].rsplit_once(':').unwrap().1.to_owned();
    assert!(TcpStream::connect(format!("127.0.0.2:{port}")).is_err(), "by itself it stays at home");
    assert!(home.control_url().starts_with("http://") && home.token().is_none());
}

#[test]
fn a_closed_port_opens_again_on_every_address() {
    let shop = in_the_shop(None);
    let id = shop.inject(wxcoupon_sandbox::Fault::from_spec("refuse_connection,host=0").unwrap());
    assert!(connect(&shop, &shop.urls()[0], "localhost").is_err());
    assert!(shop.clear_fault(id));
    connect(&shop, &shop.urls()[0], "localhost").unwrap();
}

#[test]
fn nobody_comes_in_without_the_token() {
    let shop = in_the_shop(Some(TOKEN));
    assert_eq!(
        shop.console_url(),
        format!("{}/", shop.control_url()),
        "a secret that is known is not printed"
    );
    let refused = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let got = ask(&shop, method, path, headers);
        assert_eq!(got.status, 401, "{method} {path} {headers:?}: {}", got.text());
        assert!(got.header("www-authenticate").unwrap().starts_with("Bearer"));
        assert!(!got.text().contains(TOKEN));
        got
    };
    for path in [
        "/",
        "/coupons",
        "/config.json",
        "/brand_config.json",
        "/ca.pem",
        "/openapi.json",
        "/console/app.js",
        "/nowhere",
    ] {
        assert!(refused("GET", path, &[]).json()["error"].as_str().unwrap().contains("Bearer"));
    }
    for path in ["/shutdown", "/reset", "/faults"] {
        refused("POST", path, &[]);
    }
    for wrong in [
        "Bearer ",
        "Bearer 0123456789-abcdef.XY",
        "Bearer 0123456789-abcdef.XYZ0",
        "Basic 0123456789-abcdef.XYZ",
        TOKEN,
    ] {
        refused("GET", "/stats", &[("Authorization", wrong)]);
    }
    refused("GET", "/?token=0123456789-abcdef.xyz", &[]);
    refused("GET", &format!("/stats?token={TOKEN}"), &[]);
    refused("GET", "/stats", &[("Cookie", &format!("other={TOKEN}"))]);
    assert_eq!(ask(&shop, "GET", "/health", &[]).json(), json!({ "status": "ok" }));
    assert_eq!(ask(&shop, "GET", "/stats", &[("Authorization", &format!("bearer {TOKEN}"))]).status, 200);
    assert_eq!(Desk::new(&shop).get("/stats")["used"], 0);

    let page = refused("GET", "/", &[("Accept", "text/html")]);
    assert_eq!(
        ask(&shop, "GET", "/console/sign_in.css", &[]).status,
        200,
        "the page has the console's looks"
    );
    assert!(page.header("content-type").unwrap().starts_with("text/html") && page.text().contains("令牌"));
}

#[test]
fn a_browser_keeps_the_token_in_a_cookie() {
    let shop = in_the_shop(None);
    let token = shop.token().unwrap();
    assert_eq!(token.len(), 32);
    assert_eq!(shop.console_url(), format!("{}/?token={token}", shop.control_url()));
    let by_link = ask(&shop, "GET", &format!("/?token={token}"), &[("Accept", "text/html")]);
    let desk = Desk::new(&shop);
    let form = Call::new("POST", "/session")
        .header("Authorization", "none")
        .body(format!("token={token}").into_bytes());
    let by_form = desk.send(&form.header("Content-Type", "application/x-www-form-urlencoded"));
    for got in [by_link, by_form] {
        assert_eq!((got.status, got.header("location")), (303, Some("/")), "{}", got.text());
        let cookie = got.header("set-cookie").unwrap();
        for attribute in ["; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let port = shop.control_url().rsplit_once(':').unwrap().1.to_owned();
        assert!(cookie.starts_with(&format!("wxcoupon_sandbox_{port}=")), "{cookie}");
        assert!(!cookie.contains(token), "the token stays here: {cookie}");
        let cookie = format!("theme=dark; {}", cookie.split(';').next().unwrap());
        let page = ask(&shop, "GET", "/", &[("Accept", "text/html"), ("Cookie", &cookie)]);
        assert_eq!(page.status, 200);
        assert_eq!(ask(&shop, "GET", "/stats", &[("Cookie", &cookie)]).status, 200);
    }
    let with_token = format!("wxcoupon_sandbox_{}={token}", shop.control_url().rsplit_once(':').unwrap().1);
    assert_eq!(
        ask(&shop, "GET", "/stats", &[("Cookie", &with_token)]).status,
        401,
        "the token is no session"
    );
    // A code of a command line is good once.
    let url = shop.sign_in_url().unwrap();
    let path = url.strip_prefix(&shop.control_url()).unwrap();
    assert!(path.starts_with("/?code=") && !path.contains(token), "{path}");
    assert_eq!(ask(&shop, "GET", path, &[("Accept", "text/html")]).status, 303);
    assert_eq!(ask(&shop, "GET", path, &[("Accept", "text/html")]).status, 401);
    assert_eq!(ask(&shop, "GET", &format!("/stats{}", &path[1..]), &[]).status, 401);
    let wrong = Call::new("POST", "/session").header("Authorization", "none").body(b"token=wrong".to_vec());
    assert_eq!(desk.send(&wrong).status, 401);
}

/// A browser that has signed in brings its cookie to every port of the machine.
#[test]
fn no_secret_of_a_browser_gets_into_the_log() {
    let shop = in_the_shop(Some(TOKEN));
    let desk = Desk::new(&shop);
    let secret = "wxcoupon_sandbox_1=SECRET_OF_A_BROWSER";
    let query = desk.till.query_request("SBX_USED");
    for call in [
        query.clone().header("Cookie", secret),
        query.clone().header("cookie", secret).header("Proxy-Authorization", "Basic SECRET_OF_A_BROWSER"),
        Call::new("GET", "/").header("Authorization", &format!("Bearer {TOKEN}")),
    ] {
        desk.till.send(&call).unwrap();
    }
    let bearer = [("Authorization", format!("Bearer {TOKEN}"))];
    let bearer: Vec<(&str, &str)> = bearer.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for path in [
        "/requests",
        "/requests.har",
        "/requests/1",
        "/requests/1/curl",
        "/requests/2/curl",
        "/requests/3/curl",
    ] {
        let got = ask(&shop, "GET", path, &bearer);
        assert_eq!(got.status, 200, "{path}");
        assert!(
            !got.text().contains("SECRET_OF_A_BROWSER") && !got.text().contains(TOKEN),
            "{path}: {}",
            got.text()
        );
    }
    assert_eq!(shop.requests().len(), 3);
}

#[test]
fn on_this_machine_a_token_guards_where_one_is_given() {
    let home = Sandbox::start(Options { token: Some(TOKEN.to_owned()), ..Options::default() }).unwrap();
    assert!(home.control_url().starts_with("http://127.0.0.1:"));
    assert_eq!(ask(&home, "GET", "/stats", &[]).status, 401);
    Desk::new(&home).get("/stats");
    let cookie = ask(&home, "GET", &format!("/?token={TOKEN}"), &[]);
    assert!(!cookie.header("set-cookie").unwrap().contains("Secure"), "HTTP in the clear has none of them");
    for wrong in ["short", "with a blank in it!"] {
        let options = Options { token: Some(wrong.to_owned()), ..Options::default() };
        assert!(matches!(Sandbox::start(options), Err(Error::Token(_))), "{wrong}");
    }
    let options = Options { names: vec!["https://pos".to_owned()], ..Options::default() };
    assert!(matches!(Sandbox::start(options), Err(Error::Name(_))));
}

#[test]
fn only_its_own_page_may_ask() {
    let home = sandbox();
    let url = home.control_url();
    let port = url.rsplit_once(':').unwrap().1;
    let status = |method: &str, headers: &[(&str, &str)]| ask(&home, method, "/stats", headers).status;
    let own = format!("127.0.0.1:{port}");
    let by_name = format!("localhost:{port}");
    assert_eq!(status("GET", &[("Host", &own), ("Origin", &url)]), 200);
    assert_eq!(status("GET", &[("Host", &by_name), ("Origin", &format!("http://{by_name}"))]), 200);
    let others = [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        format!("https://{own}"),
        format!("http://{by_name}"),
        "http://127.0.0.1:1".to_owned(),
        "http://127.0.0.1".to_owned(),
        String::from("http://127.0.0.1.evil.example"),
    ];
    for origin in others {
        let got = ask(&home, "POST", "/reset", &[("Host", &own), ("Origin", &origin)]);
        assert_eq!(got.status, 403, "{origin}");
        assert!(got.json()["error"].as_str().unwrap().starts_with("Origin: "));
    }
    // What browsers say of requests that name no origin.
    let site = |site: &str, mode: &str, method: &str| {
        status(method, &[("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode)])
    };
    for (fetch_site, mode, expected) in [
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
        ("cross-site", "navigate", 200),
        ("cross-site", "no-cors", 403),
        ("same-site", "no-cors", 403),
        ("cross-site", "cors", 403),
    ] {
        assert_eq!(site(fetch_site, mode, "GET"), expected, "{fetch_site} {mode}");
    }
    assert_eq!(site("cross-site", "navigate", "POST"), 403);
}

#[test]
fn names_that_others_point_here_are_refused() {
    let home = sandbox();
    let shop = in_the_shop(Some(TOKEN));
    let bearer = format!("Bearer {TOKEN}");
    for (sandbox, host, expected) in [
        (&home, "127.0.0.1", 200),
        (&home, "LOCALHOST:9999", 200),
        (&home, "rebound.example", 403),
        (&home, "127.0.0.1.rebound.example", 403),
        (&home, "192.168.1.10", 403),
        (&home, "", 403),
        (&shop, "pos.shop.example:1", 200),
        (&shop, "192.168.1.10", 200),
        (&shop, "rebound.example:443", 403),
        (&shop, "<script>", 403),
    ] {
        let got = ask(sandbox, "GET", "/stats", &[("Host", host), ("Authorization", &bearer)]);
        assert_eq!(got.status, expected, "{host}: {}", got.text());
        if got.status == 403 && !host.is_empty() {
            assert_eq!(got.header("content-type"), Some("application/json"));
            assert!(got.text().contains("--name"));
        }
    }
}

#[test]
fn every_answer_is_shut_against_foreign_pages_and_says_what_it_is() {
    let shop = in_the_shop(Some(TOKEN));
    let bearer = format!("Bearer {TOKEN}");
    let answers = [
        ask(&shop, "GET", "/stats", &[("Authorization", &bearer)]),
        ask(&shop, "GET", "/", &[("Authorization", &bearer), ("Accept", "text/html")]),
        ask(&shop, "GET", "/coupons/%3Cscript%3E", &[("Authorization", &bearer)]),
        ask(&shop, "GET", "/", &[("Accept", "text/html")]),
        ask(&shop, "GET", "/stats", &[("Host", "rebound.example")]),
        ask(&shop, "GET", "/health", &[]),
    ];
    for got in &answers {
        let policy = got.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(got.header(name), Some(value));
        }
        assert!(got.header("x-simulator").unwrap().contains("not WeChat Pay"));
    }
    let till = support::Till::new(&shop);
    let got = till.send(&till.query_request("SBX_USED")).unwrap();
    assert!(got.header("x-simulator").unwrap().contains("not WeChat Pay"), "the hosts say it too");
}

#[test]
fn another_machine_gets_a_configuration_that_works_there() {
    let shop = in_the_shop(Some(TOKEN));
    let desk = Desk::new(&shop);
    for (path, key) in [("/config.json", "merchant_key.pem"), ("/brand_config.json", "brand_key.pem")] {
        let config = desk.get(path);
        let file = |name: &str| std::fs::read_to_string(shop.dir().join(name)).unwrap();
        assert_eq!(config["private_key_pem"], file(key));
        assert_eq!(config["wechatpay_public_key_pem"], file("wechatpay_public_key.pem"));
        assert_eq!((&config["ca_path"], &config["base_urls"]), (&json!("ca.pem"), &json!(shop.urls())));
        assert!(!config.to_string().contains(shop.dir().to_str().unwrap()), "{config}");
    }
    let ca = desk.send(&Call::new("GET", "/ca.pem").header("Authorization", &format!("Bearer {TOKEN}")));
    assert_eq!(ca.body, std::fs::read(shop.dir().join("ca.pem")).unwrap());
    // On this machine it is the file that lies there.
    let home = sandbox();
    assert_eq!(Desk::new(&home).get("/config.json"), home.config());
}

/// One caller who connects and says nothing keeps nobody out.
#[test]
fn silent_callers_do_not_block_the_door() {
    let shop = in_the_shop(None);
    let port = shop.control_url().rsplit_once(':').unwrap().1.to_owned();
    let silent: Vec<TcpStream> =
        (0..8).map(|_| TcpStream::connect(format!("127.0.0.2:{port}")).unwrap()).collect();
    let mut in_the_clear = TcpStream::connect(format!("127.0.0.2:{port}")).unwrap();
    in_the_clear.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = in_the_clear.read_to_end(&mut said);
    assert!(!String::from_utf8_lossy(&said).starts_with("HTTP/1.1 200"), "TLS or nothing");
    Desk::new(&shop).get("/stats");
    drop(silent);
}
