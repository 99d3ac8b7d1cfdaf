//! Which nats-server is run.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use super::NatsServerError;

/// The binary that was named, else the `nats-server` of the `PATH`.
///
/// # Errors
/// [`NatsServerError::NotThere`] or [`NatsServerError::Missing`].
pub(crate) fn find(named: Option<&Path>) -> Result<PathBuf, NatsServerError> {
    find_in(named, env::var_os("PATH").as_deref())
}

fn find_in(named: Option<&Path>, path: Option<&OsStr>) -> Result<PathBuf, NatsServerError> {
    if let Some(named) = named.filter(|named| !named.as_os_str().is_empty()) {
        return if named.is_file() {
            Ok(named.to_owned())
        } else {
            Err(NatsServerError::NotThere(named.to_owned()))
        };
    }
    env::split_paths(path.unwrap_or_default())
        .map(|folder| folder.join("nats-server"))
        .find(|binary| binary.is_file())
        .ok_or(NatsServerError::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_one_wins_and_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("nats-server");
        let path = Some(folder.path().as_os_str());
        assert!(matches!(find_in(None, path), Err(NatsServerError::Missing)));
        std::fs::write(&binary, "").unwrap();
        assert_eq!(find_in(None, path).unwrap(), binary);
        assert_eq!(find_in(Some(Path::new("")), path).unwrap(), binary);
        let elsewhere = Path::new("/nonexistent/nats-server");
        assert!(matches!(find_in(Some(elsewhere), path), Err(NatsServerError::NotThere(_))));
        assert_eq!(find_in(Some(&binary), None).unwrap(), binary);
    }
}
