//! How much processor time processes have used, from `/proc/<pid>/stat` (proc(5)).

use std::collections::BTreeMap;

/// Seconds in user and kernel mode together, by process. What cannot be read, as on systems other
/// than Linux, is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::cmd::bench) struct Cpu {
    pub(in crate::cmd::bench) seconds: BTreeMap<&'static str, f64>,
}

impl Cpu {
    /// What each process has used since it started.
    pub(super) fn of(processes: impl IntoIterator<Item = (&'static str, Option<u32>)>) -> Self {
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let read = |(name, pid): (_, Option<u32>)| {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid?)).ok()?;
            Some((name, used_ticks(&stat)? as f64 / ticks))
        };
        Self { seconds: processes.into_iter().filter_map(read).collect() }
    }

    /// What each has used since `before`.
    pub(in crate::cmd::bench) fn since(&self, before: &Self) -> Self {
        let used = |(name, now): (&&'static str, &f64)| {
            Some((*name, (now - before.seconds.get(name)?).max(0.0)))
        };
        Self { seconds: self.seconds.iter().filter_map(used).collect() }
    }

    /// All together.
    pub(in crate::cmd::bench) fn total(&self) -> f64 {
        self.seconds.values().sum()
    }
}

/// `utime` and `stime`, the 14th and 15th field. The second is the command's name in parentheses,
/// which may hold anything, so counting starts after it.
fn used_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 9 20 0 4 0 100 1 1";
        assert_eq!(used_ticks(stat), Some(300));
        assert_eq!(used_ticks(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn our_own_is_read_and_the_dead_are_left_out() {
        let cpu = Cpu::of([("ours", Some(std::process::id())), ("gone", None)]);
        assert_eq!(cpu.seconds.keys().collect::<Vec<_>>(), [&"ours"]);
        assert!(cpu.since(&cpu).total().abs() < f64::EPSILON);
    }
}
