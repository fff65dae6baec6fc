//! TLS to the database: with the right certificate and name, or not at all.

use crate::server::Server;
use crate::till::{config, shows_password, wechat};
use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::till::{Till, use_request};

/// A root, and a certificate for a name that it has signed.
fn certificates(folder: &Path, name: &str) {
    let script = format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj /CN=root -days 3650 && \
         openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server && \
         printf 'subjectAltName=DNS:{name}' >ext && openssl x509 -req -sha384 -in server.csr -CA root.pem -CAkey root.key \
         -CAcreateserial -out server.crt -days 3650 -extfile ext && chmod 644 root.pem && chmod 600 server.key"
    );
    testkit::run(Command::new("sh").args(["-ec", &script]).current_dir(folder)).unwrap();
}

#[test]
fn a_server_shows_a_certificate_of_its_name() {
    let sandbox = wechat();
    let mut server = Server::start();
    let data = server.data();
    certificates(&data, "localhost");
    testkit::run(
        Command::new("chown").args(["--reference=PG_VERSION", "server.key", "server.crt"]).current_dir(&data),
    )
    .unwrap();
    server.stop();
    let hba = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
    let all = fs::read_to_string(data.join("pg_hba.conf")).unwrap();
    fs::write(data.join("pg_hba.conf"), hba.to_owned() + &all).unwrap();
    fs::write(data.join("postgresql.auto.conf"), "ssl = on\nssl_min_protocol_version = 'TLSv1.2'\n").unwrap();
    server.begin();
    let with =
        |host: &str, options: &str| config(&sandbox, &(server.url().replace("127.0.0.1", host) + options));
    let root = data.join("root.pem").display().to_string();
    let right = Till::new(&with(
        "localhost",
        &format!("?sslmode=verify-full&sslrootcert={root}&channel_binding=require"),
    ));
    assert_eq!(right.redeem(&use_request("AUTO_TLS", "SALE-0001")).status, 0);
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'wxcoupon'";
    assert_ne!(server.ask("postgres", encrypted), "0");

    let other = tempfile::TempDir::new().unwrap();
    certificates(other.path(), "localhost");
    let other = other.path().join("root.pem").display().to_string();
    for (host, options, said) in [
        ("127.0.0.1", format!("?sslmode=verify-full&sslrootcert={root}"), "certificate"),
        ("localhost", format!("?sslmode=verify-full&sslrootcert={other}"), "certificate"),
        ("localhost", "?sslmode=verify-full".to_owned(), "certificate"),
        ("localhost", "?sslmode=require".to_owned(), "verify-full"),
    ] {
        let refused = Till::try_new(&with(host, &options)).err().unwrap();
        assert!(
            refused.json["message"].as_str().unwrap().contains(said),
            "{host} {options}: {}",
            refused.json
        );
        assert!(!shows_password(&refused), "{}", refused.json);
    }
}
