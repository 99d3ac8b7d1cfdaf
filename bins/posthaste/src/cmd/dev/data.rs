//! The folder that outlives a session: the broker's store, and the secrets that open it again.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::{NamedTempFile, TempDir};

/// Where data are kept unless said otherwise, from the current folder.
const DEFAULT: &str = ".posthaste";
/// Bytes of a generated secret.
const SECRET_LEN: usize = 32;
/// Secrets are some 45 bytes; whatever is longer by far is another file.
const SECRET_MAX: u64 = 4_096;

/// Why there is no data folder.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path}")]
pub(super) struct DataError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// The data folder, for its owner alone. A temporary one goes with its value.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

/// The secrets of one data folder. Not `Debug`.
pub(super) struct Secrets {
    /// Signs tokens.
    pub(super) token: String,
    /// Seals endpoints' secrets.
    pub(super) sealing: String,
}

impl DataDir {
    /// The folder that was named, else a temporary one where `temporary`, else `.posthaste` in the
    /// current folder; made where it is missing.
    ///
    /// # Errors
    /// [`DataError`] where it cannot be made.
    pub(super) fn open(named: Option<PathBuf>, temporary: bool) -> Result<Self, DataError> {
        if named.is_none() && temporary {
            let made = tempfile::Builder::new().prefix("posthaste-dev-").tempdir();
            let made = made.map_err(|source| DataError { path: std::env::temp_dir(), source })?;
            return Ok(Self { path: made.path().to_owned(), _temporary: Some(made) });
        }
        let path = named.unwrap_or_else(|| PathBuf::from(DEFAULT));
        let made = make(&path).and_then(|()| path.canonicalize());
        let path = made.map_err(|source| DataError { path, source })?;
        Ok(Self { path, _temporary: None })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's secrets, made at random where it has none yet.
    ///
    /// # Errors
    /// [`DataError`] where they can be neither read nor made.
    pub(super) fn secrets(&self) -> Result<Secrets, DataError> {
        Ok(Secrets { token: self.secret("token-secret")?, sealing: self.secret("sealing-key")? })
    }

    fn secret(&self, name: &str) -> Result<String, DataError> {
        let path = self.path.join(name);
        let failed = |source| DataError { path: path.clone(), source };
        match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = STANDARD.encode(rand::random::<[u8; SECRET_LEN]>());
                write(&self.path, &path, &secret).map_err(failed)?;
                Ok(secret)
            }
            read => read.map_err(failed),
        }
    }
}

fn make(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        // Nothing in here is meant to be committed.
        fs::write(path.join(".gitignore"), "*\n")?;
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(SECRET_MAX).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

/// All of it or nothing, readable by its owner alone.
fn write(folder: &Path, path: &Path, secret: &str) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?; // mode 0600
    writeln!(file, "{secret}")?;
    file.persist_noclobber(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use posthaste_api::TokenSecret;
    use posthaste_registry::Sealer;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_keeps_its_own_secrets_to_itself() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/data");
        let data = DataDir::open(Some(path.clone()), true).unwrap();
        let secrets = data.secrets().unwrap();
        assert!(TokenSecret::new(secrets.token.as_str()).is_ok());
        assert!(Sealer::try_new([secrets.sealing.as_str()]).is_ok());
        assert_ne!(secrets.token, secrets.sealing);
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("token-secret")), 0o600);
        assert_eq!(mode(&path.join("sealing-key")), 0o600);

        let again = DataDir::open(Some(path), false).unwrap().secrets().unwrap();
        assert_eq!((again.token, again.sealing), (secrets.token.clone(), secrets.sealing));

        let other = DataDir::open(None, true).unwrap();
        assert_ne!(other.secrets().unwrap().token, secrets.token);
        let temporary = other.path().to_owned();
        drop(other);
        assert!(!temporary.exists());
    }
}
