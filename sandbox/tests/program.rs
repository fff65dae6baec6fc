//! The program: its one line, its options, its end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::Till;

/// A running program; never outlives the test.
struct Program {
    child: Child,
    ready: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wxcoupon-sandbox"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        Self { child, ready: ready.trim_end().to_owned() }
    }

    fn field(&self, name: &str) -> String {
        self.ready.split(' ').find_map(|word| word.strip_prefix(&format!("{name}="))).unwrap().to_owned()
    }

    fn till(&self) -> Till {
        Till::from_folder(Path::new(&self.field("config")).parent().unwrap())
    }

    /// Waits for the end; gives the exit status and what was on stderr.
    fn end(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(5), "the program does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (status.code(), stderr)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes the child out so that `end` can consume the rest.
fn close_stdin(program: &mut Program) {
    drop(program.child.stdin.take());
}

#[test]
fn prints_one_line_serves_and_ends_with_stdin() {
    let mut program = Program::start(&["--exit-with-stdin"]);
    let words: Vec<&str> = program.ready.split(' ').collect();
    assert_eq!((words.len(), words[0]), (6, "READY"));
    assert!(words[1].starts_with("https://127.0.0.1:") && words[2].starts_with("https://127.0.0.1:"));
    assert!(program.field("control").starts_with("http://127.0.0.1:"));
    assert_eq!(program.field("console"), format!("{}/", program.field("control")));
    let config = PathBuf::from(program.field("config"));
    assert!(config.is_absolute() && config.exists());
    let till = program.till();
    assert_eq!(till.urls, [words[1], words[2]]);
    till.ok(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"));
    close_stdin(&mut program);
    let (status, stderr) = take_end(program);
    assert_eq!(status, Some(0));
    assert!(stderr.contains("use POST") && stderr.contains("-> 200"), "{stderr}");
    assert!(stderr.contains("oSan***0001") && !stderr.contains(wxcoupon_sandbox::OPENID), "{stderr}");
    assert!(!config.exists(), "a temporary folder goes away");
}

fn take_end(program: Program) -> (Option<i32>, String) {
    program.end()
}

#[test]
fn options_take_effect() {
    let temporary = support::sandbox();
    let dir = temporary.dir().join("program");
    let dir = dir.to_str().unwrap();
    let arguments =
        ["--dir", dir, "--quiet", "--rate", "1", "--fault", "status_503,times=1", "--listener", "expired"];
    let mut program = Program::start(&arguments);
    assert_eq!(program.field("config"), format!("{dir}/config.json"));
    let till = program.till();
    assert_eq!(till.send(&till.query_request("SBX_USED")).unwrap().status, 503);
    let mut line = till.connect(&till.urls[0]).unwrap();
    let statuses: Vec<u16> =
        (0..4).map(|_| line.exchange(&till, &till.query_request("SBX_USED")).unwrap().status).collect();
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    let description = std::fs::read_to_string(format!("{dir}/sandbox.json")).unwrap();
    assert!(description.contains("\"expired\""));
    // Without --exit-with-stdin the end of stdin means nothing.
    close_stdin(&mut program);
    till.connect(&till.urls[1]).unwrap();
    let shutdown = support::Call::new("POST", "/shutdown").header("Authorization", "none");
    till.send_to(&program.field("control"), &shutdown).unwrap();
    let (status, stderr) = take_end(program);
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert!(Path::new(dir).join("config.json").exists(), "a named folder stays");
}

#[test]
fn a_scenario_is_played_at_the_start() {
    let temporary = support::sandbox();
    let file = temporary.dir().join("scenario.json");
    let scenario = r#"{"wxcoupon_sandbox_scenario":1,"clock":{"world_offset_s":60},
        "faults":[{"kind":"status","status":503,"on":"query","times":1}],
        "offers":[{"type":"NORMAL","threshold":5000,"discount_amount":1000,"coupon_code":"MINE_1"}],
        "coupons":[{"coupon_code":"SBX_EFFECTIVE_1","ends_in_s":-1}]}"#;
    std::fs::write(&file, scenario).unwrap();
    let program = Program::start(&["--quiet", "--scenario", file.to_str().unwrap()]);
    let till = program.till();
    assert_eq!(till.send(&till.query_request("SBX_USED")).unwrap().status, 503);
    till.refused(&till.use_request("SBX_EFFECTIVE_1", "NUMBER_1"), 268_578_776);
    let made = support::Call::new("GET", "/coupons/MINE_1").header("Authorization", "none");
    assert_eq!(till.send_to(&program.field("control"), &made).unwrap().json()["state"], "EFFECTIVE");
    drop(program);

    std::fs::write(&file, "{}").unwrap();
    let failed = Command::new(env!("CARGO_BIN_EXE_wxcoupon-sandbox"))
        .args(["--scenario", file.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&failed.stderr);
    assert!(said.contains("scenario.json") && said.contains("wxcoupon_sandbox_scenario"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_termination_signal_ends_it_in_order() {
    let program = Program::start(&["--quiet"]);
    let config = program.field("config");
    // The shell has it built in; as a program it is in a package that may be missing.
    let killed = Command::new("sh").args(["-c", &format!("kill {}", program.child.id())]).status().unwrap();
    assert!(killed.success());
    assert_eq!(take_end(program), (Some(0), String::new()));
    assert!(!Path::new(&config).exists());
}

#[test]
fn explains_itself() {
    let run =
        |argument: &str| Command::new(env!("CARGO_BIN_EXE_wxcoupon-sandbox")).arg(argument).output().unwrap();
    let help = run("--help");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--exit-with-stdin"));
    let version = run("--version");
    let expected = format!("wxcoupon-sandbox {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
    let wrong = run("--colour");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(wrong.stdout.is_empty() && String::from_utf8_lossy(&wrong.stderr).contains("--colour"));
}
