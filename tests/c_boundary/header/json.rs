//! `include/wxcoupon.json`, from the same items as the header.

use super::document::{self, Document, Glosses};
use super::item::{Item, Kind};
use super::layout::Chapter;
use testkit::contract::{
    Callback, Constant, Contract, Function, Handle, Kind as Crossing, Operation, Parameter, Returned, Status,
    Type, Typed,
};
use wxcoupon::api::ALL;
use wxcoupon::ffi::{WXCOUPON_ABI_VERSION, WXCOUPON_VERSION, WXCOUPON_VERSION_NUMBER};
use wxcoupon::mode::Mode;
use wxcoupon::status::Code;

/// Everything that the header declares.
pub fn contract(chapters: &[Chapter], example: &str) -> Contract {
    let items = || chapters.iter().flat_map(|chapter| &chapter.items);
    let numbers = |prefix: &str| {
        let found = items().filter(|item| item.name().starts_with(prefix));
        found.map(number).collect::<Vec<_>>()
    };
    let types = || items().filter(|item| item.kind() == Kind::Type);
    let functions = chapters.iter().flat_map(|chapter| {
        let functions = chapter.items.iter().filter(|item| item.kind() == Kind::Function);
        functions.map(|item| function(chapter.title, item))
    });
    Contract {
        about: "The C surface of wxcoupon for programs: what include/wxcoupon.h declares. Made by \
                `make header`; docs/binding.md describes the members."
            .to_owned(),
        version: WXCOUPON_VERSION.to_owned(),
        version_number: WXCOUPON_VERSION_NUMBER,
        abi_version: WXCOUPON_ABI_VERSION,
        classes: numbers("WXCOUPON_CLASS_"),
        statuses: numbers("WXCOUPON_OK").into_iter().chain(numbers("WXCOUPON_E_")).map(status).collect(),
        log_levels: numbers("WXCOUPON_LOG_"),
        handles: types().filter(|item| !is_callback(item)).map(handle).collect(),
        callbacks: types().filter(|item| is_callback(item)).map(callback).collect(),
        functions: functions.collect(),
        operations: operations(),
        example: example.lines().map(str::to_owned).collect(),
    }
}

/// The file's text.
pub fn text(contract: &Contract) -> String {
    serde_json::to_string_pretty(contract).unwrap() + "\n"
}

fn read(item: &Item) -> Document {
    document::read(item, Glosses::Kept)
}

fn text_of(item: &Item) -> String {
    read(item).paragraphs.join(" ")
}

fn number(item: &Item) -> Constant {
    let number = item.number().unwrap_or_else(|| panic!("{} is no number", item.name()));
    Constant { name: item.name().to_owned(), number, text: text_of(item) }
}

fn status(Constant { name, number, text }: Constant) -> Status {
    let code = Code::from_number(number).unwrap_or_else(|| panic!("no status {number}"));
    let (hint, cashier) = if code == Code::Ok { ("", "") } else { (code.hint(), code.cashier()) };
    Status { name, number, class: number / 1000, text, hint: hint.to_owned(), cashier: cashier.to_owned() }
}

fn is_callback(item: &Item) -> bool {
    item.declaration.contains("(*")
}

fn handle(item: &Item) -> Handle {
    Handle { name: item.name().to_owned(), text: text_of(item) }
}

fn typed((c, name): (&str, &str)) -> Typed {
    Typed { name: name.to_owned(), of: Type { c: c.to_owned(), kind: argument(c) } }
}

fn callback(item: &Item) -> Callback {
    Callback {
        name: item.name().to_owned(),
        text: text_of(item),
        parameters: item.typed().into_iter().map(typed).collect(),
        returns: Type { c: item.result().to_owned(), kind: result(item) },
    }
}

fn function(section: &str, item: &Item) -> Function {
    let document = read(item);
    let entry = |label: &str| document.entry(label).map(str::to_owned);
    let parameter = |(c, name): (&str, &str)| Parameter {
        typed: typed((c, name)),
        text: entry(name).unwrap_or_default(),
    };
    Function {
        name: item.name().to_owned(),
        section: section.to_owned(),
        parameters: item.typed().into_iter().map(parameter).collect(),
        returns: Returned {
            of: Type { c: item.result().to_owned(), kind: result(item) },
            text: entry("Returns"),
        },
        owns: entry("Owns"),
        threads: entry("Threads").unwrap_or_default(),
        text: document.paragraphs,
    }
}

/// What an argument of that type is. A new type is told here: every binding must know what to make of it.
fn argument(c: &str) -> Crossing {
    match c {
        "int32_t" => Crossing::Int32,
        "uint32_t" => Crossing::Uint32,
        "const char *" => Crossing::Text,
        "char *" => Crossing::TextOut,
        "uint16_t *" => Crossing::Utf16Out,
        "const void *" => Crossing::Bytes,
        "void *" => Crossing::UserData,
        "wxcoupon_log_fn" => Crossing::Callback,
        handle if handle.ends_with(" **") => Crossing::HandleOut,
        handle if handle.trim_start_matches("const ").starts_with("wxcoupon_") => Crossing::Handle,
        unknown => panic!("what is a {unknown} at the boundary?"),
    }
}

fn result(item: &Item) -> Crossing {
    match item.result() {
        "void" => Crossing::None,
        // Whatever asks a handle for a text gets one that the handle keeps.
        "const char *" if item.typed().iter().any(|(c, _)| argument(c) == Crossing::Handle) => {
            Crossing::BorrowedText
        }
        c => argument(c),
    }
}

fn operations() -> Vec<Operation> {
    let operation = |row: &&wxcoupon::api::Operation| Operation {
        name: row.id.to_owned(),
        title: row.title.to_owned(),
        writes: row.writes(),
        request_no_member: row.request_no_member.map(str::to_owned),
        method: row.method.to_owned(),
        partner: row.family.prefix(Mode::Partner).map(|prefix| format!("{prefix}{}", row.path)).unwrap(),
        brand: row.family.prefix(Mode::Brand).map(|prefix| format!("{prefix}{}", row.path)),
    };
    ALL.iter().map(operation).collect()
}
