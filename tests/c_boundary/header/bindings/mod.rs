//! The raw declarations of the bindings, from the contract: blocks between two marks, or whole files.
//!
//! A module knows what one language calls each [`Kind`]; what the contract does not say is a table in it.

mod delphi;
mod dotnet;
mod epl;
mod java;
mod lua;
mod node;
mod powerbuilder;
mod python;
mod vb6;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use testkit::contract::{Contract, Function};

/// What opens a block, before its name; the language's comment stands around it.
const BEGIN: &str = "Generated from include/wxcoupon.json by make header";
const WIDTH: usize = 120;

/// A part of a file that is generated.
struct Part {
    file: &'static str,
    /// The name in its marks; a part without one is the whole file.
    block: Option<&'static str>,
    /// Lines, each with its end.
    text: String,
}

impl Part {
    fn block(file: &'static str, block: &'static str, text: String) -> Self {
        Self { file, block: Some(block), text }
    }

    fn whole(file: &'static str, text: String) -> Self {
        Self { file, block: None, text }
    }

    /// The file with this part in it.
    fn put_into(&self, page: &str) -> String {
        let Some(block) = self.block else { return self.text.clone() };
        let missing = || -> ! { panic!("{} has no marks for: {block}", self.file) };
        let Some((before, rest)) = page.split_once(&format!("{BEGIN}: {block}")) else { missing() };
        let Some((rest_of_mark, rest)) = rest.split_once('\n') else { missing() };
        let Some(end) = rest.find(&format!("End of {block}")) else { missing() };
        let end = rest[..end].rfind('\n').map_or(0, |at| at + 1);
        format!("{before}{BEGIN}: {block}{rest_of_mark}\n{}{}", self.text, &rest[end..])
    }
}

fn parts(contract: &Contract) -> Vec<Part> {
    let languages = [
        python::parts,
        node::parts,
        lua::parts,
        java::parts,
        dotnet::parts,
        delphi::parts,
        vb6::parts,
        powerbuilder::parts,
        epl::parts,
    ];
    languages.iter().flat_map(|parts| parts(contract)).collect()
}

/// One line for each, with its end.
fn lines<T>(items: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> String {
    items.into_iter().map(|item| line(item) + "\n").collect()
}

/// All numbers, without their prefix.
fn short_numbers(contract: &Contract) -> Vec<(&str, i32)> {
    let numbers = contract.numbers();
    numbers.map(|(name, number)| (name.trim_start_matches("WXCOUPON_"), number)).collect()
}

/// All numbers for a language that knows no case: that of the ABI would have the name of a function.
fn caseless_numbers(contract: &Contract) -> Vec<(&str, i32)> {
    let renamed = |name| if name == "WXCOUPON_ABI_VERSION" { "WX_ABI_VERSION" } else { name };
    contract.numbers().map(|(name, number)| (renamed(name), number)).collect()
}

/// Parameters one after the other.
fn joined(function: &Function, separator: &str, one: impl Fn(&testkit::contract::Typed) -> String) -> String {
    let parameters = function.parameters.iter().map(|parameter| one(&parameter.typed));
    parameters.collect::<Vec<_>>().join(separator)
}

/// `head(parameters)tail`, on a second line with this indent where it is too long for one.
fn prototype(indent: &str, head: &str, parameters: &str, tail: &str) -> String {
    let one = format!("{indent}{head}({parameters}){tail}");
    if one.chars().count() <= WIDTH {
        return one;
    }
    format!("{indent}{head}(\n{indent}    {parameters}){tail}")
}

/// Breaks at the blanks behind commas: each line ends with `mark`, each further one begins with `indent`.
fn wrapped(text: &str, mark: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for piece in text.split_inclusive(", ") {
        let last = lines.len() - 1;
        if lines[last].chars().count() + piece.trim_end().chars().count() + mark.chars().count() > WIDTH {
            lines.push(format!("{indent}{piece}"));
        } else {
            lines[last].push_str(piece);
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join(&format!("{mark}\n"))
}

/// `out_buf` as `OutBuf`.
fn pascal_case(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..].to_lowercase();
    name.split('_').map(word).collect()
}

/// `out_buf` as `outBuf`.
fn camel_case(name: &str) -> String {
    let name = pascal_case(name);
    name[..1].to_lowercase() + &name[1..]
}

/// Fails where a binding is not what the contract says. With `BLESS` it is written.
pub fn assert_generated(contract: &Contract) {
    let mut by_file: BTreeMap<&str, Vec<Part>> = BTreeMap::new();
    for part in parts(contract) {
        by_file.entry(part.file).or_default().push(part);
    }
    for (file, parts) in by_file {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings").join(file);
        let found = fs::read_to_string(&path).unwrap_or_default();
        // Some are checked out with the line ends of Windows.
        let crlf = found.contains("\r\n");
        let page = found.replace("\r\n", "\n");
        let right = parts.iter().fold(page.clone(), |page, part| part.put_into(&page));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, if crlf { right.replace('\n', "\r\n") } else { right }).unwrap();
        } else {
            assert!(
                page == right,
                "bindings/{file} is not what include/wxcoupon.json says: run `make header`"
            );
        }
    }
}

/// Written from each language's manual and not from the generator: a declaration of each kind as it must be.
pub fn assert_as_each_manual_says(contract: &Contract) {
    let parts = parts(contract);
    for (file, line) in [
        (
            "python/wxcoupon/library.py",
            r#""wxcoupon_start": (c_int32, (_HANDLE, _TEXT, _TEXT, POINTER(_HANDLE))),"#,
        ),
        ("python/wxcoupon/library.py", r#""wxcoupon_buf_free": (None, (_HANDLE,)),"#),
        ("python/wxcoupon/constants.py", "E_UNRECORDED = 4007\n"),
        (
            "node/library.js",
            "uint32_t wxcoupon_buf_copy_utf16(const wxcoupon_buf *buf, _Out_ uint16_t *dst, uint32_t cap)",
        ),
        ("node/index.d.ts", "export const CLASS_BUSY: 6;\n"),
        ("lua/wxcoupon.lua", "    void wxcoupon_job_free(wxcoupon_job *job);\n"),
        (
            "java/WxCoupon.java",
            "int wxcoupon_start(Pointer ctx, String operation, String jsonIn, PointerByReference outJob);",
        ),
        ("java/Numbers.java", "public static final int LOG_DEBUG = 4;"),
        ("dotnet/WxCoupon.cs", "internal static extern int wxcoupon_ctx_free(IntPtr ctx);"),
        ("dotnet/WxCoupon.cs", "uint wxcoupon_buf_copy_utf16(BufferHandle buf, [Out] char[] dst, uint cap);"),
        ("dotnet/WxCoupon.cs", "public const int RequestNoReused = 5006;"),
        (
            "delphi/WxCoupon.pas",
            "(Ctx: TWxHandle; Operation: PAnsiChar; JsonIn: PAnsiChar; var OutJob: TWxHandle): Integer; cdecl;",
        ),
        ("delphi/WxCoupon.pas", "@wxcoupon_use := Need('wxcoupon_use');"),
        (
            "vb6/WxCoupon.bas",
            r#"Public Declare Sub wxcoupon_buf_free Lib "wxcoupon.dll" Alias "wxcoupon_buf_free_std" (ByVal buf As LongPtr)"#,
        ),
        ("vb6/WxCoupon.bas", "ByVal json_in As LongPtr, ByRef out_job As LongPtr) As Long\n"),
        (
            "powerbuilder/n_wxcoupon.sru",
            r#"FUNCTION string wxcoupon_version() LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_version_std;Ansi""#,
        ),
        (
            "powerbuilder/n_wxcoupon.sru",
            "FUNCTION long wxcoupon_call(longptr ctx, string operation, ref blob json_in, longptr out_buf)",
        ),
        ("epl/dll.txt", ".DLL命令 wxcoupon_start, 整数型, \"wxcoupon.dll\", \"wxcoupon_start_std\", 公开"),
        ("epl/dll.txt", "    .参数 out_job, 整数型, 传址, "),
        ("epl/constants.txt", ".常量 WX_ABI_VERSION, \"1\", 公开\n"),
    ] {
        let parts = parts.iter().filter(|part| part.file == file).map(|part| part.text.as_str());
        let text = squashed(&parts.collect::<String>());
        assert!(text.contains(&squashed(line)), "bindings/{file} has no {line}");
    }
}

/// Without the line ends and the indents, which are as the width has it.
fn squashed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(")
}
