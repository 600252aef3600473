//! Where passwords are hashed. A hash takes memory and a core for tens of milliseconds, so only so many run at once, only so many
//! wait, and who comes later is told to come again.
//!
//! The permit belongs to the hashing itself: a caller who hangs up does not free it early. So does the memory: each that runs has one
//! piece, made when it is first needed, wiped after each use, and used again, however many passwords are hashed.

use super::HashError;
use argon2::Block;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Semaphore;

/// How many may wait for each one that hashes.
const WAITING_PER_WORKER: usize = 16;

#[derive(Clone)]
pub(super) struct Pool {
    workers: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// How large each piece of memory is.
    blocks: usize,
    /// The pieces that nobody uses: never more than there are workers.
    idle: Arc<Mutex<Vec<Vec<Block>>>>,
    done: Arc<AtomicU64>,
}

impl Pool {
    pub(super) fn new(workers: usize, blocks: usize) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            places: Arc::new(Semaphore::new(workers * (WAITING_PER_WORKER + 1))),
            blocks,
            idle: Arc::default(),
            done: Arc::default(),
        }
    }

    /// How often something was hashed.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Hashes when it is its turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut [Block]) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| HashError::Busy)?;
        let worker = self.workers.clone().acquire_owned().await.map_err(|_| HashError::Failed)?;
        let pool = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut memory = pool.memory();
            let done = work(&mut memory);
            pool.done.fetch_add(1, Ordering::Relaxed);
            pool.keep(memory);
            drop((place, worker));
            done
        });
        task.await.map_err(|_| HashError::Failed)?
    }

    /// A piece that nobody uses, or a new one.
    pub(super) fn memory(&self) -> Vec<Block> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| vec![Block::new(); self.blocks])
    }

    /// Takes a piece back. What a password left in it is wiped: a dump of this process shall not hold it.
    fn keep(&self, mut memory: Vec<Block>) {
        memory.fill(Block::new());
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::mpsc;

    const BLOCKS: usize = 8;

    /// A hash that begins when told, and ends when told.
    fn held(pool: &Pool) -> (tokio::task::JoinHandle<Result<(), HashError>>, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (started, running) = mpsc::channel();
        let (release, told) = mpsc::channel::<()>();
        let pool = pool.clone();
        let work = async move {
            pool.run(move |_| {
                started.send(()).ok();
                told.recv().ok();
                Ok(())
            })
            .await
        };
        (tokio::spawn(work), running, release)
    }

    async fn until_free(pool: &Pool, workers: usize) {
        while pool.workers.available_permits() < workers {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_who_hangs_up_does_not_free_the_worker_early() {
        let pool = Pool::new(2, BLOCKS);
        let (caller, running, release) = held(&pool);
        running.recv().unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        assert_eq!(pool.workers.available_permits(), 1, "still at work, so still taken");
        drop(release);
        until_free(&pool, 2).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_excess_is_refused_at_once() {
        let pool = Pool::new(1, BLOCKS);
        let all = u32::try_from(pool.places.available_permits()).unwrap();
        assert_eq!(all, 17);
        let all = pool.places.acquire_many(all).await.unwrap();
        assert_eq!(pool.run(|_| Ok(())).await, Err(HashError::Busy));
        drop(all);
        assert_eq!(pool.run(|_| Ok(())).await, Ok(()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_memory_is_as_large_as_what_runs_at_once_and_no_larger() {
        let pool = Pool::new(3, BLOCKS);
        for _ in 0..5 {
            let all: Vec<_> = (0..3).map(|_| held(&pool)).collect();
            all.iter().for_each(|(_, running, _)| running.recv().unwrap());
            for (caller, _, release) in all {
                drop(release);
                caller.await.unwrap().unwrap();
            }
        }
        assert_eq!(pool.idle.lock().unwrap().len(), 3);
        assert_eq!(pool.done(), 15);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_20_nothing_of_a_password_stays_in_memory() {
        let pool = Pool::new(1, BLOCKS);
        let first = pool.run(|memory| {
            memory.iter_mut().for_each(|block| block.as_mut().fill(7));
            Ok(memory.as_ptr() as usize)
        });
        let first = first.await.unwrap();
        let again =
            pool.run(|memory| Ok((memory.as_ptr() as usize, memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)))));
        assert_eq!(again.await, Ok((first, true)), "the same memory, and nothing in it");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_hash_that_panics_takes_neither_worker_nor_place_with_it() {
        let pool = Pool::new(1, BLOCKS);
        assert_eq!(pool.run(|_| -> Result<(), HashError> { panic!("on purpose") }).await, Err(HashError::Failed));
        assert_eq!(pool.run(|_| Ok(())).await, Ok(()));
        assert_eq!(pool.places.available_permits(), 17);
    }
}
