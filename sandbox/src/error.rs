//! What can go wrong while starting the sandbox or controlling it.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::text::Text;

/// An error of the sandbox itself (never one it sends to its clients).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key or certificate could not be made or read.
    #[error("key or certificate: {0}")]
    Crypto(#[from] openssl::error::ErrorStack),
    /// A file of the sandbox folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder holds some of the keys but not all of them.
    #[error("{path}: not a complete sandbox folder ({reason}); empty it or name another one")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is missing or unreadable.
        reason: Text,
    },
    /// The state file is not one, or not whole.
    #[error("{path}: not a usable state file ({reason}); move it away to start afresh")]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Text,
    },
    /// A port could not be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address and the port asked for (0 = any).
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// A fault was described wrongly.
    #[error("fault: {0}")]
    Fault(Text),
    /// A token could not be claimed.
    #[error("claim: {0}")]
    Claim(Text),
    /// A platform certificate cannot be had or done without.
    #[error("certificate: {0}")]
    Certificate(Text),
    /// A notification was described wrongly.
    #[error("notification: {0}")]
    Notification(Text),
    /// A scenario cannot be read or played.
    #[error("scenario: {0}")]
    Scenario(Text),
    /// A name to be reached under is none.
    #[error("name: {0}")]
    Name(Text),
    /// A token that is too easy to guess, or that browsers cannot send.
    #[error("token: {0}")]
    Token(Text),
    /// A coupon was described wrongly.
    #[error("coupon: {0}")]
    Coupon(Text),
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File { path: path.into(), source }
    }

    fn chinese(&self) -> String {
        match self {
            Self::Crypto(issue) => format!("密钥或证书：{issue}"),
            Self::File { path, source } => format!("{}：{}", path.display(), Text::from(source).chinese()),
            Self::Folder { path, reason } => {
                format!("{}：沙箱目录不完整（{}）；请清空，或换一个目录", path.display(), reason.chinese())
            }
            Self::State { path, reason } => {
                format!("{}：状态文件无法使用（{}）；移走它即可重新开始", path.display(), reason.chinese())
            }
            Self::Listen { address, source } => {
                format!("无法监听 {address}：{}", Text::from(source).chinese())
            }
            Self::Thread(issue) => format!("无法启动线程：{issue}"),
            Self::Fault(text) => format!("故障：{}", text.chinese()),
            Self::Claim(text) => format!("领券：{}", text.chinese()),
            Self::Certificate(text) => format!("证书：{}", text.chinese()),
            Self::Notification(text) => format!("通知：{}", text.chinese()),
            Self::Scenario(text) => format!("场景：{}", text.chinese()),
            Self::Name(text) => format!("名称：{}", text.chinese()),
            Self::Token(text) => format!("令牌：{}", text.chinese()),
            Self::Coupon(text) => format!("券：{}", text.chinese()),
        }
    }
}

impl From<Error> for Text {
    fn from(error: Error) -> Self {
        Self::new(error.to_string(), error.chinese())
    }
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
