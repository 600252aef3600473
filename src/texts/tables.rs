//! Which texts each page has.

/// The frame of each page.
pub(crate) struct Shell {
    pub(crate) skip: &'static str,
    pub(crate) main_menu: &'static str,
    pub(crate) home: &'static str,
    pub(crate) inspector: &'static str,
    pub(crate) account: &'static str,
    pub(crate) sessions: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) sign_up: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) theme_auto: &'static str,
    pub(crate) theme_light: &'static str,
    pub(crate) theme_dark: &'static str,
    pub(crate) unreachable: &'static str,
    pub(crate) unreachable_signed_in: &'static str,
    pub(crate) try_again: &'static str,
    pub(crate) trying: &'static str,
    pub(crate) reachable_again: &'static str,
    pub(crate) loading: &'static str,
    pub(crate) slow: &'static str,
    pub(crate) not_loaded: &'static str,
    pub(crate) session_not_loaded: &'static str,
    pub(crate) reload: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) foot: &'static str,
}

/// Warnings about the stored session.
pub(crate) struct Storage {
    pub(crate) unreadable: &'static str,
    pub(crate) memory_only: &'static str,
    pub(crate) later_version: &'static str,
    pub(crate) other_backend: &'static str,
}

/// The pages' titles.
pub(crate) struct Titles {
    pub(crate) home: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) sign_up: &'static str,
    pub(crate) reset: &'static str,
    pub(crate) inspector: &'static str,
    pub(crate) inspector_what: &'static str,
    pub(crate) account: &'static str,
    pub(crate) sessions: &'static str,
    pub(crate) missing: &'static str,
}

/// `/`
pub(crate) struct Home {
    pub(crate) lead: &'static str,
    pub(crate) what: &'static str,
    pub(crate) users: &'static str,
    pub(crate) users_what: &'static str,
    pub(crate) developers: &'static str,
    pub(crate) developers_what: &'static str,
    pub(crate) demo: &'static str,
    pub(crate) demo_what: &'static str,
    pub(crate) demo_go: &'static str,
}

/// `/` for a signed-in user
pub(crate) struct Overview {
    pub(crate) hello: fn(&str) -> String,
    pub(crate) hello_what: &'static str,
    pub(crate) account_what: &'static str,
    pub(crate) account_go: &'static str,
    pub(crate) devices_what: &'static str,
    pub(crate) devices_go: &'static str,
}

/// `/sign-in` and `/sign-up`
pub(crate) struct Sign {
    pub(crate) in_what: &'static str,
    pub(crate) up_what: &'static str,
    pub(crate) username: &'static str,
    pub(crate) username_hint: &'static str,
    pub(crate) password: &'static str,
    pub(crate) password_hint: &'static str,
    pub(crate) show: &'static str,
    pub(crate) hide: &'static str,
    pub(crate) shown: &'static str,
    pub(crate) hidden: &'static str,
    pub(crate) strength: &'static str,
    pub(crate) weak: &'static str,
    pub(crate) fair: &'static str,
    pub(crate) strong: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) signing_in: &'static str,
    pub(crate) create: &'static str,
    pub(crate) creating: &'static str,
    pub(crate) no_account: &'static str,
    pub(crate) have_account: &'static str,
    pub(crate) forgot: &'static str,
    pub(crate) first: &'static str,
}

/// `/reset`
pub(crate) struct Reset {
    pub(crate) what: &'static str,
    pub(crate) set: &'static str,
    pub(crate) setting: &'static str,
    pub(crate) code_refused: &'static str,
    pub(crate) code_missing: &'static str,
}

/// Why a session ended.
pub(crate) struct Ended {
    pub(crate) by_user: &'static str,
    pub(crate) other_tab: &'static str,
    pub(crate) rejected: &'static str,
    pub(crate) deleted: &'static str,
}

/// Error messages.
pub(crate) struct Problems {
    pub(crate) unreachable: &'static str,
    pub(crate) later: &'static str,
    pub(crate) slow: &'static str,
    pub(crate) signed_out: &'static str,
    pub(crate) changed: &'static str,
    pub(crate) ends_in: fn(&str) -> String,
    pub(crate) not_renewable: &'static str,
    pub(crate) aborted: &'static str,
    pub(crate) username_taken: &'static str,
    pub(crate) registration_closed: &'static str,
    pub(crate) invalid_credentials: &'static str,
    pub(crate) wrong_password: &'static str,
    pub(crate) username_missing: &'static str,
    pub(crate) username_short: &'static str,
    pub(crate) username_long: &'static str,
    pub(crate) username_characters: &'static str,
    pub(crate) password_missing: &'static str,
    pub(crate) password_short: &'static str,
    pub(crate) password_long: &'static str,
    pub(crate) password_common: &'static str,
    pub(crate) rate_limited: fn(&str) -> String,
    pub(crate) busy: fn(&str) -> String,
    pub(crate) soon: &'static str,
    pub(crate) gone: &'static str,
    pub(crate) internal: &'static str,
    pub(crate) unexpected: &'static str,
}

/// `/inspector`
pub(crate) struct Inspector {
    pub(crate) run: &'static str,
    pub(crate) running: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) ours_what: &'static str,
    pub(crate) naive: &'static str,
    pub(crate) naive_what: &'static str,
    pub(crate) comparison: &'static str,
    pub(crate) client: &'static str,
    pub(crate) unauthorized: &'static str,
    pub(crate) total_time: &'static str,
    pub(crate) failures: &'static str,
    pub(crate) failures_what: &'static str,
    pub(crate) session: &'static str,
    pub(crate) guest: &'static str,
    pub(crate) own: &'static str,
    pub(crate) guest_what: &'static str,
    pub(crate) own_what: &'static str,
    pub(crate) requests: &'static str,
    pub(crate) route: &'static str,
    pub(crate) route_guarded: &'static str,
    pub(crate) route_public: &'static str,
    pub(crate) send: &'static str,
    pub(crate) sending: &'static str,
    pub(crate) invalidate_access: &'static str,
    pub(crate) invalidate_refresh: &'static str,
    pub(crate) offline: &'static str,
    pub(crate) clock: &'static str,
    pub(crate) end: &'static str,
    pub(crate) access_invalidated: &'static str,
    pub(crate) refresh_invalidated: &'static str,
    pub(crate) offline_on: &'static str,
    pub(crate) offline_off: &'static str,
    pub(crate) clock_on: &'static str,
    pub(crate) clock_off: &'static str,
    pub(crate) session_revoked: &'static str,
    pub(crate) sent: &'static str,
    pub(crate) answered: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) refreshes: &'static str,
    pub(crate) replays: &'static str,
    pub(crate) blocked: &'static str,
    pub(crate) log: &'static str,
    pub(crate) export: &'static str,
    pub(crate) picture: &'static str,
    pub(crate) token: &'static str,
    pub(crate) token_left: fn(&str) -> String,
    pub(crate) token_over: &'static str,
    pub(crate) token_unknown: &'static str,
    pub(crate) token_renewal: &'static str,
    pub(crate) claims: &'static str,
    pub(crate) claims_what: &'static str,
    pub(crate) claims_show: &'static str,
    pub(crate) claims_hide: &'static str,
    pub(crate) claims_none: &'static str,
    pub(crate) summary: fn(u32, u32, u32) -> String,
    pub(crate) count_wrong: &'static str,
}

/// `/account`
pub(crate) struct Account {
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
    pub(crate) since: &'static str,
    pub(crate) change: &'static str,
    pub(crate) change_what: &'static str,
    pub(crate) current: &'static str,
    pub(crate) new: &'static str,
    pub(crate) change_do: &'static str,
    pub(crate) changing: &'static str,
    pub(crate) changed: &'static str,
    pub(crate) delete: &'static str,
    pub(crate) delete_what: &'static str,
    pub(crate) delete_start: &'static str,
    pub(crate) delete_sure: fn(&str) -> String,
    pub(crate) delete_do: &'static str,
    pub(crate) deleting: &'static str,
}

/// `/sessions`
pub(crate) struct Sessions {
    pub(crate) what: &'static str,
    pub(crate) this: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) on: fn(&str, &str) -> String,
    pub(crate) used: fn(&str) -> String,
    pub(crate) since: fn(&str) -> String,
    pub(crate) end: &'static str,
    pub(crate) ending: &'static str,
    pub(crate) end_others: &'static str,
    pub(crate) end_others_sure: fn(usize) -> String,
    pub(crate) end_others_do: &'static str,
    pub(crate) only_this: &'static str,
    pub(crate) done: &'static str,
    pub(crate) done_all: &'static str,
}

/// Every other path.
pub(crate) struct Missing {
    pub(crate) what: &'static str,
    pub(crate) go: &'static str,
}
