//! Programs that are not ours, which the set-up of the tests has fetched.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The program that the variable names, else the one of this name among the fetched.
///
/// # Panics
/// If there is none.
pub(crate) fn path(variable: &str, name: &str) -> PathBuf {
    let named = env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = named.unwrap_or_else(|| root().join("target/tools").join(name));
    assert!(
        path.is_file(),
        "{} is missing: run ./tests/run once, which fetches it, or set {variable}",
        path.display()
    );
    path
}
