//! Visual Basic 6 and VBA: stdcall, and every pointer a `LongPtr`.

use super::{Part, WIDTH, caseless_numbers, joined, lines, wrapped};
use testkit::contract::{Contract, Function, Kind};

const FILE: &str = "vb6/WxCoupon.bas";

pub fn parts(contract: &Contract) -> Vec<Part> {
    let numbers =
        lines(caseless_numbers(contract), |(name, number)| format!("Public Const {name} As Long = {number}"));
    let declarations = |safe: &str| lines(&contract.functions, |function| declaration(function, safe));
    vec![
        Part::block(FILE, "numbers", numbers),
        Part::block(FILE, "declarations of VBA", declarations("PtrSafe ")),
        Part::block(FILE, "declarations of Visual Basic 6", declarations("")),
    ]
}

fn declaration(function: &Function, safe: &str) -> String {
    let (what, result) = match function.returns.of.kind {
        Kind::None => ("Sub", String::new()),
        kind => ("Function", format!(" As {}", word(kind))),
    };
    let name = &function.name;
    let head = format!(r#"Public Declare {safe}{what} {name} Lib "wxcoupon.dll" Alias "{name}_std""#);
    let parameters = joined(function, ", ", |typed| {
        let by = if typed.of.kind == Kind::HandleOut { "ByRef" } else { "ByVal" };
        format!("{by} {} As {}", typed.name, word(typed.of.kind))
    });
    let whole = format!("{head} ({parameters}){result}");
    if whole.len() <= WIDTH {
        return whole;
    }
    format!("{head} _\n{}", wrapped(&format!("    ({parameters}){result}"), " _", "    "))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Int32 | Kind::Uint32 => "Long",
        _ => "LongPtr",
    }
}
