//! PostgreSQL of Debian's packages, in a folder of its own and on a loopback port. It ends with its test, however that ends.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use testkit::till::until;

/// The user, and a password that every message would show if any did.
pub const USER: &str = "till";
pub const PASSWORD: &str = "p%s/W0rd:hidden";
/// The same in a URL.
pub const ESCAPED: &str = "p%25s%2FW0rd%3Ahidden";

/// What keeps a server small and quick to start.
const SMALL: [&str; 5] = [
    "shared_buffers=16MB",
    "max_connections=60",
    "unix_socket_directories=",
    "autovacuum=off",
    "log_min_messages=fatal",
];

/// A command as the user that PostgreSQL wants. It ends when its test does.
pub fn as_postgres(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("setpriv");
    // SAFETY: reads the user's number.
    if unsafe { libc::geteuid() } == 0 {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program.as_ref());
    command.stdin(Stdio::null());
    command
}

/// A program of PostgreSQL's. Debian keeps them beside each other by version.
pub fn program(name: &str) -> PathBuf {
    let all = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed (tools/fetch/setup.sh)");
    let newest = all.map(|entry| entry.unwrap().path()).max().unwrap();
    newest.join("bin").join(name)
}

/// A folder of the user that PostgreSQL wants.
pub fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    // SAFETY: reads the user's number.
    if unsafe { libc::geteuid() } == 0 {
        testkit::run(Command::new("chown").arg("postgres:postgres").arg(folder.path())).unwrap();
    }
    folder
}

/// A port that nobody uses now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server, running or stopped.
pub struct Server {
    folder: TempDir,
    pub port: u16,
    settings: Vec<String>,
    process: Option<Child>,
}

impl Server {
    /// A server with an empty database.
    pub fn start() -> Server {
        Server::with(&[])
    }

    /// The same with these settings.
    pub fn with(settings: &[&str]) -> Server {
        let mut server = Server::made();
        server.settings.extend(settings.iter().map(|&setting| setting.to_owned()));
        server.begin();
        server.ask("postgres", "CREATE DATABASE journal");
        server
    }

    /// A server that has not begun.
    fn made() -> Server {
        let folder = folder();
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let mut make = as_postgres(program("initdb"));
        make.args(["--username", USER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
        make.args(["--no-sync", "--no-instructions", "-D"]).arg(folder.path().join("data"));
        make.arg("--pwfile").arg(&password);
        testkit::run(&mut make).unwrap();
        Server { folder, port: free_port(), settings: Vec::new(), process: None }
    }

    /// A standby that follows this server.
    pub fn standby(&self) -> Server {
        self.standby_through(self.port)
    }

    /// The same through another port.
    pub fn standby_through(&self, port: u16) -> Server {
        let mut standby =
            Server { folder: folder(), port: free_port(), settings: self.settings.clone(), process: None };
        standby.follow(port);
        standby
    }

    /// Begins anew, as the standby of the server at that port.
    pub fn follow(&mut self, primary: u16) {
        self.kill();
        if self.data().exists() {
            fs::remove_dir_all(self.data()).unwrap();
        }
        let mut copy = as_postgres(program("pg_basebackup"));
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--no-sync", "-D"]);
        // Through a relay, too, which reads no more than the first packet of a connection without encryption.
        let from = format!("postgres://{USER}:{ESCAPED}@127.0.0.1:{primary}/replication");
        copy.arg(self.data()).args(["-d", &format!("{from}?sslmode=disable&gssencmode=disable")]);
        testkit::run(&mut copy).unwrap();
        self.begin();
    }

    fn with_password(&self, database: &str) -> String {
        format!("postgres://{USER}:{ESCAPED}@127.0.0.1:{}/{database}", self.port)
    }

    /// What a till's configuration has.
    pub fn url(&self) -> String {
        self.with_password("journal")
    }

    /// The same through another port.
    pub fn url_at(&self, port: u16) -> String {
        self.url().replace(&format!(":{}/", self.port), &format!(":{port}/"))
    }

    /// Starts a server that was stopped.
    pub fn begin(&mut self) {
        let mut start = as_postgres(program("postgres"));
        start.arg("-D").arg(self.folder.path().join("data")).args(["-p", &self.port.to_string()]);
        let settings = SMALL.iter().copied().chain(self.settings.iter().map(String::as_str));
        for setting in settings.chain(["listen_addresses=127.0.0.1"]) {
            start.arg("-c").arg(setting);
        }
        self.process = Some(start.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let port = self.port;
        until("the server answers", || {
            let ready = Command::new(program("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p"])
                .arg(port.to_string())
                .status();
            ready.unwrap().success()
        });
    }

    /// Stops it: connections are closed, what is committed stays.
    pub fn stop(&mut self) {
        self.signal(libc::SIGINT);
    }

    /// It dies, as in a power cut.
    pub fn kill(&mut self) {
        self.signal(libc::SIGQUIT);
    }

    fn signal(&mut self, signal: i32) {
        let Some(mut process) = self.process.take() else { return };
        // SAFETY: a signal to our own child, which has not been waited for.
        unsafe { libc::kill(i32::try_from(process.id()).unwrap(), signal) };
        process.wait().unwrap();
    }

    /// Lets a standby take over.
    pub fn promote(&self) {
        self.ask("postgres", "SELECT pg_promote()");
        until("it can be written", || self.ask("postgres", "SELECT pg_is_in_recovery()") == "f");
    }

    /// What the database answers to an administrator.
    pub fn ask(&self, database: &str, sql: &str) -> String {
        self.try_ask(database, sql).unwrap_or_else(|why| panic!("{sql}: {why}"))
    }

    /// The same about the journal.
    pub fn journal(&self, sql: &str) -> String {
        self.ask("journal", sql)
    }

    fn try_ask(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut ask = Command::new(program("psql"));
        ask.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d"]).arg(self.with_password(database));
        ask.args(["-c", sql]);
        testkit::run(&mut ask).map(|said| said.trim().to_owned())
    }

    /// Where the server keeps its files.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until something accepts connections there.
pub fn until_open(port: u16) {
    until("the port is open", || {
        TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_secs(1)).is_ok()
    });
}

/// pgbouncer in transaction mode.
pub struct Pooler {
    pub port: u16,
    process: Child,
    _folder: TempDir,
}

impl Pooler {
    /// Two sessions for everybody.
    pub fn before(server: &Server) -> Pooler {
        let (folder, port) = (folder(), free_port());
        let at = |name: &str| folder.path().join(name);
        fs::write(at("users"), format!("\"{USER}\" \"{PASSWORD}\"\n")).unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = 2\nserver_reset_query_always = 1\nserver_reset_query = DISCARD ALL\n",
            server.port,
            at("users").display()
        );
        fs::write(at("pgbouncer.ini"), settings).unwrap();
        let mut start = as_postgres("/usr/sbin/pgbouncer");
        let process = start.arg("-q").arg(at("pgbouncer.ini")).spawn().unwrap();
        until_open(port);
        Pooler { port, process, _folder: folder }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
