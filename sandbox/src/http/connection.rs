//! One connection: requests in, responses out.

use std::time::Duration;

use super::reader::{End, Reader};
use super::response::After;
use super::service::{Reaction, Service};
use super::stream::Stream;
use crate::sync::Flag;

/// Serves requests until one side ends the connection. `keep_alive`: how long it may stay idle.
pub(super) fn serve(
    service: &dyn Service,
    listener: usize,
    mut stream: Stream,
    keep_alive: Duration,
    stop: &Flag,
) {
    let mut reader = Reader::new(keep_alive);
    while !stop.is_raised() {
        let request = match reader.next(&mut stream) {
            Ok(request) => request,
            Err(End::Quiet) => return stream.close(),
            Err(End::Broken) => return,
            Err(End::Bad(issue)) => {
                let _ = service.reject(issue).send(&mut stream, stop, reader.idle);
                return stream.close();
            }
        };
        match service.handle(listener, &request) {
            Reaction::Reset => return stream.tcp().close_with_reset(),
            Reaction::Hang => return stream.tcp().clone().swallow(None),
            Reaction::Respond { mut response, delay } => {
                if stop.sleep(delay) {
                    return;
                }
                if !request.keep_alive && response.after == After::KeepAlive {
                    response.after = After::Close;
                }
                match response.send(&mut stream, stop, reader.idle) {
                    Ok(true) => {}
                    Ok(false) if response.after == After::Close => return stream.close(),
                    Ok(false) | Err(_) => return,
                }
            }
        }
    }
}
