//! What the measurement came to.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use super::{super::processes::Cpu, Args};

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    /// From the first message read until it had caught up.
    pub(super) caught_up_in: Duration,
    /// Messages and attempts, each a row, that were there by then.
    pub(super) rows_by_then: u64,
    /// From the first message read to the very last recorded.
    pub(super) recorded_in: Duration,
    /// All rows.
    pub(super) rows: u64,
    /// The most stream messages that were seen to wait once it had caught up.
    pub(super) lag_max: u64,
    /// Those that waited at the end.
    pub(super) lag_final: u64,
    pub(super) cpu: Cpu,
}

/// The numbers, for people (`Display`) and machines (JSON).
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    backlog: u32,
    rate: u32,
    payload_bytes: u32,
    catch_up_seconds: f64,
    /// While it was catching up.
    rows_per_second: f64,
    rows: u64,
    seconds: f64,
    lag_max: u64,
    lag_final: u64,
    cpu_seconds: BTreeMap<&'static str, f64>,
    cpu_micros_per_row: BTreeMap<&'static str, f64>,
}

impl Report {
    pub(super) fn new(args: &Args, measured: Measured) -> Self {
        let Measured { caught_up_in, rows_by_then, recorded_in, rows, lag_max, lag_final, cpu } =
            measured;
        let catch_up_seconds = caught_up_in.as_secs_f64();
        Self {
            backlog: args.backlog,
            rate: args.rate,
            payload_bytes: args.payload_bytes,
            catch_up_seconds,
            rows_per_second: rows_by_then as f64 / catch_up_seconds.max(1e-6),
            rows,
            seconds: recorded_in.as_secs_f64(),
            lag_max,
            lag_final,
            cpu_micros_per_row: cpu
                .seconds
                .iter()
                .map(|(name, seconds)| (*name, seconds * 1e6 / rows as f64))
                .collect(),
            cpu_seconds: cpu.seconds,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} messages of {} bytes and as many attempts, and {} a second after them\n",
            self.backlog, self.payload_bytes, self.rate
        )?;
        writeln!(
            f,
            "caught up in {:.2} s: {:.0} rows/s",
            self.catch_up_seconds, self.rows_per_second
        )?;
        writeln!(
            f,
            "{} rows in {:.2} s; at most {} stream messages behind after that, {} at the end\n",
            self.rows, self.seconds, self.lag_max, self.lag_final
        )?;
        for (at, (name, seconds)) in self.cpu_seconds.iter().enumerate() {
            let each = self.cpu_micros_per_row.get(name).copied().unwrap_or_default();
            let end = if at + 1 < self.cpu_seconds.len() { "\n" } else { "" };
            write!(f, "{name:<12} {seconds:>8.2} s of CPU {each:>8.1} µs a row{end}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_catching_up_and_each_row_costs_its_share() {
        let args = Args {
            store: None,
            backlog: 1_000,
            rate: 100,
            payload_bytes: 1_000,
            json: false,
            nats_server: None,
        };
        let measured = Measured {
            caught_up_in: Duration::from_secs(2),
            rows_by_then: 2_400,
            recorded_in: Duration::from_secs(7),
            rows: 3_000,
            lag_max: 12,
            lag_final: 0,
            cpu: Cpu { seconds: BTreeMap::from([("control", 0.3)]) },
        };
        let report = Report::new(&args, measured);
        assert_eq!((report.rows_per_second, report.rows), (1_200.0, 3_000));
        assert!((report.cpu_micros_per_row["control"] - 100.0).abs() < 1e-9);
        assert!(report.to_string().contains("1200 rows/s"), "{report}");
    }
}
