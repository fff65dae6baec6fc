//! `wxcoupon-hub till …`, `rekey` and the like: what a person does at the hub. A running hub follows at once.

use crate::config::Config;
use crate::enroll::fingerprint;
use crate::hub::open_store;
use crate::language::{Language, Text};
use crate::mac;
use crate::master::{self, Place};
use crate::mistake::Mistake;
use crate::store::{Store, tills};
use crate::texts as t;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wxcoupon::api::use_time;

/// Where people read.
#[derive(Debug, Clone, Copy)]
pub struct Screen(pub Language);

impl Screen {
    /// A line.
    pub fn line(text: &str) {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    fn say(self, text: Text, values: &[(&str, &str)]) {
        Self::line(&self.0.with(text, values));
    }

    fn mistake(self, text: Text, values: &[(&str, &str)]) -> Mistake {
        Mistake::said(self.0.with(text, values))
    }
}

fn stored<T>(result: crate::store::Result<T>) -> Result<T, Mistake> {
    result.map_err(|failed| Mistake::store(&failed))
}

fn check_name(screen: Screen, till: &str) -> Result<(), Mistake> {
    if mac::is_till(till) { Ok(()) } else { Err(screen.mistake(t::WRONG_NAME, &[("till", till)])) }
}

/// `till add`
pub fn add(screen: Screen, config: &Config, till: &str) -> Result<(), Mistake> {
    check_name(screen, till)?;
    let (store, master) = open_store(config)?;
    let name = till.to_owned();
    let code = stored(store.write(move |sql| {
        if !tills::add(sql, &name)? {
            return Ok(None);
        }
        tills::make_code(sql, &master, &name).map(Some)
    }))?;
    let code = code.ok_or_else(|| screen.mistake(t::THERE_ALREADY, &[("till", till)]))?;
    show_code(screen, config, till, &code)
}

/// `till rotate`
pub fn rotate(screen: Screen, config: &Config, till: &str) -> Result<(), Mistake> {
    check_name(screen, till)?;
    let (store, master) = open_store(config)?;
    let name = till.to_owned();
    let code = stored(store.write(move |sql| {
        let all = tills::list(sql)?;
        if !all.iter().any(|till| till.id == name && till.revoked_ms.is_none()) {
            return Ok(None);
        }
        tills::make_code(sql, &master, &name).map(Some)
    }))?;
    let code = code.ok_or_else(|| screen.mistake(t::NO_SUCH_TILL, &[("till", till)]))?;
    show_code(screen, config, till, &code)
}

fn show_code(screen: Screen, config: &Config, till: &str, code: &str) -> Result<(), Mistake> {
    let url = config.tills.url.clone().unwrap_or_default();
    let ca = config.tills.ca.as_deref().and_then(fingerprint).unwrap_or_default();
    let text = format!("wxcoupon-till:1?till={till}&code={code}&url={url}&ca={ca}");
    let image = QrCode::with_error_correction_level(&text, EcLevel::M)
        .map_err(|error| Mistake::new(error.to_string(), format!("无法生成二维码（{error}）")))?
        .render::<Dense1x2>()
        // Most terminals are dark: the blocks are the light parts, and the margin belongs to them.
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Screen::line(&image);
    screen.say(t::CODE, &[("till", till), ("code", code)]);
    Ok(())
}

/// `till list`
pub fn list(screen: Screen, config: &Config) -> Result<(), Mistake> {
    let (store, _) = open_store(config)?;
    let stamp = |ms: i64| {
        time::OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).map(use_time).unwrap_or_default()
    };
    for till in stored(store.read(tills::list))? {
        let generations: Vec<String> = till.generations.iter().map(ToString::to_string).collect();
        let state = match (till.revoked_ms, till.code_ends_ms, generations.is_empty()) {
            (Some(at), ..) => screen.0.with(t::IS_REVOKED, &[("time", &stamp(at))]),
            (None, Some(at), _) => screen.0.with(t::HAS_CODE, &[("time", &stamp(at))]),
            (None, None, true) => screen.0.of(t::HAS_NO_KEY).to_owned(),
            (None, None, false) => screen.0.of(t::IS_GOOD).to_owned(),
        };
        let seen = till.seen_ms.map_or_else(|| "-".to_owned(), stamp);
        let from = till.seen_from.as_deref().unwrap_or("-");
        Screen::line(&format!("{}\t{state}\t{}\t{seen}\t{from}", till.id, generations.join("+")));
    }
    Ok(())
}

/// `till revoke`
pub fn revoke(screen: Screen, config: &Config, till: &str) -> Result<(), Mistake> {
    check_name(screen, till)?;
    // Without the master key: whoever must stop a till now may have no time to look for it.
    let store = stored(Store::open(&config.store))?;
    let name = till.to_owned();
    if !stored(store.write(move |sql| tills::revoke(sql, &name)))? {
        return Err(screen.mistake(t::NO_SUCH_TILL, &[("till", till)]));
    }
    screen.say(t::NOW_REVOKED, &[("till", till)]);
    Ok(())
}

/// `rekey`: everything is sealed under a new master key. The file of the old one is replaced once the store has the new one;
/// until then the new one lies beside it.
pub fn rekey(screen: Screen, config: &Config, new: Option<&Path>) -> Result<(), Mistake> {
    let (store, old) = open_store(config)?;
    let (place, is_final) = match (new, &config.master_key) {
        (Some(path), _) => (path.to_owned(), true),
        (None, Place::File(path)) => (beside(path), false),
        (None, Place::Credential(_)) => return Err(screen.mistake(t::WHERE_TO, &[])),
    };
    let fresh = master::make(&place)?;
    let resealed = store.write(move |sql| tills::reseal(sql, &old, &fresh));
    let count = match resealed {
        Ok(count) => count,
        Err(failed) => {
            // It may have been kept in spite of the error: then the new key is needed, so it stays.
            let kept = screen.0.with(t::KEPT, &[("file", &place.display().to_string())]);
            return Err(Mistake::said(format!("{}; {kept}", Mistake::store(&failed).of(screen.0))));
        }
    };
    let place = match &config.master_key {
        Place::File(path) if !is_final => {
            fs::rename(&place, path).map_err(|error| Mistake::file("master_key", path, &error))?;
            path.clone()
        }
        _ => place,
    };
    screen.say(t::REKEYED, &[("count", &count.to_string()), ("file", &place.display().to_string())]);
    Ok(())
}

/// Where `rekey` puts the new key first.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// `new-master-key`
pub fn new_master_key(screen: Screen, path: &Path) -> Result<(), Mistake> {
    master::make(path)?;
    screen.say(t::MADE, &[("file", &path.display().to_string())]);
    Ok(())
}
