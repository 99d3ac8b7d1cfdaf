//! What was set, and where.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt,
    path::PathBuf,
};

use super::{
    ConfigFaults, Key,
    fault::quoted,
    file::{self, Entries},
    service_link::is_service_link,
};

/// The variable that names the configuration file. It is not a key of the file.
pub const CONFIG_FILE: &str = "POSTHASTE_CONFIG";

const PREFIX: &str = "POSTHASTE_";

/// The settings a process was started with. `Debug` shows their names only.
#[derive(Clone, Default)]
pub struct Vars {
    env: BTreeMap<String, String>,
    file: Option<(PathBuf, Entries)>,
}

/// A value that was set, and where.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    /// Without surrounding white space; never empty.
    pub(super) text: &'a str,
    file: Option<&'a PathBuf>,
}

impl Vars {
    /// Reads this process's `POSTHASTE_*` variables, and the file that [`CONFIG_FILE`] names.
    ///
    /// # Errors
    /// [`ConfigFaults`] where a variable is not UTF-8, or the file cannot be read, is larger than
    /// 1 MiB or is not TOML.
    pub fn from_process() -> Result<Self, ConfigFaults> {
        Self::from_environment(std::env::vars_os())
    }

    /// Settings given as variables, for tests and for processes that start others. No file is read.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let env = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { env, file: None }
    }

    fn from_environment(
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigFaults> {
        let mut faults = ConfigFaults::default();
        let mut env = BTreeMap::new();
        for (name, value) in variables {
            let name = name.to_string_lossy();
            if !name.starts_with(PREFIX) {
                continue;
            }
            match value.into_string() {
                Ok(value) => {
                    env.insert(name.into_owned(), value);
                }
                Err(_) => faults.add(name, "bytes that are not UTF-8", "wants UTF-8"),
            }
        }
        let named = env.get(CONFIG_FILE).map(|path| path.trim()).filter(|path| !path.is_empty());
        let file = named.map(PathBuf::from).and_then(|path| match file::read(&path) {
            Ok(entries) => Some((path, entries)),
            Err(found) => {
                faults.merge(found);
                None
            }
        });
        faults.into_result().map(|()| Self { env, file })
    }

    /// Adds a fault for every variable and every key of the file that is not in `known`.
    ///
    /// Processes may share one file and one environment, so names in the sections `of_others`
    /// (`worker` of `worker.slots`), of which this process reads nothing, are left to the others.
    /// Variables that Kubernetes sets for services of our name are passed over.
    pub fn check_known(&self, known: &[&[Key]], of_others: &[&str], faults: &mut ConfigFaults) {
        let known = || known.iter().copied().flatten();
        let names: BTreeSet<_> = known().map(Key::env_name).collect();
        let own: BTreeSet<_> = known().map(|key| section(key.path)).collect();
        let is_ours = |path: &str| {
            let section = section(path);
            own.contains(section) || !of_others.contains(&section)
        };
        for (name, value) in &self.env {
            let path = name.trim_start_matches("POSTHASTE_").to_ascii_lowercase().replace('_', ".");
            if name != CONFIG_FILE
                && is_ours(&path)
                && !names.contains(name)
                && !is_service_link(name, value)
            {
                faults.add(name, "a variable nobody reads", "wants a name from the reference");
            }
        }
        let paths: BTreeSet<_> = known().map(|key| key.path).collect();
        for (file, path) in
            self.file.iter().flat_map(|(file, all)| all.keys().map(move |p| (file, p)))
        {
            if is_ours(path) && !paths.contains(path.as_str()) {
                let name = format!("{path} in {}", file.display());
                faults.add(name, "a key nobody reads", "wants a key from the reference");
            }
        }
    }

    /// What was set for `key`: in the environment, or else in the file.
    pub(super) fn find(&self, key: &Key) -> Option<Setting<'_>> {
        let set = |text: &'_ String| !text.trim().is_empty();
        if let Some(text) = self.env.get(&key.env_name()).filter(|text| set(text)) {
            return Some(Setting { text: text.trim(), file: None });
        }
        let (file, entries) = self.file.as_ref()?;
        let text = entries.get(key.path).filter(|text| set(text))?;
        Some(Setting { text: text.trim(), file: Some(file) })
    }
}

impl Setting<'_> {
    /// The value as a fault may repeat it.
    pub(super) fn shown(&self, key: &Key) -> String {
        let value = if key.secret { "[REDACTED]".to_owned() } else { quoted(self.text) };
        match self.file {
            Some(file) => format!("{value} as {} in {}", key.path, file.display()),
            None => value,
        }
    }
}

impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map(|(path, entries)| (path, entries.keys()));
        f.debug_struct("Vars").field("env", &self.env.keys()).field("file", &file).finish()
    }
}

/// The first part of a path: `worker` of `worker.slots`.
fn section(path: &str) -> &str {
    path.split_once('.').map_or(path, |(section, _)| section)
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::unix::ffi::OsStringExt as _};

    use super::*;

    const SLOTS: Key = Key::new("worker.slots", "256", "", "How many attempts run at once.");
    const SEAL: Key = Key::secret("registry.seal_key", "Seals secrets.");

    fn written(text: &str) -> (tempfile::NamedTempFile, (OsString, OsString)) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let variable = (CONFIG_FILE.into(), file.path().into());
        (file, variable)
    }

    fn pair(name: &str, value: &str) -> (OsString, OsString) {
        (name.into(), value.into())
    }

    fn unknown(vars: &Vars) -> Vec<String> {
        let mut faults = ConfigFaults::default();
        vars.check_known(&[&[SLOTS], &[SEAL]], &["control", "registry"], &mut faults);
        faults.as_slice().iter().map(|fault| fault.name.clone()).collect()
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let (_file, variable) = written("[worker]\nslots = 8\n");
        let alone = Vars::from_environment([variable.clone()].into_iter()).unwrap();
        assert_eq!(alone.find(&SLOTS).unwrap().text, "8");

        let both = [variable.clone(), pair("POSTHASTE_WORKER_SLOTS", " 16\n")];
        let both = Vars::from_environment(both.into_iter()).unwrap();
        assert_eq!(both.find(&SLOTS).unwrap().text, "16");

        let emptied = [variable, pair("POSTHASTE_WORKER_SLOTS", "")];
        let emptied = Vars::from_environment(emptied.into_iter()).unwrap();
        assert_eq!(emptied.find(&SLOTS).unwrap().text, "8");
    }

    #[test]
    fn names_nobody_reads_are_faults_wherever_they_stand() {
        let (file, variable) =
            written("[worker]\nslots = 8\nslot = 9\n[registry.seal]\nkey = 'x'\n");
        let vars = [
            variable,
            pair("POSTHASTE_WORKER_SLOTZ", "16"),
            pair("POSTHASTE_CONTROL_LISTEN", "another process's"),
            pair("POSTHASTE_INGRESS_SERVICE_HOST", "10.0.0.1"),
            pair("PATH", "/bin"),
        ];
        let vars = Vars::from_environment(vars.into_iter()).unwrap();
        let at = file.path().display();
        assert_eq!(
            unknown(&vars),
            [
                "POSTHASTE_WORKER_SLOTZ".to_owned(),
                format!("registry.seal.key in {at}"),
                format!("worker.slot in {at}"),
            ]
        );
        assert!(vars.find(&SEAL).is_none(), "another spelling of the same variable is not the key");
    }

    #[test]
    fn known_names_are_no_faults() {
        let vars = Vars::from_pairs([
            ("POSTHASTE_WORKER_SLOTS", "1"),
            ("POSTHASTE_REGISTRY_SEAL_KEY", "k"),
            (CONFIG_FILE, "/etc/posthaste.toml"),
        ]);
        assert_eq!(unknown(&vars), [""; 0]);
    }

    #[test]
    fn a_bad_file_and_a_bad_variable_are_told_together() {
        let vars = [
            pair(CONFIG_FILE, "/nonexistent/posthaste.toml"),
            ("POSTHASTE_WORKER_SLOTS".into(), OsString::from_vec(vec![0xff])),
        ];
        let faults = Vars::from_environment(vars.into_iter()).unwrap_err();
        assert_eq!(faults.as_slice().len(), 2, "{faults}");
    }

    #[test]
    fn debug_shows_names_only() {
        let (_file, variable) = written("[registry]\nseal_key = 'hunter2'\n");
        let vars = [variable, pair("POSTHASTE_REGISTRY_SEAL_KEY", "hunter2")];
        let shown = format!("{:?}", Vars::from_environment(vars.into_iter()).unwrap());
        assert!(shown.contains("SEAL_KEY") && !shown.contains("hunter2"), "{shown}");
    }
}
