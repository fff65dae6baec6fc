//! The master key, under which the keys of the tills are stored.

use crate::mistake::Mistake;
use crate::secret::{Key, hex, random, unhex};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where the key is, as `master_key` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file that only its owner can read.
    File(PathBuf),
    /// A credential of systemd: a file that only the service can read.
    Credential(String),
}

/// Begins the name of a credential.
const CREDENTIAL: &str = "credential:";

impl Place {
    /// A path, or `credential:NAME`.
    pub fn new(text: &str) -> Place {
        match text.strip_prefix(CREDENTIAL) {
            Some(name) => Place::Credential(name.to_owned()),
            None => Place::File(PathBuf::from(text)),
        }
    }

    /// Reads the key.
    pub fn read(&self) -> Result<Master, Mistake> {
        match self {
            Place::File(path) => {
                refuse_open_file(path)?;
                read(path)
            }
            Place::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    Mistake::new(
                        format!(
                            "master_key is the credential {name:?}, and CREDENTIALS_DIRECTORY is not set: start the hub by \
                             systemd, with LoadCredential={name}:FILE"
                        ),
                        format!(
                            "master_key 是凭据 {name}，但没有设置 CREDENTIALS_DIRECTORY：请用 systemd 启动，并配置 \
                             LoadCredential={name}:FILE"
                        ),
                    )
                })?;
                read(&Path::new(&folder).join(name))
            }
        }
    }
}

fn refuse_open_file(path: &Path) -> Result<(), Mistake> {
    let metadata = fs::metadata(path).map_err(|error| Mistake::file("master_key", path, &error))?;
    if metadata.mode() & 0o077 != 0 {
        let path = path.display();
        return Err(Mistake::new(
            format!("master_key: others may read {path}: chmod 600 {path}"),
            format!("master_key：其他用户可以读取 {path}，请执行 chmod 600 {path}"),
        ));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Master, Mistake> {
    let text =
        fs::read(path).map(Zeroizing::new).map_err(|error| Mistake::file("master_key", path, &error))?;
    let text = std::str::from_utf8(&text).unwrap_or_default().trim();
    let bytes = unhex(text).map(Zeroizing::new).unwrap_or_default();
    let key = Key::from_bytes(&bytes).ok_or_else(|| {
        let path = path.display();
        Mistake::new(
            format!(
                "master_key: {path} is to have 64 hexadecimal digits: wxcoupon-hub new-master-key FILE makes one"
            ),
            format!("master_key：{path} 应为 64 位十六进制数字，可用 wxcoupon-hub new-master-key FILE 生成"),
        )
    })?;
    Ok(Master(key))
}

/// Writes a new key into a new file.
pub fn make(path: &Path) -> Result<Master, Mistake> {
    let key = Key::random()?;
    let failed = |error: std::io::Error| Mistake::file("master key", path, &error);
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let text = Zeroizing::new(hex(key.bytes()) + "\n");
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(Master(key))
}

/// What cannot be opened was sealed under another key, for another till, or changed.
#[derive(Debug, thiserror::Error)]
#[error("a key in the store does not open under this master key")]
pub struct Unopened;

/// The master key.
#[derive(Debug, Clone)]
pub struct Master(Key);

/// What a sealed key is for. It cannot be opened as anything else.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    /// `till` or `code`.
    pub kind: &'static str,
    pub till: &'a str,
    pub generation: i64,
}

impl Label<'_> {
    fn text(&self) -> String {
        format!("wxcoupon-hub sealed 1\n{}\n{}\n{}\n", self.kind, self.till, self.generation)
    }
}

impl Master {
    /// Tells keys apart, and nothing about the key.
    pub fn id(&self) -> String {
        self.0.mac(b"wxcoupon-hub master key id 1\n").get(..8).map(hex).unwrap_or_default()
    }

    fn cipher(&self) -> Result<LessSafeKey, Unopened> {
        UnboundKey::new(&AES_256_GCM, self.0.bytes()).map(LessSafeKey::new).map_err(|_| Unopened)
    }

    /// Nonce, ciphertext and tag.
    pub fn seal(&self, label: Label<'_>, key: &Key) -> Result<Vec<u8>, Mistake> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = key.bytes().to_vec();
        let aad = Aad::from(label.text());
        let failed = || Mistake::new("a key could not be sealed", "密钥无法加密");
        let cipher = self.cipher().map_err(|_| failed())?;
        cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| failed())?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The key again.
    pub fn open(&self, label: Label<'_>, sealed: &[u8]) -> Result<Key, Unopened> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unopened)?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let aad = Aad::from(label.text());
        let opened = self
            .cipher()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut text)
            .map_err(|_| Unopened)?;
        Key::from_bytes(opened).ok_or(Unopened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_sealed_key_opens_for_its_till_and_generation_alone() {
        let master = Master(Key::random().unwrap());
        let key = Key::random().unwrap();
        let label = Label { kind: "till", till: "S1", generation: 1 };
        let sealed = master.seal(label, &key).unwrap();
        assert_eq!(master.open(label, &sealed).unwrap(), key);
        for other in
            [Label { till: "S2", ..label }, Label { generation: 2, ..label }, Label { kind: "code", ..label }]
        {
            assert!(master.open(other, &sealed).is_err());
        }
        let mut changed = sealed.clone();
        changed[20] ^= 1;
        assert!(master.open(label, &changed).is_err());
        assert!(master.open(label, &sealed[..11]).is_err());
        assert!(Master(Key::random().unwrap()).open(label, &sealed).is_err());
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master");
        let made = make(&path).unwrap();
        let place = Place::new(path.to_str().unwrap());
        assert_eq!(place.read().unwrap().id(), made.id());
        assert!(make(&path).is_err(), "a key is never overwritten");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(place.read().unwrap_err().to_string().contains("chmod 600"));
        fs::write(&path, "abc").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(place.read().unwrap_err().to_string().contains("64 hexadecimal digits"));
    }
}
