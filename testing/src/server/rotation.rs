//! What happens to a session when one of its refresh tokens is presented: rotation with reuse detection, as a pure function.

/// How long after the first use of a successor an exchange with the same attempt id is repeated, in milliseconds.
const REPEAT_AFTER_USE: f64 = 300_000.0;

/// How often the unused successor of one refresh token is replaced for another presenter.
const MAX_SUPERSEDES: u32 = 8;

/// How a server treats a refresh token that was exchanged before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReusePolicy {
    /// As `wugan-server`: an exchange is recognised by its attempt id and repeated. Another presenter supersedes an unused successor.
    #[default]
    AttemptId,
    /// Without attempt ids: the successor is handed out again until it is used, and within the leeway. Anything else ends the session.
    UntilUsed,
    /// Without attempt ids: the second exchange of a token ends the session.
    Never,
}

/// What the server does with a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Hands out the next generation.
    Rotate,
    /// Hands out the current generation again.
    Repeat,
    /// Replaces the unused current generation; the parent stays.
    Supersede,
    /// Refuses; nothing changes.
    Refuse,
    /// Refuses and ends the session: the reuse is taken for theft.
    Revoke,
    /// Refuses, because the attempt id is that of the exchange before; nothing changes.
    ReusedAttempt,
}

/// The generations of a session's refresh token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lineage {
    pub(crate) generation: u64,
    parent: Option<u64>,
    grandparent: Option<u64>,
    /// The attempt id of the exchange that made the current generation.
    attempt: Option<String>,
    /// The attempt id of the exchange that made the parent.
    parent_attempt: Option<String>,
    pub(crate) rotated_at: f64,
    /// When the parent became the current generation.
    parent_rotated_at: f64,
    /// Each exchanged generation with the attempt id of its exchange, for the monitor.
    exchanges: Vec<(u64, String)>,
    /// When an access token of the current generation was used for the first time.
    first_used_at: Option<f64>,
    supersedes: u32,
    superseded: Vec<u64>,
}

impl Lineage {
    pub(crate) fn new(now: f64) -> Lineage {
        Lineage { rotated_at: now, ..Lineage::default() }
    }

    pub(crate) fn decide(&self, presented: u64, attempt: Option<&str>, policy: ReusePolicy, leeway: f64, now: f64) -> Decision {
        if presented == self.generation {
            let is_reused = policy == ReusePolicy::AttemptId && attempt.is_some() && attempt == self.attempt.as_deref();
            return if is_reused { Decision::ReusedAttempt } else { Decision::Rotate };
        }
        if presented > self.generation {
            return Decision::Refuse;
        }
        let is_parent = self.parent == Some(presented);
        match policy {
            ReusePolicy::Never => Decision::Revoke,
            ReusePolicy::UntilUsed if is_parent && (self.first_used_at.is_none() || now - self.rotated_at < leeway) => Decision::Repeat,
            ReusePolicy::UntilUsed => Decision::Revoke,
            ReusePolicy::AttemptId if is_parent => self.decide_parent(attempt, leeway, now),
            ReusePolicy::AttemptId => {
                let is_late_duplicate =
                    self.grandparent == Some(presented) && attempt.is_some() && attempt == self.parent_attempt.as_deref();
                if is_late_duplicate { Decision::Refuse } else { Decision::Revoke }
            }
        }
    }

    fn decide_parent(&self, attempt: Option<&str>, leeway: f64, now: f64) -> Decision {
        let is_same_attempt = attempt == self.attempt.as_deref();
        match self.first_used_at {
            None if is_same_attempt => Decision::Repeat,
            None if self.supersedes < MAX_SUPERSEDES => Decision::Supersede,
            Some(used) if is_same_attempt && attempt.is_some() => {
                if now - used <= REPEAT_AFTER_USE {
                    Decision::Repeat
                } else {
                    Decision::Refuse
                }
            }
            Some(used) if is_same_attempt && now - used < leeway => Decision::Repeat,
            _ => Decision::Revoke,
        }
    }

    pub(crate) fn rotate(&mut self, attempt: Option<&str>, now: f64) {
        self.exchanges.extend(attempt.map(|attempt| (self.generation, attempt.to_owned())));
        self.parent_rotated_at = self.rotated_at;
        self.grandparent = self.parent.replace(self.generation);
        self.parent_attempt = self.attempt.take();
        self.supersedes = 0;
        self.start_generation(attempt, now);
    }

    pub(crate) fn supersede(&mut self, attempt: Option<&str>, now: f64) {
        self.superseded.push(self.generation);
        self.supersedes += 1;
        self.start_generation(attempt, now);
    }

    fn start_generation(&mut self, attempt: Option<&str>, now: f64) {
        self.generation += 1;
        self.attempt = attempt.map(str::to_owned);
        self.rotated_at = now;
        self.first_used_at = None;
    }

    /// An access token of this generation was accepted.
    pub(crate) fn record_use(&mut self, generation: u64, now: f64) {
        if generation == self.generation {
            self.first_used_at.get_or_insert(now);
        }
    }

    /// Whether a request repeats an exchange, and the session was exchanged twice more while the request was on its way. The server does
    /// not remember the attempt id for so long.
    pub(crate) fn is_overtaken(&self, presented: u64, attempt: Option<&str>, sent_at: f64) -> bool {
        sent_at < self.parent_rotated_at && self.exchanges.iter().any(|(exchanged, id)| *exchanged == presented && Some(&**id) == attempt)
    }

    /// Whether tokens of this generation were handed out and then replaced before they were used.
    pub(crate) fn is_superseded(&self, generation: u64) -> bool {
        self.superseded.contains(&generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: f64 = 60_000.0;

    fn rotated_twice() -> Lineage {
        let mut lineage = Lineage::default();
        lineage.rotate(Some("a"), 0.0);
        lineage.record_use(1, 0.0);
        lineage.rotate(Some("b"), 10.0);
        lineage
    }

    #[test]
    fn the_table_of_decisions_with_attempt_ids() {
        let unused = rotated_twice();
        let mut used = unused.clone();
        used.record_use(2, 20.0);
        for (lineage, presented, attempt, now, expected) in [
            (&unused, 2, Some("x"), 30.0, Decision::Rotate),
            (&unused, 2, Some("a"), 30.0, Decision::Rotate),
            (&unused, 2, Some("b"), 30.0, Decision::ReusedAttempt),
            (&used, 2, Some("b"), 30.0, Decision::ReusedAttempt),
            (&unused, 3, Some("x"), 30.0, Decision::Refuse),
            (&unused, 1, Some("b"), 90.0 * MINUTE, Decision::Repeat),
            (&unused, 1, Some("x"), 30.0, Decision::Supersede),
            (&unused, 1, None, 30.0, Decision::Supersede),
            (&used, 1, Some("b"), 4.0 * MINUTE, Decision::Repeat),
            (&used, 1, Some("b"), 6.0 * MINUTE, Decision::Refuse),
            (&used, 1, Some("x"), 30.0, Decision::Revoke),
            (&used, 1, None, 30.0, Decision::Revoke),
            (&used, 0, Some("a"), 30.0, Decision::Refuse),
            (&used, 0, Some("x"), 30.0, Decision::Revoke),
            (&used, 0, None, 30.0, Decision::Revoke),
        ] {
            assert_eq!(lineage.decide(presented, attempt, ReusePolicy::AttemptId, 0.0, now), expected, "{presented} {attempt:?} {now}");
        }
    }

    #[test]
    fn a_duplicate_is_overtaken_by_two_exchanges_after_it_was_sent() {
        let mut lineage = rotated_twice();
        lineage.rotate(Some("c"), 20.0);
        assert_eq!(lineage.decide(0, Some("a"), ReusePolicy::AttemptId, 0.0, 30.0), Decision::Revoke);
        assert!(lineage.is_overtaken(0, Some("a"), 9.0));
        assert!(!lineage.is_overtaken(0, Some("a"), 10.0), "one exchange followed");
        assert!(!lineage.is_overtaken(0, Some("x"), 9.0), "another attempt");
        assert!(!lineage.is_overtaken(0, None, 9.0), "no attempt id");
    }

    #[test]
    fn clients_without_attempt_ids_have_the_leeway() {
        let mut lineage = Lineage::default();
        lineage.rotate(None, 0.0);
        let decide = |lineage: &Lineage, leeway, now| lineage.decide(0, None, ReusePolicy::AttemptId, leeway, now);
        assert_eq!(decide(&lineage, 0.0, MINUTE), Decision::Repeat);
        assert_eq!(lineage.decide(1, None, ReusePolicy::AttemptId, 0.0, MINUTE), Decision::Rotate);
        lineage.record_use(1, MINUTE);
        assert_eq!(decide(&lineage, 10_000.0, MINUTE + 9_000.0), Decision::Repeat);
        assert_eq!(decide(&lineage, 10_000.0, MINUTE + 11_000.0), Decision::Revoke);
        assert_eq!(decide(&lineage, 0.0, MINUTE), Decision::Revoke);
    }

    #[test]
    fn a_successor_is_superseded_eight_times_at_most() {
        let mut lineage = Lineage::default();
        lineage.rotate(Some("a"), 0.0);
        for round in 0..8_u64 {
            let attempt = format!("x{round}");
            assert_eq!(lineage.decide(0, Some(&attempt), ReusePolicy::AttemptId, 0.0, 1.0), Decision::Supersede, "{round}");
            lineage.supersede(Some(&attempt), 1.0);
            assert!(lineage.is_superseded(round + 1) && !lineage.is_superseded(round + 2));
        }
        assert_eq!(lineage.decide(0, Some("y"), ReusePolicy::AttemptId, 0.0, 1.0), Decision::Revoke);
    }

    #[test]
    fn servers_without_attempt_ids_ignore_them() {
        let lineage = rotated_twice();
        assert_eq!(lineage.decide(1, Some("x"), ReusePolicy::UntilUsed, 0.0, 20.0), Decision::Repeat);
        assert_eq!(lineage.decide(1, Some("b"), ReusePolicy::Never, 0.0, 20.0), Decision::Revoke);
        assert_eq!(lineage.decide(2, Some("b"), ReusePolicy::Never, 0.0, 20.0), Decision::Rotate);
        let mut used = lineage;
        used.record_use(2, 20.0);
        assert_eq!(used.decide(1, Some("b"), ReusePolicy::UntilUsed, 0.0, 30.0), Decision::Revoke);
        assert_eq!(used.decide(1, Some("b"), ReusePolicy::UntilUsed, 1_000.0, 30.0), Decision::Repeat);
    }
}
