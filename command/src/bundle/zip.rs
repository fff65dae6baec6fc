//! A ZIP archive with its files as they are, uncompressed: every system opens it by itself.
//!
//! The form is that of PKWARE's APPNOTE 6.3: local headers with their content, the central directory, and its end.

/// A file of the archive.
#[derive(Debug)]
pub struct File {
    /// Its name inside, with `/` between folders.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

const LOCAL: u32 = 0x0403_4B50;
const CENTRAL: u32 = 0x0201_4B50;
const END: u32 = 0x0605_4B50;
/// Version 2.0 is needed to read it.
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1980-01-01, the earliest date there is: the manifest has the time.
const DATE: u16 = 0x21;

/// The whole archive. `None` where it would be too large for the form.
pub fn archive(files: &[File]) -> Option<Vec<u8>> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        let offset = u32::try_from(archive.len()).ok()?;
        let common = common(file)?;
        archive.extend(LOCAL.to_le_bytes());
        archive.extend(&common);
        archive.extend(file.name.as_bytes());
        archive.extend(&file.content);
        directory.extend(CENTRAL.to_le_bytes());
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&common);
        // No comment, disk 0, no attributes.
        directory.extend([0; 2 + 2 + 2 + 4]);
        directory.extend(offset.to_le_bytes());
        directory.extend(file.name.as_bytes());
    }
    let count = u16::try_from(files.len()).ok()?.to_le_bytes();
    let (start, length) = (u32::try_from(archive.len()).ok()?, u32::try_from(directory.len()).ok()?);
    archive.extend(directory);
    archive.extend(END.to_le_bytes());
    archive.extend([0; 4]);
    archive.extend([count, count].concat());
    archive.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
    archive.extend([0; 2]);
    Some(archive)
}

/// What both headers of a file have.
fn common(file: &File) -> Option<Vec<u8>> {
    let length = u32::try_from(file.content.len()).ok()?.to_le_bytes();
    let name = u16::try_from(file.name.len()).ok()?.to_le_bytes();
    let mut header = Vec::new();
    for number in [VERSION, FLAGS, 0, 0, DATE] {
        header.extend(number.to_le_bytes());
    }
    header.extend(crc32fast::hash(&file.content).to_le_bytes());
    header.extend([length, length].concat());
    header.extend(name);
    header.extend([0; 2]);
    Some(header)
}
