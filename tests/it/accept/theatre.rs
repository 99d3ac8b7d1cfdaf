//! A stage that property tests ask, one request after the other.

use std::cell::Cell;

use proptest::{
    prelude::*,
    test_runner::{TestError, TestRunner},
};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{
    stage::Stage,
    surface::{Ask, Heard},
};

const CASES: u32 = 100;

/// A stage that property tests ask, one request after the other.
pub(super) struct Theatre {
    runtime: Runtime,
    pub(super) stage: Stage,
    accepted: Cell<u64>,
}

impl Theatre {
    pub(super) fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stage = runtime.block_on(Stage::start(&[("POSTHASTE_CONTROL_SETTLE_MS", "1")]));
        Self { runtime, stage, accepted: Cell::new(0) }
    }

    /// Sends the request to either surface, and checks what every answer must be.
    pub(super) fn ask(&self, ingress: bool, ask: &Ask) -> Result<Heard, TestCaseError> {
        let surface = self.stage.surfaces[usize::from(ingress)];
        let heard = self.runtime.block_on(surface.send(ask));
        if heard.status == 202 {
            self.accepted.set(self.accepted.get() + 1);
        } else {
            prop_assert!((400..500).contains(&heard.status), "{:?}", heard);
        }
        prop_assert_eq!(heard.header("content-type"), Some("application/json"), "{:?}", heard);
        let answer: Result<Value, _> = serde_json::from_str(&heard.body);
        let has_detail = answer.as_ref().is_ok_and(|answer| !answer["detail"].is_null());
        prop_assert!(has_detail || (heard.status == 202 && answer.is_ok()), "{:?}", heard);
        Ok(heard)
    }

    /// Sends the request to control, and checks what every answer of any route must be.
    pub(super) fn ask_control(&self, ask: &Ask) -> Result<Heard, TestCaseError> {
        let heard = self.runtime.block_on(self.stage.surfaces[0].send(ask));
        prop_assert!((200..500).contains(&heard.status), "{:?}", heard);
        let is_json = serde_json::from_str::<Value>(&heard.body).is_ok();
        prop_assert!(is_json || (heard.status == 204 && heard.body.is_empty()), "{:?}", heard);
        Ok(heard)
    }

    /// Runs the property.
    pub(super) fn check<S: Strategy>(
        &self,
        strategy: S,
        property: impl Fn(S::Value) -> Result<(), TestCaseError>,
    ) {
        let config = ProptestConfig { cases: CASES, failure_persistence: None, ..<_>::default() };
        match TestRunner::new(config).run(&strategy, property) {
            Ok(()) => {}
            Err(TestError::Fail(why, input)) => panic!("{why}\nfor {input:?}"),
            Err(TestError::Abort(why)) => panic!("{why}"),
        }
    }

    /// Runs the property, and then compares what is stored with what was answered.
    pub(super) fn check_stored<S: Strategy>(
        &self,
        strategy: S,
        property: impl Fn(S::Value) -> Result<(), TestCaseError>,
    ) {
        self.check(strategy, property);
        assert_eq!(self.runtime.block_on(self.stage.stored()), self.accepted.get());
    }
}
