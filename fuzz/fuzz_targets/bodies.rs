//! Any bytes as a body are parsed or refused with the right error.
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
    as_a_body_of::<Credentials>(sent);
    as_a_body_of::<RefreshRequest>(sent);
    as_a_body_of::<PasswordChange>(sent);
    as_a_body_of::<DeleteAccount>(sent);
    as_a_body_of::<PasswordReset>(sent);
    as_a_body_of::<RefreshExchange>(sent);
});

fn as_a_body_of<T: Fields + Serialize>(sent: &[u8]) {
    let json = serde_json::from_slice::<Value>(sent);
    match parse::<T>(sent) {
        Ok(read) => {
            let (json, read) = (json.expect("what was read is JSON"), serde_json::to_value(read).expect("and can be written again"));
            T::NAMES.iter().for_each(|name| assert_eq!(json[name], read[name]));
        }
        Err(Error::InvalidRequest(_)) => assert!(!json.is_ok_and(|json| json.is_object()), "an object is told what it lacks"),
        Err(Error::InvalidInput(wrong)) => {
            let json = json.expect("what lacks a field is JSON");
            assert!(!wrong.is_empty());
            wrong.iter().for_each(|field| assert!(!json[&field.field].is_string(), "{} is there", field.field));
        }
        Err(other) => panic!("{other:?}"),
    }
}
