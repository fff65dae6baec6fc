//! ctypes.

use super::{Part, joined, lines};
use testkit::contract::{Contract, Kind};

const LIBRARY: &str = "python/wxcoupon/library.py";

pub fn parts(contract: &Contract) -> Vec<Part> {
    vec![
        Part::block(
            LIBRARY,
            "callbacks",
            lines(&contract.callbacks, |callback| {
                let result = word(callback.returns.kind);
                // A text that is passed to a callback has its length beside it.
                let parameters = callback.parameters.iter().map(|parameter| match parameter.of.kind {
                    Kind::Text => "c_void_p",
                    kind => word(kind),
                });
                let types = std::iter::once(result).chain(parameters).collect::<Vec<_>>().join(", ");
                format!("{} = CFUNCTYPE({types})", named(&callback.name))
            }),
        ),
        Part::block(
            LIBRARY,
            "prototypes",
            lines(&contract.functions, |function| {
                let result = word(function.returns.of.kind);
                let parameters = joined(function, ", ", |typed| match typed.of.kind {
                    Kind::Callback => named(&typed.of.c).to_owned(),
                    kind => word(kind).to_owned(),
                });
                let comma = if function.parameters.len() == 1 { "," } else { "" };
                format!("    \"{}\": ({result}, ({parameters}{comma})),", function.name)
            }),
        ),
        Part::whole("python/wxcoupon/constants.py", constants(contract)),
    ]
}

fn named(callback: &str) -> &'static str {
    match callback {
        "wxcoupon_log_fn" => "LOG_SINK",
        other => panic!("a name in Python for {other}"),
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::None => "None",
        Kind::Int32 => "c_int32",
        Kind::Uint32 => "c_uint32",
        Kind::Handle => "_HANDLE",
        Kind::HandleOut => "POINTER(_HANDLE)",
        Kind::Text => "_TEXT",
        Kind::Bytes => "_BYTES",
        Kind::BorrowedText | Kind::TextOut | Kind::UserData => "c_void_p",
        Kind::Utf16Out => "POINTER(c_uint16)",
        Kind::Callback => panic!("a callback has a name"),
    }
}

fn constants(contract: &Contract) -> String {
    let number = |(name, number): (&str, i32)| format!("{} = {number}", name.trim_start_matches("WXCOUPON_"));
    let classes = contract.classes.iter().map(|class| (class.name.as_str(), class.number));
    let statuses = contract.statuses.iter().map(|status| (status.name.as_str(), status.number));
    let levels = contract.log_levels.iter().map(|level| (level.name.as_str(), level.number));
    format!(
        "\"\"\"The numbers of ``wxcoupon.h``, without their prefix.\"\"\"\n\n# {}\n\n\
         # Number of the binary interface this module is made for.\nABI_VERSION = {}\n\n\
         # Classes: status // 1000. What the till does depends on the class alone.\n{}\n\
         # Statuses. Later versions may add some: meet one you do not know by its class.\n{}\n\
         # Levels of the log.\n{}",
        super::BEGIN,
        contract.abi_version,
        lines(classes, number),
        lines(statuses, number),
        lines(levels, number)
    )
}
