//! The till's key, and how a one-time code becomes it. The key itself never travels.

use super::super::Client;
use super::super::keys::write_whole;
use crate::config::{Till, TillSecret};
use crate::error::Error;
use crate::log;
use crate::net::cancel::Cancel;
use crate::net::deadline::Deadline;
use crate::net::{HttpRequest, HttpResponse, in_flight};
use crate::outcome::{self, Event};
use crate::report::Report;
use crate::status::{Class, Code};
use crate::wire::hub::{Asked, Key, TillKey, is_nonce};
use crate::wire::sign::nonce;
use crate::wire::verify::Proof;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::Duration;
use zeroize::Zeroizing;

/// How often a call looks whether another one has traded the code.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a context knows of its till.
#[derive(Debug)]
pub(in super::super) struct TillState {
    pub id: String,
    secret: TillSecret,
    /// The key, once there is one.
    key: Mutex<Option<TillKey>>,
    /// Held by the call that trades the code.
    trading: Mutex<()>,
}

impl TillState {
    pub fn new(till: &Till) -> TillState {
        let key = match &till.secret {
            TillSecret::Key(key) => Some(key.clone()),
            TillSecret::Code { .. } => None,
        };
        TillState {
            id: till.id.clone(),
            secret: till.secret.clone(),
            key: Mutex::new(key),
            trading: Mutex::default(),
        }
    }
}

type Failed = Box<Report>;

/// The key that was traded before.
fn kept_key(path: &Path) -> Option<TillKey> {
    let kept = std::fs::read_to_string(path).ok().map(Zeroizing::new)?;
    TillKey::read(&kept)
}

impl Client {
    pub(super) fn till_key(&self) -> Option<TillKey> {
        self.till.as_ref()?.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Trades the code, if that has not happened yet.
    pub(in super::super) fn have_till_key(&self, deadline: &Deadline, cancel: &Cancel) -> Result<(), Failed> {
        let Some(till) = &self.till else { return Ok(()) };
        let TillSecret::Code { key: code, path } = &till.secret else { return Ok(()) };
        while self.till_key().is_none() {
            let trading = match till.trading.try_lock() {
                Ok(trading) => trading,
                Err(TryLockError::Poisoned(trading)) => trading.into_inner(),
                Err(TryLockError::WouldBlock) if deadline.is_over() || !cancel.pause(LOOK_AGAIN) => {
                    let message = "another call is trading till_code".to_owned();
                    return Err(Box::new(Report { message, ..Report::new(Code::TimeoutUnsent) }));
                }
                Err(TryLockError::WouldBlock) => continue,
            };
            // Another call may have traded it meanwhile.
            if self.till_key().is_none() {
                let key = self.trade(&till.id, code, path, deadline, cancel)?;
                *till.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
            }
            drop(trading);
        }
        Ok(())
    }

    fn trade(
        &self,
        id: &str,
        code: &Key,
        path: &Path,
        deadline: &Deadline,
        cancel: &Cancel,
    ) -> Result<TillKey, Failed> {
        let failed = |error: Error| Box::new(Report::from(error));
        // Another process may have traded it meanwhile.
        if let Some(key) = kept_key(path) {
            return Ok(key);
        }
        // The same nonce again after a lost answer, also of another process.
        let trading = beside(path);
        let kept = std::fs::read_to_string(&trading).ok().filter(|kept| is_nonce(kept));
        let nonce = if let Some(nonce) = kept {
            nonce
        } else {
            let nonce = nonce().map_err(failed)?;
            write_whole(&trading, nonce.as_bytes()).map_err(|error| unwritable(&trading, &error))?;
            nonce
        };
        let mut last = Box::new(Report::new(Code::TimeoutUnsent));
        for host in self.hosts.all() {
            if deadline.is_over() {
                break;
            }
            let time = self.clock.now_s().to_string();
            let asked = Asked {
                target: "/v1/enroll",
                till: id,
                generation: 0,
                time: &time,
                nonce: &nonce,
                body: b"",
            };
            let mac = code.mac(&asked.text());
            let headers = [
                ("wxcoupon-till", id),
                ("wxcoupon-time", &time),
                ("wxcoupon-nonce", &nonce),
                ("wxcoupon-mac", &mac),
            ];
            in_flight::begin(false, cancel);
            let answered = self.transport.exchange(&HttpRequest {
                method: "POST",
                origin: &host.origin,
                target: "/v1/enroll",
                headers: &headers,
                body: Some(b""),
                connect_limit: self.config.limits.connect.min(deadline.left()),
                limit: self.config.limits.attempt.min(deadline.left()),
            });
            let traded = match answered {
                Ok(response) => self.traded(id, code, &nonce, &response),
                Err(error) => Err(Box::new(outcome::judge(false, &Event::NoAnswer(&error)).into())),
            };
            match traded {
                Ok(key) => {
                    write_whole(path, key.text().as_bytes()).map_err(|error| unwritable(path, &error))?;
                    // It has done its work.
                    let _ = std::fs::remove_file(&trading);
                    log::info(format_args!(
                        "till_code was traded for key {}, kept in till_key_path",
                        key.generation
                    ));
                    return Ok(key);
                }
                Err(report) => {
                    // Another process may have been faster, with the same code.
                    if let Some(key) = kept_key(path) {
                        return Ok(key);
                    }
                    let message = format!("till_code could not be traded: {}", report.message);
                    last = Box::new(Report { message, host: Some(host.name.clone()), ..*report });
                    if last.code.class() == Class::Local {
                        break;
                    }
                }
            }
        }
        Err(last)
    }

    fn traded(&self, id: &str, code: &Key, nonce: &str, response: &HttpResponse) -> Result<TillKey, Failed> {
        let refused = |why: String| {
            let hint = "Make a new code at the hub; one is good for 15 minutes and one till.";
            Box::new(Report { message: why, hint: Some(hint.into()), ..Report::new(Code::Key) })
        };
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let hub = answer.get("hub").and_then(Value::as_str);
        let proof = response.hub.prove(code, nonce, response.status, &response.body).map_err(|_| {
            if let Some(name @ ("wrong_code" | "unknown_till")) = hub {
                return refused(format!("the hub says {name}, without proof"));
            }
            let says = hub.map(|name| format!(", and says {name}")).unwrap_or_default();
            let message = format!("HTTP {}: what answered has no proof of the hub's{says}", response.status);
            Box::new(Report { message, ..Report::new(Code::ReadFailed) })
        })?;
        self.clock.prove(Proof { at_s: proof.time_s, is_certain: true }, true);
        let data = answer.get("data");
        let generation = data.and_then(|data| data.get("generation")?.as_i64());
        let salt = data.and_then(|data| data.get("salt")?.as_str());
        generation
            .zip(salt)
            .and_then(|(generation, salt)| {
                Some(TillKey { generation, key: code.of_till(id, generation, nonce, salt)? })
            })
            .ok_or_else(|| refused(format!("the hub refused ({})", hub.unwrap_or("it gave no key"))))
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".trading");
    PathBuf::from(name)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failed {
    let message = format!("till_key_path: {} cannot be written: {error}", path.display());
    Box::new(Error::at(Code::Config, "/till_key_path", message).into())
}
