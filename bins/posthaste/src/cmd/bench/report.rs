//! What a measurement came to.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{Args, generator::Sent, processes::Cpu, quantiles::Quantiles, receiver::Stats};

/// The numbers, for people (`Display`) and machines (JSON).
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) messages: u32,
    pub(super) payload_bytes: u32,
    pub(super) concurrency: u32,
    pub(super) endpoints: u32,
    /// Messages that were answered 202.
    pub(super) accepted: u32,
    /// Messages that were answered otherwise, or not.
    pub(super) not_accepted: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_failure: Option<String>,
    /// What should arrive: what was accepted, once at each endpoint.
    pub(super) deliveries: u64,
    /// What arrived, each delivery once.
    pub(super) delivered: u64,
    pub(super) lost: u64,
    pub(super) duplicates: u64,
    /// Requests that are no delivery of this measurement.
    pub(super) strange: u64,
    pub(super) accepted_per_second: f64,
    /// Distinct deliveries over the time from the first send to the last receipt.
    pub(super) delivered_per_second: f64,
    pub(super) seconds: f64,
    /// From the start of a request to its 202.
    pub(super) accept_micros: Quantiles,
    /// From the start of a request to the receiver.
    pub(super) delivery_micros: Quantiles,
    pub(super) cpu_seconds: BTreeMap<&'static str, f64>,
    pub(super) cpu_micros_per_delivery: BTreeMap<&'static str, f64>,
    pub(super) cpu_micros_per_delivery_total: f64,
}

impl Report {
    pub(super) fn new(
        args: &Args,
        sent: Sent,
        received: Stats,
        delivery_micros: Quantiles,
        cpu: Cpu,
    ) -> Self {
        let deliveries = u64::from(sent.accepted) * u64::from(args.endpoints);
        let seconds = (received.last_at - sent.first_at.micros()).max(0) as f64 / 1e6;
        let each = |seconds: f64| seconds * 1e6 / received.distinct.max(1) as f64;
        Self {
            messages: args.messages,
            payload_bytes: args.payload_bytes,
            concurrency: args.concurrency,
            endpoints: args.endpoints,
            accepted: sent.accepted,
            not_accepted: u64::from(sent.failed),
            first_failure: sent.first_failure,
            deliveries,
            delivered: received.distinct,
            lost: deliveries.saturating_sub(received.distinct),
            duplicates: received.duplicates,
            strange: received.strange,
            accepted_per_second: per_second(f64::from(sent.accepted), sent.took.as_secs_f64()),
            delivered_per_second: per_second(received.distinct as f64, seconds),
            seconds,
            accept_micros: sent.latency,
            delivery_micros,
            cpu_micros_per_delivery: cpu
                .seconds
                .iter()
                .map(|(name, s)| (*name, each(*s)))
                .collect(),
            cpu_micros_per_delivery_total: each(cpu.total()),
            cpu_seconds: cpu.seconds,
        }
    }
}

fn per_second(count: f64, seconds: f64) -> f64 {
    if seconds > 0.0 { count / seconds } else { 0.0 }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, payload_bytes, concurrency, endpoints, .. } = self;
        writeln!(
            f,
            "{messages} messages of {payload_bytes} bytes, {concurrency} senders, {endpoints} \
             endpoint(s), {:.2} s\n",
            self.seconds
        )?;
        let rate = |f: &mut fmt::Formatter<'_>, name, per_second: f64, latency: &Quantiles| {
            let ms = |micros: u32| f64::from(micros) / 1e3;
            let Quantiles { p50, p99, max } = *latency;
            writeln!(
                f,
                "{name}  {per_second:>9.0} /s   p50 {:>9.1} ms   p99 {:>9.1} ms   max {:>9.1} ms",
                ms(p50),
                ms(p99),
                ms(max)
            )
        };
        rate(f, "accepted ", self.accepted_per_second, &self.accept_micros)?;
        rate(f, "delivered", self.delivered_per_second, &self.delivery_micros)?;
        writeln!(
            f,
            "\n{} of {} delivered, {} lost, {} duplicates, {} strange, {} not accepted\n",
            self.delivered,
            self.deliveries,
            self.lost,
            self.duplicates,
            self.strange,
            self.not_accepted
        )?;
        for (name, seconds) in &self.cpu_seconds {
            let each = self.cpu_micros_per_delivery.get(name).copied().unwrap_or_default();
            writeln!(f, "{name:<12} {seconds:>8.2} s of CPU {each:>8.1} µs a delivery")?;
        }
        let total: f64 = self.cpu_seconds.values().sum();
        let each = self.cpu_micros_per_delivery_total;
        write!(f, "{:<12} {total:>8.2} s of CPU {each:>8.1} µs a delivery", "all")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use posthaste_domain::Timestamp;

    use super::*;

    fn report(received: Stats) -> Report {
        let args = Args {
            messages: 100,
            payload_bytes: 1_000,
            concurrency: 8,
            endpoints: 2,
            json: false,
            nats_server: None,
        };
        let sent = Sent {
            accepted: 100,
            failed: 0,
            first_failure: None,
            first_at: Timestamp::from_micros(1_000_000),
            took: Duration::from_millis(500),
            latency: Quantiles::default(),
        };
        let cpu = Cpu { seconds: BTreeMap::from([("ingress", 0.5), ("worker", 1.5)]) };
        Report::new(&args, sent, received, Quantiles::default(), cpu)
    }

    #[test]
    fn rates_run_from_the_first_send_to_the_last_receipt() {
        let whole = Stats { distinct: 200, last_at: 3_000_000, ..Stats::default() };
        let report = report(whole);
        assert_eq!((report.deliveries, report.lost), (200, 0));
        assert_eq!((report.accepted_per_second, report.delivered_per_second), (200.0, 100.0));
        assert_eq!(report.cpu_micros_per_delivery["worker"], 7_500.0);
        assert_eq!(report.cpu_micros_per_delivery_total, 10_000.0);
        assert!(report.to_string().contains("200 of 200 delivered, 0 lost"), "{report}");
    }

    #[test]
    fn what_did_not_arrive_is_lost_even_where_nothing_did() {
        let report = report(Stats::default());
        assert_eq!((report.lost, report.delivered_per_second), (200, 0.0));
        assert!(report.cpu_micros_per_delivery_total.is_finite());
    }
}
