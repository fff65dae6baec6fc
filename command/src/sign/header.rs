//! An `Authorization` header as another program made it.

/// Its parts. What is missing is empty.
#[derive(Debug, Default, Clone)]
pub struct Header {
    pub scheme: String,
    /// `mchid` or `brand_id`, whichever is there.
    pub id: String,
    pub serial: String,
    pub timestamp: String,
    pub nonce: String,
    pub signature: String,
}

impl Header {
    /// Reads it, with or without its name in front.
    pub fn read(header: &str) -> Result<Header, String> {
        let header = header.trim();
        let value = match header.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => value.trim(),
            _ => header,
        };
        let (scheme, parts) = value.split_once(' ').ok_or("it has no blank after its first word")?;
        let mut read = Header { scheme: scheme.to_owned(), ..Header::default() };
        for part in parts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| "a part of it has no =".to_owned())?;
            let value = value.trim_matches('"').to_owned();
            match name.trim() {
                "mchid" | "brand_id" => read.id = value,
                "serial_no" => read.serial = value,
                "timestamp" => read.timestamp = value,
                "nonce_str" => read.nonce = value,
                "signature" => read.signature = value,
                // A name may hold anything that was pasted, so it is not repeated.
                _ => return Err("it has a part that WeChat Pay does not know".into()),
            }
        }
        Ok(read)
    }

    /// Its time in seconds, if it was written in milliseconds too.
    pub fn seconds(&self) -> String {
        match self.timestamp.parse::<i64>() {
            Ok(milliseconds) if milliseconds > 100_000_000_000 => (milliseconds / 1000).to_string(),
            _ => self.timestamp.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_in_any_order_and_signatures_may_end_with_signs() {
        let header = "Authorization: WECHATPAY2-SHA256-RSA2048 signature=\"a+b/c==\", nonce_str=\"N\",mchid=\"19\",\
                      timestamp=\"1709745440123\",serial_no=\"AB\"";
        let read = Header::read(header).unwrap();
        assert_eq!((read.scheme.as_str(), read.id.as_str()), ("WECHATPAY2-SHA256-RSA2048", "19"));
        assert_eq!(
            (read.signature.as_str(), read.nonce.as_str(), read.serial.as_str()),
            ("a+b/c==", "N", "AB")
        );
        assert_eq!(read.seconds(), "1709745440");
        for wrong in ["", "one", "X a", "X secret=\"1\""] {
            assert!(Header::read(wrong).is_err(), "{wrong}");
        }
    }
}
