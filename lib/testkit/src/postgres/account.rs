//! Whose processes the server's are: Postgres refuses to be root.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use tokio::process::Command;

/// Who may run a server where the tests run as root; the first that the machine knows.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// An account other than that of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account to run as, or `None` where that of the tests will do.
    ///
    /// # Panics
    /// If the tests run as root, and the machine has no account for this.
    pub(super) fn needed() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let found = CANDIDATES.iter().find_map(|name| listed(&accounts, name));
        Some(found.unwrap_or_else(|| {
            panic!("Postgres cannot run as root, and /etc/passwd has none of {CANDIDATES:?}")
        }))
    }

    /// Makes it the account of this command.
    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Makes this file or folder its own.
    pub(super) fn own(self, path: &Path) {
        chown(path, Some(self.uid), Some(self.gid)).expect("root may give files away");
    }
}

/// The account of this name in a passwd(5) file.
fn listed(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let mut ids = fields.skip(1).map(str::parse);
        Some(Account { uid: ids.next()?.ok()?, gid: ids.next()?.ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_from_its_own_line() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:7::/:/bin/sh\n\
                        postgres:x:101:104:PostgreSQL administrator,,,:/var/lib:/bin/bash\n";
        assert_eq!(listed(accounts, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(listed(accounts, "nobody"), None);
    }
}
