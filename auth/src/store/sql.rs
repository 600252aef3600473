//! The frequent statements, written once for all databases, with `?` for each value.

macro_rules! session_columns {
    () => {
        "s.id, s.user_id, s.generation, s.confirmed, s.rotated_at, s.created_at, s.last_used_at, s.expires_at, s.revoked_at, s.user_agent, \
         s.ip, s.last_user_agent, s.last_ip, s.lineage_generation, s.parent, s.rotated_by, s.grandparent, s.parent_rotated_by, \
         s.superseded, s.access_floor, s.jkt"
    };
}

pub(super) const SESSION: &str = concat!("SELECT ", session_columns!(), " FROM sessions s WHERE s.id = ?");

/// The account's columns come last.
pub(super) const SESSION_AND_ACCOUNT: &str =
    concat!("SELECT ", session_columns!(), ", u.username, u.disabled_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?");

pub(super) const ADVANCE: &str = "UPDATE sessions SET generation = ?, rotated_at = ?, last_used_at = ?, expires_at = ?, \
    last_user_agent = ?, last_ip = ?, lineage_generation = ?, parent = ?, rotated_by = ?, grandparent = ?, parent_rotated_by = ?, \
    superseded = ?, access_floor = ? WHERE id = ? AND generation = ? AND revoked_at IS NULL AND confirmed < ?";

/// Changes a row only if the generation is the current one and unused. A superseded generation is not the current one.
pub(super) const FIRST_USE: &str =
    "UPDATE sessions SET confirmed = ?, last_used_at = ? WHERE id = ? AND generation = ? AND confirmed < ? AND revoked_at IS NULL";

/// The largest number of sessions in one [`first_uses`]: a power of two.
pub(super) const MAX_FIRST_USES: usize = 64;

/// [`FIRST_USE`] for this number of sessions. The condition on the ids alone lets the database find the rows by the primary key; a second
/// condition compares ids and generations.
pub(super) fn first_uses(sessions: usize) -> String {
    format!(
        "UPDATE sessions SET confirmed = generation, last_used_at = ? WHERE id IN ({}) AND (id, generation) IN ({}) \
         AND confirmed < generation AND revoked_at IS NULL",
        list("?", sessions),
        list("(?, ?)", sessions)
    )
}

/// Those of this number of sessions that no other transaction has locked: PostgreSQL, MySQL since 8.0, MariaDB since 10.6.
pub(super) fn unlocked(sessions: usize) -> String {
    format!("{} FOR UPDATE SKIP LOCKED", existing(sessions))
}

/// Those of this number of sessions that exist.
pub(super) fn existing(sessions: usize) -> String {
    format!("SELECT id FROM sessions WHERE id IN ({})", list("?", sessions))
}

fn list(item: &str, count: usize) -> String {
    vec![item; count].join(", ")
}

pub(super) const AUDIT: &str = "INSERT INTO audit (at, event, user_id, session_id, ip, user_agent, detail) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// The assignments of `Lineage::rotated`, for a row without superseded generations. MySQL assigns from left to right, so that a column is
/// read before it is written.
macro_rules! rotate_set {
    () => {
        "generation = ?, rotated_at = ?, last_used_at = ?, expires_at = ?, last_user_agent = ?, last_ip = ?, lineage_generation = ?, \
         grandparent = s.parent, parent = ?, parent_rotated_by = s.rotated_by, rotated_by = ?"
    };
}

/// The condition for a rotation without reading the row: `decide` would return `Rotate` and record nothing, because the session is live, its
/// row was written for the presented generation, the client's address is the one before, and its attempt id is another one. With the other
/// conditions, the row afterwards is known without reading it. The databases differ in how text is compared byte by byte.
macro_rules! rotate_where {
    ($is_bound_to_key:literal) => {
        concat!(
            "s.id = ? AND s.user_id = ? AND s.generation = ? AND s.lineage_generation = ? AND s.revoked_at IS NULL AND s.expires_at > ? \
             AND s.created_at >= ? AND s.superseded = 0 AND s.access_floor = 0 AND (? IS NULL OR COALESCE(s.last_ip, s.ip) = ?) AND ",
            $is_bound_to_key,
            " AND COALESCE(s.rotated_by, '-') <> ?"
        )
    };
}

pub(super) const ROTATE_POSTGRES: &str = concat!(
    "UPDATE sessions AS s SET ",
    rotate_set!(),
    " FROM users u WHERE u.id = s.user_id AND u.disabled_at IS NULL AND ",
    rotate_where!("COALESCE(s.jkt, '') = ?"),
    " RETURNING u.username"
);

macro_rules! rotate_without_returning {
    ($is_bound_to_key:literal) => {
        concat!(
            "UPDATE sessions AS s SET ",
            rotate_set!(),
            " WHERE EXISTS (SELECT 1 FROM users u WHERE u.id = s.user_id AND u.disabled_at IS NULL) AND ",
            rotate_where!($is_bound_to_key)
        )
    };
}

/// By default MySQL ignores case and blanks at the end.
pub(super) const ROTATE_MYSQL: &str = rotate_without_returning!("COALESCE(CAST(s.jkt AS BINARY), '') = CAST(? AS BINARY)");

/// On SQLite, a row is always read first. With this statement, a test on SQLite compares the condition with the rules, too.
#[cfg(test)]
pub(super) const ROTATE_SQLITE: &str = rotate_without_returning!("COALESCE(s.jkt, '') = ?");

pub(super) const USERNAME: &str = "SELECT username FROM users WHERE id = ?";

/// Reads a table, so that a database without tables, or a Galera node that is not ready, does not count as ready.
pub(super) const PROBE: &str = "SELECT (SELECT COUNT(*) FROM (SELECT 1 AS one FROM sessions LIMIT 1) AS found) AS rows_found";

/// A column that shows whether this node of a database is read-only. `'0'`, `'OFF'` and `'off'` mean that it writes.
pub(super) const READ_ONLY_COLUMN: &str = "read_only";
pub(super) const READ_ONLY_POSTGRES: &str = "current_setting('transaction_read_only') AS read_only";
pub(super) const READ_ONLY_MYSQL: &str = "CAST(@@global.read_only AS CHAR) AS read_only";
