//! What is running, in words.

use std::{net::SocketAddr, path::Path};

use super::{demo::Demo, stack::Stack};
use crate::output::say;

/// What is running, and how to speak with it.
pub(super) struct Session {
    pub(super) stack: Stack,
    pub(super) demo: Option<Demo>,
    pub(super) token: String,
}

impl Session {
    /// Says what runs where, and what the demo did.
    pub(super) fn introduce(&self, broker: &str, admin: SocketAddr, data: &Path) {
        let api = self.stack.api_url();
        say!("\nPosthaste is running on this machine.\n");
        say!("  API      {api}/api/v1");
        say!("  ingress  {}  (accepts messages only)", self.stack.ingress_url());
        say!("  metrics  http://{admin}/worker/metrics, and the same of /ingress and /control");
        say!("  broker   {broker}");
        say!("  data     {}", data.display());
        if let Some(demo) = &self.demo {
            say!("\n{}", demo.told());
        }
    }

    /// Says how to go on.
    pub(super) fn invite(&self) {
        let api = format!("{}/api/v1", self.stack.api_url());
        let (what, path, body) = match &self.demo {
            Some(demo) => (
                "Send one yourself",
                format!("/app/{}/msg", demo.app()),
                r#"{"eventType":"chargeback.created","payload":{"amount":299.99}}"#,
            ),
            None => ("Make an application", "/app".to_owned(), r#"{"name":"My first merchant"}"#),
        };
        say!("\n{what}:\n");
        say!("  export POSTHASTE_TOKEN={}", self.token);
        say!("  curl {api}{path} \\");
        say!("    -H \"authorization: Bearer $POSTHASTE_TOKEN\" \\");
        say!("    -H 'content-type: application/json' -d '{body}'\n");
        if let Some(demo) = &self.demo {
            say!("The application is {}; `posthaste listen` is a receiver to try.", demo.app());
        }
        say!("Ctrl-C stops everything.\n");
    }

    /// Tells of further requests to the demo's receiver; never ends.
    pub(super) async fn watch(&mut self) {
        match &mut self.demo {
            Some(demo) => demo.watch().await,
            None => std::future::pending().await,
        }
    }
}
