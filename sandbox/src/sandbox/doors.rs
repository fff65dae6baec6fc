//! What a sandbox opens to others: the hosts of the API, and the way in to the admin interface.

use std::sync::Arc;

use crate::admin::Entrance;
use crate::admin::token::Token;
use crate::clock::Clock;
use crate::error::Result;
use crate::http::listener::RunningListener;
use crate::http::place::Place;
use crate::http::service::Service;
use crate::http::tls::{self, TlsKind};
use crate::protocol::Api;

/// The listeners of the API.
pub(super) struct Hosts {
    /// The two hosts, then the extra listeners.
    pub(super) listeners: Vec<RunningListener>,
    pub(super) urls: [String; 2],
    pub(super) extra: Vec<(TlsKind, String)>,
}

impl Hosts {
    pub(super) fn open(api: &Arc<Api>, place: &Place) -> Result<Self> {
        let options = &api.options;
        let kinds: Vec<TlsKind> =
            [TlsKind::Good; 2].into_iter().chain(options.extra.iter().copied()).collect();
        let now = Clock::default().now();
        let (mut listeners, mut urls) = (Vec::new(), Vec::new());
        for (index, kind) in kinds.iter().enumerate() {
            let acceptor = tls::acceptor(*kind, &api.keys.0.tls_authority, place.names(), now)?;
            let scheme = if acceptor.is_some() { "https" } else { "http" };
            let socket = place.socket(options.ports.get(index).copied().unwrap_or(0));
            let service = Arc::clone(api) as Arc<dyn Service>;
            let keep_alive = options.keep_alive;
            let running =
                RunningListener::start(index, socket, acceptor, service, keep_alive, &api.lifecycle)?;
            urls.push(place.url(scheme, running.listener.address().port()));
            listeners.push(running);
        }
        let mut rest = urls.into_iter();
        let urls = [rest.next().unwrap_or_default(), rest.next().unwrap_or_default()];
        Ok(Self { listeners, urls, extra: kinds.into_iter().skip(2).zip(rest).collect() })
    }
}

/// The way in to the admin interface: beyond this machine with TLS, and with a token that is made up unless one is given.
pub(super) fn entrance(api: &Api, place: &Place) -> Result<Entrance> {
    let token = match &api.options.token {
        Some(given) => Some(Token::new(given)?),
        None if place.is_this_machine() => None,
        None => Some(Token::random()?),
    };
    let tls = if place.is_this_machine() {
        None
    } else {
        tls::acceptor(TlsKind::Good, &api.keys.0.tls_authority, place.names(), Clock::default().now())?
    };
    Ok(Entrance { place: place.clone(), tls, token, sessions: Arc::default() })
}
