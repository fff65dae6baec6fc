//! Notifications: any headers and body, and proven ones whose content is anything.

use crate::bench::{Bench, Kind, alone, for_c};
use crate::line::Script;
use crate::said;
use crate::sealed::{seal, signature};
use arbitrary::{Arbitrary, Unstructured};
use serde_json::{Map, Value, json};
use wxcoupon::ffi;

#[derive(Debug, Arbitrary)]
enum Post<'a> {
    /// Nothing of it is made here.
    Any { headers: &'a str, body: &'a [u8] },
    /// Any body, rightly signed.
    Signed { headers: Headers<'a>, body: &'a [u8] },
    /// What was sealed is anything.
    Sealed { headers: Headers<'a>, event: &'a str, associated: &'a str, resource: &'a [u8], extra: Extra<'a> },
}

/// How the headers are handed over.
#[derive(Debug, Arbitrary)]
struct Headers<'a> {
    names: u8,
    as_pairs: bool,
    as_lists: bool,
    off_s: i16,
    other: Option<(&'a str, &'a str)>,
}

/// What stands in the envelope besides.
#[derive(Debug, Arbitrary)]
struct Extra<'a> {
    create_time: &'a str,
    original_type: Option<&'a str>,
    algorithm: Option<&'a str>,
    nonce: Option<&'a str>,
    member: &'a str,
}

impl Headers<'_> {
    fn json(&self, body: &[u8]) -> String {
        let mut pairs: Vec<(String, Value)> = Vec::new();
        for (name, value) in signature(body, i64::from(self.off_s)) {
            let name = match self.names % 4 {
                0 => name.to_owned(),
                1 => name.to_ascii_lowercase(),
                2 => format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_")),
                _ => name.replace('-', "_"),
            };
            pairs.push((name, if self.as_lists { json!([value]) } else { json!(value) }));
        }
        if let Some((name, value)) = self.other {
            pairs.push((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| json!(value))));
        }
        if self.as_pairs {
            Value::from(pairs.into_iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>())
                .to_string()
        } else {
            Value::Object(pairs.into_iter().collect::<Map<_, _>>()).to_string()
        }
    }
}

pub fn run(input: &[u8]) {
    let _turn = alone();
    let Ok(post) = Post::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let (headers, body) = match &post {
        Post::Any { headers, body } => ((*headers).to_owned(), body.to_vec()),
        Post::Signed { headers, body } => (headers.json(body), body.to_vec()),
        Post::Sealed { headers, event, associated, resource, extra } => {
            let mut sealed = seal(resource, associated);
            for (name, value) in [
                ("original_type", extra.original_type),
                ("algorithm", extra.algorithm),
                ("nonce", extra.nonce),
            ] {
                if let Some(value) = value {
                    sealed[name] = json!(value);
                }
            }
            let raw = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            let mut envelope = json!({"id": "EV-1", "event_type": event, "resource": sealed});
            envelope["create_time"] = raw(extra.create_time);
            envelope["summary"] = raw(extra.member);
            let body = envelope.to_string().into_bytes();
            (headers.json(&body), body)
        }
    };
    let Some(headers_text) = for_c(headers.as_bytes()) else { return };
    let bench = Bench::new(Kind::default(), Script::default());
    let length = u32::try_from(body.len()).unwrap();
    // SAFETY: a text that ends with NUL, and as many bytes as are there.
    let status = unsafe {
        let at = body.as_ptr().cast();
        ffi::wxcoupon_notification_open(bench.ctx, headers_text.as_ptr(), at, length, bench.buf)
    };
    let answer = said::answer(&bench, status, &[headers.as_bytes(), &body]);
    let reply = answer["reply"]["status"].as_u64().expect("every answer says what to reply");
    assert_eq!(status == 0, (200..300).contains(&reply), "{answer}");
    assert!(matches!(status / 1000, 0 | 1 | 5), "{answer}");
    if let Ok(given) = serde_json::from_str(&headers) {
        said::names_a_place(&answer, &given);
    }
    if let (0, Post::Any { .. }) = (status, &post) {
        panic!("nobody can make up a signature: {answer}");
    }
    if let (0, Post::Sealed { resource, event, .. }) = (status, &post) {
        let resource = resource.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(resource);
        let opened: Value = serde_json::from_slice(resource).expect("what is no JSON is not told");
        assert_eq!(answer["data"]["resource"], opened, "what was sealed, as it is");
        assert_eq!(answer["data"]["event_type"], *event);
        assert!(!answer["data"]["dedup_key"].as_str().unwrap().is_empty());
    }
    // The same again says the same.
    // SAFETY: as above.
    let again = unsafe {
        let at = body.as_ptr().cast();
        ffi::wxcoupon_notification_open(bench.ctx, headers_text.as_ptr(), at, length, bench.buf)
    };
    assert_eq!(again, status);
}
