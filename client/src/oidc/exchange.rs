//! Exchanges the code for tokens (RFC 6749 §4.1.3), validates the ID token, and starts the session.

use crate::{
    error::Error as RequestError,
    grant::{RefreshOutcome, TokenResponse},
    http::{Request, Response},
    json::Object,
    oidc::{
        Oidc,
        authorize::form,
        error::{Error, IdTokenError},
        fetch::{fetch, get},
        id_token::{Expected, IdToken, Received, user},
        pending::{Pending, note_completed},
        response::AuthorizationResponse,
    },
    session::tokens::TokenSet,
};
use futures::future::join;

/// Signs the user in with a response that this tab asked for. Returns the page to show next.
pub(crate) async fn complete(oidc: &Oidc, response: AuthorizationResponse, pending: Pending) -> Result<String, Error> {
    let metadata = oidc.metadata();
    let code = response.code_for(&pending, &metadata.issuer, metadata.names_issuer)?;
    let transport = &oidc.client().session().0.transport;
    // The keys are fetched for each sign-in, and not from the browser's cache, so that a changed key is known (OpenID Connect Core §10.1.1).
    let (tokens, keys) = join(fetch(transport, token_request(oidc, &code, &pending)?), get(&metadata.jwks_uri)).await;
    let answer = tokens.map_err(Error::of_request)?;
    let signed_in = begin(oidc, &pending, &answer, keys).await;
    // A provider may end its grant, to which the tokens of the session belong that is there.
    if signed_in.is_err() && oidc.client().session().current().is_none() {
        oidc.client().session().revoke_unused(&TokenResponse::new(&answer), &None);
    }
    signed_in.map(|()| pending.return_to)
}

/// Starts the session of a token response with a valid ID token.
async fn begin(oidc: &Oidc, pending: &Pending, answer: &Response, keys: Result<Response, RequestError>) -> Result<(), Error> {
    let (granted, id_token) = read_tokens(oidc, answer)?;
    let decoded = IdToken::read(&id_token)?;
    let received = Received { server: answer.sent_at().server.map(|at| at / 1_000.0), device: oidc.now() / 1_000.0 };
    let (issuer, nonce, client_id) = (&pending.issuer, &pending.nonce, &oidc.config().client_id);
    let algorithm = decoded.check(&Expected { issuer, client_id, nonce, max_age: pending.max_age, received })?;
    let keys = keys.and_then(|keys| {
        let list = Object::read(keys.buffered()).and_then(|set| set.list("keys"));
        list.ok_or_else(|| keys.decode_error("it is no JSON Web Key Set"))
    });
    decoded.verify(algorithm, &keys.map_err(Error::Unavailable)?).await?;
    oidc.client().session().begin_for(user(&decoded.into_claims()), granted, answer.sent_at());
    oidc.keep_id_token(&id_token);
    oidc.check_refresh_token();
    note_completed(&oidc.client().session().0.settings.storage_key, oidc.now());
    Ok(())
}

fn token_request(oidc: &Oidc, code: &str, pending: &Pending) -> Result<Request, Error> {
    let config = oidc.config();
    let redirect_uri = oidc.absolute(&config.redirect_path)?;
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("client_id", &config.client_id),
        ("code_verifier", &pending.verifier),
    ];
    pairs.extend(config.resource_pairs());
    Ok(Request::post(&oidc.metadata().token_endpoint).form_text(form(&pairs)))
}

/// The tokens and the ID token of an answer.
fn read_tokens(oidc: &Oidc, response: &Response) -> Result<(TokenSet, String), Error> {
    let answer = TokenResponse::new(response);
    let object = answer.object().unwrap_or_else(Object::new);
    let session = oidc.client().session();
    let is_failure = response.status().is_server_error() || answer.status == 429;
    // Auth0 sends a refusal by one of its actions with the status 500.
    match Error::in_answer(&object).filter(|_| answer.status >= 400) {
        Some(error) if !is_failure || error.is_refusal() => return Err(error),
        _ if is_failure => return Err(Error::Unavailable(response.status_error())),
        _ => {}
    }
    let tokens = match session.parse_sign_in(&answer) {
        RefreshOutcome::Granted(tokens) => tokens,
        RefreshOutcome::Unavailable(reason) => return Err(Error::TokenResponse(reason)),
        RefreshOutcome::Rejected => return Err(Error::TokenResponse("the grant takes it for a rejection".into())),
    };
    if !session.0.transport.has_dpop() && !answer.is_of_type("Bearer") {
        return Err(Error::TokenResponse("the token type is not Bearer".into()));
    }
    Ok((tokens, object.text("id_token").ok_or(IdTokenError::Missing)?))
}
