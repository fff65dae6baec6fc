//! koffi reads prototypes in C, with a mark where it is to write.

use super::{Part, joined, lines, short_numbers};
use testkit::contract::{Contract, Kind, Typed};

const LIBRARY: &str = "node/library.js";

pub fn parts(contract: &Contract) -> Vec<Part> {
    let handles = lines(&contract.handles, |handle| format!("koffi.opaque(\"{}\");", handle.name));
    let callbacks = lines(&contract.callbacks, |callback| {
        let parameters: Vec<String> = callback.parameters.iter().map(Typed::c).collect();
        let (returns, parameters) = (&callback.returns.c, parameters.join(", "));
        format!("  {0}: koffi.proto(\n    \"{returns} {0}({parameters})\",\n  ),", callback.name)
    });
    let prototypes = lines(&contract.functions, |function| {
        let whole = function.prototype();
        let (head, _) = whole.split_once('(').unwrap();
        format!("  \"{head}({})\",", joined(function, ", ", declared))
    });
    let numbers = short_numbers(contract);
    vec![
        Part::block(LIBRARY, "types", format!("{handles}const callbacks = {{\n{callbacks}}};\n")),
        Part::block(LIBRARY, "prototypes", prototypes),
        Part::block(
            "node/index.d.ts",
            "numbers",
            lines(&numbers, |(name, number)| format!("export const {name}: {number};")),
        ),
        Part::whole(
            "node/numbers.js",
            format!(
                "\"use strict\";\n\n// {}\n\n/** The numbers of wxcoupon.h, without their prefix WXCOUPON_. */\n\
                 module.exports = Object.freeze({{\n{}}});\n",
                super::BEGIN,
                lines(&numbers, |(name, number)| format!("  {name}: {number},"))
            ),
        ),
    ]
}

fn declared(typed: &Typed) -> String {
    match typed.of.kind {
        Kind::HandleOut | Kind::TextOut | Kind::Utf16Out => format!("_Out_ {}", typed.c()),
        // A buffer of Node passes as bytes, not as void.
        Kind::Bytes => format!("const uint8_t *{}", typed.name),
        Kind::Callback => format!("{} *{}", typed.of.c, typed.name),
        _ => typed.c(),
    }
}
