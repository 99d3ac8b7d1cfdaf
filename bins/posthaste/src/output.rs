//! What a command says on standard output.
//!
//! A reader that has gone, as `head` does, is no failure of ours, and no panic as it would be with
//! `println!`.

use std::{fmt, io::Write as _};

/// Writes a line to standard output, at once.
macro_rules! say {
    () => { $crate::output::line(format_args!("")) };
    ($($argument:tt)*) => { $crate::output::line(format_args!($($argument)*)) };
}
pub(crate) use say;

/// Writes a line to standard error.
macro_rules! complain {
    ($($argument:tt)*) => { $crate::output::complaint(format_args!($($argument)*)) };
}
pub(crate) use complain;

pub(crate) fn line(text: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

pub(crate) fn complaint(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
