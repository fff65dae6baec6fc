//! JNA.

use super::{Part, camel_case, joined, lines, prototype, short_numbers};
use testkit::contract::{Contract, Kind, Type};

const FILE: &str = "java/WxCoupon.java";

pub fn parts(contract: &Contract) -> Vec<Part> {
    let functions = lines(&contract.functions, |function| {
        let parameters =
            joined(function, ", ", |typed| format!("{} {}", word(&typed.of), camel_case(&typed.name)));
        let head = format!("{} {}", word(&function.returns.of), function.name);
        prototype("        ", &head, &parameters, ";")
    });
    let callbacks = lines(&contract.callbacks, |callback| {
        // JNA would read a text up to its NUL, in the encoding of the system.
        let parameter = |typed: &testkit::contract::Typed| match typed.of.kind {
            Kind::Text => format!("Pointer {}", camel_case(&typed.name)),
            _ => format!("{} {}", word(&typed.of), camel_case(&typed.name)),
        };
        let parameters: Vec<String> = callback.parameters.iter().map(parameter).collect();
        format!(
            "    private interface {} extends Callback {{\n        {} invoke({});\n    }}",
            named(&callback.name),
            word(&callback.returns),
            parameters.join(", ")
        )
    });
    let numbers = lines(short_numbers(contract), |(name, number)| {
        format!("    public static final int {name} = {number};")
    });
    vec![
        Part::block(FILE, "functions", functions),
        Part::block(FILE, "callbacks", callbacks),
        Part::whole(
            "java/Numbers.java",
            format!(
                "// {}\npackage wxcoupon;\n\n/** The numbers of wxcoupon.h, without their prefix WXCOUPON_. They are \
                 members of {{@link WxCoupon}}. */\npublic class Numbers {{\n{numbers}\n    Numbers() {{}}\n}}\n",
                super::BEGIN
            ),
        ),
    ]
}

fn named(callback: &str) -> &'static str {
    match callback {
        "wxcoupon_log_fn" => "LogFunction",
        other => panic!("a name in Java for {other}"),
    }
}

fn word(of: &Type) -> &'static str {
    match of.kind {
        Kind::None => "void",
        Kind::Int32 | Kind::Uint32 => "int",
        Kind::Text | Kind::BorrowedText => "String",
        Kind::Handle | Kind::UserData => "Pointer",
        Kind::HandleOut => "PointerByReference",
        Kind::Bytes | Kind::TextOut => "byte[]",
        Kind::Utf16Out => "char[]",
        Kind::Callback => named(&of.c),
    }
}
