//! Pieces of programs, each in the smallest program that it can be a piece of. Each redeems a coupon, and is refused another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::library::release;
use testkit::pages::block;
use testkit::sandbox::sandbox;
use testkit::toolchain::{STRICT, compile, compiler, have, have_with, skip_or_fail};
use testkit::{limited, root, run, scratch};

const CALLERS: &str = "docs/callers.md";

/// A folder with the sandbox's configuration.
fn folder(name: &str) -> PathBuf {
    let folder = scratch(&format!("snippet-{name}"));
    fs::copy(&sandbox().config, folder.join("config.json")).unwrap();
    folder
}

fn request(code: &str, number: &str) -> String {
    block("README.md", "\"openid\"").replace("SBX_EFFECTIVE_1", code).replace("SALE_20250803_0001", number)
}

fn read(folder: &Path) -> String {
    fs::read_to_string(folder.join("config.json")).unwrap()
}

/// Runs a program twice, with the configuration and a request as arguments: what it prints says what it has come to.
fn redeems_and_is_refused(name: &str, folder: &Path, program: &dyn Fn() -> Command) {
    for (code, said) in [(format!("AUTO_{name}"), "PRINT"), ("SBX_USED".to_owned(), "SHOW")] {
        let mut command = program();
        command.current_dir(folder).env("LD_LIBRARY_PATH", &release().folder);
        command.env("WXCOUPON_LIBRARY", release().shared());
        command.arg(read(folder)).arg(request(&code, &format!("PAGE_{name}_{said}")));
        let printed = run(&mut command).unwrap();
        assert!(printed.contains(said), "{name}: {printed}");
        assert!(said == "PRINT" || printed.contains("优惠券已被使用"), "{name}: {printed}");
    }
}

#[test]
fn python_without_a_binding() {
    if have("python3") {
        let folder = folder("python");
        let piece = block(CALLERS, "wx = ctypes.CDLL");
        let program = format!(
            "import ctypes, json, sys\nconfig, request = sys.argv[1:]\n{piece}\
             print('PRINT' if status == 0 else 'SHOW', json.dumps(answer, ensure_ascii=False))\n"
        );
        fs::write(folder.join("till.py"), program).unwrap();
        redeems_and_is_refused("PYTHON", &folder, &|| {
            let mut python = limited(60, "python3");
            python.arg("till.py").env("PYTHONIOENCODING", "utf-8");
            python
        });
    }
}

#[test]
fn python_with_the_package() {
    if have("python3") {
        let folder = folder("python-package");
        let piece = block(CALLERS, "import wxcoupon");
        let program = format!(
            "import sys\nsale = sys.argv[2]\nshow = lambda text: print('SHOW', text)\nkeep_open = print\n{piece}\
             \x20   print('PRINT' if 'answer' in globals() else '')\n"
        );
        fs::write(folder.join("till.py"), program).unwrap();
        redeems_and_is_refused("PACKAGE", &folder, &|| {
            let mut python = limited(60, "python3");
            python.args(["-B", "till.py"]).env("PYTHONPATH", root().join("bindings/python"));
            python.env("PYTHONIOENCODING", "utf-8");
            python
        });
    }
}

fn mono(name: &str, folder: &Path, program: &str, more: &[&str]) {
    fs::write(folder.join("Till.cs"), program).unwrap();
    let mut compiler = Command::new("mcs");
    compiler.current_dir(folder).args(["-langversion:5", "-codepage:utf8", "-out:till.exe", "Till.cs"]);
    run(compiler.args(more.iter().map(|file| root().join(file)))).unwrap();
    redeems_and_is_refused(name, folder, &|| {
        let mut mono = limited(60, "mono");
        mono.arg("till.exe");
        mono
    });
}

#[test]
fn csharp_without_a_binding() {
    if have("mcs") && have("mono") {
        let folder = folder("csharp");
        let piece = block(CALLERS, "[DllImport");
        let (declaration, call) = piece.split_once('\n').unwrap();
        let declare = |text: &str| {
            format!(
                "[DllImport(\"wxcoupon\", CallingConvention = CallingConvention.Cdecl)] static extern {text};\n"
            )
        };
        let program = format!(
            "using System; using System.Runtime.InteropServices; using System.Text;\nstatic class Till {{\n\
             {declaration}\n{}{}{}static void Main(string[] a) {{\n\
             IntPtr buf = wxcoupon_buf_new(), ctx; string json = a[1];\n\
             wxcoupon_ctx_new(Encoding.UTF8.GetBytes(a[0] + \"\\0\"), out ctx, buf);\n{call}\
             var said = new byte[wxcoupon_buf_len(buf)];\
             Marshal.Copy(wxcoupon_buf_data(buf), said, 0, said.Length); Console.OutputEncoding = Encoding.UTF8;\n\
             Console.WriteLine((status == 0 ? \"PRINT \" : \"SHOW \") + Encoding.UTF8.GetString(said)); }} }}\n",
            declare("IntPtr wxcoupon_buf_new()"),
            declare("int wxcoupon_ctx_new(byte[] config, out IntPtr ctx, IntPtr buf)"),
            declare("IntPtr wxcoupon_buf_data(IntPtr buf)") + &declare("uint wxcoupon_buf_len(IntPtr buf)"),
        );
        mono("CSHARP", &folder, &program, &[]);
    }
}

#[test]
fn csharp_with_the_file() {
    if have("mcs") && have("mono") {
        let folder = folder("dotnet");
        let piece = block(CALLERS, "using (var till");
        let program = format!(
            "using System; using System.IO; using System.Text;\nstatic class Till {{\n\
             static void Print(string text) {{ Console.WriteLine(\"PRINT \" + text); }}\n\
             static void Show(string text) {{ Console.WriteLine(\"SHOW \" + text); }}\n\
             static void KeepTheSaleOpen() {{ }}\n\
             static void Main(string[] a) {{ string json = a[1]; Console.OutputEncoding = Encoding.UTF8;\n{piece}}} }}\n"
        );
        mono("DOTNET", &folder, &program, &["bindings/dotnet/WxCoupon.cs"]);
    }
}

fn pascal(name: &str, folder: &Path, program: &str) {
    fs::write(folder.join("till.pas"), program).unwrap();
    let mut compiler = Command::new("fpc");
    compiler.current_dir(folder).args(["-Mdelphi", "-v0", "till.pas"]);
    compiler.arg(format!("-Fu{}", root().join("bindings/delphi").display())).arg("-FU.");
    run(compiler.arg(format!("-Fl{}", release().folder.display()))).unwrap();
    redeems_and_is_refused(name, folder, &|| limited(60, folder.join("till")));
}

#[test]
fn pascal_without_a_binding() {
    if have_with("fpc", "-iV") {
        let folder = folder("pascal");
        let piece = block(CALLERS, "function wxcoupon_ctx_new").replace("'wxcoupon.dll'", "'wxcoupon'");
        let (declarations, call) = piece.rsplit_once("status :=").unwrap();
        let program = format!(
            "program till; uses cwstring;\n{declarations}\
             function wxcoupon_buf_new: Pointer; cdecl; external 'wxcoupon';\n\
             function wxcoupon_buf_data(buf: Pointer): PAnsiChar; cdecl; external 'wxcoupon';\n\
             var status: Integer; ctx, buf: Pointer; json: AnsiString;\nbegin\n\
             buf := wxcoupon_buf_new; ctx := nil; json := ParamStr(2);\n\
             wxcoupon_ctx_new(PAnsiChar(AnsiString(ParamStr(1))), ctx, buf);\n\
             status :={call}if status = 0 then Write('PRINT ') else Write('SHOW ');\n\
             WriteLn(wxcoupon_buf_data(buf));\nend.\n"
        );
        pascal("PASCAL", &folder, &program);
    }
}

#[test]
fn pascal_with_the_unit() {
    if have_with("fpc", "-iV") {
        let folder = folder("delphi");
        let piece = block(CALLERS, "Till := TWxContext.Create");
        let program = format!(
            "program till; uses cwstring, SysUtils, WxCoupon;\n\
             procedure Print(const Text: string); begin WriteLn('PRINT ', Text); end;\n\
             procedure Show(const Text: string); begin WriteLn('SHOW ', Text); end;\n\
             procedure KeepTheSaleOpen; begin end;\n\
             var Till: TWxContext; Config, Json: string;\nbegin\nConfig := ParamStr(1); Json := ParamStr(2);\n{piece}end.\n"
        );
        pascal("DELPHI", &folder, &program);
    }
}

#[test]
fn cpp() {
    if have("g++") {
        let folder = folder("cpp");
        let piece = block(CALLERS, "wxcoupon::Context till;");
        let program = format!(
            "#include <cstdio>\n#include \"wxcoupon.hpp\"\nstatic void keep_open(const char *) {{}}\n\
             int main(int, char **argv) {{\nconst char *config = argv[1], *request = argv[2], *sale = request;\n{piece}\
             std::printf(\"%s %s\\n\", redeemed.status_class() ? \"SHOW\" : \"PRINT\", redeemed.json()); (void)opened; }}\n"
        );
        fs::write(folder.join("till.cpp"), program).unwrap();
        let mut compiler = Command::new("g++");
        compiler.arg("-std=c++11").args(STRICT).arg("-I").arg(root().join("include"));
        compile(compiler, &[&folder.join("till.cpp")], Some(&release().folder), &folder.join("till"))
            .unwrap();
        redeems_and_is_refused("CPP", &folder, &|| limited(60, folder.join("till")));
    }
}

#[test]
fn lua() {
    if have_with("luajit", "-v") {
        let folder = folder("lua");
        let piece = block(CALLERS, "local till = wxcoupon.new");
        let program = format!(
            "local wxcoupon = require('wxcoupon')\nlocal config, request = arg[1], arg[2]\n\
             local function keep_the_sale_open() end\n{piece}\
             print(fine and 'PRINT' or 'SHOW', fine and result or result.answer)\n"
        );
        fs::write(folder.join("till.lua"), program).unwrap();
        redeems_and_is_refused("LUA", &folder, &|| {
            let mut lua = limited(60, "luajit");
            lua.arg("till.lua").env("LUA_PATH", format!("{}/bindings/lua/?.lua;;", root().display()));
            lua
        });
    }
}

#[test]
fn node() {
    if !have("node") || !have("npm") {
        return;
    }
    let folder = folder("node");
    let package = folder.join("node_modules/wxcoupon");
    fs::create_dir_all(package.parent().unwrap()).unwrap();
    run(Command::new("cp").arg("-r").arg(root().join("bindings/node")).arg(&package)).unwrap();
    let options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
    run(limited(200, "npm").current_dir(&package).arg("ci").args(options)).unwrap();
    let piece = block(CALLERS, "const till = new wxcoupon.Context").replace(
        "const answer = await till.async(\"use\", request);",
        "const answer = await till.async(\"use\", request); console.log(\"PRINT\", answer.data.coupon_state);",
    );
    let program = format!(
        "const wxcoupon = require(\"wxcoupon\");\nconst [config, request] = process.argv.slice(2);\n\
         const show = (text) => console.log(\"SHOW\", text), keepTheSaleOpen = () => {{}};\n\
         (async () => {{\n{piece}till.close();\n}})();\n"
    );
    fs::write(folder.join("till.js"), program).unwrap();
    redeems_and_is_refused("NODE", &folder, &|| {
        let mut node = limited(60, "node");
        node.arg("till.js");
        node
    });
}

#[test]
fn java() {
    const JNA: &str = "/usr/share/java/jna.jar";
    if !have("javac") || !have("java") {
        return;
    }
    if !Path::new(JNA).exists() {
        return skip_or_fail(&format!("{JNA} is not there; tools/fetch/setup.sh installs it"));
    }
    let folder = folder("java");
    let piece = block(CALLERS, "try (WxCoupon.Context till");
    let program = format!(
        "import wxcoupon.WxCoupon;\npublic class Till {{\n\
         static java.io.PrintStream out;\n\
         static void print(String text) {{ out.println(\"PRINT \" + text); }}\n\
         static void show(String text) {{ out.println(\"SHOW \" + text); }}\n\
         static void keepTheSaleOpen() {{}}\n\
         public static void main(String[] a) throws Exception {{ out = new java.io.PrintStream(System.out, true, \"UTF-8\");\n\
         String config = a[0], request = a[1];\n{piece}}} }}\n"
    );
    fs::write(folder.join("Till.java"), program).unwrap();
    let mut compiler = limited(100, "javac");
    compiler.current_dir(&folder).args([
        "--release",
        "8",
        "-Xlint:-options",
        "-encoding",
        "UTF-8",
        "-cp",
        JNA,
        "-d",
        ".",
    ]);
    let sources = ["WxCoupon.java", "Numbers.java"].map(|file| root().join("bindings/java").join(file));
    run(compiler.args(sources).arg("Till.java")).unwrap();
    redeems_and_is_refused("JAVA", &folder, &|| {
        let mut java = limited(60, "java");
        java.args(["-cp", &format!(".:{JNA}"), "Till"]);
        java
    });
}

/// The one call of the page about notifications: what a receiver does around it is `examples-c/03_notifications.c`.
#[test]
fn the_call_that_opens_a_notification() {
    if have("gcc") {
        let folder = folder("notification");
        let piece = block("docs/notifications.md", "status = wxcoupon_notification_open");
        let program = format!(
            "#include \"wxcoupon.h\"\nint main(void)\n{{\n    wxcoupon_ctx *ctx = 0;\n    wxcoupon_buf *buf = wxcoupon_buf_new();\n    \
             const char *headers_json = \"{{}}\", *body = \"{{}}\";\n    uint32_t body_len = 2;\n    int32_t status;\n\n    {piece}    \
             wxcoupon_buf_free(buf);\n    return status == WXCOUPON_E_NULL ? 0 : 1;\n}}\n"
        );
        fs::write(folder.join("open.c"), program).unwrap();
        let program = folder.join("open");
        compile(compiler("gcc", "c99"), &[&folder.join("open.c")], Some(&release().folder), &program)
            .unwrap();
        run(&mut limited(60, program)).unwrap();
    }
}
