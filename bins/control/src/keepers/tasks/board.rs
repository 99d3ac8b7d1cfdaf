//! Which tasks there are, as the bucket tells it: pure.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use posthaste_bus::Change;
use posthaste_domain::Timestamp;

use crate::tasks::{self, KEPT_FOR, KEPT_MAX, Task, TaskKind, TaskStatus};

/// How long whoever ended a task has to announce it before another does.
const ANNOUNCED_WITHIN: Duration = Duration::from_secs(10);

/// The tasks of every organisation, without what came of them.
#[derive(Debug, Default)]
pub(super) struct Board {
    /// Those that somebody should look at, now or later: few, and looked through often.
    open: HashMap<String, Open>,
    /// Those that ended and were announced, by when, each with its revision.
    closed: HashMap<String, (Timestamp, u64)>,
    /// Those that this replica works on.
    in_hand: HashSet<String>,
    /// Whether everything that was in the bucket at first is known.
    caught_up: bool,
}

#[derive(Debug)]
struct Open {
    kind: TaskKind,
    status: TaskStatus,
    updated_at: Timestamp,
    /// When somebody should look at it.
    due: Timestamp,
}

impl Board {
    /// Notes what the bucket tells.
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Put { key, value, revision } => match tasks::read(&value) {
                Ok(task) => self.put(key, &task, revision),
                // Of a later version, which works it off itself.
                Err(_) => self.remove(&key),
            },
            Change::Gone { key, .. } => self.remove(&key),
            Change::CaughtUp => self.caught_up = true,
            Change::Interrupted => {}
        }
    }

    fn put(&mut self, key: String, task: &Task, revision: u64) {
        self.remove(&key);
        let (kind, status, updated_at) = (task.kind(), task.status, task.updated_at);
        let announced_by = (!task.announced).then(|| updated_at + ANNOUNCED_WITHIN);
        match task.free_from().or(announced_by) {
            Some(due) => {
                self.open.insert(key, Open { kind, status, updated_at, due });
            }
            None => {
                self.closed.insert(key, (updated_at, revision));
            }
        }
    }

    fn remove(&mut self, key: &str) {
        self.open.remove(key);
        self.closed.remove(key);
    }

    /// At most `count` tasks that somebody should look at, in this replica's hands from now on.
    /// Whoever waited longest comes first, so that a long task does not keep others waiting.
    pub(super) fn take_due(&mut self, now: Timestamp, count: usize) -> Vec<String> {
        if !self.caught_up || count == 0 {
            return Vec::new();
        }
        let mut due: Vec<_> = self.waiting().filter(|(_, open)| open.due <= now).collect();
        due.sort_by(|a, b| (a.1.updated_at, a.0).cmp(&(b.1.updated_at, b.0)));
        let taken: Vec<String> = due.into_iter().take(count).map(|(key, _)| key.clone()).collect();
        self.in_hand.extend(taken.iter().cloned());
        taken
    }

    /// When the next of them should be looked at.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.waiting().map(|(_, open)| open.due).min().filter(|_| self.caught_up)
    }

    /// A task is out of this replica's hands, and is not looked at here before `from`.
    pub(super) fn put_back(&mut self, key: &str, from: Timestamp) {
        self.in_hand.remove(key);
        if let Some(open) = self.open.get_mut(key) {
            open.due = open.due.max(from);
        }
    }

    /// How many run, of each kind there is.
    pub(super) fn running(&self) -> HashMap<TaskKind, i64> {
        let mut counts = HashMap::new();
        for open in self.open.values().filter(|open| open.status == TaskStatus::Running) {
            *counts.entry(open.kind).or_default() += 1;
        }
        counts
    }

    /// Ended tasks that are kept no longer, each with its revision: what is too old, and of each
    /// organisation the oldest of what is too much.
    pub(super) fn outdated(&self, now: Timestamp) -> Vec<(String, u64)> {
        let mut closed: BTreeMap<&str, Vec<(Timestamp, &String, u64)>> = BTreeMap::new();
        for (key, (updated_at, revision)) in &self.closed {
            let org = key.split('.').next().unwrap_or_default();
            closed.entry(org).or_default().push((*updated_at, key, *revision));
        }
        let mut outdated = Vec::new();
        for mut tasks in closed.into_values() {
            tasks.sort();
            let too_many = tasks.len().saturating_sub(KEPT_MAX);
            let is_outdated = |(at, (updated_at, _, _)): &(usize, (Timestamp, _, _))| {
                *at < too_many || now.since(*updated_at) > KEPT_FOR
            };
            let gone = tasks.into_iter().enumerate().filter(is_outdated);
            outdated.extend(gone.map(|(_, (_, key, revision))| (key.clone(), revision)));
        }
        outdated
    }

    fn waiting(&self) -> impl Iterator<Item = (&String, &Open)> {
        self.open.iter().filter(|(key, _)| !self.in_hand.contains(*key))
    }
}

#[cfg(test)]
mod tests {
    use posthaste_domain::{OrgId, TaskId};
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::tasks::{LEASE, Work, key};

    const AT: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn task(seed: u64, at: Timestamp) -> Task {
        let org: OrgId = "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
        let id = TaskId::generate(at, &mut StdRng::seed_from_u64(seed));
        Task::new(id, org, Work::EventTypeAggregate, at)
    }

    fn put(board: &mut Board, task: &Task, revision: u64) -> String {
        let key = key(&task.org, &task.id);
        let value = serde_json::to_vec(task).unwrap().into();
        board.apply(Change::Put { key: key.clone(), value, revision });
        key
    }

    #[test]
    fn nothing_is_taken_before_everything_is_known_and_the_oldest_comes_first() {
        let mut board = Board::default();
        let late = put(&mut board, &task(1, AT + SECOND), 1);
        let early = put(&mut board, &task(2, AT), 2);
        assert!(board.take_due(AT + SECOND, 4).is_empty());
        board.apply(Change::CaughtUp);
        assert_eq!(board.take_due(AT + SECOND, 1), std::slice::from_ref(&early));
        assert_eq!(board.take_due(AT + SECOND, 4), [late]);
        assert!(board.take_due(AT + SECOND, 4).is_empty(), "both are in hand");
        board.put_back(&early, AT + SECOND);
        assert_eq!(board.take_due(AT + SECOND, 4), [early]);
    }

    #[test]
    fn a_task_of_another_replica_is_taken_over_when_its_lease_lapses() {
        let mut board = Board::default();
        let mut leased = task(1, AT);
        leased.lease_to("another", AT);
        let key = put(&mut board, &leased, 1);
        board.apply(Change::CaughtUp);
        assert_eq!(board.next_due(), Some(AT + LEASE));
        assert!(board.take_due(AT + SECOND, 4).is_empty());
        assert_eq!(board.take_due(AT + LEASE, 4), [key]);
    }

    #[test]
    fn an_end_that_nobody_told_is_told_by_another() {
        let mut board = Board::default();
        let mut ended = task(1, AT);
        ended.finish(AT);
        let key = put(&mut board, &ended, 1);
        board.apply(Change::CaughtUp);
        assert_eq!(board.next_due(), Some(AT + ANNOUNCED_WITHIN));
        ended.announced = true;
        put(&mut board, &ended, 2);
        assert_eq!(board.next_due(), None);
        board.apply(Change::Gone { key, revision: 3 });
        assert!(board.outdated(AT + KEPT_FOR * 2).is_empty());
    }

    #[test]
    fn what_is_too_old_or_too_much_goes_and_what_runs_stays() {
        let mut board = Board::default();
        put(&mut board, &task(0, AT), 1);
        let mut oldest = String::new();
        for n in 0..=KEPT_MAX as u64 {
            let mut ended = task(n + 1, AT);
            ended.finish(AT + SECOND * u32::try_from(n).unwrap());
            ended.announced = true;
            let key = put(&mut board, &ended, n + 2);
            if n == 0 {
                oldest = key;
            }
        }
        assert_eq!(board.outdated(AT + KEPT_FOR), [(oldest, 2)]);
        assert_eq!(board.outdated(AT + KEPT_FOR * 2).len(), KEPT_MAX + 1);
        assert_eq!(board.running().get(&TaskKind::EventTypeAggregate), Some(&1));
    }
}
