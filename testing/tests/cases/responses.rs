//! Cases 56, 62, 69: reading responses, and what a sign-in returns.

use crate::*;
use serde::Deserialize;
use wugan::{Response, SignIn};
use wugan_testing::Fault;

#[derive(Debug, PartialEq, Deserialize)]
struct Person {
    name: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Note {
    title: String,
}

fn json<T: serde::de::DeserializeOwned + 'static>(tab: &Tab, request: RequestBuilder) -> Running<Result<T, Error>> {
    tab.run(async move { request.send().await?.json::<T>().await })
}

fn credentials(password: &str) -> serde_json::Value {
    serde_json::json!({"username": "ada", "password": password})
}

#[test]
fn case_56_json_with_a_byte_order_mark_is_read() {
    let (sim, tab, client) = ada();
    let person = json::<Person>(&tab, client.get("/byte-order-mark"));
    assert_eq!(sim.block_on(person), Ok(Person { name: "ada".into() }));
}

#[test]
fn case_62_the_caller_gets_the_response_of_a_sign_in() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(builder());
    let request = client.post("/user/login").json(&credentials("right"));
    let email = tab.run(async move {
        let SignIn::Done(response) = request.sign_in().await? else { return Ok(None) };
        assert_eq!(response.status().as_u16(), 200);
        let body: serde_json::Value = response.json().await?;
        Ok(body["user"]["email"].as_str().map(str::to_owned))
    });
    assert_eq!(sim.block_on(email), Ok::<_, Error>(Some("ada@example.com".to_owned())));
    assert!(is_signed_in(&client));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
}

#[test]
fn case_69_a_refused_sign_in_is_a_4xx_and_a_failure_is_an_error() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(builder());
    let sign_in = |password: &str| {
        let request = client.post("/user/login").json(&credentials(password));
        tab.run(async move {
            Ok::<_, Error>(match request.sign_in().await? {
                SignIn::Done(_) => None,
                SignIn::Refused(response) => Some(response.status().as_u16()),
            })
        })
    };
    assert_eq!(sim.block_on(sign_in("wrong")), Ok(Some(401)));
    sim.server().fail(Fault::Status(500));
    let result = sim.block_on(sign_in("right"));
    let Err(Error::Status { status, url, .. }) = result else { panic!("{result:?}") };
    assert_eq!((status.as_u16(), url.as_str()), (500, "https://api.example.com/user/login"));
    sim.server().fail(Fault::Reply {
        status: 200,
        content_type: "application/json",
        body: "{\"accessToken\":\"a\",\"refreshToken\":\"r\"}",
    });
    let result = sim.block_on(sign_in("right"));
    let Err(Error::Decode { status, url, message }) = result else { panic!("{result:?}") };
    assert_eq!((status.as_u16(), url.as_str()), (200, "https://api.example.com/user/login"));
    assert_eq!(message, "the body is no JSON object with the member “access_token”: for other names, set the grant's `fields`");
    assert!(!is_signed_in(&client));
}

#[test]
fn case_69_an_error_names_status_url_and_the_missing_field() {
    let (sim, tab, client) = ada();
    let result = sim.block_on(json::<Note>(&tab, client.get("/json")));
    let Err(Error::Decode { status, url, message }) = &result else { panic!("{result:?}") };
    assert_eq!((status.as_u16(), url.as_str()), (200, "https://api.example.com/json"));
    assert!(message.contains("title"), "{message}");
    for route in ["/always401", "/forbidden"] {
        let result = sim.block_on(json::<Note>(&tab, client.get(route)));
        let text = result.unwrap_err().to_string();
        assert!(text.contains(route) && (text.contains("401") || text.contains("403")), "{text}");
    }
    let request = client.get("/forbidden?key=SECRET");
    let checked = tab.run(async move { request.send().await?.error_for_status().map(drop) });
    let error = sim.block_on(checked).unwrap_err();
    assert!(matches!(&error, Error::Status { status, .. } if status.as_u16() == 403), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
}

#[test]
fn case_69_error_for_status_lets_success_pass() {
    let (sim, tab, client) = ada();
    let request = client.get("/json");
    let person = tab.run(async move { request.send().await.and_then(Response::error_for_status)?.json::<Person>().await });
    assert_eq!(sim.block_on(person), Ok(Person { name: "ada".into() }));
}
