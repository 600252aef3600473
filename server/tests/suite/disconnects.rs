//! Callers that are dropped while the database answers, as the requests of clients that disconnect: cases 24 and 36.

use crate::{
    database::{Kind, on_each_server},
    test_server::{TestServer, sid},
};
use std::time::{Duration, Instant};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::yield_now, time::sleep};

/// Shorter waits than the timer has.
async fn wait(time: Duration) {
    let started = Instant::now();
    while started.elapsed() < time {
        yield_now().await;
    }
}

async fn dropped_reads_keep_their_connections(kind: Kind) {
    const READS: u32 = 100;
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    let id = sid(&through.register("ada").await);
    through.auth.store().session(id).await.unwrap();
    let opened = proxy.opened();
    let mut dropped = 0;
    for n in 0..READS {
        let store = through.auth.store().clone();
        let read = tokio::spawn(async move { store.session(id).await });
        wait(Duration::from_micros(10) * n).await;
        read.abort();
        dropped += usize::from(read.await.is_err());
    }
    let opened = proxy.opened() - opened;
    println!("{kind:?}: {opened} connections were opened for {READS} reads, of which {dropped} were dropped");
    assert!(dropped >= 10, "{dropped} reads were dropped: too few to show it");
    assert!(opened <= 8, "{opened} connections");
    through.stop().await;
    direct.stop().await;
}

async fn probes_of_clients_that_disconnect_are_limited(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    // Opens the connection and prepares the statement.
    through.get("/readyz").await;
    // A probe's result is used for a second.
    sleep(Duration::from_secs(1)).await;
    let (before, started) = (proxy.round_trips().await, Instant::now());
    for n in 0..100 {
        let mut client = TcpStream::connect(through.url.trim_start_matches("http://")).await.unwrap();
        client.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        wait(Duration::from_micros(20) * n).await;
        drop(client);
        sleep(Duration::from_millis(2)).await;
    }
    let round_trips = proxy.round_trips().await - before;
    println!("{kind:?}: {round_trips} round trips in {:?}", started.elapsed());
    assert!(round_trips <= 2 + started.elapsed().as_secs(), "{round_trips} round trips in {:?}", started.elapsed());
    through.stop().await;
    direct.stop().await;
}

on_each_server! {
    case_24_dropped_reads_keep_their_connections: dropped_reads_keep_their_connections;
    case_36_probes_of_clients_that_disconnect_are_limited: probes_of_clients_that_disconnect_are_limited;
}
