//! Which Postgres the tests run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::tool;

/// The folder of `initdb` and `postgres`: `$POSTGRES_BIN`, else what the set-up put into
/// `target/tools`, else the newest of those that Debian's packages install.
///
/// # Panics
/// If there is none.
pub(super) fn find() -> PathBuf {
    from_environment()
        .or_else(|| tool::in_target("postgres/bin"))
        .or_else(|| installed(Path::new("/usr/lib/postgresql")))
        .unwrap_or_else(|| {
            panic!(
                "there is no Postgres: run ./tests/run once, which fetches one, or set \
                 POSTGRES_BIN to the folder that has initdb and postgres"
            )
        })
}

fn from_environment() -> Option<PathBuf> {
    let folder = tool::in_environment("POSTGRES_BIN")?;
    assert!(
        is_complete(&folder),
        "POSTGRES_BIN is {}, which lacks initdb or postgres",
        folder.display()
    );
    Some(folder)
}

/// The newest `<version>/bin` below this folder that has what a server needs.
fn installed(versions: &Path) -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let found = fs::read_dir(versions).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    found
        .filter(|folder| is_complete(&folder.join("bin")))
        .max_by_key(|folder| version(folder))
        .map(|folder| folder.join("bin"))
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_newest_that_is_complete() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(installed(root.path()), None);
        for (version, names) in
            [("9", &["initdb", "postgres"][..]), ("15", &["initdb", "postgres"]), ("16", &["psql"])]
        {
            let bin = root.path().join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            names.iter().for_each(|name| fs::write(bin.join(name), "").unwrap());
        }
        assert_eq!(installed(root.path()), Some(root.path().join("15/bin")));
    }
}
