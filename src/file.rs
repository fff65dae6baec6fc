//! Reads a file that a configuration or a request names. The path may name anything.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;

/// Reads a regular file of at most `most` bytes. It is opened once, so the checked file is the one that is read. A pipe or
/// device in its place does not block.
pub fn read_whole(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let file = open_regular(path)?;
    let found = file.metadata().map_err(|error| error.to_string())?;
    let mut content = Vec::new();
    file.take(most + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    if u64::try_from(content.len()).is_ok_and(|length| length <= most) {
        Ok(content)
    } else {
        Err(format!("at most {most} bytes are allowed, found {}", found.len().max(most + 1)))
    }
}

/// Opens a regular file for reading. A pipe or device in its place does not block.
pub fn open_regular(path: &Path) -> Result<File, String> {
    let file = open(path).map_err(|error| error.to_string())?;
    let found = file.metadata().map_err(|error| error.to_string())?;
    if found.is_file() { Ok(file) } else { Err("not a file".into()) }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_CLOEXEC);
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn neither_pipes_nor_devices_nor_folders_nor_large_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for odd in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
            assert_eq!(read_whole(odd, 100).unwrap_err(), "not a file", "{}", odd.display());
        }
        let file = folder.path().join("file");
        std::fs::write(&file, [7; 100]).unwrap();
        assert_eq!(read_whole(&file, 100).unwrap().len(), 100);
        assert_eq!(read_whole(&file, 99).unwrap_err(), "at most 99 bytes are allowed, found 100");
    }
}
