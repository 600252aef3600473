//! Requests as a server receives them, and its replies.

use serde::Serialize;
use serde_json::Value;
use std::cell::OnceCell;
use wugan::{Content, platform::PlatformRequest};

/// A request on its way.
#[derive(Clone)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) origin: String,
    pub(crate) href: String,
    /// The path below the server's base URL.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body as JSON, parsed at the first use.
    json: OnceCell<Value>,
    pub(crate) cookie: Option<String>,
    /// The engine attached a token.
    pub(crate) has_token: bool,
    /// It goes to an origin that belongs to no server.
    pub(crate) is_foreign: bool,
    /// By how many milliseconds the clock of the machine that answers is wrong.
    pub(crate) clock_offset: f64,
    /// When the tab sent it.
    pub(crate) sent_at: f64,
    pub(crate) follows_redirects: bool,
    /// It exchanges a refresh token that another tab may have exchanged without this tab being able to know.
    pub(crate) is_allowed_duplicate: bool,
}

impl Incoming {
    pub(crate) fn read(request: &PlatformRequest<'_>) -> Incoming {
        let mut headers: Vec<_> =
            request.request.header_pairs().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        if let Some((name, value)) = &request.authorization {
            headers.push((name.to_ascii_lowercase(), value.clone()));
        }
        headers.extend(request.proof.iter().map(|proof| ("dpop".to_owned(), proof.clone())));
        Incoming {
            method: request.request.method().to_string(),
            origin: request.address.origin.clone(),
            href: request.address.href.clone(),
            path: request.address.path.clone(),
            query: request.address.href.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default(),
            headers,
            body: match request.body.content() {
                Content::Text(text) => text.as_bytes().to_vec(),
                Content::Bytes(bytes) => bytes.to_vec(),
                _ => Vec::new(),
            },
            json: OnceCell::new(),
            cookie: None,
            has_token: request.authorization.is_some(),
            is_foreign: false,
            clock_offset: 0.0,
            sent_at: 0.0,
            is_allowed_duplicate: false,
            follows_redirects: !matches!(
                request.request.options().redirect,
                Some(web_sys::RequestRedirect::Error | web_sys::RequestRedirect::Manual)
            ),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(set, _)| set == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_refresh(&self) -> bool {
        matches!(self.path.as_str(), "/user/refresh" | "/oauth/token" | "/cookie/refresh")
    }

    /// A field of the body, JSON or form, or of the query.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let from_form = |bytes: &[u8]| form_urlencoded::parse(bytes).find(|(field, _)| field == name).map(|(_, value)| value.into_owned());
        let json = self.json.get_or_init(|| serde_json::from_slice(&self.body).unwrap_or_default());
        json.get(name)
            .and_then(|value| value.as_str().map(str::to_owned))
            .or_else(|| from_form(&self.body))
            .or_else(|| from_form(self.query.as_bytes()))
    }

    /// The refresh token: a cookie where the path says so, else a field.
    pub(crate) fn refresh_token(&self) -> Option<String> {
        if self.path.starts_with("/cookie/") {
            return self.cookie.clone();
        }
        self.field("refresh_token").or_else(|| self.field("token"))
    }
}

/// A response as the server sends it.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The final URL after a redirect; empty: the requested URL.
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The value of the cookie to set; empty: remove it.
    pub(crate) set_cookie: Option<String>,
    pub(crate) body: Vec<u8>,
    /// How much later than the head the body arrives, in milliseconds. Infinite: never.
    pub(crate) body_delay: f64,
}

impl Reply {
    pub(crate) fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply { status, url: String::new(), headers: Vec::new(), set_cookie: None, body: body.into(), body_delay: 0.0 }
    }

    pub(crate) fn text(status: u16, body: &str) -> Reply {
        Reply::bytes(status, body).with("content-type", "text/plain")
    }

    pub(crate) fn html(status: u16) -> Reply {
        Reply::bytes(status, "<!doctype html><title>Proxy</title>").with("content-type", "text/html")
    }

    pub(crate) fn json(status: u16, body: &impl Serialize) -> Reply {
        Reply::bytes(status, serde_json::to_vec(body).unwrap_or_default()).with("content-type", "application/json")
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The values of a header, joined as `fetch` joins repeated ones.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut values = self.headers.iter().filter(|(set, _)| set.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let first = values.next()?.to_owned();
        Some(values.fold(first, |joined, value| joined + ", " + value))
    }
}

/// Formats milliseconds since 1970 as an HTTP `Date` (RFC 9110 §5.6.7).
pub(crate) fn format_date(milliseconds: f64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let seconds = (milliseconds / 1_000.0).floor() as i64;
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Civil date from days since 1970, in the proleptic Gregorian calendar with years that begin in March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let (name, weekday) = (MONTHS[month as usize], DAYS[days.rem_euclid(7) as usize]);
    format!("{weekday}, {day:02} {name} {year} {:02}:{:02}:{:02} GMT", time / 3_600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::format_date;

    #[test]
    fn dates_are_formatted_as_http_dates() {
        for (seconds, expected) in [
            (0.0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400.0, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_208_000.0, "Thu, 29 Feb 2024 12:00:00 GMT"),
            (1_790_000_000.0, "Mon, 21 Sep 2026 14:13:20 GMT"),
            (4_102_444_799.0, "Thu, 31 Dec 2099 23:59:59 GMT"),
        ] {
            assert_eq!(format_date(seconds * 1_000.0 + 999.0), expected);
        }
    }
}
