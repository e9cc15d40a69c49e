//! Copying everything from a SQLite file to a PostgreSQL database.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row, SqliteConnection};
use sync_core::{Error, ErrorKind, Result};

use crate::error::Failure;
use crate::{PostgresStore, SqliteStore};

/// How many rows are written at a time.
const BATCH: usize = 500;

/// A column, by what is in it. A flag is a number on SQLite.
#[derive(Clone, Copy)]
enum Column {
    Text(&'static str),
    Number(&'static str),
    Bytes(&'static str),
    Flag(&'static str),
}

use Column::{Bytes, Flag, Number, Text};

struct Table {
    name: &'static str,
    columns: &'static [Column],
    /// By what its rows are in the same order on both databases.
    order: &'static str,
}

/// Everything but the holders of leases, who are of this machine, and the check of the master key, which is the same.
const TABLES: [Table; 12] = [
    Table {
        name: "link",
        columns: &[
            Text("tenant"),
            Text("kind"),
            Bytes("id"),
            Number("version"),
            Text("head"),
            Text("left_id"),
            Text("right_id"),
            Bytes("intent"),
            Bytes("token"),
            Bytes("salt"),
            Text("body"),
        ],
        order: "tenant, id",
    },
    Table {
        name: "mark",
        columns: &[Text("tenant"), Text("kind"), Text("side"), Text("scheme"), Bytes("digest"), Bytes("link")],
        order: "tenant, kind, side, scheme, digest, link",
    },
    Table {
        name: "review",
        columns: &[
            Text("tenant"),
            Bytes("id"),
            Text("kind"),
            Bytes("link"),
            Text("left_record"),
            Text("right_record"),
            Text("reason"),
            Text("shown"),
            Number("opened_at"),
            Text("decision"),
            Bytes("sealed"),
        ],
        order: "tenant, id",
    },
    Table {
        name: "run",
        columns: &[Text("tenant"), Bytes("id"), Text("kind"), Number("started_at"), Number("ended_at"), Text("state"), Text("counts")],
        order: "tenant, id",
    },
    Table {
        name: "operation",
        columns: &[
            Text("tenant"),
            Bytes("link"),
            Number("at"),
            Bytes("run"),
            Text("side"),
            Text("action"),
            Text("record"),
            Text("fields"),
            Text("outcome"),
        ],
        order: "seq",
    },
    Table {
        name: "pre_image",
        columns: &[
            Text("tenant"),
            Bytes("link"),
            Text("side"),
            Text("record"),
            Text("field"),
            Bytes("sealed"),
            Number("at"),
            Number("until"),
        ],
        order: "seq",
    },
    Table {
        name: "hint",
        columns: &[
            Text("tenant"),
            Text("kind"),
            Text("side"),
            Text("record"),
            Number("urgency"),
            Number("due"),
            Number("newest"),
            Number("attempts"),
            Number("generation"),
            Number("taken_until"),
            Flag("dead"),
            Text("reason"),
        ],
        order: "seq",
    },
    Table { name: "delivery", columns: &[Text("tenant"), Text("id"), Number("at")], order: "tenant, id" },
    Table { name: "lease", columns: &[Text("tenant"), Number("fence")], order: "tenant" },
    Table { name: "tenant_key", columns: &[Text("tenant"), Number("version"), Bytes("wrapped")], order: "tenant" },
    Table { name: "person_salt", columns: &[Text("tenant"), Bytes("link"), Bytes("salt")], order: "tenant, link" },
    Table { name: "secret", columns: &[Text("tenant"), Text("name"), Bytes("sealed")], order: "tenant, name" },
];

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How many rows each table has, on both databases alike.
    pub rows: BTreeMap<&'static str, u64>,
    /// Whether all of it was there before, and nothing was written.
    pub already: bool,
}

/// Copies everything from a SQLite file to a PostgreSQL database, which has to be opened with the same master key. The rows are
/// counted and digested on both sides before anything there is committed; it is one transaction, so that an interrupted copy leaves
/// nothing, and is simply made again. Nobody may write to the file meanwhile: hold the leases of its tenants.
///
/// # Errors
/// When a database fails, when the target has something of the same tenants that is not this, or when the copy is found to
/// differ. Nothing was changed then.
pub async fn copy_store(from: &SqliteStore, to: &PostgresStore) -> Result<Copied> {
    let mut source = from.reading().begin().await.map_err(|error| from.explained(error))?;
    let mut target = to.alone().await.map_err(|failure| to.explained(failure))?;
    let copied = copy(&mut source, &mut target).await.map_err(|failed| match failed {
        Failed::Source(failure) => from.explained(failure),
        Failed::Target(failure) => to.explained(failure),
        Failed::Occupied => refused("the database there has something of this practice that is not a copy of this file", to),
        Failed::Differs(table) => refused(&format!("the copy of the table {table} differs; nothing was changed"), to),
    })?;
    target.commit().await.map_err(|error| to.explained(error))?;
    Ok(copied)
}

fn refused(why: &str, to: &PostgresStore) -> Error {
    use crate::Store;
    Error::permanent(ErrorKind::Store, why).with_context("database", to.place())
}

/// Why a copy was not made.
enum Failed {
    Source(Failure),
    Target(Failure),
    Occupied,
    Differs(&'static str),
}

fn source(error: sqlx::Error) -> Failed {
    Failed::Source(error.into())
}

fn target(error: sqlx::Error) -> Failed {
    Failed::Target(error.into())
}

async fn copy(from: &mut SqliteConnection, to: &mut PgConnection) -> Result<Copied, Failed> {
    let tenants = tenants(from).await?;
    let mut wanted = BTreeMap::new();
    for table in &TABLES {
        wanted.insert(table.name, table.digested_there(from).await?);
    }
    let found = digests(to, &tenants).await?;
    let rows = |digests: &BTreeMap<&'static str, Digested>| digests.iter().map(|(table, digested)| (*table, digested.rows)).collect();
    if found == wanted {
        return Ok(Copied { rows: rows(&wanted), already: true });
    }
    if found.values().any(|digested| digested.rows > 0) {
        return Err(Failed::Occupied);
    }
    for table in &TABLES {
        table.copy(from, to).await?;
    }
    let made = digests(to, &tenants).await?;
    match wanted.iter().find(|(table, digested)| made.get(*table) != Some(*digested)) {
        Some((table, _)) => Err(Failed::Differs(table)),
        None => Ok(Copied { rows: rows(&made), already: false }),
    }
}

async fn tenants(from: &mut SqliteConnection) -> Result<Vec<String>, Failed> {
    let parts: Vec<String> = TABLES.iter().map(|table| format!("SELECT tenant FROM {}", table.name)).collect();
    sqlx::query_scalar(AssertSqlSafe(parts.join(" UNION "))).fetch_all(from).await.map_err(source)
}

async fn digests(to: &mut PgConnection, tenants: &[String]) -> Result<BTreeMap<&'static str, Digested>, Failed> {
    let mut digests = BTreeMap::new();
    for table in &TABLES {
        digests.insert(table.name, table.digested_here(to, tenants).await?);
    }
    Ok(digests)
}

/// The rows of a table, and a digest over all their values in order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Digested {
    rows: u64,
    digest: Vec<u8>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    /// Adds it to a digest, so that no two rows of other values have the same.
    fn digest(&self, into: &mut Context) {
        let number;
        let bytes: Option<&[u8]> = match self {
            Self::Text(text) => text.as_deref().map(str::as_bytes),
            Self::Bytes(bytes) => bytes.as_deref(),
            Self::Number(value) => {
                number = value.map(i64::to_be_bytes);
                number.as_ref().map(<[u8; 8]>::as_slice)
            }
        };
        let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
        into.update(&length.to_be_bytes());
        into.update(bytes.unwrap_or_default());
    }
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Text(name) | Number(name) | Bytes(name) | Flag(name) => name,
        }
    }

    const fn array(self) -> &'static str {
        match self {
            Text(_) => "text[]",
            Number(_) => "bigint[]",
            Bytes(_) => "bytea[]",
            Flag(_) => "boolean[]",
        }
    }

    fn there(self, row: &SqliteRow, index: usize) -> sqlx::Result<Cell> {
        Ok(match self {
            Text(_) => Cell::Text(row.try_get(index)?),
            Number(_) | Flag(_) => Cell::Number(row.try_get(index)?),
            Bytes(_) => Cell::Bytes(row.try_get(index)?),
        })
    }

    fn here(self, row: &PgRow, index: usize) -> sqlx::Result<Cell> {
        Ok(match self {
            Text(_) => Cell::Text(row.try_get(index)?),
            Number(_) => Cell::Number(row.try_get(index)?),
            Bytes(_) => Cell::Bytes(row.try_get(index)?),
            Flag(_) => Cell::Number(row.try_get::<Option<bool>, _>(index)?.map(i64::from)),
        })
    }

    /// Binds this column of many rows as one array.
    fn bind<'q>(self, query: Query<'q, Postgres, PgArguments>, rows: &[Vec<Cell>], index: usize) -> Query<'q, Postgres, PgArguments> {
        let cells = rows.iter().map(|row| &row[index]);
        let number = |cell: &Cell| if let Cell::Number(number) = cell { *number } else { None };
        match self {
            Text(_) => query.bind(cells.map(|cell| if let Cell::Text(text) = cell { text.clone() } else { None }).collect::<Vec<_>>()),
            Bytes(_) => query.bind(cells.map(|cell| if let Cell::Bytes(bytes) = cell { bytes.clone() } else { None }).collect::<Vec<_>>()),
            Number(_) => query.bind(cells.map(number).collect::<Vec<_>>()),
            Flag(_) => query.bind(cells.map(|cell| number(cell).map(|flag| flag != 0)).collect::<Vec<_>>()),
        }
    }
}

impl Table {
    fn names(&self) -> String {
        self.columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
    }

    fn select(&self) -> String {
        format!("SELECT {} FROM {} ORDER BY {}", self.names(), self.name, self.order)
    }

    async fn digested_there(&self, from: &mut SqliteConnection) -> Result<Digested, Failed> {
        let mut digesting = Digesting::new();
        let mut rows = sqlx::query(AssertSqlSafe(self.select())).fetch(from);
        while let Some(row) = rows.try_next().await.map_err(source)? {
            digesting.add(&self.there(&row).map_err(source)?);
        }
        Ok(digesting.done())
    }

    async fn digested_here(&self, to: &mut PgConnection, tenants: &[String]) -> Result<Digested, Failed> {
        let select = format!("SELECT {} FROM clinic_sync.{} WHERE tenant = ANY($1) ORDER BY {}", self.names(), self.name, self.order);
        let mut digesting = Digesting::new();
        let mut rows = sqlx::query(AssertSqlSafe(select)).bind(tenants).fetch(to);
        while let Some(row) = rows.try_next().await.map_err(target)? {
            let cells: sqlx::Result<Vec<Cell>> = self.columns.iter().enumerate().map(|(index, column)| column.here(&row, index)).collect();
            digesting.add(&cells.map_err(target)?);
        }
        Ok(digesting.done())
    }

    async fn copy(&self, from: &mut SqliteConnection, to: &mut PgConnection) -> Result<(), Failed> {
        let mut rows = sqlx::query(AssertSqlSafe(self.select())).fetch(from);
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(row) = rows.try_next().await.map_err(source)? {
            batch.push(self.there(&row).map_err(source)?);
            if batch.len() == BATCH {
                self.insert(to, &batch).await.map_err(target)?;
                batch.clear();
            }
        }
        self.insert(to, &batch).await.map_err(target)
    }

    fn there(&self, row: &SqliteRow) -> sqlx::Result<Vec<Cell>> {
        self.columns.iter().enumerate().map(|(index, column)| column.there(row, index)).collect()
    }

    /// In their order, in which a sequence then counts them.
    async fn insert(&self, to: &mut PgConnection, rows: &[Vec<Cell>]) -> sqlx::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let names = self.names();
        let arrays: Vec<String> = (1..).zip(self.columns).map(|(number, column)| format!("${number}::{}", column.array())).collect();
        let insert = format!(
            "INSERT INTO clinic_sync.{} ({names}) SELECT {names} FROM unnest({}) WITH ORDINALITY AS row ({names}, place) ORDER BY place",
            self.name,
            arrays.join(", ")
        );
        let query = sqlx::query(AssertSqlSafe(insert));
        let query = self.columns.iter().enumerate().fold(query, |query, (index, column)| column.bind(query, rows, index));
        query.execute(to).await.map(drop)
    }
}

struct Digesting {
    rows: u64,
    digest: Context,
}

impl Digesting {
    fn new() -> Self {
        Self { rows: 0, digest: Context::new(&SHA256) }
    }

    fn add(&mut self, row: &[Cell]) {
        self.rows += 1;
        row.iter().for_each(|cell| cell.digest(&mut self.digest));
    }

    fn done(self) -> Digested {
        Digested { rows: self.rows, digest: self.digest.finish().as_ref().to_vec() }
    }
}
