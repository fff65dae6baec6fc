//! What the program says and does once it serves.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use wxcoupon_sandbox::Sandbox;

/// The one line on standard output.
pub(crate) fn announce(sandbox: &Sandbox) -> io::Result<()> {
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

/// Whoever opens it to a network is told what it is, even when it is to be quiet.
pub(crate) fn warn_of_network(sandbox: &Sandbox) {
    let [first, _] = sandbox.urls();
    let _ = writeln!(
        io::stderr(),
        "wxcoupon-sandbox: a simulator, not WeChat Pay: no coupon and no money here is real. The network reaches it \
         at {first}; let no shop sell by it."
    );
}

/// Tells systemd that a service of the type `notify` has started.
#[cfg(target_os = "linux")]
pub(crate) fn tell_service_manager() -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else {
        return Ok(());
    };
    let address = match name.as_bytes() {
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest)?,
        _ => SocketAddr::from_pathname(&name)?,
    };
    UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address).map(drop)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn tell_service_manager() -> io::Result<()> {
    Ok(())
}

/// Shows a page in the browser of the person who started the program.
pub(crate) fn open_in_browser(url: &str) -> Result<(), String> {
    let mut command = if cfg!(windows) {
        // `start` of the command interpreter would cut the address at its `&`.
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else if cfg!(target_os = "macos") {
        Command::new("open")
    } else {
        Command::new("xdg-open")
    };
    let quiet = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn().map(drop).map_err(|e| e.to_string())
}
