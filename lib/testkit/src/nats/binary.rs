//! Which nats-server the tests run.

use std::env;
use std::path::PathBuf;

use crate::tool;

/// The nats-server to run: `$NATS_SERVER`, else the one that the set-up put into `target/tools`,
/// else the one in the `PATH`.
///
/// # Panics
/// If there is none.
pub(super) fn find() -> PathBuf {
    from_environment().or_else(|| tool::in_target("nats-server")).or_else(from_path).unwrap_or_else(
        || {
            panic!(
                "there is no nats-server: run ./tests/run once, which fetches one, or set \
                 NATS_SERVER to its path"
            )
        },
    )
}

fn from_environment() -> Option<PathBuf> {
    let path = tool::in_environment("NATS_SERVER")?;
    assert!(path.is_file(), "NATS_SERVER is {}, which is no file", path.display());
    Some(path)
}

fn from_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("nats-server")).find(|path| path.is_file())
}
