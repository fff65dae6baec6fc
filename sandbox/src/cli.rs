//! The command line.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt};
use wxcoupon_sandbox::{Fault, Options, Rates, SignWith, TlsKind, UploadAnswer};

const HELP: &str = "\
WeChat Pay on this machine: a stand-in for the product-coupon API.

Usage: wxcoupon-sandbox [OPTIONS]

  --dir DIR            Folder for keys, config.json and sandbox.json; keys found
                       there are used again [default: a temporary folder]
  --listen ADDRESS     Address to listen on, e.g. 0.0.0.0 for the shop's network.
                       Beyond this machine the admin interface and the console
                       speak TLS and ask for a token [default: 127.0.0.1]
  --name NAME          Name or address that tills reach it under, for certificates
                       and URLs; may be repeated, the first one stands in URLs
  --token TOKEN        What opens the admin interface and the console; 16 letters
                       and digits or more. Better kept in the environment
                       variable WXCOUPON_SANDBOX_TOKEN [default: none on this
                       machine, beyond it a new one, printed once]
  --port N             Port of the first host [default: any]
  --port2 N            Port of the second host [default: any]
  --control-port N     Port of the admin interface [default: any]
  --listener KIND      One more listener: good, wrong_ca, wrong_name, expired,
                       long_expired, not_yet_valid or plain_http; may be
                       repeated
  --rate N             Requests per second before 429; 0 = no limit [default: 500]
  --fault SPEC         Inject a fault, e.g. process_then_reset,on=use,times=1;
                       may be repeated (the README lists them all)
  --rates documented   The documented limits of each operation, in place of --rate
  --sign-with KEY      auto, public-key, certificate, mixed or mixed:PERCENT (the
                       share signed by the platform certificate) [default: auto]
  --public-key-only    The merchant has no platform certificates
  --unsigned-errors    Do not sign answers of 400 and above
  --notify-url URL     Where notifications go until set_notify_config is called
  --notify-interval MS Milliseconds between attempts to deliver [default: 60000]
  --upload-answer NAME Member upload_image answers in: image_url or media_url
                       [default: image_url]
  --keep-alive N       Seconds that a connection may stay idle [default: 8]
  --log-capacity N     Requests remembered for GET /requests [default: 10000]
  --state FILE         Keep coupons, stocks, numbers and ledger in this file
                       across restarts
  --journal FILE       A till's journal, read for the console: what the till was
                       told beside what happened; config.json names it
                       [default: till.journal in DIR]
  --scenario FILE      Coupons, faults and clock from a file of the console
  --open               Show the console in the browser
  --exit-with-stdin    End when standard input ends
  --quiet              No line per request on standard error
  --help               This text
  --version            The version

When ready it prints one line:
  READY https://127.0.0.1:P1 https://127.0.0.1:P2 control=http://127.0.0.1:PC
        console=http://127.0.0.1:PC/ config=/path/config.json
This is a simulator: no real money, no real customers.";

/// Where the token can stand instead: other users see command lines.
const TOKEN_VARIABLE: &str = "WXCOUPON_SANDBOX_TOKEN";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Run(Box<Arguments>),
    Say(String),
}

/// How to run.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) options: Options,
    pub(crate) faults: Vec<Fault>,
    pub(crate) scenario: Option<PathBuf>,
    pub(crate) open: bool,
    pub(crate) exit_with_stdin: bool,
}

/// Reads the command line, program name first.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    parse_all(lexopt::Parser::from_iter(arguments)).map_err(|e| e.to_string())
}

fn parse_all(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options { rate: 500, quiet: false, names_journal: true, ..Options::default() };
    options.token = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
    let mut faults = Vec::new();
    let mut scenario = None;
    let (mut open, mut exit_with_stdin) = (false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("dir") => options.dir = Some(parser.value()?.into()),
            Long("listen") => options.listen = parser.value()?.parse_with(address)?,
            Long("name") => options.names.push(parser.value()?.string()?),
            Long("token") => options.token = Some(parser.value()?.string()?),
            Long("open") => open = true,
            Long("port") => options.ports = [number(&mut parser)?, options.ports[1]],
            Long("port2") => options.ports = [options.ports[0], number(&mut parser)?],
            Long("control-port") => options.control_port = number(&mut parser)?,
            Long("state") => options.state = Some(parser.value()?.into()),
            Long("journal") => options.journal = Some(parser.value()?.into()),
            Long("scenario") => scenario = Some(parser.value()?.into()),
            Long("rate") => options.rate = number(&mut parser)?,
            Long("keep-alive") => {
                let seconds: u64 = number(&mut parser)?;
                options.keep_alive = Duration::from_secs(seconds.max(1));
            }
            Long("log-capacity") => options.log_capacity = number(&mut parser)?,
            Long("listener") => options.extra.push(parser.value()?.parse_with(tls_kind)?),
            Long("sign-with") => options.sign_with = parser.value()?.parse_with(SignWith::from_str)?,
            Long("rates") => options.rates = parser.value()?.parse_with(rates)?,
            Long("public-key-only") => options.public_key_only = true,
            Long("notify-url") => options.notify_url = Some(parser.value()?.string()?),
            Long("notify-interval") => {
                options.notify_interval = Duration::from_millis(number(&mut parser)?);
            }
            Long("upload-answer") => options.upload_answer = parser.value()?.parse_with(upload_answer)?,
            Long("fault") => faults.push(parser.value()?.parse_with(Fault::from_spec)?),
            Long("unsigned-errors") => options.unsigned_errors = true,
            Long("exit-with-stdin") => exit_with_stdin = true,
            Long("quiet") => options.quiet = true,
            Long("help") | Short('h') => return Ok(Command::Say(HELP.to_owned())),
            Long("version") | Short('V') => {
                return Ok(Command::Say(format!("wxcoupon-sandbox {}", env!("CARGO_PKG_VERSION"))));
            }
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Command::Run(Box::new(Arguments { options, faults, scenario, open, exit_with_stdin })))
}

fn number<T>(parser: &mut lexopt::Parser) -> Result<T, lexopt::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    parser.value()?.parse()
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| {
        "must be an address of this machine: 0.0.0.0 for all of them, or one of its own, e.g. 192.168.1.10".to_owned()
    })
}

fn tls_kind(text: &str) -> Result<TlsKind, String> {
    TlsKind::ALL.into_iter().find(|kind| kind.to_string() == text).ok_or_else(|| {
        "must be good, wrong_ca, wrong_name, expired, long_expired, not_yet_valid or plain_http".to_owned()
    })
}

fn rates(text: &str) -> Result<Rates, &'static str> {
    match text {
        "documented" => Ok(Rates::Documented),
        "flat" => Ok(Rates::Flat),
        _ => Err("must be documented or flat"),
    }
}

fn upload_answer(text: &str) -> Result<UploadAnswer, &'static str> {
    match text {
        "image_url" => Ok(UploadAnswer::ImageUrl),
        "media_url" => Ok(UploadAnswer::MediaUrl),
        _ => Err("must be image_url or media_url"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn parse_words(words: &str) -> Result<Command, String> {
        let words = std::iter::once("wxcoupon-sandbox").chain(words.split_whitespace());
        parse(words.map(OsString::from))
    }

    #[test]
    fn reads_options() {
        let words = "--dir d --port 1 --port2 2 --control-port 3 --rate 0 --quiet --exit-with-stdin \
                     --listener wrong_ca --sign-with certificate --fault hang,times=1 --state s.json --unsigned-errors";
        let Command::Run(arguments) = parse_words(words).unwrap() else {
            panic!("expected to run");
        };
        assert_eq!(arguments.options.ports, [1, 2]);
        assert_eq!(arguments.options.control_port, 3);
        assert_eq!(arguments.options.rate, 0);
        assert_eq!(arguments.options.state.as_deref(), Some(std::path::Path::new("s.json")));
        assert_eq!(arguments.options.extra, [TlsKind::WrongCa]);
        assert_eq!(arguments.options.sign_with, SignWith::Certificate);
        assert!(arguments.options.quiet && arguments.options.unsigned_errors && arguments.exit_with_stdin);
        assert_eq!(arguments.faults.len(), 1);
        let words = "--listen 0.0.0.0 --name pos.shop.example --name 192.168.1.10 --token 0123456789abcdef --open \
                     --journal j.db --scenario s.json";
        let Command::Run(arguments) = parse_words(words).unwrap() else {
            panic!("expected to run");
        };
        assert_eq!(arguments.options.listen.to_string(), "0.0.0.0");
        assert_eq!(arguments.options.names, ["pos.shop.example", "192.168.1.10"]);
        assert_eq!(arguments.options.token.as_deref(), Some("0123456789abcdef"));
        assert_eq!(arguments.options.journal.as_deref(), Some(std::path::Path::new("j.db")));
        assert!(arguments.open && arguments.scenario.is_some() && arguments.options.names_journal);
        let words = "--rates documented --keep-alive 20 --sign-with mixed:10 --public-key-only --notify-interval 20 \
                     --notify-url http://127.0.0.1:1/n --upload-answer media_url";
        let Command::Run(arguments) = parse_words(words).unwrap() else {
            panic!("expected to run");
        };
        let options = arguments.options;
        assert_eq!(options.rates, Rates::Documented);
        assert_eq!(options.sign_with, SignWith::Mixed { certificate_percent: 10 });
        assert_eq!(options.notify_url.as_deref(), Some("http://127.0.0.1:1/n"));
        assert_eq!(options.notify_interval, Duration::from_millis(20));
        assert_eq!(options.keep_alive, Duration::from_secs(20));
        assert_eq!(options.upload_answer, UploadAnswer::MediaUrl);
        assert!(options.public_key_only);
    }

    #[test]
    fn limits_the_rate_by_default() {
        let Command::Run(arguments) = parse_words("").unwrap() else {
            panic!("expected to run");
        };
        assert_eq!(arguments.options.rate, 500);
        assert!(!arguments.options.quiet);
    }

    #[test]
    fn refuses_nonsense() {
        for words in [
            "--port",
            "--port x",
            "--port 70000",
            "--colour",
            "stray",
            "--fault fly",
            "--listener x",
            "--listen everywhere",
            "--rates x",
            "--sign-with mixed:101",
            "--upload-answer x",
        ] {
            assert!(parse_words(words).is_err(), "{words}");
        }
    }
}
