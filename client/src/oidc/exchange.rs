//! Exchanges the code for tokens (RFC 6749 §4.1.3), validates the ID token, and starts the session.

use crate::{
    grant::{RefreshOutcome, TokenResponse},
    http::{Request, Response, form},
    json::Object,
    oidc::{
        Oidc,
        error::{Error, IdTokenError},
        fetch::{check_status, fetch, get},
        id_token::{Expected, IdToken, Received, user},
        pending::{Pending, Unanswered, note_completed},
    },
    tokens::TokenSet,
};

/// Signs the user in with a code for a sign-in of this tab. Returns the page to show next.
pub(crate) async fn complete(oidc: &Oidc, code: String, pending: Pending) -> Result<String, Box<Error>> {
    let (request, session) = (token_request(oidc, &code, &pending)?, oidc.session_id());
    let (keys, answer) = match exchange(oidc, request).await {
        Ok(answers) => answers,
        Err(error) => {
            let is_repeatable = matches!(*error, Error::Unavailable(_));
            oidc.unanswered().replace(is_repeatable.then_some(Unanswered { code, pending, session }));
            return Err(error);
        }
    };
    let signed_in = begin(oidc, &pending, &answer, &keys).await;
    // Revocation may end the whole grant, to which the present session's tokens may belong too.
    if signed_in.is_err() && oidc.client().session().current().is_none() {
        oidc.client().session().revoke_unused(&TokenResponse::new(&answer), &None);
    }
    signed_in.map(|()| pending.text("return_to"))
}

/// The provider's keys, and the token endpoint's answer. The keys first: without them, the code is not used. They are fetched for each
/// sign-in, and not from the browser's cache, so that a changed key is known (OpenID Connect Core §10.1.1).
async fn exchange(oidc: &Oidc, request: Request) -> Result<(Vec<Object>, Response), Box<Error>> {
    let keys = get(&oidc.metadata().jwks_uri).await?;
    check_status(&keys)?;
    let list = Object::read(keys.buffered()).and_then(|set| set.list("keys"));
    let list = list.ok_or_else(|| Error::Unavailable(keys.decode_error("sent no JSON Web Key Set")))?;
    Ok((list, fetch(&oidc.client().session().0.transport, request).await?))
}

/// Starts the session of a token response with a valid ID token.
async fn begin(oidc: &Oidc, pending: &Pending, answer: &Response, keys: &[Object]) -> Result<(), Box<Error>> {
    let (granted, id_token) = read_tokens(oidc, answer)?;
    let decoded = IdToken::read(&id_token)?;
    let clock = &oidc.client().session().0.transport.clock;
    clock.set_server_time(answer.sent_at());
    let received = Received { server: clock.server_time(None).map(|at| at / 1_000.0), device: oidc.now() / 1_000.0 };
    let (issuer, nonce, client_id) = (&*pending.text("issuer"), &*pending.text("nonce"), &*oidc.config().client_id);
    let algorithm = decoded.check(&Expected { issuer, client_id, nonce, max_age: pending.max_age(), received })?;
    decoded.verify(algorithm, keys).await?;
    oidc.client().session().begin(user(&decoded.into_claims()), granted, answer.sent_at());
    oidc.keep_id_token(&id_token);
    oidc.check_refresh_token();
    note_completed(&oidc.client().session().0.settings.storage_key, oidc.now());
    Ok(())
}

fn token_request(oidc: &Oidc, code: &str, pending: &Pending) -> Result<Request, Box<Error>> {
    let config = oidc.config();
    let (redirect_uri, verifier) = (oidc.absolute(&config.redirect_path)?, pending.text("verifier"));
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("client_id", &config.client_id),
        ("code_verifier", &verifier),
    ];
    config.add_resource(&mut pairs);
    Ok(Request::post(&oidc.metadata().token_endpoint).form_text(form::encode(&pairs)))
}

/// The tokens and the ID token of an answer.
fn read_tokens(oidc: &Oidc, response: &Response) -> Result<(TokenSet, String), Box<Error>> {
    let answer = TokenResponse::new(response);
    let object = answer.object().unwrap_or_else(Object::new);
    let session = oidc.client().session();
    let is_failure = answer.status >= 500 || answer.status == 429;
    // Auth0 sends a refusal by one of its actions with the status 500.
    match Error::in_answer(&object).filter(|_| answer.status >= 400) {
        Some(error) if !is_failure || error.is_refusal() => return Err(error.into()),
        _ if is_failure => return Err(Error::Unavailable(response.status_error()).into()),
        _ => {}
    }
    let unusable = |reason: String| Err(Error::TokenResponse(reason).into());
    let tokens = match session.parse_sign_in(&answer) {
        RefreshOutcome::Granted(tokens) => tokens,
        RefreshOutcome::Unavailable(reason) => return unusable(reason),
        RefreshOutcome::Rejected => return unusable("it refuses the code: start again".to_owned()),
    };
    if !session.0.transport.has_dpop() && !answer.is_of_type("Bearer") {
        return unusable("its token type is not Bearer: let the provider issue such tokens".to_owned());
    }
    Ok((tokens, object.text("id_token").ok_or(IdTokenError::Missing)?))
}
