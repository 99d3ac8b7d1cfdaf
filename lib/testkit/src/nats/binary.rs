//! Which nats-server the tests run.

use std::env;
use std::path::{Path, PathBuf};

/// The nats-server to run: `$NATS_SERVER`, else the one that the set-up put into `target/tools`,
/// else the one in the `PATH`.
///
/// # Panics
/// If there is none.
pub(super) fn find() -> PathBuf {
    from_environment().or_else(from_target).or_else(from_path).unwrap_or_else(|| {
        panic!(
            "there is no nats-server: run ./tests/run once, which fetches one, or set NATS_SERVER \
             to its path"
        )
    })
}

fn from_environment() -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os("NATS_SERVER").filter(|value| !value.is_empty())?);
    assert!(path.is_file(), "NATS_SERVER is {}, which is no file", path.display());
    Some(path)
}

/// Looks upwards from the test's binary, then from the package under test: the target directory may
/// be elsewhere.
fn from_target() -> Option<PathBuf> {
    let starts = [env::current_exe().ok(), env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)];
    starts.iter().flatten().find_map(|start| above(start))
}

fn above(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .map(|folder| folder.join("target/tools/nats-server"))
        .find(|path| path.is_file())
}

fn from_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("nats-server")).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_from_any_folder_below_the_one_that_has_it() {
        let root = tempfile::tempdir().unwrap();
        let tools = root.path().join("target/tools");
        std::fs::create_dir_all(&tools).unwrap();
        let below = root.path().join("target/debug/deps/test");
        assert_eq!(above(&below), None);
        std::fs::write(tools.join("nats-server"), "").unwrap();
        assert_eq!(above(&below), Some(tools.join("nats-server")));
    }
}
