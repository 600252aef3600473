//! Parses any bytes as a body: they are accepted, or refused with the right error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde_json::Value;
use wugan_axum::{
    Error,
    body::{Fields, parse},
};
use wugan_wire::{Credentials, DeleteAccount, PasswordChange, PasswordReset, RefreshExchange, RefreshRequest};

fuzz_target!(|sent: &[u8]| {
    parse_as::<Credentials>(sent);
    parse_as::<RefreshRequest>(sent);
    parse_as::<PasswordChange>(sent);
    parse_as::<DeleteAccount>(sent);
    parse_as::<PasswordReset>(sent);
    parse_as::<RefreshExchange>(sent);
});

fn parse_as<T: Fields + Serialize>(sent: &[u8]) {
    let json = serde_json::from_slice::<Value>(sent);
    match parse::<T>(sent) {
        Ok(read) => {
            let (json, read) =
                (json.expect("an accepted body is JSON"), serde_json::to_value(read).expect("an accepted body can be serialised"));
            T::NAMES.iter().for_each(|name| assert_eq!(json[name], read[name]));
        }
        Err(Error::InvalidRequest(_)) => {
            assert!(!json.is_ok_and(|json| json.is_object()), "an object is refused with the names of its missing fields")
        }
        Err(Error::InvalidInput(wrong)) => {
            let json = json.expect("a body with missing fields is JSON");
            assert!(!wrong.is_empty());
            wrong.iter().for_each(|field| assert!(!json[&field.field].is_string(), "{} is not missing", field.field));
        }
        Err(other) => panic!("{other:?}"),
    }
}
