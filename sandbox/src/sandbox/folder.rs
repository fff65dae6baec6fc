//! The folder a sandbox writes: keys, `config.json`, `sandbox.json`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openssl::pkey::PKey;
use openssl::x509::X509;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crypto::certificates::Identity;
use crate::crypto::keys::{BrandKeys, KeySet, Keys};
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::text::Text;

pub(crate) const CA: &str = "ca.pem";
pub(crate) const MERCHANT_KEY: &str = "merchant_key.pem";
pub(crate) const MERCHANT_CERT: &str = "merchant_cert.pem";
pub(crate) const BRAND_KEY: &str = "brand_key.pem";
pub(crate) const BRAND_CERT: &str = "brand_cert.pem";
pub(crate) const WECHATPAY_PUBLIC_KEY: &str = "wechatpay_public_key.pem";
pub(crate) const PLATFORM_CERT: &str = "platform_cert.pem";
pub(crate) const CONFIG: &str = "config.json";
pub(crate) const BRAND_CONFIG: &str = "brand_config.json";
pub(crate) const SANDBOX: &str = "sandbox.json";
/// Journals of clients; each of them makes its own file.
pub(crate) const JOURNAL: &str = "till.journal";
pub(crate) const BRAND_JOURNAL: &str = "brand_till.journal";

/// Secrets of the WeChat Pay side; a client never needs them.
const SERVER: &str = "server";
const SERVER_FILES: [&str; 4] = ["ca_key.pem", "wechatpay_key.pem", "platform_key.pem", "ids.json"];
const CLIENT_FILES: [&str; 7] =
    [CA, MERCHANT_KEY, MERCHANT_CERT, BRAND_KEY, BRAND_CERT, WECHATPAY_PUBLIC_KEY, PLATFORM_CERT];

#[derive(Serialize, Deserialize)]
struct Ids {
    wechatpay_public_key_id: String,
    apiv3_key: String,
    brand_api_key: String,
}

/// An existing folder; a temporary one goes away with this value.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// Opens (and makes) the folder, or makes a temporary one.
    pub(crate) fn open(wanted: Option<&Path>) -> Result<Self> {
        let (path, temporary) = if let Some(path) = wanted {
            (path.to_path_buf(), false)
        } else {
            let name = format!("wxcoupon-sandbox-{}-{}", std::process::id(), random::upper_hex(12)?);
            (std::env::temp_dir().join(name), true)
        };
        let path = std::path::absolute(&path).map_err(|e| Error::file(&path, e))?;
        make_private_dir(&path)?;
        Ok(Self { path, temporary })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn server_file(&self, name: &str) -> PathBuf {
        self.path.join(SERVER).join(name)
    }

    /// The keys in the folder, `None` when it holds none at all.
    pub(crate) fn load_keys(&self) -> Result<Option<Keys>> {
        let files: Vec<PathBuf> = CLIENT_FILES
            .iter()
            .map(|name| self.file(name))
            .chain(SERVER_FILES.iter().map(|name| self.server_file(name)))
            .collect();
        if !files.iter().any(|file| file.exists()) {
            return Ok(None);
        }
        if let Some(missing) = files.iter().find(|file| !file.exists()) {
            return Err(
                self.incomplete(Text::new("is missing", "缺失").said_of(&missing.display().to_string()))
            );
        }
        let ids: Ids = serde_json::from_slice(&read(&self.server_file("ids.json"))?)
            .map_err(|e| self.incomplete(Text::from(e).about("ids.json")))?;
        let identity = |cert: PathBuf, key: PathBuf| -> Result<Identity> {
            Ok(Identity {
                cert: X509::from_pem(&read(&cert)?)?,
                key: PKey::private_key_from_pem(&read(&key)?)?,
            })
        };
        let set = KeySet::from_parts(
            identity(self.file(CA), self.server_file("ca_key.pem"))?,
            identity(self.file(MERCHANT_CERT), self.file(MERCHANT_KEY))?,
            PKey::private_key_from_pem(&read(&self.server_file("wechatpay_key.pem"))?)?,
            ids.wechatpay_public_key_id,
            identity(self.file(PLATFORM_CERT), self.server_file("platform_key.pem"))?,
            ids.apiv3_key,
            BrandKeys::from_parts(identity(self.file(BRAND_CERT), self.file(BRAND_KEY))?, ids.brand_api_key)?,
        )?;
        Ok(Some(Keys(Arc::new(set))))
    }

    /// Writes all keys; private ones readable by the owner only.
    pub(crate) fn save_keys(&self, keys: &Keys) -> Result<()> {
        let set = &keys.0;
        make_private_dir(&self.path.join(SERVER))?;
        let ids = Ids {
            wechatpay_public_key_id: set.wechatpay_id.clone(),
            apiv3_key: set.apiv3_key.clone(),
            brand_api_key: set.brand.api_key.clone(),
        };
        let secrets = [
            (self.file(MERCHANT_KEY), set.merchant.key.private_key_to_pem_pkcs8()?),
            (self.file(BRAND_KEY), set.brand.identity.key.private_key_to_pem_pkcs8()?),
            (self.server_file("ca_key.pem"), set.tls_authority.key.private_key_to_pem_pkcs8()?),
            (self.server_file("wechatpay_key.pem"), set.wechatpay.private_key_to_pem_pkcs8()?),
            (self.server_file("platform_key.pem"), set.platform.key.private_key_to_pem_pkcs8()?),
            (self.server_file("ids.json"), to_json(&ids)),
        ];
        for (path, content) in secrets {
            write(&path, &content, true)?;
        }
        let open = [
            (CA, set.tls_authority.cert.to_pem()?),
            (MERCHANT_CERT, set.merchant.cert.to_pem()?),
            (BRAND_CERT, set.brand.identity.cert.to_pem()?),
            (WECHATPAY_PUBLIC_KEY, set.wechatpay.public_key_to_pem()?),
            (PLATFORM_CERT, set.platform.cert.to_pem()?),
        ];
        for (name, content) in open {
            write(&self.file(name), &content, false)?;
        }
        Ok(())
    }

    /// Writes a JSON file; `config.json` holds the APIv3 key, so both stay
    /// with the owner.
    pub(crate) fn save_json(&self, name: &str, value: &Value) -> Result<()> {
        write(&self.file(name), &to_json(value), true)
    }

    fn incomplete(&self, reason: Text) -> Error {
        Error::Folder { path: self.path.clone(), reason }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // Nothing useful can be done when this fails.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::file(path, e))
}

fn make_private_dir(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| Error::file(path, e))
}

fn write(path: &Path, content: &[u8], private: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options
        .open(path)
        .and_then(|mut file| {
            #[cfg(unix)]
            if private {
                let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                file.set_permissions(owner_only)?;
            }
            file.write_all(content)
        })
        .map_err(|e| Error::file(path, e))
}
