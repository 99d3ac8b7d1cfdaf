//! How a process speaks: one line an event, on standard error.
//!
//! The subscriber is the one global of this crate. There is no file rotation and no network
//! exporter: whoever runs the process collects standard error.

use std::io::{IsTerminal as _, stderr};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, filter::ParseError, fmt, fmt::MakeWriter, layer::SubscriberExt as _, registry,
};

use crate::config::{Key, Reader};

const FORMAT: Key = Key::new(
    "log.format",
    "json",
    "",
    "How log lines are written: `json` for machines, `human` for people.",
);
const FILTER: Key = Key::new(
    "log.filter",
    "info",
    "",
    "Which log lines are written: a level, or directives such as `info,posthaste_worker=debug`.",
);

/// The settings of this module.
pub const KEYS: &[Key] = &[FORMAT, FILTER];

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, its fields beside `timestamp`, `level`, `target` and `message`.
    #[default]
    Json,
    /// For reading; coloured on a terminal.
    Human,
}

/// The value is neither `json` nor `human`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wants json or human")]
pub struct UnknownFormat;

impl std::str::FromStr for LogFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text {
            "json" => Ok(Self::Json),
            "human" => Ok(Self::Human),
            _ => Err(UnknownFormat),
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// How lines are written.
    pub format: LogFormat,
    /// Which lines are written, in `tracing_subscriber::EnvFilter`'s language.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::default(), filter: FILTER.default.to_owned() }
    }
}

impl LogConfig {
    /// Reads [`KEYS`].
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let format = reader.parse(&FORMAT).unwrap_or_default();
        let mut filter = reader.text(&FILTER);
        if let Err(err) = EnvFilter::try_new(&filter) {
            reader.require(false, &FILTER, format!("wants a level or directives: {err}"));
            filter = FILTER.default.to_owned();
        }
        Self { format, filter }
    }
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the log filter {filter:?} cannot be read")]
pub struct InitError {
    filter: String,
    #[source]
    source: ParseError,
}

/// Starts logging. Where this process already logs, that stays as it is: tests may each ask.
///
/// # Errors
/// [`InitError`] where the filter cannot be read; one from [`LogConfig::read`] can.
pub fn init(config: &LogConfig) -> Result<(), InitError> {
    let subscriber = subscriber(config, stderr().is_terminal(), stderr)?;
    // The only error is that another subscriber came first, and the first one stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

fn subscriber<W>(
    config: &LogConfig,
    coloured: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, InitError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|source| InitError { filter: config.filter.clone(), source })?;
    let lines = fmt::layer().with_writer(writer).with_ansi(coloured);
    let base = registry().with(filter);
    Ok(match config.format {
        LogFormat::Json => {
            Box::new(base.with(lines.json().flatten_event(true).with_span_list(false)))
        }
        LogFormat::Human => Box::new(base.with(lines)),
    })
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing::{debug, info, subscriber::with_default};

    use super::*;
    use crate::config::Vars;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat) -> String {
        let page = Page::default();
        let config = LogConfig { format, ..LogConfig::default() };
        let writer = page.clone();
        let subscriber = subscriber(&config, false, move || writer.clone()).unwrap();
        with_default(subscriber, || {
            info!(slots = 3, "worker built");
            debug!("below the filter");
        });
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_are_flat_objects() {
        let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json)).unwrap();
        assert_eq!(line["message"], "worker built");
        assert_eq!(line["slots"], 3);
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn human_lines_are_lines() {
        let text = logged(LogFormat::Human);
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("worker built") && text.contains("slots=3"), "{text}");
    }

    #[test]
    fn starting_twice_is_no_error() {
        assert!(init(&LogConfig::default()).is_ok());
        assert!(init(&LogConfig { format: LogFormat::Human, ..LogConfig::default() }).is_ok());
    }

    #[test]
    fn bad_settings_are_faults() {
        let vars = Vars::from_pairs([
            ("POSTHASTE_LOG_FORMAT", "xml"),
            ("POSTHASTE_LOG_FILTER", "a=b=c=loud"),
        ]);
        let mut reader = Reader::new(&vars);
        assert_eq!(LogConfig::read(&mut reader), LogConfig::default());
        assert_eq!(reader.finish().unwrap_err().as_slice().len(), 2);
    }
}
