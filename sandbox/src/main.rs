//! The program `wxcoupon-sandbox`.

mod cli;

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::thread;

use cli::{Arguments, Command};
use wxcoupon_sandbox::Sandbox;

fn main() -> ExitCode {
    let arguments = match cli::parse(std::env::args_os()) {
        Ok(Command::Run(arguments)) => arguments,
        Ok(Command::Say(text)) => {
            // Whoever closed the pipe does not want to read on.
            let _ = writeln!(io::stdout(), "{text}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            complain(&format!("{message}\nTry --help."));
            return ExitCode::from(2);
        }
    };
    match run(*arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&message);
            ExitCode::FAILURE
        }
    }
}

fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "wxcoupon-sandbox: {message}");
}

fn run(arguments: Arguments) -> Result<(), String> {
    let sandbox = Sandbox::start(arguments.options).map_err(|e| e.to_string())?;
    if let Some(path) = &arguments.scenario {
        let told = |issue: &dyn std::fmt::Display| format!("{}: {issue}", path.display());
        let file = std::fs::read(path).map_err(|e| told(&e))?;
        sandbox.apply_scenario(&file).map_err(|e| told(&e))?;
    }
    for fault in arguments.faults {
        sandbox.inject(fault);
    }
    let handle = sandbox.shutdown_handle();
    let on_signal = handle.clone();
    ctrlc::set_handler(move || on_signal.request()).map_err(|e| format!("signal handler: {e}"))?;
    if arguments.exit_with_stdin {
        thread::spawn(move || {
            let mut buffer = [0_u8; 1024];
            while matches!(io::stdin().read(&mut buffer), Ok(1..)) {}
            handle.request();
        });
    }
    announce(&sandbox).map_err(|e| format!("standard output: {e}"))?;
    sandbox.wait_for_shutdown();
    Ok(())
}

/// The one line on standard output.
fn announce(sandbox: &Sandbox) -> io::Result<()> {
    let [first, second] = sandbox.urls();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "READY {first} {second} control={} console={} config={}",
        sandbox.control_url(),
        sandbox.console_url(),
        sandbox.config_path().display()
    )?;
    out.flush()
}
