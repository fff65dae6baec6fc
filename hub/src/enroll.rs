//! A one-time code becomes a till's key. The key itself never travels: both sides make it of the code, a nonce of the till's and
//! a salt of the hub's. So whoever listens, or stands between without knowing the code, gets nothing of it.

use crate::answer::{Answer, Refusal};
use crate::door::{Request, Turned, head};
use crate::hub::Hub;
use crate::mac::{self, Asked};
use crate::secret::{Key, digest, hex};
use crate::store;
use crate::store::tills::{self, Code};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use std::path::Path;
use wxcoupon::report::Report;

/// Where codes are traded.
pub const PATH: &str = "/v1/enroll";

/// The fingerprint of a certificate: SHA-256 over its DER.
pub fn fingerprint(path: &Path) -> Option<String> {
    CertificateDer::from_pem_file(path).ok().map(|certificate| hex(&digest(&certificate)))
}

/// Trades a code. The answer is proven with the code's key, once that has proven itself.
pub fn trade(hub: &Hub, request: &Request) -> (Answer, Option<(Key, String)>) {
    let head = match head(request) {
        Ok(head) => head,
        Err(Turned { answer, .. }) => return (answer, None),
    };
    let wrong = || {
        Answer::refused(Refusal::WrongCode, format!("till {:?} has no such code, or not any more", head.till))
    };
    let master = match hub.master() {
        Ok(master) => master,
        Err(failed) => return (Answer::store(&failed), None),
    };
    let code = hub.store.read(|sql| Ok((store::now_ms(sql)?, tills::code(sql, &master, head.till)?)));
    let code = match code {
        Ok((now_ms, code)) => {
            hub.clock.set(now_ms);
            match code {
                Some(code) => code,
                None => return (wrong(), None),
            }
        }
        Err(failed) => return (Answer::store(&failed), None),
    };
    let asked = Asked {
        method: &request.method,
        target: &request.target,
        till: head.till,
        // The till does not know the generation yet. A clock that is wrong is no reason to refuse: it learns the time here.
        generation: 0,
        time_s: head.time_s,
        nonce: head.nonce,
        body: &request.body,
    };
    if !mac::is_right(&code.key, &asked.text(), head.mac) {
        return (wrong(), None);
    }
    let proof = (code.key.clone(), head.nonce.to_owned());
    let (till, nonce) = (head.till.to_owned(), head.nonce.to_owned());
    let traded = hub.store.write(move |sql| {
        let again = Code { generation: code.generation, key: code.key };
        tills::trade(sql, &master, &till, &again, &nonce)
    });
    let answer = match traded {
        Ok(Some(traded)) => {
            let ca_sha256 = hub.config.tills.ca.as_deref().and_then(fingerprint);
            Answer::told(Report::local(&json!({
                "till_id": head.till,
                "generation": traded.generation,
                "salt": traded.salt,
                "ca_sha256": ca_sha256,
                "url": hub.config.tills.url,
            })))
        }
        Ok(None) => Answer::refused(Refusal::WrongCode, "this code was traded before"),
        Err(failed) => Answer::store(&failed),
    };
    (answer, Some(proof))
}
