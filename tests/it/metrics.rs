//! What each process exports is what the catalogue says, no more and no less.
//!
//! Dashboards, alerts and autoscalers are written against `tests/metrics.catalog`; so whoever adds,
//! renames or drops a metric changes it there too, and sees who else is concerned.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    time::Duration,
};

use posthaste_testkit::{Answer, Receiver, Role, Script, free_port, get, spawn_role};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use crate::{
    bed::{self, Bed},
    client::Client,
    tool,
};

const CATALOGUE: &str = "tests/metrics.catalog";
/// How long a process may take until it has asked the broker for its figures.
const COMPLETE_WITHIN: Duration = Duration::from_secs(20);

/// A role as a process of its own, scraped at its admin address.
struct Process {
    name: &'static str,
    address: String,
    admin: String,
    _role: Role,
}

impl Process {
    async fn start(bed: &Bed, name: &'static str) -> Self {
        let [address, admin] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
        let mut environment: BTreeMap<_, _> = bed.environment().into_iter().collect();
        environment.insert("POSTHASTE_ADMIN_LISTEN".to_owned(), admin.clone());
        // A worker has no callers, and no such setting.
        let listen = format!("POSTHASTE_{}_LISTEN", name.to_uppercase());
        environment.entry(listen).and_modify(|listen| listen.clone_from(&address));
        let mut role = spawn_role(&format!("posthaste-{name}"), environment);
        role.wait_ready(&format!("http://{admin}")).await;
        Self { name, address, admin, _role: role }
    }

    async fn scrape(&self) -> String {
        let (status, text) = get(&format!("http://{}/metrics", self.admin)).await.unwrap();
        assert_eq!(status, 200, "{text}");
        text
    }
}

/// What is exported, as in the catalogue: `process metric type label,label` a line.
fn exported(process: &str, scrape: &str) -> BTreeSet<String> {
    let mut families: BTreeMap<&str, (&str, BTreeSet<String>)> = BTreeMap::new();
    let mut current = "";
    for line in scrape.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').unwrap();
            current = name;
            families.insert(name, (kind, BTreeSet::new()));
        } else if !line.starts_with('#') {
            // A metric's samples follow the line with its type.
            let (_, labels) = families.get_mut(current).unwrap();
            labels.extend(label_names(line));
        }
    }
    let line = |(metric, (kind, mut labels)): (_, (&str, BTreeSet<String>))| {
        if kind == "histogram" {
            labels.remove("le");
        }
        let labels = labels.into_iter().collect::<Vec<_>>().join(",");
        [process, metric, kind, &labels].join(" ").trim_end().to_owned()
    };
    families.into_iter().map(line).collect()
}

/// What the catalogue says of this process.
fn listed(process: &str) -> BTreeSet<String> {
    let catalogue = std::fs::read_to_string(tool::root().join(CATALOGUE)).unwrap();
    let of_process = |line: &&str| line.split(' ').next() == Some(process);
    catalogue.lines().filter(of_process).map(str::to_owned).collect()
}

/// The label names of a sample; values may hold anything but a bare quote.
fn label_names(sample: &str) -> Vec<String> {
    let Some((_, labels)) = sample.split_once('{') else { return Vec::new() };
    let mut names = Vec::new();
    let mut rest = labels;
    while let Some((name, value)) = rest.split_once("=\"") {
        names.push(name.trim_start_matches(',').to_owned());
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        rest = &value[end.unwrap() + 1..];
    }
    names
}

/// Asks Prometheus's own linter.
async fn lint(name: &str, scrape: &str) {
    let mut promtool = Command::new(tool::path("PROMTOOL", "promtool"));
    promtool.args(["check", "metrics"]).stdin(Stdio::piped());
    promtool.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = promtool.spawn().unwrap();
    child.stdin.take().unwrap().write_all(scrape.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.is_empty(), "{name}: {}\n{said}", output.status);
}

/// One message that arrives, one that is refused, one that is repeated.
async fn traffic(control: &Process, ingress: &Process) -> Receiver {
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let client = Client::new(control.address.parse().unwrap());
    let app = client.application("acme").await;
    client.endpoint(&app, &receiver.url()).await;
    let client = Client::new(ingress.address.parse().unwrap());
    client.message(&app, json!({ "n": 1 })).await;
    let path = format!("/api/v1/app/{app}/msg");
    client.call(reqwest::Method::POST, &path, Some(&json!({}))).await.expect(422);
    receiver.wait_for(1).await;
    receiver
}

#[tokio::test]
async fn what_is_exported_is_well_formed_and_in_the_catalogue() {
    let bed = Bed::start(&[]).await;
    let control = Process::start(&bed, "control").await;
    let ingress = Process::start(&bed, "ingress").await;
    let worker = Process::start(&bed, "worker").await;
    let _receiver = traffic(&control, &ingress).await;

    let mut differences = Vec::new();
    for process in [&control, &ingress, &worker] {
        let (name, listed) = (process.name, listed(process.name));
        let complete = || async { listed.is_subset(&exported(name, &process.scrape().await)) };
        let _ = timeout(COMPLETE_WITHIN, bed::until(name, complete)).await;
        let scrape = process.scrape().await;
        lint(name, &scrape).await;
        let exported = exported(name, &scrape);
        differences.extend(exported.difference(&listed).map(|line| format!("not listed: {line}")));
        differences.extend(listed.difference(&exported).map(|line| format!("missing: {line}")));
    }
    assert!(differences.is_empty(), "{CATALOGUE}:\n{}", differences.join("\n"));
}

#[tokio::test]
#[should_panic(expected = "counter metrics should have \"_total\" suffix")]
async fn the_linter_objects_where_there_is_cause() {
    lint("nobody", "# HELP deliveries Made.\n# TYPE deliveries counter\ndeliveries 1\n").await;
}

#[test]
fn label_names_are_found_whatever_the_values() {
    let sample = r#"a_total{b="x",c="{d=\"e\",f=",g=""} 1"#;
    assert_eq!(label_names(sample), ["b", "c", "g"]);
    assert_eq!(label_names("a 1"), [""; 0]);
    let scrape = "# HELP a b\n# TYPE a histogram\na_bucket{r=\"s\",le=\"1\"} 0\na_sum{r=\"s\"} 0\n";
    assert_eq!(exported("x", scrape), BTreeSet::from(["x a histogram r".to_owned()]));
}
