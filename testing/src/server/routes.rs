//! The routes of the simulated backend, and its answers when a fault is set.

use super::{
    dpop::Refusal,
    rotation::{Decision, ReusePolicy},
    state::{Fault, Server, TokenResponse},
};
use crate::message::{Incoming, Reply, format_date};
use serde_json::json;
use wugan::TokenSet;

/// How much later than its head the body of `/slow-body` arrives, in milliseconds.
const SLOW_BODY: f64 = 45_000.0;

/// The origin of an exchange, as far as violations are concerned.
#[derive(Clone, Copy, PartialEq)]
enum Presenter {
    /// A tab. It may repeat the exchange of another tab that was interrupted.
    Tab { sent_at: f64, may_repeat: bool },
    /// A program outside of the browser: its exchanges are not monitored.
    Stranger,
}

/// The code of a refused proof (RFC 9449 §7.1).
const INVALID_PROOF: &str = "invalid_dpop_proof";

impl Server {
    /// Exchanges a refresh token as another program does, for instance a thief, which has no key to prove. `None`: the server refused.
    #[must_use]
    pub fn exchange(&self, refresh_token: &str, attempt: Option<&str>) -> Option<TokenSet> {
        let (session, generation) = self.parse_refresh_token(refresh_token)?;
        if self.0.sessions.borrow()[session].key.is_some() {
            return None;
        }
        let decision = self.exchange_token(session, generation, attempt, Presenter::Stranger);
        is_granted(decision).then(|| self.tokens(session, 0.0).into_set())
    }

    /// Uses an access token as another program does, which has no key to prove. Returns whether it was accepted.
    #[must_use]
    pub fn accepts(&self, access_token: &str) -> bool {
        let access = self.0.access.borrow().get(access_token).copied();
        access.is_some_and(|access| self.0.sessions.borrow()[access.session].key.is_none()) && self.authorize(Some(access_token))
    }

    pub(crate) fn answer(&self, incoming: &Incoming, fault: Fault) -> Reply {
        if incoming.is_refresh() {
            self.count(|stats| stats.refreshes += 1);
        }
        let reply = match fault {
            Fault::Status(status) => Reply::json(status, &json!({"statusCode": status})),
            Fault::Html(status) => Reply::html(status),
            Fault::Challenge(challenge) => Reply::text(401, "401 Unauthorized").with("www-authenticate", challenge),
            Fault::JsonChallenge(challenge) => Reply::json(401, &json!({"error": "Unauthorized"})).with("www-authenticate", challenge),
            Fault::RetryAfter(seconds) => Reply::json(429, &json!({})).with("retry-after", seconds.to_string()),
            Fault::Redirect => Reply { url: "https://elsewhere.example.com/".into(), ..Reply::json(401, &json!({"statusCode": 401})) },
            Fault::Reply { status, content_type: "", body } => Reply::bytes(status, body),
            Fault::Reply { status, content_type, body } => Reply::bytes(status, body).with("content-type", content_type),
            Fault::Stalls => Reply { body_delay: f64::INFINITY, ..self.serve_with_nonce(incoming) },
            Fault::None | Fault::Unreachable | Fault::Lost | Fault::Hangs => self.serve_with_nonce(incoming),
        };
        if self.0.hides_date.get() || reply.header("date").is_some() {
            return reply;
        }
        reply.with("date", format_date(self.now() + incoming.clock_offset))
    }

    /// Each answer to a request with a proof has the present nonce (RFC 9449 §8.2).
    fn serve_with_nonce(&self, incoming: &Incoming) -> Reply {
        let reply = self.serve(incoming);
        match self.0.proofs.nonce(self.now() + incoming.clock_offset).filter(|_| incoming.header("dpop").is_some()) {
            Some(nonce) => reply.with("dpop-nonce", nonce),
            None => reply,
        }
    }

    fn serve(&self, incoming: &Incoming) -> Reply {
        let date = |age: f64| format_date(self.now() + incoming.clock_offset - age);
        match incoming.path.as_str() {
            "/user/refresh" | "/oauth/token" | "/cookie/refresh" => self.refresh(incoming),
            "/user/login" | "/cookie/login" => self.login(incoming),
            "/user/logout" | "/oauth/revoke" | "/cookie/logout" => self.logout(incoming),
            "/aaa" => Reply::text(200, "aaa"),
            // A shared cache has had this response for twenty minutes and says so.
            "/old" => Reply::text(200, "old").with("age", "1200").with("date", date(1_200_000.0)),
            // The browser's cache may keep this response for an hour.
            "/cached" => Reply::text(200, "cached").with("cache-control", "max-age=3600"),
            // A service worker or proxy answers with a response that is twenty minutes old, and does not say so.
            "/replayed" => Reply::text(200, "replayed").with("date", date(1_200_000.0)),
            "/forbidden" => Reply::json(403, &json!({})),
            "/headers" => Reply::json(200, &json!(incoming.headers)),
            "/repeated" => Reply::text(200, "").with("x-many", "one").with("x-many", "two"),
            "/slow-body" => Reply { body_delay: SLOW_BODY, ..Reply::text(200, "slow") },
            "/byte-order-mark" => Reply::bytes(200, "\u{feff}{\"name\":\"ada\"}").with("content-type", "application/json"),
            "/json" => Reply::json(200, &json!({"name": "ada"})),
            path => self.guarded(incoming, path),
        }
    }

    fn guarded(&self, incoming: &Incoming, path: &str) -> Reply {
        let token = self.access_token(incoming);
        let refuse = |scheme: &str, code: &str| {
            Reply::json(401, &json!({"statusCode": 401, "code": code})).with("www-authenticate", format!("{scheme} error=\"{code}\""))
        };
        let is_proven = match self.check_access(incoming, token) {
            Ok(is_proven) => is_proven,
            Err(code) => {
                if code == INVALID_PROOF {
                    // A tab that is suspended until the answer arrives cannot tell whether its clock was wrong. It renews the token.
                    self.allow_early_refresh(token.map(|(_, token)| token));
                }
                return refuse("DPoP", code);
            }
        };
        let is_accepted =
            is_proven && !path.starts_with("/always401") && !incoming.is_foreign && self.authorize(token.map(|(_, token)| token));
        self.check_arrival(incoming, is_accepted);
        if !is_accepted {
            self.count(|stats| stats.unauthorized += 1);
            return refuse(token.map_or("Bearer", |(scheme, _)| scheme), "invalid_token");
        }
        self.count(|stats| stats.accepted += 1);
        match path {
            "/echo" => Reply::bytes(200, incoming.body.clone()),
            // The access token is accepted, the PIN in the body is not.
            "/pin" => Reply::json(401, &json!({"statusCode": 401, "code": "wrong_pin"})),
            _ => Reply::text(200, path.trim_start_matches('/')),
        }
    }

    /// Whether a request proves the key that its access token is bound to. The error is the code of a proof that is refused.
    fn check_access(&self, incoming: &Incoming, token: Option<(&str, &str)>) -> Result<bool, &'static str> {
        let Some((scheme, token)) = token else { return Ok(true) };
        let access = self.0.access.borrow().get(token).copied();
        let key = access.and_then(|access| self.0.sessions.borrow()[access.session].key.clone());
        match (key, scheme) {
            (Some(key), "DPoP") => Ok(self.verify_proof(incoming, Some(token))? == key),
            (Some(_), _) => Ok(false),
            // The token is unknown, or bound to no key.
            (None, scheme) => Ok(scheme == "Bearer"),
        }
    }

    /// The thumbprint of the key of a request's proof. The error is the code of the refusal.
    fn verify_proof(&self, incoming: &Incoming, token: Option<&str>) -> Result<String, &'static str> {
        let Some(env) = self.0.env.upgrade() else { return Err(INVALID_PROOF) };
        let now = self.now() + incoming.clock_offset;
        self.0.proofs.verify(&env.keys, incoming, token, now).map_err(|refusal| {
            match refusal {
                Refusal::Nonce => {
                    self.count(|stats| stats.missing_nonces += 1);
                    return "use_dpop_nonce";
                }
                Refusal::Time => self.count(|stats| stats.untimely_proofs += 1),
                Refusal::Wrong(what) => self.violation(format!("{what} arrived")),
                Refusal::Missing => self.violation("a bound token arrived without a proof"),
            }
            INVALID_PROOF
        })
    }

    /// Checks the proof of a request with a refresh token of this session.
    fn check_refresh(&self, incoming: &Incoming, session: usize) -> Result<(), &'static str> {
        let Some(key) = self.0.sessions.borrow()[session].key.clone() else { return Ok(()) };
        match self.verify_proof(incoming, None)? == key {
            true => Ok(()),
            // A sign-out may arrive late, when the session's key has been replaced.
            false if !incoming.is_refresh() => Err("invalid_token"),
            false => {
                self.violation("a refresh token arrived with a proof of another key");
                Err("invalid_grant")
            }
        }
    }

    /// Whether an access token is accepted. Its first use ends the time in which its generation can be superseded.
    fn authorize(&self, bearer: Option<&str>) -> bool {
        let Some(access) = bearer.and_then(|token| self.0.access.borrow().get(token).copied()) else { return false };
        let now = self.now();
        let mut sessions = self.0.sessions.borrow_mut();
        let session = &mut sessions[access.session];
        if session.lineage.is_superseded(access.generation) && !session.is_ended {
            // A token that was superseded is used: another party received it.
            session.is_ended = true;
            drop(sessions);
            self.count(|stats| stats.revoked += 1);
            self.violation("an access token of a superseded generation was used");
            return false;
        }
        let is_accepted = !session.is_ended && !access.is_revoked && access.expires_at > now;
        if is_accepted {
            session.lineage.record_use(access.generation, now);
        }
        is_accepted
    }

    /// An access token was refused: an early refresh is no violation.
    fn allow_early_refresh(&self, token: Option<&str>) {
        if let Some(access) = token.and_then(|token| self.0.access.borrow().get(token).copied()) {
            let session = &mut self.0.sessions.borrow_mut()[access.session];
            session.early_refresh_allowed |= session.lineage.generation == access.generation;
        }
    }

    fn login(&self, incoming: &Incoming) -> Reply {
        let user = incoming.field("username").unwrap_or_default();
        if user.is_empty() || incoming.field("password").as_deref() == Some("wrong") {
            return Reply::json(401, &json!({"statusCode": 401, "code": "invalid_credentials"}));
        }
        let key = match self.0.proofs.is_on() && incoming.header("dpop").is_some() {
            true => self.verify_proof(incoming, None).map(Some),
            false => Ok(None),
        };
        let key = match key {
            Ok(key) => key,
            Err(code) => return Reply::json(400, &json!({"statusCode": 400, "error": code})),
        };
        let session = self.start_session(&user, key);
        let mut tokens = self.tokens(session, incoming.clock_offset);
        tokens.user = Some(json!({"username": user, "email": format!("{user}@example.com")}));
        Server::token_reply(incoming, tokens)
    }

    fn logout(&self, incoming: &Incoming) -> Reply {
        self.count(|stats| stats.logouts += 1);
        let session = incoming.refresh_token().and_then(|token| self.parse_refresh_token(&token));
        if let Some((session, _)) = session {
            if let Err(code) = self.check_refresh(incoming, session) {
                return Reply::json(400, &json!({"error": code}));
            }
            self.0.sessions.borrow_mut()[session].is_ended = true;
        }
        Reply { set_cookie: Some(String::new()), ..Reply::bytes(204, "") }
    }

    /// A token response; on `/cookie/…` routes the refresh token goes into a cookie instead.
    fn token_reply(incoming: &Incoming, mut tokens: TokenResponse) -> Reply {
        let set_cookie = if incoming.path.starts_with("/cookie/") { tokens.refresh_token.take() } else { None };
        Reply { set_cookie, ..Reply::json(200, &tokens) }
    }

    fn refresh(&self, incoming: &Incoming) -> Reply {
        let presented = incoming.refresh_token();
        if presented
            .as_deref()
            .is_some_and(|token| token.starts_with("SECRET-") && !token.starts_with(&format!("SECRET-{}-", self.0.number)))
        {
            self.violation("a refresh token of another backend arrived");
        }
        if incoming.path == "/oauth/token" && incoming.cookie.is_some() {
            self.violation("a cookie arrived at the token endpoint of OAuth");
        }
        let attempt = incoming.field("attempt");
        let status = if incoming.path == "/oauth/token" { 400 } else { 401 };
        if let Some((session, generation)) = presented.and_then(|token| self.parse_refresh_token(&token)) {
            if let Err(code) = self.check_refresh(incoming, session) {
                return Reply::json(status, &json!({"statusCode": status, "error": code}));
            }
            let presenter = Presenter::Tab { sent_at: incoming.sent_at, may_repeat: incoming.is_allowed_duplicate };
            match self.exchange_token(session, generation, attempt.as_deref(), presenter) {
                Decision::ReusedAttempt => return Reply::json(400, &json!({"statusCode": 400, "code": "invalid_request"})),
                decision if is_granted(decision) => return Server::token_reply(incoming, self.tokens(session, incoming.clock_offset)),
                _ => {}
            }
        } else {
            self.count(|stats| stats.refused += 1);
        }
        Reply::json(status, &json!({"statusCode": status, "error": "invalid_grant"}))
    }

    /// Decides about a refresh token and acts on it.
    fn exchange_token(&self, number: usize, presented: u64, attempt: Option<&str>, presenter: Presenter) -> Decision {
        let (is_monitored, may_repeat, sent_at) = match presenter {
            Presenter::Tab { sent_at, may_repeat } => (true, may_repeat, sent_at),
            Presenter::Stranger => (false, true, f64::INFINITY),
        };
        let (now, ttl) = (self.now(), self.0.access_ttl.get());
        let decision = {
            let sessions = self.0.sessions.borrow();
            match &sessions[number] {
                session if session.is_ended => Decision::Refuse,
                session => session.lineage.decide(presented, attempt, self.0.policy.get(), self.0.leeway.get(), now),
            }
        };
        let is_interrupted = self.has_interrupted_refresh(number);
        let mut sessions = self.0.sessions.borrow_mut();
        let session = &mut sessions[number];
        let is_duplicate_allowed = session.duplicate_allowed || self.0.allows_duplicates.get() || may_repeat;
        let mut violation = None;
        match decision {
            Decision::Rotate => {
                let remaining = session.lineage.rotated_at + ttl - now;
                // A client may be wrong by the latency and by the resolution of a `Date`.
                let is_early = remaining > ttl / 10.0 + 1_000.0 + self.0.longest_latency.get();
                if is_early
                    && !session.early_refresh_allowed
                    && session.lineage.generation > 0
                    && !self.0.allows_early_refreshes.get()
                    && is_monitored
                {
                    violation = Some(format!("a refresh though the access token had {remaining:.0} ms to live"));
                }
                session.lineage.rotate(attempt, now);
                session.duplicate_allowed = is_interrupted;
                session.early_refresh_allowed = false;
                self.count(|stats| stats.rotated += 1);
            }
            Decision::Repeat => {
                if !is_duplicate_allowed {
                    violation = Some("two refreshes for one rotation".to_owned());
                }
                self.count(|stats| stats.repeated += 1);
            }
            Decision::Supersede => {
                if is_monitored {
                    violation = Some("one refresh token was exchanged with two attempt ids".to_owned());
                }
                session.lineage.supersede(attempt, now);
                self.count(|stats| stats.superseded += 1);
            }
            Decision::Refuse => {
                if !session.is_ended && !is_duplicate_allowed {
                    violation = Some("a late duplicate of a refresh".to_owned());
                }
                self.count(|stats| stats.refused += 1);
            }
            Decision::Revoke => {
                session.is_ended = true;
                self.count(|stats| stats.revoked += 1);
            }
            Decision::ReusedAttempt => {
                if is_monitored {
                    violation = Some("two refresh tokens were exchanged with one attempt id".to_owned());
                }
                self.count(|stats| stats.refused += 1);
            }
        }
        // Without attempt ids, a duplicate that no client can prevent costs the session.
        let is_unrecognised = self.0.policy.get() != ReusePolicy::AttemptId;
        let is_lost = is_duplicate_allowed && is_unrecognised || session.lineage.is_overtaken(presented, attempt, sent_at);
        drop(sessions);
        match decision {
            Decision::Revoke if is_monitored && is_lost => self.lose_session(number),
            Decision::Revoke if is_monitored => self.violation("a refresh token was used again"),
            _ => {}
        }
        if let Some(violation) = violation {
            self.violation(violation);
        }
        decision
    }
}

/// Whether the current generation is handed out.
fn is_granted(decision: Decision) -> bool {
    matches!(decision, Decision::Rotate | Decision::Repeat | Decision::Supersede)
}
