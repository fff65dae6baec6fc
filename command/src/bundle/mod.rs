//! What support needs, in one file that its owner has seen before it is written. Nothing is uploaded.

mod case;
mod gather;
mod log_lines;
mod mask;
mod zip;

use crate::answer;
use crate::arguments::{text, texts};
use crate::digest::sha256;
use crate::failure::{Failure, LOCAL, MISUSE, Outcome};
use crate::progress;
use crate::screen::Screen;
use crate::setup::{self, Setup};
use crate::texts::{lists, words as w};
use clap::ArgMatches;
use gather::Source;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use wxcoupon::status::Code;
use wxcoupon::{api, system};
use zip::File;

/// Gathers, shows and writes it.
pub fn run(screen: &Screen, config: Option<&Path>, given: &ArgMatches) -> Outcome {
    if let Some(number) = text(given, "qr") {
        return case::run(screen, config, number);
    }
    let (path, text) = setup::read_text(screen, config)?;
    let setup = Setup::of(&text);
    let numbers: Vec<&String> = texts(given, "NUMBER").collect();
    let is_online = given.get_flag("online");
    let what = || (screen.of(w::CONNECTING).to_owned(), None);
    let source = Source { path: &path, text: &text, setup };
    let mut gathered = progress::during(screen, what, || gather::gather(screen, source, &numbers, is_online));
    let made_at = api::use_time(system::wall_date());
    let manifest = manifest(screen, &gathered.files, &gathered.masked, &made_at);
    let out = given.get_one::<PathBuf>("out").cloned().unwrap_or_else(|| usual_name(&made_at));
    if !screen.json {
        show(screen, &gathered.files, &gathered.masked);
    }
    for problem in &gathered.problems {
        screen.remark(&screen.with(w::BUNDLE_PROBLEM, &[("what", problem)]));
    }
    if !given.get_flag("yes") && !agrees(screen, &out)? {
        screen.remark(screen.of(w::BUNDLE_NOT_WRITTEN));
        return Ok(MISUSE);
    }
    let content = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    gathered.files.insert(0, File { name: "manifest.json".into(), content });
    write(screen, &out, &gathered.files)?;
    let file = out.display().to_string();
    if screen.json {
        let mut told = manifest;
        if let Some(told) = told.as_object_mut() {
            told.insert("file".into(), file.into());
        }
        answer::own(screen, "bundle", Code::Ok, told);
    } else {
        screen.remark(&screen.with(w::BUNDLE_WRITTEN, &[("file", &file)]));
    }
    Ok(0)
}

fn usual_name(made_at: &str) -> PathBuf {
    let digits: String = made_at.chars().take(19).filter(char::is_ascii_digit).collect();
    PathBuf::from(format!("wxcoupon-support-{digits}.zip"))
}

fn manifest(screen: &Screen, files: &[File], masked: &Map<String, Value>, made_at: &str) -> Value {
    let listed: Vec<Value> = files
        .iter()
        .map(|file| {
            json!({
                "name": file.name,
                "what": lists::file(&file.name).map(|what| screen.of(what)),
                "bytes": file.content.len(),
                "sha256": sha256(&file.content),
            })
        })
        .collect();
    json!({
        "made_at": made_at,
        "made_by": format!("wxcoupon {}", env!("CARGO_PKG_VERSION")),
        "files": listed,
        "masked": masked,
        "left_out": screen.of(w::BUNDLE_LEFT_OUT),
    })
}

fn show(screen: &Screen, files: &[File], masked: &Map<String, Value>) {
    screen.line(&screen.bold(screen.of(w::BUNDLE_HEADING)));
    for file in files {
        let what = lists::file(&file.name).map(|what| screen.of(what)).unwrap_or_default();
        screen.line(&format!("  {:<24} {:>8}  {what}", file.name, file.content.len()));
    }
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    for (file, what) in
        masked.iter().map(|(file, what)| (file, texts(what))).filter(|(_, what)| !what.is_empty())
    {
        screen.say(w::BUNDLE_MASKED, &[("what", &format!("{file}: {}", what.join(", ")))]);
    }
    screen.say(w::BUNDLE_LEFT_OUT, &[]);
}

fn agrees(screen: &Screen, out: &Path) -> Result<bool, Failure> {
    if screen.json || !std::io::stdin().is_terminal() {
        return Err(Failure::misuse(screen, w::BUNDLE_NOT_ASKED, &[]));
    }
    let question = screen.with(w::BUNDLE_ASK, &[("file", &out.display().to_string())]);
    let _ = write!(std::io::stderr(), "{question} ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "是"))
}

/// A file that is there stays as it is.
fn write(screen: &Screen, out: &Path, files: &[File]) -> Result<(), Failure> {
    let name = out.display().to_string();
    let archive = zip::archive(files).ok_or_else(|| Failure::Own(LOCAL, name.clone()))?;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(out);
    let written = made.map(|mut file| file.write_all(&archive).and_then(|()| file.sync_all()));
    if let Ok(Err(_)) = &written {
        // Half a file would be taken for a whole one.
        let _ = std::fs::remove_file(out);
    }
    match written.and_then(|written| written) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(Failure::misuse(screen, w::BUNDLE_EXISTS, &[("file", &name)]))
        }
        Err(error) => {
            let values = [("file", &*name), ("why", &*error.to_string())];
            Err(Failure::local(screen, w::BUNDLE_CANNOT_WRITE, &values))
        }
    }
}
