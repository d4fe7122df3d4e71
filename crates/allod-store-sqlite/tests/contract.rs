//! The SQLite store keeps the contract that every store keeps.

use std::sync::Arc;

use allod_server_core::contract::{self, Factory};
use allod_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

struct Sqlite;

impl Factory for Sqlite {
    type Store = SqliteStore;
    type Place = TempDir;

    fn place(&self) -> TempDir {
        tempfile::tempdir().expect("a folder for the test")
    }

    async fn open(&self, place: &TempDir) -> SqliteStore {
        let (hub, policy) = (Arc::new(contract::hub()), contract::policy());
        SqliteStore::open(Options { folder: place.path().into(), hub, policy, page_count_max: None }).expect("it opens")
    }
}

macro_rules! declare {
    ($($module:ident $name:ident;)*) => {
        $(#[test]
        fn $name() {
            futures_executor::block_on(contract::$module::$name(&Sqlite));
        })*
    };
}
allod_server_core::store_contract_list!(declare);
