//! What no compiler checks: the rules that keep the repository readable, and its documents true.
//!
//! The files are those that git knows or would be told of; what it ignores is nobody's business.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use posthaste_control::Control;
use posthaste_ingress::Ingress;
use posthaste_service::{Key, config, role::Role};
use posthaste_worker::Worker;

use crate::tool::root;

/// Words that name no noun, so that a file of that name becomes everybody's drawer.
const DRAWERS: [&str; 8] =
    ["util", "utils", "common", "manager", "managers", "helper", "helpers", "misc"];

/// Text that belongs to a machine, or to how the code came about. Cut in two, so that this file does
/// not hold it.
const FOREIGN: [(&str, &str); 8] = [
    ("/wo", "rk/"),
    ("../sha", "red"),
    ("issue ", "#"),
    ("Issue ", "#"),
    ("TO", "DO"),
    ("FIX", "ME"),
    ("previous ses", "sion"),
    ("last ses", "sion"),
];

/// Every file, relative to the root.
fn files() -> Vec<PathBuf> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "git lists the files: {output:?}");
    let listed = String::from_utf8(output.stdout).unwrap();
    let files = listed.split_terminator('\0').map(PathBuf::from);
    // One that is deleted and not yet committed so is listed all the same.
    let files: Vec<_> = files.filter(|file| root().join(file).is_file()).collect();
    assert!(files.len() > 100, "{} files are not all", files.len());
    files
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

fn assert_none(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n{}", offenders.join("\n"));
}

#[test]
fn every_module_begins_by_saying_what_it_is_for() {
    let modules = files().into_iter().filter(|file| has_extension(file, "rs"));
    let silent = modules
        .filter(|file| !fs::read_to_string(root().join(file)).unwrap().starts_with("//! "))
        .map(|file| file.display().to_string());
    assert_none("modules without a `//!` header", &silent.collect::<Vec<_>>());
}

#[test]
fn no_file_is_a_drawer() {
    let is_drawer = |file: &PathBuf| {
        let name = file.to_string_lossy().to_lowercase();
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        // Helm looks for no other name for what its templates share.
        words.any(|word| DRAWERS.contains(&word)) && !file.ends_with("templates/_helpers.tpl")
    };
    let drawers = files().into_iter().filter(is_drawer).map(|file| file.display().to_string());
    assert_none("files named after no noun", &drawers.collect::<Vec<_>>());
}

#[test]
fn nothing_tells_of_one_machine_or_of_how_the_code_came_about() {
    let foreign = FOREIGN.map(|(start, end)| format!("{start}{end}"));
    let mut found = Vec::new();
    for file in files() {
        // What is not text has no words.
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = foreign.iter().find(|word| line.contains(*word)) {
                found.push(format!("{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    assert_none("text that belongs elsewhere", &found);
}

#[test]
fn the_reference_has_every_setting_of_every_role_and_no_other() {
    let keys = [posthaste_service::KEYS.to_vec(), Ingress::keys(), Worker::keys(), Control::keys()];
    let row = |key: &Key| {
        let table = config::reference(&[*key]);
        table.lines().last().unwrap().to_owned()
    };
    let expected: BTreeSet<_> = keys.concat().iter().map(row).collect();
    let reference = fs::read_to_string(root().join("deploy/configuration.md")).unwrap();
    let rows = reference.lines().filter(|line| line.starts_with("| `POSTHASTE_"));
    let rows: BTreeSet<_> = rows.map(str::to_owned).collect();
    let missing: Vec<_> = expected.difference(&rows).cloned().collect();
    assert_none("settings that deploy/configuration.md lacks", &missing);
    let unread: Vec<_> = rows.difference(&expected).cloned().collect();
    assert_none("settings of deploy/configuration.md that no role reads", &unread);
}
