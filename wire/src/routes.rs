//! The paths of the routes.

/// `POST`: creates an account; answers 201 with a token pair.
pub const REGISTER: &str = "/user/register";
/// `POST`: signs in; answers with a token pair.
pub const LOGIN: &str = "/user/login";
/// `POST` with a JSON body, or the tutorial's `GET` with a query: exchanges a refresh token for a token pair.
pub const REFRESH: &str = "/user/refresh";
/// `POST` with the refresh token in the body: ends this session, the others, or all.
pub const LOGOUT: &str = "/user/logout";
/// `GET`: returns the account of the access token.
pub const ME: &str = "/user/me";
/// `POST`: changes the password, ends all sessions and answers with the token pair of a new one.
pub const PASSWORD: &str = "/user/password";
/// `POST`: sets a new password with a one-time code, ends all sessions and answers with the token pair of a new one.
pub const RESET: &str = "/user/reset";
/// `POST`: deletes the account and all its sessions.
pub const DELETE: &str = "/user/delete";
/// `GET`: lists the user's live sessions. `DELETE` with `/{id}` appended ends one.
pub const SESSIONS: &str = "/user/sessions";
/// `GET`: the tutorial's public route.
pub const PUBLIC: &str = "/aaa";
/// `GET`: the tutorial's guarded route.
pub const GUARDED: &str = "/bbb";
