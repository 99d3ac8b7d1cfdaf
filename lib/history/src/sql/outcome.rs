//! How ends and states are stored. The numbers never change.

use crate::{AttemptStatus, DeadLetterState, DeliveryStatus, HistoryError};

/// A number that no version wrote.
#[derive(Debug, thiserror::Error)]
#[error("{0} stands for nothing")]
struct Unknown(i64);

pub(crate) const fn number(status: AttemptStatus) -> i64 {
    match status {
        AttemptStatus::Success => 0,
        AttemptStatus::Fail => 2,
        AttemptStatus::Sending => 3,
    }
}

pub(crate) const ATTEMPT: [AttemptStatus; 3] =
    [AttemptStatus::Success, AttemptStatus::Fail, AttemptStatus::Sending];

pub(crate) const fn of_delivery(status: DeliveryStatus) -> i64 {
    match status {
        DeliveryStatus::Success => 0,
        DeliveryStatus::Fail => 2,
        DeliveryStatus::Sending => 3,
    }
}

pub(crate) fn delivery(number: i64) -> Result<DeliveryStatus, HistoryError> {
    let all = [DeliveryStatus::Success, DeliveryStatus::Fail, DeliveryStatus::Sending];
    find(all, number, of_delivery)
}

pub(crate) const fn of_letter(state: DeadLetterState) -> i64 {
    match state {
        DeadLetterState::Waiting => 0,
        DeadLetterState::Redriven => 1,
        DeadLetterState::Discarded => 2,
    }
}

pub(crate) fn letter(number: i64) -> Result<DeadLetterState, HistoryError> {
    let all = [DeadLetterState::Waiting, DeadLetterState::Redriven, DeadLetterState::Discarded];
    find(all, number, of_letter)
}

fn find<T: Copy, const N: usize>(
    all: [T; N],
    number: i64,
    of: fn(T) -> i64,
) -> Result<T, HistoryError> {
    let found = all.into_iter().find(|one| of(*one) == number);
    found.ok_or_else(|| HistoryError::Unreadable(Box::new(Unknown(number))))
}
