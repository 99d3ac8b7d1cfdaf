//! All that is wrong with one document.

use std::cell::{Cell, RefCell};

use crate::Fault;

/// The most faults that are told of one document; of more the last says how many.
const FAULTS_MAX: usize = 100;

/// Every fault found so far, up to [`FAULTS_MAX`].
#[derive(Default)]
pub(crate) struct Faults {
    found: RefCell<Vec<Fault>>,
    /// How many were found beyond those.
    more: Cell<usize>,
}

impl Faults {
    pub(crate) fn add(&self, pointer: impl Into<String>, problem: impl Into<String>) {
        self.push(Fault::new(pointer, problem));
    }

    pub(crate) fn push(&self, fault: Fault) {
        let mut found = self.found.borrow_mut();
        if found.len() < FAULTS_MAX {
            found.push(fault);
        } else {
            self.more.set(self.more.get() + 1);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Fault> {
        let mut found = self.found.into_inner();
        let more = self.more.get();
        if more > 0 {
            found.pop();
            found.push(Fault::new("", format!("has {} more faults", more + 1)));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_faults_a_hundred_are_told_and_the_last_counts_the_rest() {
        let of = |count: usize| {
            let faults = Faults::default();
            (0..count).for_each(|at| faults.add(format!("/{at}"), "is wrong"));
            faults.into_vec()
        };
        assert_eq!(of(100).last().unwrap().to_string(), "/99: is wrong");
        let found = of(1_000);
        assert_eq!(found.len(), 100);
        assert_eq!(found[98].to_string(), "/98: is wrong");
        assert_eq!(found[99].to_string(), "/: has 901 more faults");
    }
}
