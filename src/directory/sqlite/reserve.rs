//! Room on the disk that an import leaves for redemptions.

use crate::journal::sqlite::beside;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Enough for the log of some dozen redemptions, and for the journal's next pages.
const BYTES: usize = 1024 * 1024;

/// A file of zeros. It is removed when this is dropped, so that what it held is free for others.
#[derive(Debug)]
pub struct Reserve(PathBuf);

impl Reserve {
    /// Beside that file. Zeros are written, because an empty length takes no room. One that a killed program has left is
    /// written over.
    pub fn beside(path: &Path) -> Result<Reserve, String> {
        let reserve = Reserve(beside(path, ".reserve"));
        let written = File::create(&reserve.0).and_then(|mut file| file.write_all(&vec![0; BYTES]));
        written.map(|()| reserve).map_err(|error| format!("the disk has no room to spare: {error}"))
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
