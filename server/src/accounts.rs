//! Accounts: names, passwords, and who may sign in.

use crate::{
    app::App,
    error::Error,
    passwords::Checked,
    sessions::Device,
    store::{session::Which, user},
};
use unicode_normalization::UnicodeNormalization;
use wugan_wire::{FieldError, TokenAnswer};

/// Characters of a name.
const NAME: std::ops::RangeInclusive<usize> = 2..=64;
/// Characters of a password (ASVS 6.2.1 and 6.2.9 want 8 to at least 128).
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=256;

impl App {
    /// Makes an account and signs in to it.
    ///
    /// # Errors
    /// A field breaks a rule, the name is taken, or too much is going on.
    pub async fn register(&self, username: &str, password: String, device: Device) -> Result<TokenAnswer, Error> {
        let problems: Vec<_> = [name_problem(username), password_problem("password", &password)].into_iter().flatten().collect();
        if !problems.is_empty() {
            return Err(Error::InvalidInput(problems));
        }
        let user = self.add_user(username, password).await?;
        self.metrics.login("registered");
        self.start_session(&user, device).await
    }

    /// Signs in.
    ///
    /// # Errors
    /// Unknown name, wrong password or disabled account, all alike and after the same time; or too much is going on.
    pub async fn login(&self, username: &str, password: String, device: Device) -> Result<TokenAnswer, Error> {
        let user = user::by_key(self.store.reader(), &name_key(username)).await?;
        let checked = self.check(password.clone(), user.as_ref()).await?;
        let (Some(user), Checked::Right | Checked::RightButOld) = (user, checked) else {
            self.metrics.login("refused");
            return Err(Error::InvalidCredentials);
        };
        let answer = self.start_session(&user, device).await.inspect_err(|error| {
            if matches!(error, Error::InvalidCredentials) {
                self.metrics.login("refused");
            }
        })?;
        self.metrics.login("signed_in");
        if checked == Checked::RightButOld {
            let hash = self.passwords.hash(password).await?;
            user::replace_hash(self.store.writer(), &user, &hash).await?;
        }
        Ok(answer)
    }

    /// Changes the password of a user who is signed in, and ends his other sessions.
    ///
    /// # Errors
    /// The current password is wrong, the new one breaks a rule, or too much is going on.
    pub async fn change_password(&self, user_id: i64, keep: uuid::Uuid, current: String, new: String) -> Result<(), Error> {
        if let Some(problem) = password_problem("new_password", &new) {
            return Err(Error::InvalidInput(vec![problem]));
        }
        let user = self.confirmed_user(user_id, current).await?;
        let hash = self.passwords.hash(new).await?;
        let tx = self.store.begin().await?;
        // The user's row first: whoever signs in with the old password waits behind it, or is done and among the sessions below.
        if !user::replace_hash(&tx, &user, &hash).await? {
            return Err(Error::WrongPassword);
        }
        let others = Which::Others(user_id, keep);
        crate::store::session::revoke(&tx, others, self.clock.now()).await?;
        tx.commit().await?;
        self.liveness.forget(others);
        Ok(())
    }

    /// Deletes the account of a user who is signed in, with all its sessions.
    ///
    /// # Errors
    /// The password is wrong, or too much is going on.
    pub async fn delete_account(&self, user_id: i64, password: String) -> Result<(), Error> {
        let user = self.confirmed_user(user_id, password).await?;
        if !user::delete(self.store.writer(), &user).await? {
            return Err(Error::WrongPassword);
        }
        self.liveness.forget(Which::All(user_id));
        Ok(())
    }

    /// Makes an account whose name and password are not asked whether they keep the rules.
    ///
    /// # Errors
    /// The name is taken, or too much is going on.
    pub async fn add_user(&self, username: &str, password: String) -> Result<user::Model, Error> {
        let key = name_key(username);
        if user::by_key(self.store.reader(), &key).await?.is_some() {
            return Err(Error::UsernameTaken);
        }
        let hash = self.passwords.hash(password).await?;
        let name: String = username.nfc().collect();
        user::insert(self.store.writer(), &name, &key, hash, self.clock.now()).await?.ok_or(Error::UsernameTaken)
    }

    /// The user, if he knows his password.
    async fn confirmed_user(&self, user_id: i64, password: String) -> Result<user::Model, Error> {
        let user = user::by_id(self.store.reader(), user_id).await?.ok_or(Error::InvalidToken)?;
        match self.check(password, Some(&user)).await? {
            Checked::Wrong => Err(Error::WrongPassword),
            Checked::Right | Checked::RightButOld => Ok(user),
        }
    }

    async fn check(&self, password: String, user: Option<&user::Model>) -> Result<Checked, Error> {
        // Nobody's password is that long, and hashing a megabyte is work that only an attacker orders.
        if password.chars().count() > *PASSWORD.end() {
            return Ok(Checked::Wrong);
        }
        Ok(self.passwords.check(password, user.map(|user| user.password_hash.clone())).await?)
    }
}

/// A name as it is compared: without case, and however its accents are composed.
#[must_use]
pub fn name_key(username: &str) -> String {
    // Names that nobody can have need no work, however long they are.
    username.chars().take(NAME.end() + 1).nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

fn name_problem(username: &str) -> Option<FieldError> {
    let problem =
        |problem: &str, message: &str| Some(FieldError { field: "username".into(), problem: problem.into(), message: message.into() });
    let length = username.chars().take(NAME.end() + 1).count();
    if length < *NAME.start() {
        return problem("too_short", "A username has at least 2 characters.");
    }
    if length > *NAME.end() || name_key(username).chars().count() > *NAME.end() {
        return problem("too_long", "A username has at most 64 characters.");
    }
    if !username.chars().all(|c| c.is_alphanumeric() || "._-@+".contains(c)) {
        return problem("bad_characters", "A username has letters, digits and . _ - @ + only.");
    }
    None
}

fn password_problem(field: &str, password: &str) -> Option<FieldError> {
    let problem = |problem: &str, message: &str| Some(FieldError { field: field.into(), problem: problem.into(), message: message.into() });
    let length = password.chars().take(PASSWORD.end() + 1).count();
    if length < *PASSWORD.start() {
        return problem("too_short", "A password has at least 8 characters.");
    }
    if length > *PASSWORD.end() {
        return problem("too_long", "A password has at most 256 characters.");
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_composition() {
        assert_eq!(name_key("Zoë"), name_key("ZOE\u{308}"));
        assert_ne!(name_key("zoe"), name_key("zoë"));
        assert_eq!(name_key("ＡＤＡ"), "ada");
    }

    #[test]
    fn names_of_any_script_are_fine_and_blanks_and_controls_are_not() {
        for good in ["ada", "光光", "Zoë", "a.b-c_d@e+f", &"x".repeat(64)] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for (bad, why) in [
            ("", "too_short"),
            ("a", "too_short"),
            ("a b", "bad_characters"),
            ("a\u{0}b", "bad_characters"),
            ("<script>", "bad_characters"),
        ] {
            assert_eq!(name_problem(bad).unwrap().problem, why, "{bad:?}");
        }
        assert_eq!(name_problem(&"x".repeat(65)).unwrap().problem, "too_long");
        // One character that is eighteen when it is normalised.
        assert_eq!(name_problem(&"ﷺ".repeat(10)).unwrap().problem, "too_long");
    }

    #[test]
    fn case_14_passwords_have_8_to_256_characters_of_any_kind() {
        for good in ["12345678".to_owned(), "🦀".repeat(8), " ".repeat(256)] {
            assert_eq!(password_problem("password", &good), None);
        }
        assert_eq!(password_problem("password", "1234567").unwrap().problem, "too_short");
        assert_eq!(password_problem("password", &"x".repeat(257)).unwrap().problem, "too_long");
    }
}
