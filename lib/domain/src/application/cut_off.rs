//! The end of an application's tokens before their time.
//!
//! There is no table of tokens, so what ends is not a token but all that were made before a
//! moment. The list is short by construction: what another cut-off says too is dropped, and so is
//! what no living token can match any more.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Ends the tokens that were made before a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutOff {
    /// It ends those that were made before this.
    pub made_before: Timestamp,
    /// They are good until then.
    pub ends_at: Timestamp,
    /// Only those of these sessions; of every session, and of none, where this is empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sessions: BTreeSet<String>,
}

/// Every cut-off of an application that may still matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CutOffs(Vec<CutOff>);

/// There is no room for another cut-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {max} cut-offs of at most {max_sessions} sessions are remembered", max = CutOffs::MAX, max_sessions = CutOffs::MAX_SESSIONS)]
pub struct TooManyCutOffs;

impl CutOffs {
    /// How many cut-offs are remembered at most.
    pub const MAX: usize = 64;
    /// How many sessions they name at most, all together.
    pub const MAX_SESSIONS: usize = 2_000;
    /// The longest time a session's token lives, whatever it says itself. A cut-off of sessions is
    /// forgotten when it is older; one of everything never, for other tokens may live for years.
    pub const LONGEST_SESSION: Duration = Duration::from_secs(8 * 86_400);

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the token that was made at `made_at`, perhaps for a session, is at its end at `now`.
    #[must_use]
    pub fn ended(&self, made_at: Timestamp, session: Option<&str>, now: Timestamp) -> bool {
        let outlived = session.is_some() && now.since(made_at) > Self::LONGEST_SESSION;
        outlived
            || self.0.iter().any(|cut_off| {
                made_at < cut_off.made_before && now >= cut_off.ends_at && cut_off.covers(session)
            })
    }

    /// These and `new`, without those that say nothing any more at `now`.
    ///
    /// # Errors
    /// [`TooManyCutOffs`].
    pub fn with(&self, new: CutOff, now: Timestamp) -> Result<Self, TooManyCutOffs> {
        let mut kept: Vec<CutOff> = self.0.clone();
        kept.push(new);
        kept.retain(|one| {
            one.sessions.is_empty() || now.since(one.made_before) <= Self::LONGEST_SESSION
        });
        // Of two that say the same the later one stays.
        for at in (0..kept.len()).rev() {
            let implied = kept.iter().enumerate().any(|(other, by)| {
                other != at
                    && kept[at].is_implied_by(by, now)
                    && (other > at || !by.is_implied_by(&kept[at], now))
            });
            if implied {
                kept.remove(at);
            }
        }
        let sessions: usize = kept.iter().map(|one| one.sessions.len()).sum();
        if kept.len() > Self::MAX || sessions > Self::MAX_SESSIONS {
            return Err(TooManyCutOffs);
        }
        Ok(Self(kept))
    }
}

impl CutOff {
    fn covers(&self, session: Option<&str>) -> bool {
        self.sessions.is_empty() || session.is_some_and(|one| self.sessions.contains(one))
    }

    /// Whether, from `now` on, whatever this ends, `other` ends no later.
    fn is_implied_by(&self, other: &Self, now: Timestamp) -> bool {
        let wider = other.sessions.is_empty()
            || (!self.sessions.is_empty() && self.sessions.is_subset(&other.sessions));
        wider && other.made_before >= self.made_before && other.ends_at <= self.ends_at.max(now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn cut_off(made_before: i64, ends_at: i64, sessions: &[&str]) -> CutOff {
        let sessions = sessions.iter().map(|one| (*one).to_owned()).collect();
        CutOff { made_before: at(made_before), ends_at: at(ends_at), sessions }
    }

    #[test]
    fn what_was_made_before_ends_in_time_and_what_comes_after_does_not() {
        let all = CutOffs::default().with(cut_off(100, 160, &[]), at(100)).unwrap();
        assert!(!all.ended(at(99), None, at(159)));
        assert!(all.ended(at(99), None, at(160)));
        assert!(all.ended(at(99), Some("a"), at(160)));
        assert!(!all.ended(at(100), None, at(160)));
        let some = CutOffs::default().with(cut_off(100, 100, &["a"]), at(100)).unwrap();
        assert!(some.ended(at(99), Some("a"), at(100)));
        assert!(!some.ended(at(99), Some("b"), at(100)) && !some.ended(at(99), None, at(100)));
    }

    #[test]
    fn a_session_does_not_outlive_what_is_remembered_of_it() {
        let week = 8 * 86_400;
        let none = CutOffs::default();
        assert!(
            !none.ended(at(0), Some("a"), at(week)) && none.ended(at(0), Some("a"), at(week + 1))
        );
        assert!(!none.ended(at(0), None, at(10 * week)));
        let old = none.with(cut_off(0, 0, &["a"]), at(0)).unwrap();
        let now = at(week + 1);
        let next = old.with(cut_off(week + 1, week + 1, &["b"]), now).unwrap();
        assert_eq!(next.0.len(), 1);
        let everything = none.with(cut_off(0, 0, &[]), at(0)).unwrap();
        assert_eq!(everything.with(cut_off(week + 1, week + 1, &["b"]), now).unwrap().0.len(), 2);
    }

    #[test]
    fn the_list_stays_short() {
        let mut all = CutOffs::default();
        for second in 0..1_000 {
            all = all.with(cut_off(second, second, &[]), at(second)).unwrap();
            assert_eq!(all.0.len(), 1);
        }
        let mut pending = CutOffs::default();
        for second in 0..64 {
            pending = pending.with(cut_off(second, 1_000 + second, &[]), at(second)).unwrap();
        }
        assert_eq!(pending.with(cut_off(64, 1_064, &[]), at(64)), Err(TooManyCutOffs));
        // At once is sooner than all of those.
        assert_eq!(pending.with(cut_off(64, 64, &[]), at(64)).unwrap().0.len(), 1);
        let names: Vec<String> = (0..2_001).map(|n| n.to_string()).collect();
        let many: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(CutOffs::default().with(cut_off(0, 0, &many), at(0)), Err(TooManyCutOffs));
        assert!(CutOffs::default().with(cut_off(0, 0, &many[1..]), at(0)).is_ok());
    }

    prop_compose! {
        fn any_cut_off()(
            made_before in 0_i64..20,
            wait in 0_i64..20,
            sessions in prop::collection::btree_set("[ab]", 0..3),
        ) -> CutOff {
            CutOff { made_before: at(made_before), ends_at: at(made_before + wait), sessions }
        }
    }

    proptest! {
        #[test]
        fn dropping_what_says_nothing_changes_no_answer(
            mut cut_offs in prop::collection::vec(any_cut_off(), 0..12),
            made_at in 0_i64..20, later in 0_i64..30, session in prop::option::of("[abc]"),
        ) {
            cut_offs.sort_by_key(|one| one.made_before);
            let mut kept = CutOffs::default();
            let mut now = at(0);
            for one in &cut_offs {
                now = one.made_before;
                kept = kept.with(one.clone(), now).unwrap();
            }
            let (made_at, session) = (at(made_at), session.as_deref());
            let now = now + Duration::from_secs(later.unsigned_abs());
            let whole = CutOffs(cut_offs);
            prop_assert_eq!(kept.ended(made_at, session, now), whole.ended(made_at, session, now));
        }
    }
}
