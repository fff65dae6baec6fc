//! `upload_image`: a picture for product coupons and stocks.

use std::fmt::Write as _;

use openssl::sha::sha256;
use serde_json::{Value, json};

use super::{Call, Success};
use crate::http::multipart::Part;
use crate::options::UploadAnswer;
use crate::refusal::{Reason, Refusal};
use crate::text::Said;

/// 2 MB, as documented; read as MiB.
const MAX_BYTES: usize = 2 * 1024 * 1024;
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(super) fn upload(call: &Call<'_>) -> Result<Success, Refusal> {
    let meta = call.part("meta")?;
    if !meta.content_type.to_ascii_lowercase().starts_with("application/json") {
        return refuse(
            Reason::BadStructure,
            "meta",
            (
                "Content-Type of the part must be application/json",
                "该部分的 Content-Type 应为 application/json",
            ),
        );
    }
    let filename = call.body_text("/filename", 256)?;
    let expected = call.body_text("/sha256", 64)?;
    let file = call.part("file")?;
    if file.filename.is_none_or(str::is_empty) {
        return refuse(Reason::BadStructure, "file", ("the part has no filename", "该部分没有 filename"));
    }
    if file.body.len() > MAX_BYTES {
        return refuse(Reason::ImageTooLarge, "file", ("at most 2 MiB", "最大 2 MiB"));
    }
    let (content_type, magic) = match filename.to_ascii_lowercase().rsplit_once('.') {
        Some((_, "jpg" | "jpeg")) => ("image/jpeg", JPEG),
        Some((_, "png")) => ("image/png", PNG),
        _ => {
            return refuse(
                Reason::BadValue,
                "/filename",
                ("must end with .jpg, .jpeg or .png", "应以 .jpg、.jpeg 或 .png 结尾"),
            );
        }
    };
    if !file.content_type.eq_ignore_ascii_case(content_type) {
        return refuse(
            Reason::BadValue,
            "file",
            ("Content-Type of the part does not fit the filename", "该部分的 Content-Type 与 filename 不符"),
        );
    }
    if !file.body.starts_with(magic) {
        return refuse(
            Reason::BadValue,
            "file",
            ("is not the kind of picture its name says", "图片格式与文件名不符"),
        );
    }
    let digest = hex(&sha256(file.body));
    if !expected.eq_ignore_ascii_case(&digest) {
        return refuse(
            Reason::BadValue,
            "/sha256",
            ("is not the SHA-256 of the file", "不是该文件的 SHA-256"),
        );
    }
    let member = match call.options.upload_answer {
        UploadAnswer::ImageUrl => "image_url",
        UploadAnswer::MediaUrl => "media_url",
    };
    let name = digest.get(..32).unwrap_or_default();
    Success::new(&json!({ member: format!("https://wxpaylogo.qpic.cn/wxpaylogo/sandbox-{name}/0") }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn refuse<T>(reason: Reason, field: &str, issue: Said) -> Result<T, Refusal> {
    Err(Refusal::about(reason, field, &Value::Null, issue, "body"))
}

impl Call<'_> {
    /// The part of that name, which must be there once.
    fn part(&self, name: &str) -> Result<&Part<'_>, Refusal> {
        let mut parts = self.form.iter().filter(|part| part.name == name);
        match (parts.next(), parts.next()) {
            (Some(part), None) => Ok(part),
            _ => refuse(Reason::BadStructure, name, ("part must be there once", "该部分应恰好出现一次")),
        }
    }
}
