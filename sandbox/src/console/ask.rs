//! How the console asks the API for what another till would ask for.

use serde_json::Value;

use crate::http::request::Request;
use crate::mode::Mode;
use crate::operation::{Operation, Route};
use crate::operations::{self, Call, Execution};
use crate::protocol::Api;
use crate::text::Text;

/// Executes an operation of the API, past its protocol; what it answers, or why it refuses.
pub(super) fn ask(
    api: &Api,
    operation: Operation,
    params: Vec<(&'static str, String)>,
    body: &Value,
) -> Result<Value, Text> {
    let request = Request { method: "POST".to_owned(), ..Request::default() };
    let call = Call {
        state: &api.state,
        route: &Route { operation, params },
        query: &[],
        body,
        execution: Execution::Commit,
        mode: Mode::Partner,
        request: &request,
        form: &[],
        keys: &api.keys.0,
        signing_keys: &api.signing_keys,
        webhooks: &api.webhooks,
        options: &api.options,
        encryption: None,
    };
    match operations::execute(&call) {
        Ok(success) => Ok(serde_json::from_slice(&success.body).unwrap_or_default()),
        Err(refusal) => {
            let row = refusal.reason.row();
            let issue = refusal.detail.as_ref().and_then(|detail| detail.get("issue")?.as_str());
            let field = refusal.detail.as_ref().and_then(|detail| detail.get("field")?.as_str());
            let parts = |colon| {
                [Some(row.message), field, issue].into_iter().flatten().collect::<Vec<_>>().join(colon)
            };
            let (mut english, mut chinese) = (parts(": "), parts("："));
            if row.sub_code != 0 {
                english = format!("{english} ({})", row.sub_code);
                chinese = format!("{chinese}（{}）", row.sub_code);
            }
            Err(Text::new(english, chinese))
        }
    }
}
