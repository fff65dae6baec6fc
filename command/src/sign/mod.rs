//! How a signature comes about, and where a rejected one differs. Nothing is sent.

mod compare;
mod header;
mod mistakes;
mod opened;
mod variants;

use crate::answer;
use crate::arguments::text;
use crate::digest::sha256;
use crate::failure::{Failure, MISUSE, Outcome};
use crate::screen::{Screen, row};
use crate::setup::{self, Setup};
use crate::texts::words as w;
use clap::ArgMatches;
use header::Header;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wxcoupon::status::Code;
use wxcoupon::wire::sign::nonce;
use wxcoupon::{api, system};

/// A request as it is signed.
pub struct Request {
    pub method: String,
    pub target: String,
    pub timestamp: String,
    pub nonce: String,
    pub body: Vec<u8>,
}

impl Request {
    /// The five lines.
    pub fn message(&self) -> Vec<u8> {
        let lines = [&self.method, &self.target, &self.timestamp, &self.nonce].map(String::as_bytes);
        lines
            .into_iter()
            .chain([self.body.as_slice()])
            .flat_map(|line| [line, b"\n"])
            .collect::<Vec<_>>()
            .concat()
    }
}

/// Explains a request, and compares a given header or a rejecting answer with it. The exit status is 1 where they differ.
pub fn explain(screen: &Screen, config: Option<&Path>, given: &ArgMatches) -> Outcome {
    let setup = Setup::read(screen, config)?;
    let theirs = text(given, "authorization")
        .map(|header| {
            Header::read(header)
                .map_err(|why| Failure::misuse(screen, w::SIGN_HEADER_WRONG, &[("why", &why)]))
        })
        .transpose()?;
    let request = request(screen, given, theirs.as_ref())?;
    // Asked here, so that a wrong method or path is told before it is signed.
    api::prepare_raw(&request.method, &request.target, None)?;
    let timestamp = request.timestamp.parse::<i64>().unwrap_or_default();
    let authorizer = setup.config.authorizer()?;
    let ours = authorizer.authorization_with(
        &request.method,
        &request.target,
        timestamp,
        &request.nonce,
        &request.body,
    )?;
    let own = Header::read(&ours).unwrap_or_default();
    let mut differences = Vec::new();
    if let Some(theirs) = &theirs {
        differences.extend(mistakes::explain(screen, &setup.config, &request, theirs));
        differences.extend(compare::headers(screen, theirs, &own));
        if !differences.iter().any(|(differs, _)| *differs) {
            differences.push((false, screen.of(w::SIGN_ALL_SAME).to_owned()));
        }
    }
    if let Some(file) = given.get_one::<PathBuf>("rejected") {
        let answer = setup::read(screen, file)?;
        differences.extend(compare::rejected(screen, &answer, &request, theirs.is_some())?);
    }
    let differs = differences.iter().any(|(differs, _)| *differs);
    let lines: Vec<String> = differences.into_iter().map(|(_, line)| line).collect();
    if screen.json {
        let code = if differs { Code::Request } else { Code::Ok };
        answer::own(screen, "sign", code, as_json(&request, &ours, &own, &lines));
    } else {
        tell(screen, &request, &ours, &own);
        for line in &lines {
            screen.line(line);
        }
    }
    Ok(if differs { MISUSE } else { 0 })
}

fn request(screen: &Screen, given: &ArgMatches, theirs: Option<&Header>) -> Result<Request, Failure> {
    let body = match text(given, "body") {
        None => Vec::new(),
        Some("-") => setup::read(screen, Path::new("-"))?,
        Some(body) => match body.strip_prefix('@') {
            Some(file) => setup::read(screen, Path::new(file))?,
            None => body.as_bytes().to_vec(),
        },
    };
    let now = || (system::wall_ms() / 1000).to_string();
    let own_time = given.get_one::<i64>("timestamp").map(ToString::to_string);
    let timestamp = theirs.map(Header::seconds).or(own_time).unwrap_or_else(now);
    let own_nonce = text(given, "nonce").map(str::to_owned);
    let nonce = match theirs.map(|theirs| theirs.nonce.clone()).or(own_nonce) {
        Some(nonce) => nonce,
        None => nonce()?,
    };
    Ok(Request {
        method: text(given, "METHOD").unwrap_or_default().to_ascii_uppercase(),
        target: text(given, "TARGET").unwrap_or_default().to_owned(),
        timestamp,
        nonce,
        body,
    })
}

fn tell(screen: &Screen, request: &Request, ours: &str, own: &Header) {
    screen.say(w::SIGN_LINES, &[]);
    let body = String::from_utf8_lossy(&request.body).replace('\n', "⏎\n     ");
    let body = if body.is_empty() { screen.of(w::SIGN_EMPTY).to_owned() } else { body };
    let lines = [&request.method, &request.target, &request.timestamp, &request.nonce, &body];
    for (at, line) in lines.iter().enumerate() {
        screen.line(&format!("  {}  {line}⏎", at + 1));
    }
    let message = request.message();
    let count = screen.with(w::SIGN_COUNT, &[("count", &message.len().to_string())]);
    screen.line(&row(screen.of(w::SIGN_BYTES), &count));
    screen.line(&row(screen.of(w::SIGN_HASH), &sha256(&message)));
    screen.line(&row(screen.of(w::SIGN_SIGNATURE), &own.signature));
    screen.say(w::SIGN_HEADING, &[]);
    screen.line(&format!("Authorization: {ours}"));
}

fn as_json(request: &Request, ours: &str, own: &Header, differences: &[String]) -> Value {
    let signed = request.message();
    json!({
        "message": String::from_utf8_lossy(&signed),
        "bytes": signed.len(),
        "sha256": sha256(&signed),
        "signature": own.signature,
        "authorization": ours,
        "differences": differences,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wxcoupon::wire::sign::message;

    #[test]
    fn the_lines_are_those_of_the_library() {
        let request = Request {
            method: "POST".into(),
            target: "/v3/x?y=1".into(),
            timestamp: "1554208460".into(),
            nonce: "N".into(),
            body: b"{}".to_vec(),
        };
        assert_eq!(request.message(), message("POST", "/v3/x?y=1", 1_554_208_460, "N", b"{}"));
    }
}
