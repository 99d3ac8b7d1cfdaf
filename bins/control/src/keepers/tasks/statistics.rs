//! What applications used, and what they ask for.

use std::collections::{BTreeSet, HashMap};

use posthaste_domain::{AppId, EventType, Timestamp};
use posthaste_history::TimeRange;
use serde_json::{Value, json};

use super::{
    bench::Bench,
    step::{Step, StepError},
};
use crate::tasks::{Progress, Task};

/// How many applications a step looks at.
const STEP: usize = 200;
/// Where a task's `data` has its results.
const APP_STATS: &str = "appStats";
const EVENT_TYPES: &str = "event_types";

/// Counts the attempts of applications. Where all are asked for, those without any are left out.
pub(super) async fn applications(
    bench: &Bench,
    task: &mut Task,
    apps: Option<Vec<AppId>>,
    since: Timestamp,
    until: Timestamp,
) -> Result<Step, StepError> {
    if task.progress == Progress::default() {
        bench.fresh().await?;
        task.data.insert(APP_STATS.to_owned(), json!([]));
    }
    let named = apps.is_some();
    let apps = apps.unwrap_or_else(|| of_organisation(bench, task));
    let (chunk, step) = next(apps, task);
    let range = TimeRange { after: Some(since), before: Some(until) };
    let used = bench.history.application_usage(&chunk, range).await?;
    let used: HashMap<AppId, _> =
        used.into_iter().map(|usage| (usage.app.clone(), usage)).collect();
    let stats = chunk.iter().filter(|app| named || used.contains_key(*app)).map(|app| {
        let application = bench.registry.application_by_id(app);
        let uid = application.as_ref().and_then(|application| application.uid.as_ref());
        json!({
            "appId": app,
            "appUid": uid,
            "messageDestinations": used.get(app).map_or(0, |usage| usage.attempts),
            "messages": used.get(app).map_or(0, |usage| usage.messages),
        })
    });
    extend(task, APP_STATS, stats.collect());
    Ok(step)
}

/// Lists which event types the endpoints of each application ask for.
pub(super) fn event_types(bench: &Bench, task: &mut Task) -> Result<Step, StepError> {
    task.data.entry(EVENT_TYPES).or_insert_with(|| json!([]));
    let (chunk, step) = next(of_organisation(bench, task), task);
    let asked_for = chunk.iter().map(|app| {
        let endpoints = bench.registry.endpoints(app);
        let filters = endpoints.iter().map(|entry| entry.endpoint.event_types.as_ref());
        let named: BTreeSet<&EventType> = filters.clone().flatten().flatten().collect();
        json!({
            "appId": app,
            "explicitlySubscribedEventTypes": named,
            "hasCatchAllEndpoint": filters.clone().any(|filter| filter.is_none()),
        })
    });
    extend(task, EVENT_TYPES, asked_for.collect());
    Ok(step)
}

fn of_organisation(bench: &Bench, task: &Task) -> Vec<AppId> {
    let all = bench.registry.applications(&task.org);
    all.iter().map(|application| application.id.clone()).collect()
}

/// The applications after the cursor that this step looks at, by id, and whether more are left.
fn next(mut apps: Vec<AppId>, task: &mut Task) -> (Vec<AppId>, Step) {
    apps.sort();
    apps.dedup();
    let cursor = task.progress.cursor.as_deref().unwrap_or_default();
    apps.retain(|app| app.as_str() > cursor);
    let step = if apps.len() > STEP { Step::More } else { Step::Done };
    apps.truncate(STEP);
    if let Some(last) = apps.last() {
        task.progress.cursor = Some(last.to_string());
    }
    (apps, step)
}

fn extend(task: &mut Task, name: &str, more: Vec<Value>) {
    if let Some(Value::Array(all)) = task.data.get_mut(name) {
        all.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::tasks::Work;

    const AT: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_application_is_looked_at_once(count in 0..700_u64) {
            let mut rng = StdRng::seed_from_u64(count);
            let apps: Vec<_> = (0..count).map(|_| AppId::generate(AT, &mut rng)).collect();
            let id = "qtask_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
            let org = "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
            let mut task = Task::new(id, org, Work::EventTypeAggregate, AT);
            let mut looked_at = Vec::new();
            loop {
                let (chunk, step) = next(apps.clone(), &mut task);
                prop_assert!(chunk.len() <= STEP);
                looked_at.extend(chunk);
                if step == Step::Done {
                    break;
                }
            }
            let mut all = apps;
            all.sort();
            prop_assert_eq!(looked_at, all);
        }
    }
}
