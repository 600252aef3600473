//! Sign-in in a window of its own, so that the page keeps its state.
//!
//! The window hands the provider's response over by a `BroadcastChannel` that is named by the `state`. The page that opened it checks
//! and exchanges the response.

use crate::{
    oidc::{
        Oidc, SignInOptions, browser,
        error::Error,
        exchange::complete,
        pending::{POPUP_MARK, Pending},
        pkce,
        response::AuthorizationResponse,
    },
    platform::Host,
};
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, unbounded},
    future::{Either, select},
};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How long a window takes to close.
const CLOSING_TIME: Duration = Duration::from_secs(1);

impl Oidc {
    /// Opens a window for the sign-in. Call it in the handler of a click: elsewhere, browsers open no windows. The page of the redirect
    /// URI must call [`callback`](Oidc::callback). The future completes when the user is signed in.
    ///
    /// If a page of the provider or this page itself was sent with `Cross-Origin-Opener-Policy: same-origin`, the window is cut off and
    /// counts as closed. Send `same-origin-allow-popups` with this page; for such a provider use [`sign_in`](Oidc::sign_in).
    ///
    /// # Errors
    /// [`Error::PopupBlocked`], [`Error::PopupClosed`], and those of [`sign_in`](Oidc::sign_in) and [`callback`](Oidc::callback).
    pub fn sign_in_with_popup(&self, options: SignInOptions) -> impl Future<Output = Result<(), Error>> + 'static {
        // Opened before the first await, while the browser still sees the click.
        let popup = browser::window().ok_or(Error::NoBrowser).and_then(|window| {
            let popup = window.open_with_url_and_target_and_features("", "", "popup,width=500,height=700");
            popup.ok().flatten().ok_or(Error::PopupBlocked)
        });
        let oidc = self.clone();
        async move {
            let popup = popup?;
            let signed_in = oidc.sign_in_in(&popup, &options).await;
            let _ = popup.close();
            Ok(signed_in?)
        }
    }

    async fn sign_in_in(&self, popup: &web_sys::Window, options: &SignInOptions) -> Result<(), Box<Error>> {
        let state = String::from(POPUP_MARK) + &pkce::random()?;
        let url = self.begin_sign_in(&state, options).await?;
        let mut channel = Channel::open(&state)?;
        // The provider's page does not get hold of this one.
        let _ = popup.set_opener(&JsValue::NULL);
        popup.location().set_href(&url).map_err(|_| Box::new(Error::PopupClosed))?;
        let mut was_closed = false;
        let query = loop {
            match select(channel.messages.next(), self.platform().sleep(POLL_INTERVAL)).await {
                Either::Left((Some(query), _)) => break query,
                Either::Left((None, _)) => return Err(Error::PopupClosed.into()),
                Either::Right(_) if was_closed => {
                    drop(Pending::take(&state, self.now()));
                    return Err(Error::PopupClosed.into());
                }
                // The window closes right after its message, which may arrive later.
                Either::Right(_) => was_closed = popup.closed().unwrap_or(true),
            }
        };
        let pending = Pending::take(&state, self.now()).ok_or_else(|| Box::new(Error::UnknownState))?;
        let response = AuthorizationResponse::read(&query)?;
        let signed_in = complete(self, response.code_for(&pending, self.metadata())?, pending).await;
        // The window is closed, so a second try is another sign-in.
        self.unanswered().take();
        signed_in.map(drop)
    }
}

/// In the window: gives the response to the page that opened it, and closes. A tab that no script opened stays.
pub(crate) async fn hand_over(state: &str, query: &str, platform: &Host) -> Result<String, Box<Error>> {
    if let Ok(channel) = BroadcastChannel::new(&channel_name(state)) {
        // Texts can always be cloned.
        let _ = channel.post_message(&JsValue::from_str(query));
        channel.close();
    }
    if let Some(window) = browser::window() {
        let _ = window.close();
    }
    platform.sleep(CLOSING_TIME).await;
    Err(Error::UnknownState.into())
}

fn channel_name(state: &str) -> String {
    ["wugan:oidc:", state].concat()
}

/// Messages of the window. Closed when it is dropped.
struct Channel {
    channel: BroadcastChannel,
    messages: UnboundedReceiver<String>,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Channel {
    fn open(state: &str) -> Result<Channel, Box<Error>> {
        let channel = BroadcastChannel::new(&channel_name(state)).map_err(|_| Box::new(Error::NoBrowser))?;
        let (sender, messages) = unbounded();
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                // The receiver lives as long as the listener.
                let _ = sender.unbounded_send(text);
            }
        });
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        Ok(Channel { channel, messages, _listener: listener })
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}
