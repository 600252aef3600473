//! The paths of the wire, as the router writes them.

/// `POST`: make an account; answers 201 with a token answer.
pub const REGISTER: &str = "/user/register";
/// `POST`: sign in; answers with a token answer.
pub const LOGIN: &str = "/user/login";
/// `POST` with a JSON body, or the tutorial's `GET` with a query: a token answer for a refresh token.
pub const REFRESH: &str = "/user/refresh";
/// `POST` with the refresh token in the body: end this session, the others, or all.
pub const LOGOUT: &str = "/user/logout";
/// `GET`: the account of the access token.
pub const ME: &str = "/user/me";
/// `POST`: change the password; a token answer. All older sessions end, the caller's too: the answer starts a new one.
pub const PASSWORD: &str = "/user/password";
/// `POST`: set a new password with a one-time code; a token answer. All older sessions end.
pub const RESET: &str = "/user/reset";
/// `POST`: delete the account and all its sessions.
pub const DELETE: &str = "/user/delete";
/// `GET`: the user's live sessions. `DELETE` with `/{id}` behind it ends one.
pub const SESSIONS: &str = "/user/sessions";
/// `GET`: the tutorial's public route.
pub const PUBLIC: &str = "/aaa";
/// `GET`: the tutorial's guarded route.
pub const GUARDED: &str = "/bbb";
