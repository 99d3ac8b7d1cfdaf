//! Ports for processes that cannot choose one and tell.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

/// Ports of 127.0.0.1 on which nothing listens. Another process may take one before it is used;
/// then the role that was to have it says so and ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) control: u16,
    pub(super) ingress: u16,
    pub(super) control_admin: u16,
    pub(super) ingress_admin: u16,
    pub(super) worker_admin: u16,
}

impl Ports {
    /// Five different ones.
    ///
    /// # Errors
    /// Where the system has none.
    pub(super) fn free() -> io::Result<Self> {
        let bound = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        // All are bound before any is let go of, so that they differ.
        let listeners = [bound()?, bound()?, bound()?, bound()?, bound()?];
        let port = |at: usize| Ok::<_, io::Error>(listeners[at].local_addr()?.port());
        Ok(Self {
            control: port(0)?,
            ingress: port(1)?,
            control_admin: port(2)?,
            ingress_admin: port(3)?,
            worker_admin: port(4)?,
        })
    }
}
