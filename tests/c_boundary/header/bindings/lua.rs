//! `LuaJIT` reads C.

use super::{Part, joined, lines, prototype, short_numbers};
use testkit::contract::{Contract, Typed};

const FILE: &str = "lua/wxcoupon.lua";

pub fn parts(contract: &Contract) -> Vec<Part> {
    let handles = lines(&contract.handles, |handle| format!("    typedef struct {0} {0};", handle.name));
    let callbacks = lines(&contract.callbacks, |callback| {
        let parameters: Vec<String> = callback.parameters.iter().map(Typed::c).collect();
        let head = format!("typedef {} (*{})", callback.returns.c, callback.name);
        prototype("    ", &head, &parameters.join(", "), ";")
    });
    let functions = lines(&contract.functions, |function| {
        let whole = function.prototype();
        let (head, _) = whole.split_once('(').unwrap();
        let parameters =
            if function.parameters.is_empty() { "void".to_owned() } else { joined(function, ", ", Typed::c) };
        prototype("    ", head, &parameters, ";")
    });
    let numbers = lines(short_numbers(contract), |(name, number)| format!("    {name} = {number},"));
    vec![
        Part::block(FILE, "declarations", format!("ffi.cdef([[\n{handles}{callbacks}\n{functions}]])\n")),
        Part::block(FILE, "numbers", numbers),
    ]
}
