//! Discovery of a provider whose documents are mocked: where it is read, and what is said of a document that cannot be used.

use crate::{
    fixture::{local_storage, random_name},
    page::{MockResponse, Page},
    providers::{DISCOVERY, ISSUER},
};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client,
    oidc::{Config, Error, Oidc},
};

/// An issuer of its own, so that no other test has stored its document.
struct Issuer {
    page: Page,
    name: String,
}

impl Issuer {
    fn new() -> Issuer {
        Issuer { page: Page::new(), name: format!("{ISSUER}/{}", random_name()) }
    }

    fn document(&self) -> Value {
        json!({
            "issuer": self.name,
            "authorization_endpoint": format!("{ISSUER}/auth"),
            "token_endpoint": format!("{ISSUER}/token"),
            "jwks_uri": format!("{ISSUER}/keys"),
            "code_challenge_methods_supported": ["S256"],
        })
    }

    /// Its address of OpenID Connect Discovery, without the host.
    fn path(&self) -> String {
        format!("{}{DISCOVERY}", &self.name[ISSUER.len()..])
    }

    async fn connect(&self) -> Result<Oidc, Error> {
        let client = Client::builder("").storage_key(&format!("test.{}", random_name())).auto_refresh(false);
        Config::new(&self.name, "app").connect(client).await
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        local_storage().remove_item(&format!("wugan:oidc:metadata:{}", self.name)).unwrap();
    }
}

#[wasm_bindgen_test]
async fn a_document_that_cannot_be_used_is_refused_with_what_to_change() {
    // (what is changed in the document, what is said to be wrong, and to change)
    let table = [
        (Some(("issuer", json!("https://evil.example"))), "the document is for the issuer “https://evil.example”", "they must be equal"),
        (Some(("code_challenge_methods_supported", json!(["plain"]))), "does not list PKCE with S256", "switch it on there"),
        (Some(("token_endpoint", json!("http://login.example.com/token"))), "not an https URL", "for this machine only"),
        (None, "this is an HTML page", "check the issuer"),
    ];
    for (changed, wrong, change) in table {
        let issuer = Issuer::new();
        let document = match changed {
            Some((member, value)) => {
                let mut document = issuer.document();
                document[member] = value;
                document.to_string()
            }
            None => "<!doctype html><title>Sign in</title>".to_owned(),
        };
        issuer.page.respond(&issuer.path(), MockResponse::new(200).chunk(document));
        let error = issuer.connect().await.unwrap_err();
        assert!(matches!(error, Error::Discovery { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&issuer.path()) && text.contains(wrong) && text.contains(change), "{text}");
    }
}

/// RFC 8414 §3.1: the well-known part is in front of the issuer's path.
#[wasm_bindgen_test]
async fn a_provider_that_publishes_only_the_metadata_of_rfc_8414_is_found() {
    let issuer = Issuer::new();
    issuer.page.respond(&issuer.path(), MockResponse::new(404));
    let other = format!("/.well-known/oauth-authorization-server{}", &issuer.name[ISSUER.len()..]);
    issuer.page.respond(&other, MockResponse::new(200).chunk(issuer.document().to_string()));
    assert_eq!(issuer.connect().await.unwrap().metadata().issuer, issuer.name);
    assert_eq!(issuer.page.sent(&other).len(), 1);
    issuer.connect().await.unwrap();
    assert_eq!(issuer.page.all_but_sign_outs().len(), 2, "the second page finds it stored");
}
