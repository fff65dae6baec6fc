//! The program `wxcoupon-sandbox`.

mod cli;
mod ready;

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use cli::{Arguments, Command};
use wxcoupon_sandbox::{Sandbox, ShutdownHandle};

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

/// Whether somebody has asked the program to end, before or after it serves.
#[derive(Default)]
struct Ending(Mutex<(bool, Option<ShutdownHandle>)>);

impl Ending {
    fn ask(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        if let Some(handle) = &state.1 {
            handle.request();
        }
    }

    fn serves(&self, handle: ShutdownHandle) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 {
            handle.request();
        }
        state.1 = Some(handle);
    }
}

fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "wxcoupon-sandbox: {message}");
}

fn run(arguments: Arguments) -> Result<(), String> {
    let is_on_network = !arguments.options.listen.is_loopback();
    // A signal may come while keys are being written; they are to go away all the same.
    let ending = Arc::new(Ending::default());
    let on_signal = Arc::clone(&ending);
    ctrlc::set_handler(move || on_signal.ask()).map_err(|e| format!("signal handler: {e}"))?;
    let sandbox = Sandbox::start(arguments.options).map_err(|e| e.to_string())?;
    if let Some(path) = &arguments.scenario {
        let told = |issue: &dyn std::fmt::Display| format!("{}: {issue}", path.display());
        let file = std::fs::read(path).map_err(|e| told(&e))?;
        sandbox.apply_scenario(&file).map_err(|e| told(&e))?;
    }
    for fault in arguments.faults {
        sandbox.inject_from_the_start(fault);
    }
    let handle = sandbox.shutdown_handle();
    ending.serves(handle.clone());
    if arguments.exit_with_stdin {
        thread::spawn(move || {
            let mut buffer = [0_u8; 1024];
            while matches!(io::stdin().read(&mut buffer), Ok(1..)) {}
            handle.request();
        });
    }
    if is_on_network {
        ready::warn_of_network(&sandbox);
    }
    ready::announce(&sandbox).map_err(|e| format!("standard output: {e}"))?;
    // It serves; that nobody was told, or sees it, is no reason to end.
    if let Err(error) = ready::tell_service_manager() {
        complain(&format!("NOTIFY_SOCKET: {error}"));
    }
    if arguments.open
        && let Err(error) =
            sandbox.sign_in_url().map_err(|e| e.to_string()).and_then(|url| ready::open_in_browser(&url))
    {
        complain(&format!("no browser: {error}"));
    }
    sandbox.wait_for_shutdown();
    Ok(())
}
