//! Serves all connections of a client network in one task, those of an IPv6 site (/48) in at most four, and limits how many there are.
//!
//! The runtime gives each task a time slice of bounded length. A thousand connections of one network therefore delay the connections of
//! another network by one time slice, and not by a thousand.

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    select,
    sync::mpsc::{UnboundedReceiver, WeakUnboundedSender, unbounded_channel},
};
use wugan_axum::{Quota, SITE_SHARE, client_network, client_site};

/// How many connections are served at a time. Each takes up to 64 KiB of memory (measured): for its head, its body and its handler.
pub(crate) const MAX_CONNECTIONS: usize = 20_000;

/// The connections being served, by network.
#[derive(Clone)]
pub(crate) struct Networks {
    quota: Quota,
    tasks: Arc<Mutex<Tasks>>,
}

/// An IPv4 address; or an IPv6 site, with one of its four tasks.
type TaskKey = (IpAddr, u64);

/// The tasks, each by the channel of its new connections.
type Tasks = HashMap<TaskKey, WeakUnboundedSender<BoxFuture<'static, ()>>>;

impl Networks {
    /// With this many connections in all and for one network.
    pub(crate) fn new(max: usize, max_per_network: usize) -> Self {
        Self { quota: Quota::new(max, max_per_network), tasks: Arc::default() }
    }

    /// Serves a connection of this client; closes it at once if its network, its site or all networks have too many. Without a
    /// client the connection is not limited, and has a task of its own.
    pub(crate) fn serve(&self, client: Option<IpAddr>, connection: impl Future<Output = ()> + Send + 'static) {
        let Some(network) = client.map(task_key) else {
            tokio::spawn(connection);
            return;
        };
        let Some(permit) = self.quota.take(client) else { return };
        let mut tasks = self.lock();
        let task = tasks.get(&network).and_then(WeakUnboundedSender::upgrade).unwrap_or_else(|| {
            let (task, connections) = unbounded_channel();
            tokio::spawn(self.clone().serve_all(network, connections));
            tasks.insert(network, task.downgrade());
            task
        });
        // Each connection keeps a sender, so that the task runs until the last one has ended.
        let held = (permit, task.clone());
        let connection = async move {
            let _held = held;
            // A panic ends this connection and no other.
            let _ = AssertUnwindSafe(connection).catch_unwind().await;
        };
        let _ = task.send(connection.boxed());
    }

    /// The task of a network. It ends with the network's last connection.
    async fn serve_all(self, network: TaskKey, mut new: UnboundedReceiver<BoxFuture<'static, ()>>) {
        let mut connections = FuturesUnordered::new();
        loop {
            select! {
                Some(connection) = new.recv() => connections.push(connection),
                Some(()) = connections.next() => {}
                else => break,
            }
        }
        let mut tasks = self.lock();
        // A connection that came meanwhile has started another task.
        if tasks.get(&network).is_some_and(|task| task.strong_count() == 0) {
            tasks.remove(&network);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn task_key(client: IpAddr) -> TaskKey {
    let network = client_network(client);
    let number = BuildHasherDefault::<DefaultHasher>::default().hash_one(network) % u64::from(SITE_SHARE);
    client_site(client).map_or((network, 0), |site| (site, number))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{
        future::pending,
        iter,
        net::Ipv6Addr,
        sync::atomic::{AtomicUsize, Ordering},
    };
    use tokio::task::{consume_budget, yield_now};

    const NETWORKS: [[u8; 4]; 2] = [[203, 0, 113, 1], [203, 0, 113, 2]];

    #[tokio::test]
    async fn case_38_a_proxys_connections_are_not_limited() {
        let (networks, served) = (Networks::new(1, 1), Arc::new(AtomicUsize::new(0)));
        for _ in 0..3 {
            let served = served.clone();
            networks.serve(None, async move {
                served.fetch_add(1, Ordering::Relaxed);
                pending().await
            });
        }
        yield_now().await;
        assert_eq!(served.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn case_38_an_ended_connection_makes_room_and_an_idle_network_leaves_nothing() {
        let networks = Networks::new(1, 1);
        for end in [|| {}, || panic!("a connection panics on purpose")] {
            networks.serve(Some(NETWORKS[0].into()), async move { end() });
            while !networks.lock().is_empty() {
                yield_now().await;
            }
        }
    }

    /// Serves a connection of each of these clients, which always has a request ready. Returns the count of requests that they have served.
    fn flood(networks: &Networks, clients: impl Iterator<Item = IpAddr>) -> Arc<AtomicUsize> {
        let served = Arc::new(AtomicUsize::new(0));
        for client in clients {
            let served = served.clone();
            networks.serve(Some(client), async move {
                loop {
                    served.fetch_add(1, Ordering::Relaxed);
                    // As reading from a socket does.
                    consume_budget().await;
                }
            });
        }
        served
    }

    #[tokio::test]
    async fn case_33_a_network_with_many_connections_gets_no_more_turns_than_one_with_one() {
        let networks = Networks::new(MAX_CONNECTIONS, 1000);
        let [many, one] =
            [(NETWORKS[0], 1000), (NETWORKS[1], 1)].map(|(client, size)| flood(&networks, iter::repeat_n(client.into(), size)));
        while one.load(Ordering::Relaxed) < 10_000 {
            yield_now().await;
        }
        let many = many.load(Ordering::Relaxed);
        // With a task for each connection there would be a thousand times as many.
        assert!(many < 50_000, "{many} requests of one network were served while 10000 of the other were");
    }

    #[tokio::test]
    async fn case_33_a_site_of_many_networks_gets_four_turns() {
        let networks = Networks::new(MAX_CONNECTIONS, 1000);
        let site = flood(&networks, (0..256_u16).map(|n| Ipv6Addr::new(0x2001, 0xdb8, 1, n << 8, 0, 0, 0, 1).into()));
        let one = flood(&networks, iter::once(NETWORKS[0].into()));
        while one.load(Ordering::Relaxed) < 10_000 {
            yield_now().await;
        }
        let site = site.load(Ordering::Relaxed);
        // With a task for each network there would be 256 times as many.
        assert!(site < 200_000, "{site} requests of one site were served while 10000 of the other network were");
    }
}
