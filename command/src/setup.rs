//! The configuration, and the context that is made of it.

use crate::failure::Failure;
use crate::language::variable;
use crate::screen::Screen;
use crate::texts::words as w;
use std::path::{Path, PathBuf};
use wxcoupon::client::Client;
use wxcoupon::config::{self, Config};
use wxcoupon::error::Error;
use wxcoupon::redact::Quoted;
use wxcoupon::status::{Class, Code};
use zeroize::Zeroizing;

/// The name of the file in the current folder, where nothing else is said.
const USUAL_FILE: &str = "wxcoupon.json";
/// Names the configuration in place of `--config`.
pub const CONFIG_VARIABLE: &str = "WXCOUPON_CONFIG";
/// A configuration is smaller than what a call takes.
const LARGEST: u64 = 1024 * 1024;

/// A configuration that was read.
pub struct Setup {
    /// What it says.
    pub config: Config,
}

/// Where the configuration is.
pub fn config_path(given: Option<&Path>) -> PathBuf {
    given
        .map(Path::to_owned)
        .or_else(|| variable(CONFIG_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from))
        .unwrap_or_else(|| USUAL_FILE.into())
}

/// Reads a file that the caller named, or standard input for `-`.
pub fn read(screen: &Screen, path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let mut content = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(LARGEST).read_to_end(&mut content)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut content))
    };
    match read {
        Ok(_) => Ok(content),
        Err(error) => {
            let shown = Quoted(&path.to_string_lossy()).to_string();
            Err(Failure::local(screen, w::CANNOT_READ, &[("file", &shown), ("why", &error.to_string())]))
        }
    }
}

/// The configuration's file, and its text.
pub fn read_text(screen: &Screen, given: Option<&Path>) -> Result<(PathBuf, Zeroizing<String>), Failure> {
    let path = config_path(given);
    let bytes = match read(screen, &path) {
        Err(_) if given.is_none() && !path.exists() => {
            let shown = path.display().to_string();
            return Err(Failure::local(screen, w::NO_CONFIGURATION, &[("file", &shown)]));
        }
        read => Zeroizing::new(read?),
    };
    let (text, _) = config::decode(&bytes).map_err(of_configuration)?;
    Ok((path, text))
}

/// A text that is no JSON is the fault of the file, and not of the call.
fn of_configuration(error: Error) -> Failure {
    let code = if error.code.class() == Class::Misuse { Code::Config } else { error.code };
    Error { code, ..error }.into()
}

impl Setup {
    /// Reads the configuration.
    pub fn read(screen: &Screen, given: Option<&Path>) -> Result<Setup, Failure> {
        let (_, text) = read_text(screen, given)?;
        Setup::of(&text)
    }

    /// The same of a text that was read from there.
    pub fn of(text: &str) -> Result<Setup, Failure> {
        Ok(Setup { config: Config::from_json(text).map_err(of_configuration)? })
    }

    /// The journal that is configured, if its file is not there.
    pub fn missing_journal(&self) -> Option<&Path> {
        self.config.journal.place.as_ref()?.file().filter(|path| !path.exists())
    }

    /// The same without the journal: it makes no file, and knows of no request.
    pub fn client_without_journal(&self) -> Result<Client, Failure> {
        let mut config = self.config.clone();
        config.journal.place = None;
        Ok(Client::new(config)?)
    }

    /// Makes the context.
    pub fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(self.config.clone())?)
    }

    /// The same for what looks at the journal: it must be there already. An empty one beside the right one would say that
    /// nothing is open.
    pub fn client_with_journal(&self, screen: &Screen) -> Result<Client, Failure> {
        if self.config.journal.place.is_none() {
            return Err(Failure::local(screen, w::NO_JOURNAL, &[]));
        }
        match self.missing_journal() {
            Some(path) => {
                let shown = path.display().to_string();
                Err(Failure::local(screen, w::JOURNAL_NOT_FOUND, &[("file", &shown)]))
            }
            None => self.client(),
        }
    }
}
