//! Keys, certificates and configurations of a merchant, made with the `openssl` command.

use super::{run, scratch};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MERCHANT_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
const PLATFORM_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E2";

/// Makes the folder that the C programs get as FIXTURES; tests/c/config.c names every file of it.
pub fn make(sandbox_config: &Path) -> PathBuf {
    let folder = scratch("fixtures");
    make_in(&folder, sandbox_config);
    folder
}

/// The same in an empty folder of the caller's.
pub fn make_in(folder: &Path, sandbox_config: &Path) {
    keys(folder);
    spellings(folder);
    configurations(folder, sandbox_config);
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(arguments.split(' '));
    run(&mut command).unwrap();
}

fn keys(folder: &Path) {
    let certificate = |key: &str, serial: &str, out: &str| {
        openssl(
            folder,
            &format!("req -new -x509 -key {key} -set_serial 0x{serial} -days 30 -subj /CN=test -out {out}"),
        );
    };
    for key in ["merchant_key.pem", "wechatpay_key.pem", "platform_key.pem"] {
        openssl(folder, &format!("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {key}"));
    }
    openssl(folder, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out short_key.pem");
    openssl(folder, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec_key.pem");
    certificate("merchant_key.pem", MERCHANT_SERIAL, "merchant_cert.pem");
    certificate("platform_key.pem", PLATFORM_SERIAL, "platform_cert.pem");
    openssl(folder, "pkey -in merchant_key.pem -pubout -out merchant_public.pem");
    openssl(folder, "pkey -in wechatpay_key.pem -pubout -out wechatpay_public.pem");
    openssl(folder, "rsa -in wechatpay_key.pem -RSAPublicKey_out -out wechatpay_public_pkcs1.pem");
    openssl(folder, "rsa -in merchant_key.pem -traditional -out merchant_key_pkcs1.pem");
    openssl(folder, "pkey -in merchant_key.pem -outform DER -out merchant_key.der");
    openssl(
        folder,
        "pkcs12 -export -in merchant_cert.pem -inkey merchant_key.pem -passout pass:1900000001 -out merchant.p12",
    );
    // split() would part the passphrase's two words.
    fs::write(folder.join("passphrase"), "open sesame\n").unwrap();
    openssl(
        folder,
        "pkcs8 -topk8 -in merchant_key.pem -passout file:passphrase -out merchant_key_encrypted.pem",
    );
    openssl(
        folder,
        "rsa -in merchant_key.pem -traditional -aes128 -passout file:passphrase -out merchant_key_old_encryption.pem",
    );
}

/// The same key as editors and other programs leave it behind, and files that are none.
fn spellings(folder: &Path) {
    let pem = fs::read_to_string(folder.join("merchant_key.pem")).unwrap();
    let bare: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(pem.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let files = [
        ("merchant_key_base64.txt", bare.into_bytes()),
        ("merchant_key_bom.pem", [b"\xEF\xBB\xBF", pem.as_bytes()].concat()),
        ("merchant_key_crlf.pem", pem.replace('\n', "\r\n").into_bytes()),
        ("merchant_key_utf16.pem", utf16),
        ("merchant_key_damaged.pem", pem.replacen("MII", "M!!", 1).into_bytes()),
        ("empty.pem", Vec::new()),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

fn configurations(folder: &Path, sandbox_config: &Path) {
    let save = |name: &str, config: &Value| fs::write(folder.join(name), config.to_string()).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();

    // Nobody listens on port 1, and nobody without special rights can.
    let offline = json!({
        "mchid": "1900000001",
        "merchant_serial_no": MERCHANT_SERIAL,
        "private_key_path": path("merchant_key.pem"),
        "wechatpay_public_key_id": "PUB_KEY_ID_0114232134912410000000000000",
        "wechatpay_public_key_path": path("wechatpay_public.pem"),
        "base_urls": ["https://127.0.0.1:1"],
    });
    save("offline.json", &offline);
    for encoding in ["gbk", "gb18030"] {
        save(&format!("offline_{encoding}.json"), &with(&offline, json!({ "text_encoding": encoding })));
    }

    let sandbox: Value = serde_json::from_slice(&fs::read(sandbox_config).unwrap()).unwrap();
    // Under valgrind on a busy machine a handshake takes its time.
    let patient = json!({ "timeout_ms": 60_000, "connect_timeout_ms": 30_000, "attempt_timeout_ms": 30_000 });
    let sandbox = with(&sandbox, patient);
    save("sandbox.json", &sandbox);
    save("sandbox_journal.json", &with(&sandbox, json!({ "journal_path": path("journal.db") })));
    let mut deceived = with(&sandbox, json!({ "wechatpay_public_key_path": path("wechatpay_public.pem") }));
    deceived.as_object_mut().unwrap().remove("platform_certificates");
    save("deceived.json", &deceived);
}

fn with(base: &Value, changes: Value) -> Value {
    let mut config = base.clone();
    let members = config.as_object_mut().unwrap();
    if let Value::Object(changes) = changes {
        members.extend(changes);
    }
    config
}
