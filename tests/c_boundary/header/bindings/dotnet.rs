//! P/Invoke.

use super::{Part, camel_case, joined, lines, pascal_case, prototype};
use testkit::contract::{Contract, Function, Kind, Type, Typed};

const FILE: &str = "dotnet/WxCoupon.cs";

pub fn parts(contract: &Contract) -> Vec<Part> {
    let number = |prefix: &'static str| {
        move |(name, number): (&str, i32)| {
            let name = name.strip_prefix(prefix).or_else(|| name.strip_prefix("WXCOUPON_")).unwrap();
            format!("        public const int {} = {number};", pascal_case(name))
        }
    };
    let statuses = contract.statuses.iter().map(|status| (status.name.as_str(), status.number));
    let classes = contract.classes.iter().map(|class| (class.name.as_str(), class.number));
    let levels = contract.log_levels.iter().map(|level| (level.name.as_str(), level.number));
    let functions: Vec<String> = contract.functions.iter().map(function).collect();
    let abi = format!(
        "        /// <summary>The binary interface that this file was written for.</summary>\n        \
         public const int AbiVersion = {};\n",
        contract.abi_version
    );
    vec![
        Part::block(FILE, "statuses", lines(statuses, number("WXCOUPON_E_"))),
        Part::block(FILE, "classes", lines(classes, number("WXCOUPON_CLASS_"))),
        Part::block(FILE, "log levels", lines(levels, number("WXCOUPON_LOG_"))),
        Part::block(FILE, "ABI version", abi),
        Part::block(
            FILE,
            "callbacks",
            lines(&contract.callbacks, |callback| {
                // A text that is passed to a callback has its length beside it.
                let parameter = |typed: &Typed| match typed.of.kind {
                    Kind::Text => format!("IntPtr {}", camel_case(&typed.name)),
                    _ => format!("{} {}", argument(&typed.of), camel_case(&typed.name)),
                };
                let parameters: Vec<String> = callback.parameters.iter().map(parameter).collect();
                let head =
                    format!("internal delegate {} {}", result(&callback.returns), named(&callback.name));
                let attribute = "        [UnmanagedFunctionPointer(C)]\n";
                attribute.to_owned() + &prototype("        ", &head, &parameters.join(", "), ";")
            }),
        ),
        Part::block(FILE, "functions", functions.join("\n\n") + "\n"),
    ]
}

fn function(function: &Function) -> String {
    // A SafeHandle frees itself by its bare handle.
    let frees = function.name.ends_with("_free");
    let parameters = joined(function, ", ", |typed| {
        let word = if frees { "IntPtr".to_owned() } else { argument(&typed.of) };
        format!("{word} {}", camel_case(&typed.name))
    });
    let attribute =
        "        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]\n";
    let head = format!("internal static extern {} {}", result(&function.returns.of), function.name);
    attribute.to_owned() + &prototype("        ", &head, &parameters, ";")
}

fn named(callback: &str) -> &'static str {
    match callback {
        "wxcoupon_log_fn" => "LogSink",
        other => panic!("a name in C# for {other}"),
    }
}

/// The `SafeHandle` of `wxcoupon_ctx *` or `**`.
fn handle(of: &Type) -> &'static str {
    match of.c.trim_start_matches("const ").trim_end_matches([' ', '*']) {
        "wxcoupon_ctx" => "ContextHandle",
        "wxcoupon_buf" => "BufferHandle",
        "wxcoupon_job" => "JobHandle",
        other => panic!("a SafeHandle for {other}"),
    }
}

fn argument(of: &Type) -> String {
    match of.kind {
        Kind::Int32 => "int".into(),
        Kind::Uint32 => "uint".into(),
        Kind::Handle => handle(of).into(),
        Kind::HandleOut => format!("out {}", handle(of)),
        Kind::Text | Kind::Bytes => "byte[]".into(),
        Kind::TextOut => "[Out] byte[]".into(),
        Kind::Utf16Out => "[Out] char[]".into(),
        Kind::UserData => "IntPtr".into(),
        Kind::Callback => named(&of.c).into(),
        Kind::None | Kind::BorrowedText => panic!("{of:?} is no argument"),
    }
}

fn result(of: &Type) -> String {
    match of.kind {
        Kind::None => "void".into(),
        // As string, .NET would free memory that is not its own.
        Kind::Text | Kind::BorrowedText => "IntPtr".into(),
        _ => argument(of),
    }
}
