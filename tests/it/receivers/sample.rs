//! A sample receiver that runs, on a port of its own.

use std::{
    env, fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command},
    time::timeout,
};

use crate::tool;

/// How long a receiver may take to start, or to note what it took.
const PATIENCE: Duration = Duration::from_secs(60);

/// The folders of the receivers, in the order of their names.
pub(super) const LANGUAGES: [&str; 6] = ["go", "node", "php", "python", "ruby", "rust"];

pub(super) fn folder() -> PathBuf {
    tool::root().join("deploy/receivers")
}

/// How the receiver of a language is run.
pub(super) struct Language {
    pub(super) name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    /// A scheme that this machine has no library for.
    pub(super) lacks: Option<&'static str>,
    /// Holds what had to be built.
    _built: Option<TempDir>,
}

impl Language {
    /// `None` where the machine lacks it and the set-up does not fetch it.
    pub(super) fn named(name: &'static str) -> Option<Self> {
        let here = folder().join(name);
        let file = |file: &str| here.join(file).display().to_string();
        let (mut built, mut lacks) = (None, None);
        let (program, arguments) = match name {
            "node" => (tool::path("POSTHASTE_NODE", "node"), vec![file("server.mjs")]),
            "python" => {
                let python = tool::path("POSTHASTE_PYTHON", "python");
                if !succeeds(&python, &["-c", "import cryptography"]) {
                    tell("python has no cryptography: standard-v1a was left out there");
                    lacks = Some("standard-v1a");
                }
                (python, vec![file("server.py")])
            }
            "ruby" => (tool::path("RUBY", "ruby/bin/ruby"), vec![file("server.rb")]),
            "php" => {
                let php = tool::path("PHP", "php");
                if !succeeds(&php, &["-r", "exit(extension_loaded('sodium') ? 0 : 1);"]) {
                    tell("php has no sodium: standard-v1a was left out there");
                    lacks = Some("standard-v1a");
                }
                let server = ["-S", "127.0.0.1:0", &file("server.php")].map(str::to_owned);
                (php, server.to_vec())
            }
            "rust" => (beside_this_test("receiver-sample"), Vec::new()),
            "go" => {
                let Some(go) = find_go() else {
                    tell("go is not on this machine: its receiver was left out");
                    return None;
                };
                let folder = tempfile::tempdir().unwrap();
                let program = folder.path().join("receiver");
                build_go(&go, &here, &program);
                built = Some(folder);
                (program, Vec::new())
            }
            _ => unreachable!("{name} is among LANGUAGES"),
        };
        Some(Self { name, program, arguments, lacks, _built: built })
    }
}

/// Past what captures the output of a test that passes.
fn tell(what: &str) {
    let mut stderr = io::stderr();
    stderr.write_all(format!("receivers: {what}\n").as_bytes()).unwrap();
}

/// A program of this workspace, which `./tests/run` builds.
fn beside_this_test(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(program.is_file(), "{name} is not built: run cargo build -p {name}");
    program
}

fn succeeds(program: &Path, arguments: &[&str]) -> bool {
    let mut command = std::process::Command::new(program);
    command.args(arguments).output().unwrap().status.success()
}

fn find_go() -> Option<PathBuf> {
    let named = env::var_os("GO").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    named.or_else(|| env::split_paths(&path).map(|dir| dir.join("go")).find(|go| go.is_file()))
}

fn build_go(go: &Path, here: &Path, program: &Path) {
    for arguments in [vec!["vet", "."], vec!["build", "-o", program.to_str().unwrap(), "."]] {
        let mut command = std::process::Command::new(go);
        command.args(&arguments).current_dir(here).env("CGO_ENABLED", "0");
        let output = command.output().unwrap();
        assert!(output.status.success(), "go {arguments:?}: {output:?}");
    }
}

/// A receiver of one scheme. Dropping it kills it.
pub(super) struct Sample {
    name: String,
    pub(super) port: u16,
    noted: Lines<BufReader<ChildStdout>>,
    /// Kept open: a receiver that cannot write there may end.
    _said: Option<Lines<BufReader<ChildStderr>>>,
    _child: Child,
}

impl Sample {
    /// Starts it, with these beside `SCHEME` in its environment and hardly anything else; how it
    /// ended, if it does so before it listens.
    pub(super) async fn start(
        language: &Language,
        scheme: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self, ExitStatus> {
        let mut command = Command::new(&language.program);
        let passed_on = ["PATH", "HOME", "TMPDIR"];
        command.args(&language.arguments).env_clear();
        command.envs(passed_on.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("SCHEME", scheme);
        command.envs(settings.iter().copied());
        // Where it listens, PHP's own server says on stderr.
        let is_php = language.name == "php";
        let stderr = if is_php { Stdio::piped() } else { Stdio::null() };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut noted = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = child.stderr.take().map(|stderr| BufReader::new(stderr).lines());
        let port = timeout(PATIENCE, async {
            match &mut said {
                Some(said) => port(said, "(http://127.0.0.1:").await,
                None => port(&mut noted, "listening on ").await,
            }
        });
        let name = format!("{} {scheme}", language.name);
        match port.await.unwrap_or_else(|_| panic!("{name} does not listen")) {
            Some(port) => Ok(Self { name, port, noted, _said: said, _child: child }),
            None => Err(timeout(PATIENCE, child.wait()).await.unwrap().unwrap()),
        }
    }

    /// What it writes down next.
    pub(super) async fn next_line(&mut self) -> String {
        let line = timeout(PATIENCE, self.noted.next_line()).await;
        line.unwrap_or_else(|_| panic!("{self} notes nothing")).unwrap().expect("it runs")
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The number after `mark` in the first line that has it; `None` where the lines end before.
async fn port<R: AsyncRead + Unpin>(lines: &mut Lines<BufReader<R>>, mark: &str) -> Option<u16> {
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, rest)) = line.split_once(mark) {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return Some(digits.parse().unwrap());
        }
    }
    None
}
