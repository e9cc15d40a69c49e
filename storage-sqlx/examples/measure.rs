#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]
use std::sync::Arc;
use std::time::Instant;
use storage_sqlx::*;
use sync_core::testing::sample::*;
use sync_core::*;
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
#[tokio::main]
async fn main() {
    let dir = tempfile::TempDir::new_in(".").unwrap();
    let key = MasterKey::beside(dir.path().join("a.db")).unwrap().key;
    let store = Arc::new(SqliteStore::open(OpenOptions::new(dir.path().join("a.db"), key)).await.unwrap());
    let mk = |n: u32| {
        let mut l = fullest_link(n);
        l.intent = None;
        for i in 0..8u32 {
            l.bases.insert(
                FieldName::new(format!("field_{i}")),
                Base { shown: Sides::new(Some(digest(i)), Some(digest(i + n))), settled: Settled::Agreed },
            );
        }
        l
    };
    let (t, c) = (Instant::now(), cpu());
    for chunk in 0..100u32 {
        store.commit(&TENANT, storing((chunk * 500..chunk * 500 + 500).map(mk))).await.unwrap();
    }
    println!("insert 50000 links, 500/commit: {:.1} us wall {:.1} us cpu per row", t.elapsed().as_secs_f64() / 0.05, (cpu() - c) / 0.05);
    let (t, c) = (Instant::now(), cpu());
    for chunk in 0..100u32 {
        store.commit(&TENANT, storing((chunk * 500..chunk * 500 + 500).map(|n| Link { version: 1, ..mk(n) }))).await.unwrap();
    }
    println!("replace 50000 links, 500/commit: {:.1} us wall {:.1} us cpu per row", t.elapsed().as_secs_f64() / 0.05, (cpu() - c) / 0.05);
    for _ in 0..std::env::args().nth(1).map_or(2, |n| n.parse().unwrap()) {
        let (t, c) = (Instant::now(), cpu());
        let mut after = None;
        let mut n = 0;
        loop {
            let h = store.heads(&TENANT, &PERSON, after, 2000).await.unwrap();
            n += h.len();
            let Some(l) = h.last() else { break };
            after = Some(l.link);
        }
        println!("heads {n}: {:.2} us wall {:.2} us cpu per row", t.elapsed().as_secs_f64() * 1e6 / n as f64, (cpu() - c) * 1e6 / n as f64);
    }
    let t = Instant::now();
    for chunk in 0..100u32 {
        let r = store.links(&TENANT, &LinkQuery::Ids((chunk * 500..chunk * 500 + 500).map(link_id).collect())).await.unwrap();
        assert_eq!(r.len(), 500);
    }
    println!("links by ids 500: {:.2} us wall per row", t.elapsed().as_secs_f64() / 0.05);
    let t = Instant::now();
    for chunk in 0..100u32 {
        let r = store
            .links(
                &TENANT,
                &LinkQuery::Marks {
                    kind: PERSON,
                    side: Side::Left,
                    marks: (chunk * 500..chunk * 500 + 500).map(|n| mark("email", n)).collect(),
                },
            )
            .await
            .unwrap();
        assert_eq!(r.len(), 500);
    }
    println!("links by marks 500: {:.2} us wall per row", t.elapsed().as_secs_f64() / 0.05);
    let t = Instant::now();
    for n in 0..2000u32 {
        let r = store
            .links(&TENANT, &LinkQuery::Ends { kind: PERSON, side: Side::Left, ids: vec![RecordId::new(format!("Left Ü-{n}"))] })
            .await
            .unwrap();
        assert_eq!(r.len(), 1);
    }
    println!("one link by end: {:.1} us wall", t.elapsed().as_secs_f64() * 500.0);
    let t = Instant::now();
    for n in 0..2000u32 {
        let _ = store.links(&TENANT, &LinkQuery::Token(token(n))).await.unwrap();
    }
    println!("one token: {:.1} us wall", t.elapsed().as_secs_f64() * 500.0);
    for (name, durable) in [("NORMAL", 0), ("FULL", 1), ("alternating", 2)] {
        let t = Instant::now();
        for n in 0..2000u32 {
            let d = durable == 1 || (durable == 2 && n % 2 == 0);
            store
                .commit(&TENANT, Changes { durable: d, operations: vec![operation(link_id(n), 0, Outcome::Done)], ..Changes::default() })
                .await
                .unwrap();
        }
        println!("one by one {name}: {:.1} us wall per commit", t.elapsed().as_secs_f64() * 500.0);
    }
    for tasks in [32u32] {
        let t = Instant::now();
        let all: Vec<_> = (0..tasks)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    for n in 0..500u32 {
                        store.push(&[(hint(&format!("{task}-{n}")), Urgency::Live)], at(0)).await.unwrap();
                    }
                })
            })
            .collect();
        for a in all {
            a.await.unwrap();
        }
        println!("{tasks} tasks pushing: {:.0}/s", f64::from(tasks * 500) / t.elapsed().as_secs_f64());
    }
    let t = Instant::now();
    let mut n = 0;
    loop {
        let got = store.take(&TENANT, 50, at(1), at(9)).await.unwrap();
        if got.is_empty() {
            break;
        }
        for g in &got {
            store.handled(g, Handled::Done).await.unwrap();
            n += 1;
        }
    }
    println!("take+handled {n}: {:.1} us each", t.elapsed().as_secs_f64() * 1e6 / f64::from(n));
    store.close().await;
    println!("file {} MB", std::fs::metadata(dir.path().join("a.db")).unwrap().len() / 1_000_000);
}
