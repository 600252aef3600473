//! What an application does with accounts beside the routes: names, sessions of other sign-in methods, administration.

use crate::{
    auth::Auth,
    device::Device,
    dpop::Scheme,
    error::Error,
    store::{
        audit::{Entry, Event, sessions_ended},
        session::SessionSelector,
    },
    user::User,
};
use uuid::Uuid;
use wugan_wire::TokenAnswer;

impl Auth {
    /// Starts a session for a sign-in method of the application's own, such as LDAP or a social login. `subject` names the method and the
    /// account there, separated by a colon: `google:1234`, `ldap:ada`. An account without a password is created if it is missing. No name
    /// that can be registered contains a colon.
    ///
    /// # Errors
    /// The DPoP proof is invalid, or missing where it is required; the subject names no method, is longer than 100 characters, contains a
    /// NUL, or begins or ends with white space; the account is disabled; or the database is unavailable.
    pub async fn start_session(&self, subject: &str, device: &Device) -> Result<TokenAnswer, Error> {
        self.accounts().start_external(subject, device).await
    }

    /// The user of an access token that was not sent in the header `Authorization`, such as in the first message of a WebSocket. A token
    /// that is bound to a key (DPoP) is refused. The session may end later: ask again from time to time.
    ///
    /// # Errors
    /// [`Error::InvalidToken`], [`Error::InvalidBoundToken`] for a token that is bound to a key, or the database is unavailable.
    pub async fn authenticate(&self, access_token: &str) -> Result<User, Error> {
        let claims = self.sessions().authenticate((Scheme::Bearer, access_token), &Device::default()).await?;
        Ok(User::new(claims.user_id, claims.sid))
    }

    /// The name of an account, or its subject at another sign-in method.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it was deleted, or the database is unavailable.
    pub async fn username(&self, user_id: i64) -> Result<String, Error> {
        Ok(self.store().user_by_id(user_id).await?.ok_or(Error::NotFound)?.username)
    }

    /// The id of the account of that name or subject.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, or the database is unavailable.
    pub async fn user_id(&self, username: &str) -> Result<i64, Error> {
        Ok(self.accounts().find(username).await?.id)
    }

    /// Creates an account, and returns its id.
    ///
    /// # Errors
    /// A field breaks a rule, the name is taken, or the server is busy.
    pub async fn create_account(&self, username: &str, password: &str) -> Result<i64, Error> {
        Ok(self.accounts().create(username, password).await?.id)
    }

    /// Makes a one-time code for `POST /user/reset`, in place of one that was made before. Send it to the user alone.
    ///
    /// # Errors
    /// The account is unknown or has no password, or the database is unavailable.
    pub async fn make_reset_code(&self, username: &str) -> Result<String, Error> {
        self.accounts().make_reset_code(username).await
    }

    /// Disables the account of that name or subject and ends its sessions, or enables it. Returns the number of sessions that were ended.
    ///
    /// # Errors
    /// There is no such account, or the database is unavailable.
    pub async fn set_disabled(&self, username: &str, disabled: bool) -> Result<u64, Error> {
        self.accounts().set_disabled(username, disabled).await
    }

    /// Deletes an account with its sessions. Entries of the audit trail remain, with its id and without its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; or it was changed meanwhile, or the database is unavailable.
    pub async fn delete_account(&self, user_id: i64) -> Result<(), Error> {
        self.accounts().delete_for_operator(user_id).await
    }

    /// Ends all sessions of an account, and returns the number of those that had not expired.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn end_sessions(&self, user_id: i64) -> Result<u64, Error> {
        self.end(SessionSelector::All(user_id), user_id, None).await
    }

    /// Ends a session, and returns 1, or 0 if it had ended or expired.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such session, or the database is unavailable.
    pub async fn end_session(&self, session_id: Uuid) -> Result<u64, Error> {
        let user_id = self.store().session(session_id).await?.ok_or(Error::NotFound)?.user_id;
        self.end(SessionSelector::One(session_id), user_id, Some(session_id)).await
    }

    async fn end(&self, sessions: SessionSelector, user_id: i64, session_id: Option<Uuid>) -> Result<u64, Error> {
        let describe = move |ended| Entry { user_id: Some(user_id), session_id, detail: Some(sessions_ended(ended)), ..Entry::default() };
        self.sessions().end_recorded(sessions, Event::EndedByOperator, describe).await
    }
}
