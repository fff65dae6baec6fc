//! Listeners and connections: how many, how slow, and how they end.

use crate::http::{self, Shared};
use crate::hub::Hub;
use crate::log;
use crate::metrics::Counted;
use crate::mistake::{Mistake, of_system};
use crate::tls::Tls;
use crate::{admin, merchant_rate, orphans};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use std::collections::HashMap;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio_rustls::TlsAcceptor;

/// Connections from one address at most; a machine with a proxy is this one.
const FROM_ONE_ADDRESS: usize = 512;
/// What is kept in memory is written down this often.
const NOTED_EVERY: Duration = Duration::from_secs(5);

/// Serves until the process is asked to stop.
pub fn run(hub: Hub, tls: Option<Tls>) -> Result<(), Mistake> {
    let calls = hub.config.limits.calls;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(calls + 64)
        .thread_name("hub")
        .build()
        .map_err(|error| {
            Mistake::new(format!("the hub has no threads: {error}"), format!("无法启动线程：{error}"))
        })?;
    runtime.block_on(serve(Arc::new(hub), tls.map(Arc::new)))
}

/// Where the hub is reached, as it says when it is ready.
async fn bind(member: &str, address: SocketAddr) -> Result<TcpListener, Mistake> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| {
        let chinese = format!("{member}：无法监听 {address}：{}", of_system(&error));
        Mistake::new(format!("{member}: {address}: {error}"), chinese)
    })
}

async fn serve(hub: Arc<Hub>, tls: Option<Arc<Tls>>) -> Result<(), Mistake> {
    let shared = Shared::new(Arc::clone(&hub));
    let router = http::router(shared.clone()).merge(crate::notify::router(shared.clone()));
    let (stop, stopped) = watch::channel(());
    let door = Arc::new(Door::new(Arc::clone(&hub)));
    let mut listeners = JoinSet::new();
    let mut told = serde_json::Map::new();
    // Everything is bound before anything is served.
    let mut bound = Vec::new();
    if let (Some(address), Some(tls)) = (hub.config.tills.listen, &tls) {
        bound.push(("tills", bind("tills.listen", address).await?, Some(Arc::clone(tls)), router.clone()));
    }
    if let Some(address) = hub.config.tills.plain_listen {
        bound.push(("tills_plain", bind("tills.plain_listen", address).await?, None, router.clone()));
    }
    if let Some(settings) = &hub.config.admin {
        let router = admin::router(shared.clone(), tls.clone())?;
        bound.push(("admin", bind("admin.listen", settings.listen).await?, None, router));
    }
    for (name, listener, tls, router) in bound {
        let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
        told.insert(name.into(), address.into());
        listeners.spawn(Arc::clone(&door).listen(listener, tls, router, stopped.clone()));
    }
    let housekeeping = tokio::spawn(housekeeping(Arc::clone(&hub), tls.clone(), stopped.clone()));
    let orphans = tokio::spawn(orphans::watch(shared.clone(), stopped.clone()));
    // Calls that still run at a stop need their pace, too.
    let (end, ended) = watch::channel(());
    let rate = tokio::spawn(merchant_rate::keep(Arc::clone(&hub), ended));
    ready(&told);

    let asked = |kind| {
        signal(kind)
            .map_err(|error| Mistake::new(format!("signals: {error}"), format!("无法接收信号：{error}")))
    };
    let (mut terminate, mut interrupt) = (asked(SignalKind::terminate())?, asked(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    log::line(wxcoupon::log::INFO, "stopping", json!({}));
    shared.stopping.store(true, Ordering::Relaxed);
    drop(stop);
    while listeners.join_next().await.is_some() {}
    let _ = orphans.await;
    let _ = housekeeping.await;
    // A call whose till has hung up goes on without a connection.
    let calls = u32::try_from(hub.config.limits.calls).unwrap_or(u32::MAX);
    let _ = shared.turns.acquire_many(calls).await;
    drop(end);
    let _ = rate.await;
    let close = move || {
        hub.leave_rate();
        hub.store.close();
    };
    let _ = spawn_blocking(close).await;
    log::line(wxcoupon::log::INFO, "stopped", json!({}));
    Ok(())
}

/// Says where the hub is, for programs that start it; and to systemd that it is ready.
fn ready(listeners: &serde_json::Map<String, serde_json::Value>) {
    log::line(wxcoupon::log::INFO, "ready", listeners.clone().into());
    let words: Vec<String> =
        listeners.iter().map(|(name, at)| format!("{name}={}", at.as_str().unwrap_or_default())).collect();
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "READY {}", words.join(" ")).and_then(|()| output.flush());
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET") {
        let sent = std::os::unix::net::UnixDatagram::unbound()
            .and_then(|datagram| datagram.send_to(b"READY=1", std::path::Path::new(&socket)));
        if let Err(error) = sent {
            log::warn("systemd", &error.to_string());
        }
    }
}

/// Writes down when tills came, forgets what is old, and looks at the certificate.
async fn housekeeping(hub: Arc<Hub>, tls: Option<Arc<Tls>>, mut stopped: watch::Receiver<()>) {
    let mut round = 0_u64;
    loop {
        let is_over = tokio::time::timeout(NOTED_EVERY, stopped.changed()).await.is_ok();
        let (hub, tls) = (Arc::clone(&hub), tls.clone());
        round += 1;
        let done = spawn_blocking(move || {
            hub.note_seen();
            if round.is_multiple_of(2)
                && let Some(tls) = tls
            {
                tls.look_again();
            }
            if round % 60 == 1 {
                hub.forget_old();
            }
        });
        let _ = done.await;
        if is_over {
            return;
        }
    }
}

/// Days that events and notifications are kept.
const KEPT_DAYS: i64 = 30;

impl Hub {
    /// Writes down which tills came.
    pub fn note_seen(&self) {
        let seen = self.seen.take();
        if seen.is_empty() {
            return;
        }
        let noted = self.store.write(move |sql| crate::store::tills::note_seen(sql, &seen));
        if let Err(failed) = noted {
            log::warn("store", failed.why());
        }
    }

    fn forget_old(&self) {
        let age_ms = KEPT_DAYS * 24 * 60 * 60 * 1000;
        let forgotten = self.store.write(move |sql| {
            crate::store::numbers::forget_old(sql)?;
            crate::store::events::forget_older(sql, age_ms)
        });
        if let Err(failed) = forgotten {
            log::warn("store", failed.why());
        }
    }
}

/// Lets connections in.
struct Door {
    hub: Arc<Hub>,
    room: Arc<Semaphore>,
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place under its address.
struct FromAddress {
    door: Arc<Door>,
    address: IpAddr,
}

impl Drop for FromAddress {
    fn drop(&mut self) {
        let mut all = self.door.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.address);
            }
        }
    }
}

impl Door {
    fn new(hub: Arc<Hub>) -> Door {
        let room = Arc::new(Semaphore::new(hub.config.limits.connections));
        Door { hub, room, addresses: Mutex::default() }
    }

    fn place(self: &Arc<Self>, address: IpAddr) -> Option<FromAddress> {
        let mut all = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(address).or_default();
        if *count >= FROM_ONE_ADDRESS && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(FromAddress { door: Arc::clone(self), address })
    }

    async fn listen(
        self: Arc<Self>,
        listener: TcpListener,
        tls: Option<Arc<Tls>>,
        router: Router,
        mut stopped: watch::Receiver<()>,
    ) {
        let graceful = Arc::new(GracefulShutdown::new());
        let mut connections = JoinSet::new();
        loop {
            // Who finds no room waits before the door, in the system's queue.
            let accepted = async {
                let room = Arc::clone(&self.room).acquire_owned().await;
                (room, listener.accept().await)
            };
            let (room, accepted) = tokio::select! {
                accepted = accepted => accepted,
                _ = stopped.changed() => break,
            };
            while connections.try_join_next().is_some() {}
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many open files, as a rule.
                    log::warn("accept", &error.to_string());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(place) = self.place(from.ip()) else { continue };
            let (door, router) = (Arc::clone(&self), router.clone());
            let (tls, watcher) = (tls.as_ref().map(|tls| tls.config()), graceful.watcher());
            connections.spawn(async move {
                let _kept = (room, place);
                let _counted = Counted::one(&door.hub.metrics.connections);
                let _ = stream.set_nodelay(true);
                match tls {
                    None => talk(&door, stream, from, router, watcher).await,
                    Some(config) => {
                        let handshake = TlsAcceptor::from(config).accept(stream);
                        let limit = door.hub.config.limits.slow_client();
                        if let Ok(Ok(stream)) = tokio::time::timeout(limit, handshake).await {
                            talk(&door, stream, from, router, watcher).await;
                        }
                    }
                }
            });
        }
        drop(listener);
        if let Some(graceful) = Arc::into_inner(graceful) {
            // Idle connections close now, others once their answer is out.
            graceful.shutdown().await;
        }
        while connections.join_next().await.is_some() {}
    }
}

async fn talk<S>(
    door: &Door,
    stream: S,
    from: SocketAddr,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let router = router.layer(axum::Extension(http::From(from.ip().to_string())));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(door.hub.config.limits.idle_ms))
        .max_buf_size(32 * 1024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A till that hangs up in the middle is no news.
    let _ = watcher.watch(connection).await;
}
