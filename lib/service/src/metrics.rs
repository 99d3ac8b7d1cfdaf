//! The metrics that every process has.
//!
//! Each part of a process registers its own metrics on the registry of its [`Kit`](crate::Kit);
//! these are the ones that belong to no part. Registering them again on the same registry changes
//! nothing, so that roles may share a process.

use prometheus::{Error, IntGaugeVec, Opts, Registry, core::Collector};

/// Registers `process_*`: CPU, memory, file descriptors, threads and start time, read at each
/// scrape. Only Linux has them; elsewhere this does nothing.
///
/// # Errors
/// Where the registry refuses the names.
pub fn register_process(registry: &Registry) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    register(registry, prometheus::process_collector::ProcessCollector::for_self())?;
    #[cfg(not(target_os = "linux"))]
    let _ = registry;
    Ok(())
}

/// Registers `posthaste_build_info{version, revision}`, which is always 1.
///
/// # Errors
/// Where the registry refuses the name.
pub fn build_info(registry: &Registry, version: &str, revision: &str) -> Result<(), Error> {
    let opts = Opts::new("posthaste_build_info", "The build that runs; always 1.");
    let info = IntGaugeVec::new(opts, &["version", "revision"])?;
    info.with_label_values(&[version, revision]).set(1);
    register(registry, info)
}

fn register(registry: &Registry, collector: impl Collector + 'static) -> Result<(), Error> {
    match registry.register(Box::new(collector)) {
        Err(Error::AlreadyReg) => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use prometheus::TextEncoder;

    use super::*;

    #[test]
    fn roles_may_share_a_registry() {
        let registry = Registry::new();
        for _ in 0..2 {
            register_process(&registry).unwrap();
            build_info(&registry, "0.1.0", "abc123").unwrap();
        }
        let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let line = "posthaste_build_info{revision=\"abc123\",version=\"0.1.0\"} 1";
        assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{text}");
        assert!(text.contains("process_open_fds "), "{text}");
    }
}
