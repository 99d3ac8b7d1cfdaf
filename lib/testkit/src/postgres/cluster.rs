//! The files of a new server ("database cluster", as Postgres calls them).
//!
//! `initdb` takes half a second of a core, so it runs once in a process, and what it made is kept
//! in memory (28 MB) to be written out for each further server: nothing stays on the disk.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::account::Account;
use super::{USER, binaries};

/// How long initdb may take.
const INIT: Duration = Duration::from_secs(60);

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();

/// Paths are relative to the data directory.
#[derive(Default)]
struct Template {
    /// Each after the one it is in.
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// Fills the data directory, which must not exist, inside a home that the account may enter.
///
/// # Panics
/// If initdb fails, or takes longer than a minute.
pub(super) async fn create(data: &Path, account: Option<Account>) {
    let template = TEMPLATE.get_or_init(|| Template::make(account)).await;
    template.write(data, account);
}

impl Template {
    async fn make(account: Option<Account>) -> Self {
        let home = tempfile::Builder::new()
            .prefix("posthaste-postgres-template-")
            .tempdir()
            .expect("the temporary directory is writable");
        let data = home.path().join("data");
        let program = binaries::find().join("initdb");
        let mut command = Command::new(&program);
        command
            .args(["--no-sync", "--no-instructions", "--auth=trust", "--username", USER])
            .args(["--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--pgdata"])
            .arg(&data);
        // It may start in a folder that is not the account's to read.
        command.current_dir("/").env("TZ", "GMT").stdin(Stdio::null()).kill_on_drop(true);
        if let Some(account) = account {
            account.own(home.path());
            account.run(&mut command);
        }
        let output = timeout(INIT, command.output())
            .await
            .unwrap_or_else(|_| panic!("initdb took longer than {INIT:?}"))
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        assert!(
            output.status.success(),
            "initdb failed: {}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let mut template = Self::default();
        template.read(&data, Path::new(""));
        template
    }

    fn read(&mut self, data: &Path, folder: &Path) {
        for entry in fs::read_dir(data.join(folder)).expect("initdb's files are readable") {
            let entry = entry.expect("initdb's files are readable");
            let path = folder.join(entry.file_name());
            if entry.file_type().expect("a file has a type").is_dir() {
                self.folders.push(path.clone());
                self.read(data, &path);
            } else {
                let bytes = fs::read(entry.path()).expect("initdb's files are readable");
                self.files.push((path, bytes));
            }
        }
    }

    fn write(&self, data: &Path, account: Option<Account>) {
        let give = |path: &Path| account.into_iter().for_each(|account| account.own(path));
        let root = PathBuf::new();
        for folder in std::iter::once(&root).chain(&self.folders) {
            let path = data.join(folder);
            // Postgres takes no data directory that others may read.
            fs::DirBuilder::new().mode(0o700).create(&path).expect("the server's home is writable");
            give(&path);
        }
        for (file, bytes) in &self.files {
            let path = data.join(file);
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .and_then(|mut file| file.write_all(bytes))
                .expect("the server's home is writable");
            give(&path);
        }
    }
}
