//! A store of each kind, empty and of a test's own.

use posthaste_history::{History, open};
use posthaste_testkit::Postgres;
use tempfile::TempDir;

/// The stores, and what they live in.
pub(crate) struct Bed {
    pub(crate) postgres: Postgres,
    pub(crate) folder: TempDir,
}

impl Bed {
    pub(crate) async fn start() -> Self {
        Self { postgres: Postgres::start().await, folder: tempfile::tempdir().unwrap() }
    }

    /// Addresses of empty stores, one of each kind.
    pub(crate) async fn addresses(&self) -> [String; 2] {
        let file = tempfile::Builder::new().suffix(".db").tempfile_in(&self.folder).unwrap();
        let (_, path) = file.keep().unwrap();
        std::fs::remove_file(&path).unwrap();
        [format!("sqlite:{}", path.display()), self.postgres.fresh_database().await]
    }

    pub(crate) async fn stores(&self) -> Vec<History> {
        let mut stores = Vec::new();
        for address in self.addresses().await {
            stores.push(open(&address).await.unwrap());
        }
        stores
    }
}
