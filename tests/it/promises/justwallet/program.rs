//! Receivers as merchants run them, each a program of its own behind TLS.

use std::{fs, process::Stdio, time::Duration};

use posthaste_testkit::free_port;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines},
    process::{Child, Command},
    time::timeout,
};

use super::SECRET;
use crate::{
    promises::kloutit::tls::{Authority, Front},
    tool,
};

/// How long one may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// What of the documentation cannot stay as it is: two tests would want the same port.
const PORT_3000: &str = "const port = 3000;";

/// A receiver that is written in this language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// The documented one, in as much of Laravel as it needs.
    Php,
    /// The documented one, in Express.
    JavaScript,
    /// Ours. The documented one cannot take anything: it reads `Webhook-Secret`, which is not what
    /// the documentation promises, and compares it with a code over `{}`, for a body of JSON is not
    /// among Sinatra's `params`.
    Ruby,
}

/// A receiver that runs. Dropping it kills it.
pub(super) struct Program {
    front: Front,
    /// Kept open: a program that cannot write there may end.
    _said: Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    _child: Child,
}

impl Language {
    fn command(self) -> (Command, &'static str) {
        let here = tool::root().join("tests/it/promises/justwallet/documented");
        match self {
            Self::Php => {
                let mut command = Command::new(tool::path("PHP", "php"));
                command.args(["-S", "127.0.0.1:0"]).arg(here.join("laravel.php"));
                (command, "(http://127.0.0.1:")
            }
            Self::JavaScript => {
                let documented = fs::read_to_string(here.join("webhook.cjs")).unwrap();
                assert_eq!(documented.matches(PORT_3000).count(), 1);
                let port = format!("const port = {};", free_port());
                let packages = tool::path("POSTHASTE_JAVASCRIPT", "javascript/package.json");
                let mut command = Command::new(tool::path("POSTHASTE_NODE", "node"));
                command.arg("--eval").arg(documented.replace(PORT_3000, &port));
                command.env("NODE_PATH", packages.with_file_name("node_modules"));
                (command, "running on port ")
            }
            Self::Ruby => {
                let mut command = Command::new(tool::path("RUBY", "ruby/bin/ruby"));
                command.arg(tool::root().join("deploy/receivers/ruby/server.rb"));
                // Where it says of each request that it refuses, that it does.
                command.envs([("SCHEME", "justwallet"), ("SECRET", SECRET)]).stderr(Stdio::null());
                (command, "listening on ")
            }
        }
    }
}

impl Program {
    /// Starts it, and TLS before it that this authority vouches for.
    pub(super) async fn start(language: Language, authority: &Authority) -> Self {
        let (mut command, mark) = language.command();
        command.stdin(Stdio::null()).kill_on_drop(true);
        // Where it listens, PHP's own server says on stderr.
        if language == Language::Php {
            command.stderr(Stdio::piped());
        } else {
            command.stdout(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        let said: Box<dyn AsyncRead + Send + Unpin> = match child.stderr.take() {
            Some(stderr) => Box::new(stderr),
            None => Box::new(child.stdout.take().unwrap()),
        };
        let mut said = BufReader::new(said).lines();
        let port = async {
            loop {
                let line = said.next_line().await.unwrap().expect("it ended; stderr says why");
                if let Some((_, rest)) = line.split_once(mark) {
                    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    break digits.parse().unwrap();
                }
            }
        };
        let port = timeout(PATIENCE, port).await.unwrap_or_else(|_| panic!("{language:?}"));
        let front = Front::start(&authority.vouch_for_host(), port).await;
        Self { front, _said: said, _child: child }
    }

    /// Where it takes webhooks.
    pub(super) fn url(&self) -> String {
        format!("{}/webhook", self.front.url())
    }
}
