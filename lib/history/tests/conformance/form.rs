//! The tables' form, and who may bring it up to date.

use posthaste_history::{HistoryError, open};

use crate::bed::Bed;

#[tokio::test]
async fn several_processes_may_start_at_once() {
    let bed = Bed::start().await;
    for address in bed.addresses().await {
        let opened = futures_util::future::join_all((0..6).map(|_| open(&address))).await;
        for store in opened {
            let org = "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
            assert_eq!(store.unwrap().event_type_usage(&org).await.unwrap(), []);
        }
    }
}

#[tokio::test]
async fn a_store_of_tomorrow_is_refused() {
    let bed = Bed::start().await;
    let [address, _] = bed.addresses().await;
    drop(open(&address).await.unwrap());
    let path = address.strip_prefix("sqlite:").unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for _ in 0..100 {
        sqlx::query("INSERT INTO history_form VALUES (1)").execute(&pool).await.unwrap();
    }
    assert!(matches!(open(&address).await, Err(HistoryError::Migration(_))));
}

#[tokio::test]
async fn what_is_no_address_and_who_does_not_answer_are_told_apart() {
    assert!(matches!(open("mysql://x").await, Err(HistoryError::Address)));
    let nobody = "postgres://posthaste@127.0.0.1:1/history";
    assert!(matches!(open(nobody).await, Err(HistoryError::Unavailable(_))));
}
