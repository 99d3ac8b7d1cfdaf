//! Control as a process of its own, to be killed.

use std::net::SocketAddr;

use posthaste_testkit::{Role, free_port, spawn_role};

use crate::{bed::Bed, client::Client};

/// A control that can be killed, and comes back at the same address.
pub(crate) struct ControlProcess {
    role: Role,
    address: SocketAddr,
}

impl ControlProcess {
    pub(crate) async fn start(bed: &Bed) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        Self { role: spawn(bed, address).await, address }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.role.kill();
    }

    /// Starts it again.
    pub(crate) async fn restart(&mut self, bed: &Bed) {
        self.role = spawn(bed, self.address).await;
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) {
        self.role.terminate();
        let status = self.role.wait().await;
        assert!(status.success(), "{status}:\n{}", self.role.log());
    }
}

async fn spawn(bed: &Bed, address: SocketAddr) -> Role {
    let admin = format!("127.0.0.1:{}", free_port());
    let mut environment = bed.environment();
    environment.retain(|(name, _)| {
        !matches!(name.as_str(), "POSTHASTE_ADMIN_LISTEN" | "POSTHASTE_CONTROL_LISTEN")
    });
    environment.push(("POSTHASTE_ADMIN_LISTEN".into(), admin.clone()));
    environment.push(("POSTHASTE_CONTROL_LISTEN".into(), address.to_string()));
    environment.push(("POSTHASTE_SHUTDOWN_DELAY_MS".into(), "0".into()));
    let mut role = spawn_role("posthaste-control", environment);
    role.wait_ready(&format!("http://{admin}")).await;
    role
}
