//! Who may come in: only under our own names, no web page but our own, and where there is a token nobody without it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION,
    ORIGIN, REFERRER_POLICY, SET_COOKIE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Answer;
use super::query::pairs;
use super::sessions::Sessions;
use super::token::Token;
use crate::identities::SIMULATOR;
use crate::text::Text;

/// Where a browser brings the token.
pub(super) const SESSION: &str = "/session";
/// For whoever only wants to know that it runs.
const HEALTH: &str = "/health";
/// What needs no token: beside that, the looks of the page that asks for it.
const OPEN: [&str; 5] = [HEALTH, SESSION, "/console/base.css", "/console/sign_in.css", "/console/icon.svg"];
const SIGN_IN: &str = include_str!("sign_in.html");
/// Where it says what was wrong, and what it says.
const PROBLEM: &str = "<!-- problem -->";
const WRONG_TOKEN: &str = r#"<p class="problem" role="alert">令牌不对，请重新输入。 <span lang="en">This is not the token.</span></p>"#;
/// Everything comes from here, and nobody puts it into a frame.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What every answer bears, unless it says something else itself.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-simulator"), SIMULATOR),
];

pub(super) struct Guard {
    /// What the header `Host` may name.
    pub(super) names: Vec<String>,
    pub(super) is_tls: bool,
    pub(super) port: u16,
    pub(super) token: Option<Token>,
    pub(super) sessions: Arc<Sessions>,
}

/// The outermost layer.
pub(super) async fn admit(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.refusal(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A browser that shows what it gets.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    text(headers, ACCEPT).contains("text/html")
}

impl Guard {
    /// The answer to a request that may not come in, or that brings the token.
    fn refusal(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        if let Err(message) = self.check_host(headers).and_then(|()| self.check_site(request)) {
            return Some(Answer::error(StatusCode::FORBIDDEN, message).into_response());
        }
        let token = self.token.as_ref()?;
        let path = request.uri().path();
        let query = pairs(request.uri().query().unwrap_or_default());
        let brought = |wanted: &str| query.iter().find(|(name, _)| name == wanted).filter(|_| path == "/");
        if brought("token").is_some_and(|(_, brought)| token.is(brought))
            || brought("code").is_some_and(|(_, code)| self.sessions.redeem(code))
        {
            return Some(self.signed_in());
        }
        if OPEN.contains(&path) || self.is_signed_in(token, headers) {
            return None;
        }
        Some(refuse_stranger(headers, ""))
    }

    /// Somebody else's name may point to this machine: a page from there would be of the same origin as we are.
    fn check_host(&self, headers: &HeaderMap) -> Result<(), Text> {
        let host = text(headers, HOST);
        let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => host.split_once(':').map_or(host, |(name, _)| name),
        };
        if self.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        let known = self.names.join(", ");
        Err(Text::new(
            format!("Host: `{name}` is not a name of this sandbox ({known}); --name gives it another one"),
            format!("Host：{name} 不是这个沙箱的名称（{known}）；可用 --name 添加"),
        ))
    }

    /// A web page of somebody else must not steer the sandbox of the person who looks at it.
    fn check_site(&self, request: &Request) -> Result<(), Text> {
        let headers = request.headers();
        let scheme = if self.is_tls { "https" } else { "http" };
        let own = format!("{scheme}://{}", text(headers, HOST));
        for origin in headers.get_all(ORIGIN) {
            let origin = origin.to_str().unwrap_or_default();
            if !origin.eq_ignore_ascii_case(&own) {
                return Err(Text::new(
                    format!("Origin: `{origin}` is not this sandbox's own page ({own})"),
                    format!("Origin：{origin} 不是这个沙箱自己的页面（{own}）"),
                ));
            }
        }
        // Browsers do not name the origin with every request, but they say whether it is another one.
        let fetch = |name: &'static str| text(headers, HeaderName::from_static(name));
        let is_link = request.method() == Method::GET && fetch("sec-fetch-mode") == "navigate";
        match fetch("sec-fetch-site") {
            "" | "none" | "same-origin" => Ok(()),
            _ if is_link => Ok(()),
            other => Err(Text::new(
                format!("Sec-Fetch-Site: `{other}`: only this sandbox's own page may ask"),
                format!("Sec-Fetch-Site：{other}：只有这个沙箱自己的页面可以访问"),
            )),
        }
    }

    fn is_signed_in(&self, token: &Token, headers: &HeaderMap) -> bool {
        let bearer = text(headers, AUTHORIZATION).split_once(' ');
        if bearer.is_some_and(|(scheme, sent)| scheme.eq_ignore_ascii_case("bearer") && token.is(sent.trim()))
        {
            return true;
        }
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie_name() && self.sessions.knows(value))
    }

    /// Cookies do not tell ports apart; two sandboxes on one machine must.
    fn cookie_name(&self) -> String {
        format!("wxcoupon_sandbox_{}", self.port)
    }

    /// Opens a session for the browser, and takes the token out of the address.
    fn signed_in(&self) -> Response {
        let session = match self.sessions.open() {
            Ok(session) => session,
            Err(error) => return Answer::error(StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
        };
        let secure = if self.is_tls { "; Secure" } else { "" };
        let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Strict{secure}", self.cookie_name());
        (StatusCode::SEE_OTHER, [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)]).into_response()
    }
}

/// The form of the page for those who have no cookie yet.
pub(super) async fn sign_in(State(guard): State<Arc<Guard>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(token) = &guard.token else {
        return (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response();
    };
    let form = pairs(&String::from_utf8_lossy(&body));
    match form.iter().find(|(name, _)| name == "token") {
        Some((_, brought)) if token.is(brought.trim()) => guard.signed_in(),
        _ => refuse_stranger(&headers, WRONG_TOKEN),
    }
}

fn refuse_stranger(headers: &HeaderMap, problem: &str) -> Response {
    let challenge = (WWW_AUTHENTICATE, "Bearer realm=\"wxcoupon-sandbox\"");
    if wants_page(headers) {
        // With `no-referrer` the form's own request would come from nowhere.
        let page = [(CONTENT_TYPE, "text/html; charset=utf-8"), (REFERRER_POLICY, "same-origin"), challenge];
        return (StatusCode::UNAUTHORIZED, page, SIGN_IN.replace(PROBLEM, problem)).into_response();
    }
    let message = "the token is missing or wrong; send `Authorization: Bearer TOKEN`, with the token of the \
                   line READY or of --token";
    let chinese = "令牌缺失或错误；请发送 Authorization: Bearer TOKEN，TOKEN 见 READY 一行或 --token";
    let answer = Answer::error(StatusCode::UNAUTHORIZED, Text::new(message, chinese));
    (StatusCode::UNAUTHORIZED, [challenge], answer).into_response()
}
