//! A pool of low-priority threads that hash passwords, with a bounded queue.
//!
//! A permit belongs to the hashing itself: a client that disconnects does not release it early. Each thread has memory for one hash while
//! passwords are waiting; it is wiped after each use.

use super::priority;
use crate::{
    error::Error,
    quota::{Permit, Quota},
};
use argon2::Block;
use std::{
    io,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};
use tokio::sync::oneshot;
use tracing::warn;

/// The capacity that memory for a hash is allocated with at least. glibc keeps freed memory of up to 32 MiB; larger memory is returned to the
/// system. Pages that are not written take no memory.
const MIN_CAPACITY: usize = 33 * 1024 * 1024 / Block::SIZE;
/// How many permits there are for each thread.
const PERMITS_PER_WORKER: usize = 64;
/// How many permits one client network may hold.
const PERMITS_PER_NETWORK: usize = 8;

type Job = Box<dyn FnOnce(&mut [Block]) + Send>;

#[derive(Clone)]
pub(super) struct Pool {
    /// Bounded by the permits. When the last clone is dropped, the threads end.
    jobs: Sender<Job>,
    permits: Quota,
    done: Arc<AtomicU64>,
}

pub(super) fn failed<E>(_: E) -> Error {
    Error::Internal("hashing a password failed".into())
}

impl Pool {
    /// Starts the threads. Each allocates memory for one hash at a time.
    pub(super) fn new<M: AsMut<[Block]>>(workers: usize, allocate: impl Fn() -> M + Clone + Send + 'static) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..workers {
            let (queue, allocate) = (queue.clone(), allocate.clone());
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || work(number, &queue, allocate))?;
        }
        let permits = Quota::new(workers * PERMITS_PER_WORKER, PERMITS_PER_NETWORK);
        Ok(Self { jobs, permits, done: Arc::default() })
    }

    /// How many passwords were hashed.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// A permit, if one is free.
    pub(super) fn permit(&self, client: Option<IpAddr>) -> Result<Permit, Error> {
        self.permits.take(client).ok_or_else(|| Error::Busy("too many passwords are being hashed".into()))
    }

    /// Runs work on one of the threads, in the order of the calls. The permit is released when that is done.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        permit: Permit,
        work: impl FnOnce(&mut [Block]) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let done = self.done.clone();
        let job = move |memory: &mut [Block]| {
            let permit = permit;
            // The caller was dropped.
            if answer.is_closed() {
                return;
            }
            let hashed = work(memory);
            done.fetch_add(u64::from(hashed.is_ok()), Ordering::Relaxed);
            // Released before the answer, so that the caller can take the next one at once.
            drop(permit);
            let _ = answer.send(hashed);
        };
        self.jobs.send(Box::new(job)).map_err(failed)?;
        // A panicking job drops its sender.
        answered.await.map_err(failed)?
    }
}

/// Memory of this number of blocks.
pub(super) fn memory(blocks: usize) -> Vec<Block> {
    let mut memory = Vec::with_capacity(blocks.max(MIN_CAPACITY));
    memory.resize(blocks, Block::new());
    memory
}

/// The loop of each thread.
fn work<M: AsMut<[Block]>>(number: usize, queue: &Mutex<Receiver<Job>>, allocate: impl Fn() -> M) {
    if let Err(reason) = priority::lower()
        && number == 0
    {
        warn!(reason, "passwords are hashed at normal priority: a flood of sign-ins slows other requests down");
    }
    loop {
        let Ok(first) = queue.lock().unwrap_or_else(PoisonError::into_inner).recv() else { return };
        let (mut memory, mut next) = (allocate(), Some(first));
        while let Some(job) = next {
            // The panic hook has logged it, and the caller gets an error.
            let _ = catch_unwind(AssertUnwindSafe(|| job(memory.as_mut())));
            // A core dump must hold no trace of a password.
            memory.as_mut().fill(Block::new());
            // If the lock is taken, another thread gets the next job. An idle thread keeps the lock while it waits for one.
            next = queue.try_lock().ok().and_then(|queue| queue.try_recv().ok());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use std::{sync::atomic::AtomicUsize, time::Duration};

    const BLOCKS: usize = 8;

    fn pool(workers: usize) -> Pool {
        Pool::new(workers, || memory(BLOCKS)).unwrap()
    }

    /// Memory that is counted.
    struct Counted {
        blocks: Vec<Block>,
        count: Arc<AtomicUsize>,
    }

    impl AsMut<[Block]> for Counted {
        fn as_mut(&mut self) -> &mut [Block] {
            &mut self.blocks
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// A pool of three threads, and the number of those that have memory.
    fn counting_pool() -> (Pool, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let allocate = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Counted { blocks: memory(BLOCKS), count: counted.clone() }
        };
        (Pool::new(3, allocate).unwrap(), count)
    }

    async fn run<T: Send + 'static>(pool: &Pool, work: impl FnOnce(&mut [Block]) -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        pool.run(pool.permit(None)?, work).await
    }

    /// Starts a job that signals its start and runs until it is released.
    fn held(pool: &Pool) -> (tokio::task::JoinHandle<Result<usize, Error>>, Receiver<()>, Sender<()>) {
        let (started, running) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let pool = pool.clone();
        let work = async move {
            run(&pool, move |memory| {
                started.send(()).ok();
                released.recv().ok();
                Ok(memory.as_ptr() as usize)
            })
            .await
        };
        (tokio::spawn(work), running, release)
    }

    async fn until_free(pool: &Pool, permits: usize) {
        while pool.permits.free() < permits {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_a_client_that_disconnects_does_not_release_its_permit_early() {
        let pool = pool(2);
        let (caller, running, release) = held(&pool);
        running.recv().unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        assert_eq!(pool.permits.free(), 127, "the job still runs");
        drop(release);
        until_free(&pool, 128).await;
        assert_eq!(pool.done(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_cancelled_login_is_not_hashed() {
        let pool = pool(1);
        let (first, running, release) = held(&pool);
        running.recv().unwrap();
        let (second, ..) = held(&pool);
        while pool.permits.free() > 62 {
            tokio::task::yield_now().await;
        }
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        drop(release);
        first.await.unwrap().unwrap();
        until_free(&pool, 64).await;
        assert_eq!(pool.done(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_excess_is_refused_at_once() {
        let pool = pool(1);
        let all: Vec<_> = (0..64).map(|_| pool.permit(None).unwrap()).collect();
        assert!(matches!(pool.permit(None), Err(Error::Busy(_))));
        drop(all);
        run(&pool, |_| Ok(())).await.unwrap();
    }

    /// Queues a job behind running ones.
    async fn queue<T: Send + 'static>(
        pool: &Pool,
        work: impl FnOnce(&mut [Block]) -> Result<T, Error> + Send + 'static,
    ) -> tokio::task::JoinHandle<Result<T, Error>> {
        let (free, queued) = (pool.permits.free(), pool.clone());
        let job = tokio::spawn(async move { run(&queued, work).await });
        while pool.permits.free() == free {
            tokio::task::yield_now().await;
        }
        job
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_each_thread_has_memory_for_one_hash() {
        let (pool, count) = counting_pool();
        let running: Vec<_> = (0..3).map(|_| held(&pool)).collect();
        running.iter().for_each(|(_, running, _)| running.recv().unwrap());
        let mut jobs = Vec::new();
        for _ in 0..12 {
            let count = count.clone();
            jobs.push(queue(&pool, move |_| Ok(count.load(Ordering::SeqCst))).await);
        }
        drop(running);
        for job in jobs {
            assert!((1..=3).contains(&job.await.unwrap().unwrap()));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_a_thread_without_work_has_no_memory() {
        let (pool, count) = counting_pool();
        let running: Vec<_> = (0..3).map(|_| held(&pool)).collect();
        running.iter().for_each(|(_, running, _)| running.recv().unwrap());
        for (remaining, (job, _, release)) in (0..3).rev().zip(running) {
            drop(release);
            job.await.unwrap().unwrap();
            let freed = async {
                while count.load(Ordering::SeqCst) > remaining {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(5), freed).await.expect("its memory is freed while another thread waits for work");
            // Time for the thread to wait for work.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The nice value of the current thread (proc(5)): field 19. The name in field 2 may contain blanks.
    #[cfg(target_os = "linux")]
    fn niceness() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        stat.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_hashing_threads_have_the_lowest_priority() {
        let before = niceness();
        let pool = pool(2);
        let hashing = run(&pool, |_| Ok(niceness())).await.unwrap();
        assert_eq!(hashing, 19, "the lowest priority");
        let serving = tokio::spawn(async { niceness() }).await.unwrap();
        assert_eq!((serving, niceness()), (before, before), "other threads keep their priority");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_20_nothing_of_a_password_stays_in_memory() {
        let pool = pool(1);
        for panics in [false, true] {
            let (first, running, release) = held(&pool);
            running.recv().unwrap();
            let fill = move |memory: &mut [Block]| {
                memory.iter_mut().for_each(|block| block.as_mut().fill(7));
                assert!(!panics, "on purpose");
                Ok(memory.as_ptr() as usize)
            };
            let fill = queue(&pool, fill).await;
            let is_zero = |memory: &mut [Block]| memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0));
            let next = queue(&pool, move |memory| Ok((memory.as_ptr() as usize, is_zero(memory)))).await;
            drop(release);
            let memory = first.await.unwrap().unwrap();
            assert_eq!(fill.await.unwrap().ok(), (!panics).then_some(memory));
            assert_eq!(next.await.unwrap().unwrap(), (memory, true));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panicking_job_keeps_neither_thread_nor_permit() {
        let pool = pool(1);
        let panicked = run(&pool, |_| -> Result<(), Error> { panic!("on purpose") }).await;
        assert!(matches!(panicked, Err(Error::Internal(_))));
        run(&pool, |_| Ok(())).await.unwrap();
        assert_eq!(pool.permits.free(), 64);
    }
}
