//! The database on a PostgreSQL server, as somebody finds it who steals a dump.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};

use super::planted::{Canaries, Evidence, GIVEN, OTHER_FAMILY};
use crate::postgres::KEY;
use crate::server::fresh;

/// All columns of our tables, as `(table, column)`.
const COLUMNS: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'clinic_sync'";

/// Adds every value of every row to the evidence, by table and column: its text, and the bytes of what is bytes.
pub(super) async fn dump(address: &str, evidence: &mut Evidence) {
    let mut db = connect(address).await;
    let columns: Vec<(String, String)> = sqlx::query_as(COLUMNS).fetch_all(&mut db).await.unwrap();
    assert!(columns.len() > 50, "{columns:?}");
    for (table, column) in columns {
        let text = format!("SELECT \"{column}\"::text FROM clinic_sync.\"{table}\" WHERE \"{column}\" IS NOT NULL");
        let values: Vec<String> = sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(&mut db).await.unwrap();
        let bytes = values.iter().filter_map(|value| value.strip_prefix("\\x")).flat_map(unhexed).collect::<Vec<u8>>();
        let name = format!("{table}.{column}");
        evidence.add(&name, values.join("\n"));
        evidence.add(&format!("the bytes of {name}"), bytes);
    }
}

async fn connect(address: &str) -> PgConnection {
    address.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
}

fn unhexed(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2 * 2).step_by(2).filter_map(|index| u8::from_str_radix(digits.get(index..index + 2)?, 16).ok()).collect()
}

#[tokio::test]
async fn no_value_and_no_secret_comes_to_light_on_a_server() {
    super::no_value_and_no_secret_comes_to_light_in(Some((fresh().await, KEY))).await;
}

#[tokio::test]
async fn a_canary_is_found_in_a_database_whatever_its_column_is_made_of() {
    let address = fresh().await;
    let mut db = connect(&address).await;
    let many: String = (0..50).map(|number| format!(", column_{number} text")).collect();
    for statement in [
        "CREATE SCHEMA clinic_sync".to_owned(),
        "CREATE TABLE clinic_sync.planted (as_text text, as_json jsonb, as_bytes bytea, as_list text[])".to_owned(),
        format!("CREATE TABLE clinic_sync.others (id bigint{many})"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
    }
    // A statement is logged, and what is bound to it is not.
    let insert = "INSERT INTO clinic_sync.planted VALUES ($1, jsonb_build_object('names', ARRAY[$1]), convert_to($1, 'UTF8'), ARRAY[$1])";
    sqlx::query(insert).bind(OTHER_FAMILY).execute(&mut db).await.unwrap();
    let mut evidence = Evidence::default();
    dump(&address, &mut evidence).await;
    let leaks = evidence.leaks(&Canaries::planted());
    for column in ["as_text", "as_json", "as_bytes", "as_list"] {
        let found = leaks.iter().any(|leak| leak.starts_with(OTHER_FAMILY) && leak.ends_with(&format!("planted.{column}")));
        assert!(found, "{column} is not in {leaks:?}");
    }
    assert!(leaks.iter().all(|leak| !leak.starts_with(GIVEN)), "{leaks:?}");
}
