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
    /// Parts whose values stand without quotes.
    pub unquoted: Vec<&'static str>,
    /// Parts that are there twice. The first one counts.
    pub doubled: Vec<&'static str>,
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
        let mut seen = Vec::new();
        for part in parts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| "a part of it has no =".to_owned())?;
            let (name, place) = match name.trim() {
                "mchid" => ("mchid", &mut read.id),
                "brand_id" => ("brand_id", &mut read.id),
                "serial_no" => ("serial_no", &mut read.serial),
                "timestamp" => ("timestamp", &mut read.timestamp),
                "nonce_str" => ("nonce_str", &mut read.nonce),
                "signature" => ("signature", &mut read.signature),
                // A name may hold anything that was pasted, so it is not repeated.
                _ => return Err("it has a part that WeChat Pay does not know".into()),
            };
            if seen.contains(&name) {
                read.doubled.push(name);
                continue;
            }
            seen.push(name);
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            if quoted.is_none() {
                read.unquoted.push(name);
            }
            quoted.unwrap_or_else(|| value.trim_matches('"')).clone_into(place);
        }
        Ok(read)
    }

    /// Its time in seconds, if it was written in milliseconds too.
    pub fn seconds(&self) -> String {
        self.milliseconds()
            .map_or_else(|| self.timestamp.clone(), |milliseconds| (milliseconds / 1000).to_string())
    }

    /// Its time, if it was written in milliseconds.
    pub fn milliseconds(&self) -> Option<i64> {
        self.timestamp.parse::<i64>().ok().filter(|number| *number > 100_000_000_000)
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
        let odd = Header::read("X mchid=19,mchid=\"20\",nonce_str=\"N\"").unwrap();
        assert_eq!((odd.id.as_str(), odd.doubled, odd.unquoted), ("19", vec!["mchid"], vec!["mchid"]));
        for wrong in ["", "one", "X a", "X secret=\"1\""] {
            assert!(Header::read(wrong).is_err(), "{wrong}");
        }
    }
}
