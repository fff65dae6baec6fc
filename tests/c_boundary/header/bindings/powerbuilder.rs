//! PowerBuilder: stdcall, texts in blobs of UTF-8.

use super::{Part, WIDTH, caseless_numbers, joined, lines, wrapped};
use testkit::contract::{Contract, Function, Kind, Typed};

const FILE: &str = "powerbuilder/n_wxcoupon.sru";

/// Texts that are ASCII, and may be strings.
const ASCII: [&str; 3] = ["operation", "method", "path_and_query"];

pub fn parts(contract: &Contract) -> Vec<Part> {
    let calls_back =
        |function: &Function| function.parameters.iter().any(|one| one.typed.of.kind == Kind::Callback);
    // It has no functions that a library could call.
    let functions = contract.functions.iter().filter(|function| !calls_back(function));
    let numbers =
        lines(caseless_numbers(contract), |(name, number)| format!("CONSTANT long {name} = {number}"));
    vec![Part::block(FILE, "functions", lines(functions, declaration)), Part::block(FILE, "numbers", numbers)]
}

fn declaration(function: &Function) -> String {
    let result = match function.returns.of.kind {
        Kind::None => "SUBROUTINE",
        Kind::Int32 => "FUNCTION long",
        Kind::Uint32 => "FUNCTION ulong",
        Kind::Text => "FUNCTION string",
        Kind::Handle | Kind::BorrowedText => "FUNCTION longptr",
        other => panic!("{}: what is a result of {other:?}?", function.name),
    };
    let strings = function.parameters.iter().any(|parameter| word(&parameter.typed) == "string");
    let ansi = if strings || result.ends_with("string") { ";Ansi" } else { "" };
    let name = &function.name;
    let parameters = joined(function, ", ", |typed| format!("{} {}", word(typed), typed.name));
    let head = format!("{result} {name}({parameters})");
    let library = format!(r#"LIBRARY "wxcoupon.dll" ALIAS FOR "{name}_std{ansi}""#);
    let whole = format!("{head} {library}");
    if whole.len() <= WIDTH { whole } else { format!("{} &\n\t{library}", wrapped(&head, " &", "\t")) }
}

fn word(typed: &Typed) -> &'static str {
    match typed.of.kind {
        Kind::Int32 => "long",
        Kind::Uint32 => "ulong",
        Kind::Utf16Out => "ref string",
        Kind::Text if ASCII.contains(&typed.name.as_str()) => "string",
        Kind::Text | Kind::TextOut | Kind::Bytes => "ref blob",
        Kind::HandleOut => "ref longptr",
        Kind::Handle | Kind::UserData => "longptr",
        Kind::None | Kind::BorrowedText | Kind::Callback => panic!("{} is no argument", typed.name),
    }
}
