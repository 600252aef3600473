//! The lock around the refresh: one tab at a time, and no tab waits for a frozen one for ever.

use crate::{
    platform::{Guard, Platform},
    transport::Transport,
};
use std::{rc::Rc, time::Duration};

/// By when what one tab has written can be read in every other. Each may be a process of its own, with a copy of the store that
/// hears of writes a few milliseconds later; the news that a lock is free may come before them.
const STORE_LAG: Duration = Duration::from_secs(1);

/// A timer that is later than this was of a tab that slept.
const OVERSLEPT_MS: f64 = 2_000.0;

/// Whoever got the lock only after this time got it from somebody else.
const CONTENDED_MS: f64 = 100.0;

/// The lock, until it is dropped, or taken by somebody who had to believe that its holder is gone.
pub(crate) struct Lock {
    platform: Rc<dyn Platform>,
    /// Where its holder's mark stands; None where nothing can be written.
    mark: Option<(String, String)>,
    /// None: the mark is all there is.
    guard: Option<Guard>,
}

impl Lock {
    /// Whether it has been taken away: somebody else is at work by now.
    pub(crate) fn is_lost(&self) -> bool {
        self.mark.as_ref().is_some_and(|(key, mine)| self.platform.load(key).is_ok_and(|stands| stands.as_ref() != Some(mine)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let (None, Some((key, _)), false) = (&self.guard, &self.mark, self.is_lost()) {
            // One that cannot be given back runs out by itself.
            let _ = self.platform.save(key, "");
        }
    }
}

/// Waits for the lock for as long as somebody who works may need. None: it could not be had; the caller goes on without.
///
/// Whoever gets the lock writes a mark into the store. A mark that stood unchanged for a whole `patience` is of somebody who is
/// frozen or gone, and loses the lock. Another mark is of somebody at work, who is watched anew, so that eight impatient tabs do
/// not steal from each other.
pub(crate) async fn hold(transport: &Transport, name: &str, patience: Duration) -> Option<Lock> {
    let platform = &transport.platform;
    let Some(mut queued) = platform.lock(name, false) else {
        return lease(platform, &format!("{name}.lease"), patience).await;
    };
    // Where the store fails there are no marks, and no other tabs to watch.
    let key = format!("{name}.lock");
    let read = || platform.load(&key).ok().flatten();
    let leave_mark = |thefts| {
        let mark = format!("{thefts}-{}", name_of_ones_own(platform));
        platform.save(&key, &mark).is_ok().then_some(mark)
    };
    let held =
        |mark: Option<String>, guard| Lock { platform: platform.clone(), mark: mark.map(|mark| (key.clone(), mark)), guard: Some(guard) };
    loop {
        let watched = read();
        let thefts_before = thefts(watched.clone());
        let since = platform.monotonic();
        if let Ok(guard) = transport.within(patience, &mut queued).await {
            // A tab that was frozen when it got the lock may have lost it before it knew.
            if thefts(read()) == thefts_before {
                let mine = leave_mark(thefts_before);
                let marked = platform.monotonic();
                // A thief at this very moment has not seen that mark: his own then comes over it.
                if marked - since > CONTENDED_MS {
                    moment(platform).await;
                }
                let in_time = platform.monotonic() - marked < OVERSLEPT_MS;
                if in_time && (mine.is_none() || read().is_none_or(|mark| Some(mark) == mine)) {
                    return Some(held(mine, guard));
                }
            }
            // Stolen, or not used for so long that somebody is about to steal it: asks again.
            queued = platform.lock(name, false)?;
            continue;
        }
        // Who was frozen himself has watched nobody.
        if platform.monotonic() - since > patience.as_secs_f64() * 1_000.0 + OVERSLEPT_MS {
            continue;
        }
        // One thief at a time: the second one sees the mark of the first.
        let turn = platform.lock(&format!("{name}.steal"), false)?;
        let turn = transport.within(patience, turn).await.ok();
        if read() != watched {
            continue;
        }
        let mine = leave_mark(thefts_before.wrapping_add(1));
        // Whoever has the lock sees in time that he lost it, or else what he did is seen here. A thief who froze keeps his turn: of
        // those who go on without, the one whose mark stands in the end is the thief.
        moment(platform).await;
        if mine.is_some() && read() != mine {
            continue;
        }
        release_after_lag(platform, turn);
        return Some(held(mine, platform.lock(name, true)?.await));
    }
}

/// Lets go of the lock when everybody can read what was written under it. Who waits for that is woken by the store, not by the lock.
pub(crate) fn release_after_lag(platform: &Rc<dyn Platform>, lock: impl Sized + 'static) {
    let lag = platform.sleep(STORE_LAG);
    platform.spawn(Box::pin(async move {
        lag.await;
        drop(lock);
    }));
}

/// A mark says how often the lock was stolen, and is another than the one before.
fn thefts(mark: Option<String>) -> u64 {
    mark.and_then(|mark| mark.split('-').next()?.parse().ok()).unwrap_or(0)
}

fn name_of_ones_own(platform: &Rc<dyn Platform>) -> String {
    format!("{:x}", (platform.random() * 1e15) as u64)
}

/// A lock for browsers without locks, in the store: whose name stands there, and still does after a moment, has it.
///
/// Stores of two processes agree only after some milliseconds, hence the moment; a random one, so that two who come at once do
/// not meet again. A name that stood unchanged for a whole `patience` belongs to nobody alive.
async fn lease(platform: &Rc<dyn Platform>, key: &str, patience: Duration) -> Option<Lock> {
    let patience = patience.as_secs_f64() * 1_000.0;
    let mut watched = platform.load(key).ok()?;
    let mut since = platform.monotonic();
    let mut looked = since;
    loop {
        let stands = platform.load(key).ok()?;
        let now = platform.monotonic();
        // Who was frozen himself has watched nobody.
        if stands != watched || now - looked > OVERSLEPT_MS {
            (watched, since) = (stands.clone(), now);
        }
        looked = now;
        let free = stands.as_deref().unwrap_or_default().is_empty();
        if free || now - since > patience {
            let me = name_of_ones_own(platform);
            platform.save(key, &me).ok()?;
            moment(platform).await;
            let lock = Lock { platform: platform.clone(), mark: Some((key.to_owned(), me)), guard: None };
            // Who was frozen in this moment has been watched by others: gives it back, and takes it anew.
            if !lock.is_lost() && platform.monotonic() - now < OVERSLEPT_MS {
                return Some(lock);
            }
        } else {
            moment(platform).await;
        }
    }
}

/// 100 to 200 milliseconds: twice what a write needs to another tab, and more.
async fn moment(platform: &Rc<dyn Platform>) {
    platform.sleep(Duration::from_millis(100 + (platform.random() * 100.0) as u64)).await;
}
