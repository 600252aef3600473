//! Where passwords are hashed: on threads of their own, as many as may hash at once, beneath everything else in priority. A hash takes
//! memory and a core for tens of milliseconds: whoever is signed in already shall not wait behind those who try to.
//!
//! Only so many wait; who comes later is told to come again. The place belongs to the hashing itself: a caller who hangs up does not
//! free it early. So does the memory: each thread has one piece, made when it is first needed, wiped after each use, and used again.

use super::{HashError, priority};
use argon2::Block;
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::warn;

/// How many may wait for each one that hashes.
const WAITING_PER_WORKER: usize = 16;

type Job = Box<dyn FnOnce(&mut [Block]) + Send>;

#[derive(Clone)]
pub(super) struct Pool {
    /// Holds no more than there are places. When the last of it is dropped, the threads end.
    jobs: Sender<Job>,
    places: Arc<Semaphore>,
    done: Arc<AtomicU64>,
}

/// The right to have something hashed. Given back when that is done, or when it is dropped.
pub struct Place {
    _held: OwnedSemaphorePermit,
}

impl Pool {
    /// Starts the threads. Each will take memory of so many blocks.
    pub(super) fn new(workers: usize, blocks: usize) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..workers {
            let queue = queue.clone();
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || work(number, &queue, blocks))?;
        }
        Ok(Self { jobs, places: Arc::new(Semaphore::new(workers * (WAITING_PER_WORKER + 1))), done: Arc::default() })
    }

    /// How often something was hashed.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// A place, if one is free.
    pub(super) fn place(&self) -> Result<Place, HashError> {
        self.places.clone().try_acquire_owned().map(|held| Place { _held: held }).map_err(|_| HashError::Busy)
    }

    /// Hashes when it is its turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce(&mut [Block]) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (answer, answered) = oneshot::channel();
        let done = self.done.clone();
        let job = move |memory: &mut [Block]| {
            let place = place;
            // Nobody waits for it any more: then it need not be done.
            if answer.is_closed() {
                return;
            }
            let hashed = work(memory);
            done.fetch_add(1, Ordering::Relaxed);
            // Before the answer: who has it may come again at once.
            drop(place);
            let _ = answer.send(hashed);
        };
        self.jobs.send(Box::new(job)).map_err(|_| HashError::Failed)?;
        // One that panics drops its end.
        answered.await.map_err(|_| HashError::Failed)?
    }
}

/// What each thread does until there is no pool any more.
fn work(number: usize, queue: &Mutex<Receiver<Job>>, blocks: usize) {
    if let Err(reason) = priority::lower()
        && number == 0
    {
        warn!(reason, "passwords are hashed at the priority of everything else: a flood of sign-ins will be felt");
    }
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    let mut memory = Vec::new();
    while let Ok(job) = next() {
        memory.resize(blocks, Block::new());
        // The hook has logged it, and the caller hears of it; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
        // What a password left in it is wiped: a dump of this process shall not hold it.
        memory.fill(Block::new());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::HashSet;

    const BLOCKS: usize = 8;

    fn pool(workers: usize) -> Pool {
        Pool::new(workers, BLOCKS).unwrap()
    }

    async fn run<T: Send + 'static>(
        pool: &Pool,
        work: impl FnOnce(&mut [Block]) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        pool.run(pool.place()?, work).await
    }

    /// A hash that begins when told, and ends when told.
    fn held(pool: &Pool) -> (tokio::task::JoinHandle<Result<usize, HashError>>, Receiver<()>, Sender<()>) {
        let (started, running) = mpsc::channel();
        let (release, told) = mpsc::channel::<()>();
        let pool = pool.clone();
        let work = async move {
            run(&pool, move |memory| {
                started.send(()).ok();
                told.recv().ok();
                Ok(memory.as_ptr() as usize)
            })
            .await
        };
        (tokio::spawn(work), running, release)
    }

    async fn until_free(pool: &Pool, places: usize) {
        while pool.places.available_permits() < places {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_who_hangs_up_does_not_free_his_place_early() {
        let pool = pool(2);
        let (caller, running, release) = held(&pool);
        running.recv().unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        assert_eq!(pool.places.available_permits(), 33, "still at work, so still taken");
        drop(release);
        until_free(&pool, 34).await;
        assert_eq!(pool.done(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_for_whom_nobody_waits_any_more_nothing_is_hashed() {
        let pool = pool(1);
        let (first, running, release) = held(&pool);
        running.recv().unwrap();
        let (second, ..) = held(&pool);
        while pool.places.available_permits() > 15 {
            tokio::task::yield_now().await;
        }
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        drop(release);
        first.await.unwrap().unwrap();
        until_free(&pool, 17).await;
        assert_eq!(pool.done(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_excess_is_refused_at_once() {
        let pool = pool(1);
        let all: Vec<_> = (0..17).map(|_| pool.place().unwrap()).collect();
        assert_eq!(pool.place().err(), Some(HashError::Busy));
        drop(all);
        assert_eq!(run(&pool, |_| Ok(())).await, Ok(()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_memory_is_as_large_as_what_runs_at_once_and_no_larger() {
        let pool = pool(3);
        let mut pieces = HashSet::new();
        for _ in 0..5 {
            let all: Vec<_> = (0..3).map(|_| held(&pool)).collect();
            all.iter().for_each(|(_, running, _)| running.recv().unwrap());
            for (caller, _, release) in all {
                drop(release);
                pieces.insert(caller.await.unwrap().unwrap());
            }
        }
        assert_eq!((pieces.len(), pool.done()), (3, 15));
    }

    /// As Linux tells it of a thread (proc(5)): field 19, and the name in field 2 may hold blanks.
    #[cfg(target_os = "linux")]
    fn niceness() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        stat.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_who_hashes_gives_way_to_who_serves() {
        let before = niceness();
        let pool = pool(2);
        let hashing = run(&pool, |_| Ok(niceness())).await.unwrap();
        assert_eq!(hashing, 19, "the lowest there is");
        let serving = tokio::spawn(async { niceness() }).await.unwrap();
        assert_eq!((serving, niceness()), (before, before), "and nobody else is lowered");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_20_nothing_of_a_password_stays_in_memory() {
        let pool = pool(1);
        let fill = |memory: &mut [Block]| memory.iter_mut().for_each(|block| block.as_mut().fill(7));
        let look = |memory: &mut [Block]| Ok(memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        let first = run(&pool, move |memory| {
            fill(memory);
            Ok(memory.as_ptr() as usize)
        });
        let first = first.await.unwrap();
        assert_eq!(run(&pool, move |memory| Ok((memory.as_ptr() as usize, look(memory)?))).await, Ok((first, true)));
        let panics = run(&pool, move |memory| -> Result<(), HashError> {
            fill(memory);
            panic!("on purpose")
        });
        assert_eq!(panics.await, Err(HashError::Failed));
        assert_eq!(run(&pool, look).await, Ok(true), "nor when something went wrong");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_hash_that_panics_takes_neither_thread_nor_place_with_it() {
        let pool = pool(1);
        assert_eq!(run(&pool, |_| -> Result<(), HashError> { panic!("on purpose") }).await, Err(HashError::Failed));
        assert_eq!(run(&pool, |_| Ok(())).await, Ok(()));
        assert_eq!(pool.places.available_permits(), 17);
    }
}
