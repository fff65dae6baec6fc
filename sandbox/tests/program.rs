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
        Self::start_with(arguments, &[])
    }

    fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wxcoupon-sandbox"))
            .args(arguments)
            .env_remove("WXCOUPON_SANDBOX_TOKEN")
            .envs(environment.iter().copied())
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

/// A request to the admin interface that says nothing of itself but the token.
fn ask(program: &Program, method: &str, path: &str, token: &str) -> support::Got {
    let call = support::Call::new(method, path).header("Authorization", &format!("Bearer {token}"));
    program.till().send_to(&program.field("control"), &call).unwrap()
}

#[test]
fn beyond_this_machine_it_warns_and_makes_up_a_token() {
    let mut program =
        Program::start(&["--listen", "0.0.0.0", "--name", "127.0.0.1", "--quiet", "--exit-with-stdin"]);
    let (console, control) = (program.field("console"), program.field("control"));
    assert!(control.starts_with("https://127.0.0.1:"), "{control}");
    let token = console.strip_prefix(&format!("{control}/?token=")).unwrap().to_owned();
    assert_eq!(ask(&program, "GET", "/stats", "0123456789abcdef").status, 401);
    assert_eq!(ask(&program, "GET", "/stats", &token).status, 200);
    close_stdin(&mut program);
    let (status, stderr) = take_end(program);
    assert_eq!(status, Some(0));
    assert!(stderr.contains("a simulator, not WeChat Pay") && stderr.lines().count() == 1, "{stderr}");
    assert!(!stderr.contains(&token), "{stderr}");
}

#[test]
fn a_token_that_is_given_is_not_printed() {
    let secret = "kept-in-the-environment";
    for (arguments, environment) in [
        (vec!["--quiet"], vec![("WXCOUPON_SANDBOX_TOKEN", secret)]),
        (vec!["--quiet", "--token", secret], vec![("WXCOUPON_SANDBOX_TOKEN", "another-token-here")]),
    ] {
        let program = Program::start_with(&arguments, &environment);
        assert!(!program.ready.contains("token"), "{}", program.ready);
        assert_eq!(ask(&program, "GET", "/stats", "another-token-here-").status, 401);
        assert_eq!(ask(&program, "GET", "/stats", secret).status, 200);
    }
    let mut refused = Command::new(env!("CARGO_BIN_EXE_wxcoupon-sandbox"));
    let refused = refused.args(["--token", "short"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("token: must have 16 to 128"));
}

#[test]
fn faults_of_the_command_line_survive_a_reset() {
    let program = Program::start(&["--quiet", "--fault", "status_503,times=1,on=query"]);
    let till = program.till();
    let status = || till.send(&till.query_request("SBX_USED")).unwrap().status;
    assert_eq!((status(), status()), (503, 200));
    assert_eq!(ask(&program, "POST", "/reset", "none").status, 200);
    assert_eq!((status(), status()), (503, 200));
    assert_eq!(ask(&program, "POST", "/reset?all=true", "none").status, 200);
    assert_eq!(status(), 200);
}

#[test]
fn the_configuration_names_a_journal() {
    let temporary = support::sandbox();
    let dir = temporary.dir().join("journals");
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(dir.join(name)).unwrap()).unwrap()
    };
    let program = Program::start(&["--quiet", "--dir", dir.to_str().unwrap()]);
    assert_eq!(read("config.json")["journal_path"], dir.join("till.journal").to_str().unwrap());
    assert_eq!(read("brand_config.json")["journal_path"], dir.join("brand_till.journal").to_str().unwrap());
    assert_eq!(ask(&program, "GET", "/truth", "none").status, 200, "without a journal yet");
    drop(program);
    let own = dir.join("own.journal");
    let program =
        Program::start(&["--quiet", "--dir", dir.to_str().unwrap(), "--journal", own.to_str().unwrap()]);
    assert_eq!(read("config.json")["journal_path"], own.to_str().unwrap());
    drop(program);
    // In tests each context keeps its own.
    assert!(temporary.config().get("journal_path").is_none());
}

#[cfg(target_os = "linux")]
#[test]
fn a_service_manager_is_told_when_it_serves() {
    use std::os::unix::net::UnixDatagram;

    let temporary = support::sandbox();
    let path = temporary.dir().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let program = Program::start_with(&["--quiet"], &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let mut told = [0; 64];
    let length = socket.recv(&mut told).unwrap();
    assert_eq!(&told[..length], b"READY=1");
    drop(program);
    // A manager that is gone is no reason to end.
    drop(socket);
    std::fs::remove_file(&path).unwrap();
    let program = Program::start_with(&["--quiet"], &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert_eq!(ask(&program, "GET", "/health", "none").status, 200);
    assert_eq!(ask(&program, "POST", "/shutdown", "none").status, 200);
    let (status, stderr) = take_end(program);
    assert!(status == Some(0) && stderr.contains("NOTIFY_SOCKET"), "{stderr}");
}

/// The unit file asks for what the program knows.
#[test]
fn the_unit_file_starts_it() {
    let unit = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../packaging/wxcoupon-sandbox.service"
    ));
    let unit = unit.unwrap().replace("\\\n", " ");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let mut words = line.split_whitespace();
    assert!(words.next().unwrap().ends_with("/wxcoupon-sandbox"));
    let temporary = support::sandbox();
    let state = temporary.dir().join("service");
    std::fs::create_dir(&state).unwrap();
    // What systemd fills in; ports of this machine may be taken.
    let words: Vec<String> = words
        .map(|word| word.replace("${STATE_DIRECTORY}", state.to_str().unwrap()))
        .filter(|word| word != "$WXCOUPON_SANDBOX_OPTIONS")
        .map(|word| if word.parse::<u16>().is_ok() { "0".to_owned() } else { word })
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let program = Program::start(&words);
    assert_eq!(program.field("config"), state.join("config.json").to_str().unwrap());
    assert!(state.join("state.json").exists());
    assert!(unit.contains("\nType=notify\n"));
}

/// Keys of a sandbox without a folder of its own do not stay behind, however early it ends.
#[cfg(unix)]
#[test]
fn a_signal_at_any_moment_leaves_nothing_behind() {
    let folder = std::env::temp_dir().join(format!("sandbox-early-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let entries = || std::fs::read_dir(&folder).unwrap().count();
    for wait in [0, 2, 5, 10, 20, 50, 100] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wxcoupon-sandbox"))
            .env("TMPDIR", &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while entries() == 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(entries(), 1, "it has written its keys, or is about to");
        std::thread::sleep(Duration::from_millis(wait));
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(child.wait().unwrap().success(), "after {wait} ms");
        assert_eq!(entries(), 0, "after {wait} ms");
    }
    std::fs::remove_dir(&folder).unwrap();
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
