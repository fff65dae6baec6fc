//! Delphi and Free Pascal.

use super::{Part, caseless_numbers, lines, pascal_case};
use testkit::contract::{Contract, Kind, Type, Typed};

const FILE: &str = "delphi/WxCoupon.pas";

pub fn parts(contract: &Contract) -> Vec<Part> {
    let functions = lines(&contract.functions, |function| {
        let parameters: Vec<String> =
            function.parameters.iter().map(|parameter| declared(&parameter.typed)).collect();
        procedural(&format!("{}: ", function.name), &function.returns.of, &parameters)
    });
    let callbacks = lines(&contract.callbacks, |callback| {
        let parameters: Vec<String> = callback.parameters.iter().map(declared).collect();
        procedural(&format!("{} = ", named(&callback.name)), &callback.returns, &parameters)
    });
    let binding = lines(&contract.functions, |function| format!("  @{0} := Need('{0}');", function.name));
    let numbers = lines(caseless_numbers(contract), |(name, number)| format!("  {name} = {number};"));
    vec![
        Part::block(FILE, "numbers", numbers),
        Part::block(FILE, "callbacks", callbacks),
        Part::block(FILE, "functions", functions),
        Part::block(FILE, "binding", binding),
    ]
}

fn procedural(head: &str, result: &Type, parameters: &[String]) -> String {
    let (what, tail) = match result.kind {
        Kind::None => ("procedure", "; cdecl;".to_owned()),
        _ => ("function", format!(": {}; cdecl;", word(result))),
    };
    if parameters.is_empty() {
        return format!("  {head}{what}{tail}");
    }
    super::prototype("  ", &format!("{head}{what}"), &parameters.join("; "), &tail)
}

fn named(callback: &str) -> &'static str {
    match callback {
        "wxcoupon_log_fn" => "TWxLogFn",
        other => panic!("a name in Pascal for {other}"),
    }
}

fn declared(typed: &Typed) -> String {
    let by = if typed.of.kind == Kind::HandleOut { "var " } else { "" };
    format!("{by}{}: {}", pascal_case(&typed.name), word(&typed.of))
}

fn word(of: &Type) -> &'static str {
    match of.kind {
        Kind::None => panic!("a procedure has no result"),
        Kind::Int32 => "Integer",
        Kind::Uint32 => "Cardinal",
        Kind::Handle | Kind::HandleOut => "TWxHandle",
        Kind::Text | Kind::BorrowedText | Kind::TextOut => "PAnsiChar",
        Kind::Utf16Out => "PWideChar",
        Kind::Bytes | Kind::UserData => "Pointer",
        Kind::Callback => named(&of.c),
    }
}
