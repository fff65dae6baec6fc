//! What key files are, and what fits to what. No key is shown.

use crate::answer;
use crate::failure::{Failure, LOCAL};
use crate::language::variable;
use crate::screen::{Screen, harmless, row};
use crate::setup::{self, Setup};
use crate::texts::{lists, words as w};
use serde_json::{Value, json};
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wxcoupon::redact::{Quoted, may_be_a_key};
use wxcoupon::status::Code;
use wxcoupon::system;
use wxcoupon::wire::keys::{Certificate, Description, ObjectKind, authorities, describe, fingerprint};
use wxcoupon::wire::serial::KeyId;
use zeroize::Zeroizing;

/// Holds the passphrase, which a command line would show to every other program.
const PASSPHRASE_VARIABLE: &str = "WXCOUPON_PASSPHRASE";

/// In the library's words. No passphrase opens it here.
const OLD_ENCRYPTION: &str = "old encryption";

struct KeyFile {
    /// Without its folder.
    name: String,
    objects: Result<Vec<Description>, String>,
    /// As a root of TLS connections.
    role: Role,
}

/// Whether a certificate is a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `ca_path` of the configuration.
    OfConfig,
    /// It has signed itself.
    SelfSigned,
    /// It has not, or is no certificate.
    Other,
}

/// What the configuration says, where there is one.
struct Configured {
    fingerprint: String,
    serial: String,
    /// Fingerprints of WeChat Pay's keys.
    wechatpay: Vec<String>,
    roots: Vec<Vec<u8>>,
}

/// Explains each file. The exit status is 2 where one cannot be used.
pub fn explain(screen: &Screen, config: Option<&Path>, paths: &[&Path]) -> u8 {
    let passphrase = variable(PASSPHRASE_VARIABLE).map(Zeroizing::new);
    // What is wrong with it may be the very keys that are looked at.
    let (configured, not_compared) = match configured(screen, config) {
        Ok(configured) => (configured, None),
        Err(failure) => (None, Some(failure.message())),
    };
    let mut files = Vec::new();
    for path in paths {
        let content = setup::read(screen, path).map(Zeroizing::new);
        let role = content.as_ref().map_or(Role::Other, |content| role(content, configured.as_ref()));
        let objects = content.map_err(|failure| failure.message()).and_then(|content| {
            let objects = describe(&content, passphrase.as_deref().map(String::as_str));
            objects.map_err(|error| error.message)
        });
        files.push(KeyFile { name: shown_name(path), objects, role });
    }
    if screen.json {
        let told: Vec<Value> =
            files.iter().map(|file| as_json(screen, &files, file, configured.as_ref())).collect();
        let code = if files.iter().all(is_fine) { Code::Ok } else { Code::Key };
        answer::own(screen, "check", code, json!({ "files": told, "not_compared": not_compared }));
    } else {
        for file in &files {
            screen.line(&format!("{} {}", screen.mark(is_fine(file)), screen.bold(&harmless(&file.name))));
            match &file.objects {
                Err(why) => screen.line(&row(screen.of(w::KEY_PROBLEM), &harmless(why))),
                Ok(objects) => {
                    for object in objects {
                        for (name, value) in facts(screen, &files, file, object, configured.as_ref()) {
                            screen.line(&row(name, &harmless(&value)));
                        }
                    }
                }
            }
        }
    }
    if let Some(why) = not_compared.filter(|_| !screen.json) {
        screen.remark(&screen.with(w::KEY_NOT_COMPARED, &[("why", &why)]));
    }
    if files.iter().all(is_fine) { 0 } else { LOCAL }
}

/// Without its folder. Somebody may have pasted a key in place of it.
fn shown_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if may_be_a_key(&name) { Quoted(&name).to_string() } else { name.into_owned() }
}

/// Whether something in it can be used now.
fn is_fine(file: &KeyFile) -> bool {
    let is_usable = |object: &Description| {
        let is_known = !matches!(object.kind, ObjectKind::Pkcs12 | ObjectKind::Other);
        let is_ca = file.role != Role::Other && object.kind == ObjectKind::Certificate;
        (is_known && object.problem.is_none() || is_ca)
            && object.certificate.as_ref().is_none_or(|certificate| !is_outdated(certificate))
    };
    file.objects.as_ref().is_ok_and(|objects| objects.iter().any(is_usable))
}

fn is_outdated(certificate: &Certificate) -> bool {
    let now = u64::try_from(system::wall_ms() / 1000).unwrap_or_default();
    !(certificate.since..=certificate.until).contains(&now)
}

/// Only the usual one may be missing: the keys of a new shop are looked at before there is one.
fn configured(screen: &Screen, config: Option<&Path>) -> Result<Option<Configured>, Failure> {
    let setup = match Setup::read(screen, config) {
        Ok(setup) => setup,
        Err(failure) if config.is_some() || setup::config_path(config).exists() => return Err(failure),
        Err(_) => return Ok(None),
    };
    // A till of a hub has none.
    let Ok(authorizer) = setup.config.authorizer() else { return Ok(None) };
    let serial = authorizer.serial().to_owned();
    let ring = &setup.config.key_ring;
    let wechatpay = ring.serials().filter_map(|serial| ring.get(serial)).map(fingerprint).collect();
    let roots = setup.config.extra_roots.clone();
    Ok(Some(Configured { fingerprint: fingerprint(authorizer.key().public()), serial, wechatpay, roots }))
}

/// A key of any kind may be in a root.
fn role(content: &[u8], configured: Option<&Configured>) -> Role {
    let roots = authorities(content).unwrap_or_default();
    if configured.is_some_and(|configured| roots.iter().any(|root| configured.roots.contains(root))) {
        return Role::OfConfig;
    }
    let objects = describe(content, None).unwrap_or_default();
    let is_self_signed =
        |object: &Description| object.names.as_ref().is_some_and(|(subject, issuer)| subject == issuer);
    if objects.iter().any(is_self_signed) { Role::SelfSigned } else { Role::Other }
}

fn kind(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::PrivateKey => "private_key",
        ObjectKind::EncryptedPrivateKey => "encrypted_private_key",
        ObjectKind::PublicKey => "public_key",
        ObjectKind::Certificate => "certificate",
        ObjectKind::Pkcs12 => "pkcs12",
        ObjectKind::Other => "other",
    }
}

fn facts(
    screen: &Screen,
    files: &[KeyFile],
    file: &KeyFile,
    object: &Description,
    configured: Option<&Configured>,
) -> Vec<(&'static str, String)> {
    let known = match object.kind {
        ObjectKind::Other => lists::other_object(object.what),
        other => lists::key(kind(other)),
    };
    let what = known.map_or(object.what, |what| screen.of(what));
    let size = object.bits.map(|bits| screen.with(w::KEY_BITS, &[("bits", &bits.to_string())]));
    let separator = if size.is_some() { ", " } else { "" };
    let mut facts = vec![("", format!("{what}{separator}{}", size.unwrap_or_default()))];
    if let Some((subject, issuer)) = &object.names {
        facts.push((screen.of(w::KEY_SUBJECT), subject.clone()));
        facts.push((screen.of(w::KEY_ISSUER), issuer.clone()));
    }
    if let Some(certificate) = &object.certificate {
        facts.push((screen.of(w::KEY_SERIAL), certificate.serial.clone()));
        let outdated = if is_outdated(certificate) {
            format!(" – {}", screen.of(w::KEY_OUTDATED))
        } else {
            String::new()
        };
        let valid = format!("{} … {}{outdated}", stamp(certificate.since), stamp(certificate.until));
        facts.push((screen.of(w::KEY_VALID), valid));
    }
    if let Some(fingerprint) = &object.fingerprint {
        let short: String = fingerprint.chars().take(16).collect();
        facts.push((screen.of(w::KEY_FINGERPRINT), short));
        facts.push((screen.of(w::KEY_FITS), fits(screen, files, file, object, configured)));
    }
    facts.push((screen.of(w::KEY_MEMBER), member(screen, files, file, object, configured)));
    let problem = object.problem.as_ref().filter(|_| file.role == Role::Other);
    if let Some(problem) = problem {
        facts.push((screen.of(w::KEY_PROBLEM), problem.clone()));
        if problem.contains(OLD_ENCRYPTION) {
            facts.push(("", screen.of(w::KEY_OLD_ENCRYPTION).to_owned()));
        } else if object.kind == ObjectKind::EncryptedPrivateKey {
            facts.push(("", screen.of(w::KEY_PASSPHRASE).to_owned()));
        }
    }
    facts
}

/// The other files and the parts of the configuration that belong to the same key.
fn fits(
    screen: &Screen,
    files: &[KeyFile],
    file: &KeyFile,
    object: &Description,
    configured: Option<&Configured>,
) -> String {
    let has_key = |other: &KeyFile| {
        let objects = other.objects.as_deref().unwrap_or_default();
        objects.iter().any(|other| other.fingerprint.is_some() && other.fingerprint == object.fingerprint)
    };
    let others = files.iter().filter(|other| !std::ptr::eq(*other, file) && has_key(other));
    let mut told: Vec<String> =
        others.map(|other| screen.with(w::KEY_SAME_KEY, &[("file", &other.name)])).collect();
    if let Some(configured) = configured {
        let is_ours = object.fingerprint.as_ref() == Some(&configured.fingerprint);
        if is_ours {
            told.push(screen.of(w::KEY_OF_CONFIG).to_owned());
        } else if matches!(object.kind, ObjectKind::PrivateKey | ObjectKind::EncryptedPrivateKey) {
            told.push(screen.of(w::KEY_NOT_OF_CONFIG).to_owned());
        }
        if object.fingerprint.as_ref().is_some_and(|fingerprint| configured.wechatpay.contains(fingerprint)) {
            told.push(screen.of(w::KEY_OF_WECHATPAY).to_owned());
        }
        if let Some(certificate) = &object.certificate {
            if KeyId::new(&certificate.serial) == *configured.serial.as_str() {
                told.push(screen.of(w::KEY_SERIAL_FITS).to_owned());
            } else if is_ours {
                told.push(screen.with(w::KEY_SERIAL_DIFFERS, &[("serial", &configured.serial)]));
            }
        }
    }
    if told.is_empty() { screen.of(w::KEY_NOTHING_FITS).to_owned() } else { told.join("; ") }
}

/// The member of the configuration that the file is for.
fn member(
    screen: &Screen,
    files: &[KeyFile],
    file: &KeyFile,
    object: &Description,
    configured: Option<&Configured>,
) -> String {
    let objects = files.iter().flat_map(|file| file.objects.as_deref().unwrap_or_default());
    let own =
        objects.filter(|object| object.kind == ObjectKind::PrivateKey).map(|object| &object.fingerprint);
    let mut own = own.filter_map(Option::as_ref).chain(configured.map(|configured| &configured.fingerprint));
    let is_merchants =
        object.fingerprint.as_ref().is_some_and(|fingerprint| own.any(|own| own == fingerprint));
    match object.kind {
        ObjectKind::PrivateKey | ObjectKind::EncryptedPrivateKey => "private_key_path".into(),
        ObjectKind::Certificate if is_merchants => "merchant_certificate_path".into(),
        ObjectKind::Certificate if file.role == Role::OfConfig => "ca_path".into(),
        ObjectKind::Certificate if file.role == Role::SelfSigned => screen.of(w::KEY_ROOT).into(),
        ObjectKind::Certificate => screen.of(w::KEY_UNKNOWN_CERTIFICATE).into(),
        ObjectKind::PublicKey if is_merchants => screen.of(w::KEY_OWN_PUBLIC).into(),
        ObjectKind::PublicKey => screen.of(w::KEY_PUBLIC).into(),
        ObjectKind::Pkcs12 => screen.of(w::KEY_TAKE_OUT).into(),
        ObjectKind::Other => screen.of(w::KEY_NOWHERE).into(),
    }
}

fn as_json(screen: &Screen, files: &[KeyFile], file: &KeyFile, configured: Option<&Configured>) -> Value {
    let objects = match &file.objects {
        Err(why) => return json!({ "file": file.name, "problem": why }),
        Ok(objects) => objects,
    };
    let objects: Vec<Value> = objects
        .iter()
        .map(|object| {
            json!({
                "kind": kind(object.kind),
                "bits": object.bits,
                "fingerprint": object.fingerprint,
                "serial": object.certificate.as_ref().map(|certificate| &certificate.serial),
                "valid_since": object.certificate.as_ref().map(|certificate| stamp(certificate.since)),
                "valid_until": object.certificate.as_ref().map(|certificate| stamp(certificate.until)),
                "fits": fits(screen, files, file, object, configured),
                "goes_to": member(screen, files, file, object, configured),
                "problem": object.problem,
            })
        })
        .collect();
    json!({ "file": file.name, "objects": objects })
}

fn stamp(unix_s: u64) -> String {
    let at = i64::try_from(unix_s).ok().and_then(|unix_s| OffsetDateTime::from_unix_timestamp(unix_s).ok());
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}
