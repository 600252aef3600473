//! Readiness: whether the database can be used, probed at most once a second.

use crate::{error::Error, store::Store, task::run_to_completion};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long a probe's result is reused.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// How long a probe may take. A load balancer gives up after a few seconds.
const PROBE_TIMEOUT: Duration = Duration::from_millis(900);

/// When the last probe began, and its result.
type Probed = Option<(Instant, Result<(), String>)>;

#[derive(Default)]
pub(crate) struct Readiness {
    last: Arc<Mutex<Probed>>,
}

impl Readiness {
    /// The result of the last probe, or of a new one if that began more than a second ago, or was a success and another operation has found the
    /// database unusable since. Concurrent callers share a probe.
    pub(crate) async fn check(&self, store: &Store) -> Result<(), Error> {
        let mut last = self.last.clone().lock_owned().await;
        if let Some((begun, result)) = &*last
            && begun.elapsed() < PROBE_INTERVAL
            && (result.is_err() || store.is_usable_since(*begun))
        {
            return result.clone().map_err(Error::Busy);
        }
        let store = store.clone();
        // To completion: callers that disconnect must not cause a probe each.
        run_to_completion(async move {
            let begun = Instant::now();
            let result = match timeout(PROBE_TIMEOUT, store.ping()).await {
                Ok(result) => result.map_err(|error| error.to_string()),
                Err(_) => Err("the database does not answer".into()),
            };
            *last = Some((begun, result.clone()));
            result.map_err(Error::Busy)
        })
        .await
    }
}
