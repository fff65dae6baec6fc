//! Keys and certificates in every form that they arrive in.

use super::shop::{
    PASSPHRASE, assert_refused, folder, made, openssl, openssl_with_passphrase, path, text, with,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::fs;

/// The same object as web pages, scripts, editors and consoles leave it behind.
fn spellings(pem: &str) -> Vec<(&'static str, Vec<u8>)> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = BASE64.decode(&body).unwrap();
    let gbk = encoding_rs::GBK.encode("商户证书：张三的店\n").0.into_owned();
    vec![
        ("as it came", pem.into()),
        ("Windows line ends", pem.replace('\n', "\r\n").into()),
        ("a byte order mark", format!("\u{FEFF}{pem}").into()),
        ("one line", pem.replace('\n', " ").into()),
        ("one line without blanks", pem.replace('\n', "").into()),
        ("line ends escaped once", pem.replace('\n', "\\n").into()),
        ("line ends escaped twice", pem.replace('\n', "\\\\n").into()),
        ("line ends of Windows escaped twice", pem.replace('\n', "\\\\r\\\\n").into()),
        (
            "no-break spaces",
            pem.replace('\n', "\u{A0}\n").replace("----- ", "-----").replace(' ', "\u{A0}").into(),
        ),
        ("zero-width spaces", pem.replace('\n', "\u{200B}\n").into()),
        ("full-width blanks before each line", pem.replace('\n', "\n\u{3000}").into()),
        ("a comment in GBK", [gbk.as_slice(), pem.as_bytes()].concat()),
        ("Base64 of the whole PEM", BASE64.encode(pem).into()),
        ("Base64", body.clone().into()),
        ("Base64 without its last =", body.trim_end_matches('=').into()),
        ("DER", der),
    ]
}

/// Each form as a file in the member that takes a path, and as a text in its twin where it is one.
fn assert_read(by_path: &str, as_text: Option<&str>, pem: &str, changes: &Value) {
    for (index, (form, bytes)) in spellings(pem).into_iter().enumerate() {
        let file = path(&format!("{by_path}-{index}"));
        fs::write(&file, &bytes).unwrap();
        let mut config = with(changes);
        config[by_path] = if by_path == "platform_certificates" { json!([file]) } else { json!(file) };
        let answer = made(&config);
        assert_eq!(answer["ok"], true, "{by_path}, {form}: {answer}");
        if let (Some(as_text), Ok(text)) = (as_text, String::from_utf8(bytes)) {
            config.as_object_mut().unwrap().remove(by_path);
            config[as_text] = json!(text);
            let answer = made(&config);
            assert_eq!(answer["ok"], true, "{as_text}, {form}: {answer}");
        }
    }
}

#[test]
fn every_form_is_read_in_every_place() {
    let nothing = json!({});
    assert_read("private_key_path", Some("private_key_pem"), &text("merchant.pem"), &nothing);
    let public = text("wechatpay_public.pem");
    assert_read("wechatpay_public_key_path", Some("wechatpay_public_key_pem"), &public, &nothing);
    let certificate = text("cert.pem");
    assert_read("merchant_certificate_path", Some("merchant_certificate_pem"), &certificate, &nothing);
    assert_read("platform_certificates", None, &text("platform.pem"), &nothing);
    assert_read("ca_path", None, &text("platform.pem"), &nothing);
    // Authorities have keys of other kinds too.
    assert_read("ca_path", None, &text("ec.pem"), &nothing);
}

#[test]
fn what_a_thing_is_its_content_says_and_not_its_label() {
    openssl(folder(), "rsa -in merchant.pem -traditional -out pkcs1.pem");
    openssl(folder(), "rsa -in wechatpay.pem -RSAPublicKey_out -out public_pkcs1.pem");
    openssl(folder(), "x509 -in cert.pem -addtrust serverAuth -setalias shop -trustout -out trusted.pem");
    let (pkcs8, pkcs1) = (text("merchant.pem"), text("pkcs1.pem"));
    assert!(
        pkcs1.contains("BEGIN RSA PRIVATE KEY") && text("trusted.pem").contains("BEGIN TRUSTED CERTIFICATE")
    );
    let cases = [
        ("private_key_pem", "private_key_path", pkcs8.replace("PRIVATE KEY", "RSA PRIVATE KEY")),
        ("private_key_pem", "private_key_path", pkcs1.replace("RSA PRIVATE KEY", "PRIVATE KEY")),
        ("private_key_pem", "private_key_path", pkcs8.replace("PRIVATE KEY", "PRIVATE")),
        (
            "wechatpay_public_key_pem",
            "wechatpay_public_key_path",
            text("public_pkcs1.pem").replace("RSA PUBLIC KEY", "PUBLIC KEY"),
        ),
        (
            "wechatpay_public_key_pem",
            "wechatpay_public_key_path",
            text("wechatpay_public.pem").replace("PUBLIC KEY", "RSA PUBLIC KEY"),
        ),
        ("merchant_certificate_pem", "nothing", text("cert.pem").replace("CERTIFICATE", "X509 CERTIFICATE")),
        ("merchant_certificate_pem", "nothing", text("trusted.pem")),
    ];
    for (member, instead_of, pem) in cases {
        let answer = made(&with(&json!({ member: pem, instead_of: null })));
        assert_eq!(answer["ok"], true, "{member}: {answer}");
    }
}

#[test]
fn keys_that_openssl_encrypted_in_the_last_fifteen_years_are_opened() {
    for (index, algorithm) in [
        "-v2 aes-256-cbc -v2prf hmacWithSHA256",
        "-v2 aes-256-cbc -v2prf hmacWithSHA1",
        "-v2 aes-128-cbc -v2prf hmacWithSHA1",
        "-v2 aes-192-cbc -v2prf hmacWithSHA512",
        "-v2 des3 -v2prf hmacWithSHA1",
        "-v2 des3",
        "-scrypt",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("encrypted-{index}.pem");
        openssl_with_passphrase(folder(), &format!("pkcs8 -topk8 -in merchant.pem {algorithm} -out {name}"));
        let changes = json!({ "private_key_path": path(&name), "private_key_passphrase": PASSPHRASE });
        let answer = made(&with(&changes));
        assert_eq!(answer["ok"], true, "{algorithm}: {answer}");
        let wrong = made(&with(&json!({ "private_key_path": path(&name), "private_key_passphrase": "x" })));
        assert_refused(&wrong, "WXCOUPON_E_KEY", "/private_key_path", "passphrase");
        let none = made(&with(&json!({ "private_key_path": path(&name) })));
        assert_refused(&none, "WXCOUPON_E_KEY", "/private_key_path", "private_key_passphrase is missing");
    }
}

/// What `openssl pkcs8 -topk8` of OpenSSL 1.0 and older made without being asked, and one that exports had. New ones make
/// them only with a provider that not every system has. What is inside is nobody's key.
const OF_OLD: [(&str, &str); 2] = [
    (
        "PBE-MD5-DES",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----
         MIGwMBsGCSqGSIb3DQEFAzAOBAii1876DRQaXAICCAAEgZANYwISwmjlA6VMuiQ0
         VnusxYAIv12A7BP+Sg5HrCZ5ssKIMx/Id881T3acWpXutZQ35Mg+CYxUaeH67zur
         6QltTohbJOdgss0rVvwm5HUJk+VnpsyJJIiLuZGI2Ch0TP/HKVlqDlbghh4XeKqn
         Zfkpn2VQPnNveOTAGXCWue/KPXpREH15orso/UBhKxNYDqc=
         -----END ENCRYPTED PRIVATE KEY-----",
    ),
    (
        "PBE-SHA1-RC2-40",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----
         MIGxMBwGCiqGSIb3DQEMAQYwDgQII2S5xA6oBHkCAggABIGQYSP9VuBjVTDZD81u
         MDU1TpVqWrOg0XP4sMfwHDvFaye5UUHFjreUCMbDbjxsKP1QgnMg5xbsnrn+2thK
         fzS4WOYaS5TwBpCaouDBBp9+4AvIt3POydNMLNbkwhpePbtZaqGvHNv6pesjvUgQ
         urJ1xie0A1itJXwQqMN6H8I4UNVwrfXpgbjrH5MhM6fvO4Of
         -----END ENCRYPTED PRIVATE KEY-----",
    ),
];

#[test]
fn encryptions_that_are_not_opened_are_named_with_the_command_that_helps() {
    let refused = |file: &str, name: &str| {
        let changes = json!({ "private_key_path": path(file), "private_key_passphrase": PASSPHRASE });
        let answer = made(&with(&changes));
        assert_refused(&answer, "WXCOUPON_E_KEY", "/private_key_path", name);
        let hint = answer["hint"].as_str().unwrap();
        assert!(hint.contains("openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.pem -out new.pem"), "{hint}");
    };
    for (name, pem) in OF_OLD {
        fs::write(path(name), pem).unwrap();
        refused(name, name);
    }
    for (algorithm, name) in
        [("-v1 PBE-SHA1-3DES", "PBE-SHA1-3DES"), ("-v2 aria-256-cbc", "1.2.410.200046.1.1")]
    {
        let (file, new) = (format!("{name}.pem"), format!("{name}-new.pem"));
        openssl_with_passphrase(folder(), &format!("pkcs8 -topk8 -in merchant.pem {algorithm} -out {file}"));
        refused(&file, name);
        // The command does what it says.
        let command = format!("pkcs8 -topk8 -v2 aes-256-cbc -in {file} -out {new}");
        openssl(folder(), &format!("{command} -passin file:passphrase -passout pass:new"));
        let changes = json!({ "private_key_path": path(&new), "private_key_passphrase": "new" });
        assert_eq!(made(&with(&changes))["ok"], true);
    }
}

#[test]
fn a_file_with_several_certificates_is_read_whole() {
    openssl(folder(), "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out second.pem");
    openssl(
        folder(),
        "req -new -x509 -key second.pem -set_serial 0x5157F09EFDC096DE15EBE81A47057A72000000FF -days 30 -subj /CN=2 -out second_cert.pem",
    );
    let both =
        format!("Bag Attributes\n{}{}{}", text("ec.pem"), text("platform.pem"), text("second_cert.pem"));
    fs::write(path("both.pem"), &both).unwrap();
    let answer = made(&with(&json!({ "platform_certificates": [path("both.pem")] })));
    let verifies_with: Vec<&str> =
        answer["data"]["verifies_with"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(verifies_with.len(), 3, "{answer}");
    assert!(verifies_with.contains(&"5157F09EFDC096DE15EBE81A47057A72000000FF"), "{answer}");
    // The merchant's own stands behind that of its authority.
    fs::write(path("chain.pem"), format!("{}{}", text("second_cert.pem"), text("cert.pem"))).unwrap();
    let answer = made(&with(&json!({ "merchant_certificate_path": path("chain.pem") })));
    assert_eq!(answer["ok"], true, "{answer}");
    // With a byte order mark the first one does not vanish.
    fs::write(path("roots.pem"), format!("\u{FEFF}{}{}", text("ec.pem"), text("platform.pem"))).unwrap();
    assert_eq!(wxcoupon::wire::keys::authorities(&fs::read(path("roots.pem")).unwrap()).unwrap().len(), 2);
    assert_eq!(made(&with(&json!({ "ca_path": path("roots.pem") })))["ok"], true);
}

#[test]
fn the_wrong_thing_is_told_for_what_it_is() {
    openssl(folder(), "req -new -key merchant.pem -subj /CN=x -out request.pem");
    openssl(folder(), "pkcs12 -export -in cert.pem -inkey merchant.pem -passout pass:1 -out merchant.p12");
    for (member, name, message) in [
        ("private_key_path", "cert.pem", "found a certificate"),
        ("private_key_path", "wechatpay_public.pem", "found a public key"),
        ("private_key_path", "request.pem", "found a certificate request"),
        ("private_key_path", "merchant.p12", "openssl pkcs12 -in FILE -nodes -nocerts"),
        ("wechatpay_public_key_path", "merchant.pem", "found a private key"),
        ("wechatpay_public_key_path", "platform.pem", "found a certificate"),
        ("merchant_certificate_path", "merchant.pem", "found a private key"),
    ] {
        let answer = made(&with(&json!({ member: path(name) })));
        assert_refused(&answer, "WXCOUPON_E_KEY", &format!("/{member}"), message);
    }
    let answer = made(&with(&json!({ "ca_path": path("merchant.pem") })));
    assert_refused(&answer, "WXCOUPON_E_CONFIG", "/ca_path", "found a private key");
    let answer = made(&with(&json!({ "platform_certificates": [path("ec.pem")] })));
    assert_refused(&answer, "WXCOUPON_E_KEY", "/platform_certificates/0", "without an RSA key");
}
