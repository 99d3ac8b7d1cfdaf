//! Where the set-up put what the tests need.

use std::env;
use std::path::{Path, PathBuf};

/// The file or folder of this name in `target/tools`, if it is there.
///
/// Looks upwards from the test's binary, then from the package under test: the target directory may
/// be elsewhere.
pub(crate) fn in_target(name: &str) -> Option<PathBuf> {
    let starts = [env::current_exe().ok(), env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)];
    starts.iter().flatten().find_map(|start| above(start, name))
}

/// What this variable of the environment names, unless it is absent or empty.
pub(crate) fn in_environment(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn above(start: &Path, name: &str) -> Option<PathBuf> {
    start
        .ancestors()
        .map(|folder| folder.join("target/tools").join(name))
        .find(|path| path.exists())
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
        assert_eq!(above(&below, "nats-server"), None);
        std::fs::write(tools.join("nats-server"), "").unwrap();
        assert_eq!(above(&below, "nats-server"), Some(tools.join("nats-server")));
    }
}
