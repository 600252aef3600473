//! The app's files.

use crate::{
    database::Kind,
    test_server::{TestServer, expect_error},
};
use reqwest::{Method, Response, StatusCode, header};
use std::fs;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wugan_wire::Code;

const PAGE: &str = "<!doctype html><title>Wugan</title><script type=\"module\">alert('Hello, server.');</script>";

async fn get(server: &TestServer, path: &str, accept: &str, encoding: &str) -> Response {
    let asking = server.http.get(format!("{}{path}", server.url)).header(header::ACCEPT, accept);
    asking.header(header::ACCEPT_ENCODING, encoding).send().await.unwrap()
}

async fn with_app() -> TestServer {
    let server = TestServer::start(Kind::Sqlite).await;
    let dist = server.folder().join("dist");
    fs::create_dir(&dist).unwrap();
    fs::write(dist.join("index.html"), PAGE).unwrap();
    fs::write(dist.join("app-0123456789abcdef.js"), "plain").unwrap();
    fs::write(dist.join("app-0123456789abcdef.js.br"), "brotli").unwrap();
    fs::write(dist.join("app-0123456789abcdef.js.gz"), "gzip").unwrap();
    fs::write(dist.join("favicon.svg"), "<svg/>").unwrap();
    fs::write(server.folder().join("secret"), "secret").unwrap();
    server
}

#[tokio::test]
async fn case_22_the_page_runs_its_own_scripts_and_no_others() {
    let server = with_app().await;
    for path in ["/", "/index.html", "/sign-in", "/inspector/deep"] {
        let answer = get(&server, path, "text/html,*/*;q=0.8", "identity").await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-cache");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval' 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(answer.text().await.unwrap(), PAGE);
    }
    let before = get(&server, "/", "text/html", "identity").await.headers()[header::CONTENT_SECURITY_POLICY].clone();
    let page = server.folder().join("dist/index.html");
    fs::write(&page, PAGE.replace("Hello", "Goodbye")).unwrap();
    fs::File::open(&page).unwrap().set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(2)).unwrap();
    let after = get(&server, "/", "text/html", "identity").await.headers()[header::CONTENT_SECURITY_POLICY].clone();
    assert_ne!(before, after, "another page has another policy");
    server.stop().await;
}

/// Sends a path as it is, with the slashes and dots that a client library would remove.
async fn get_raw(server: &TestServer, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn case_22_a_page_has_its_own_policy_however_its_path_is_spelled() {
    let server = with_app().await;
    let other = PAGE.replace("Hello", "Goodbye");
    fs::create_dir(server.folder().join("dist/a")).unwrap();
    fs::write(server.folder().join("dist/a/other.htm"), &other).unwrap();
    let policy = async |path: &str, page: &str| {
        let (head, body) = get_raw(&server, path).await;
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert_eq!(body, page, "{path}");
        assert!(head.contains("cache-control: no-cache"), "{path}: {head}");
        let policy = head.lines().find_map(|line| line.strip_prefix("content-security-policy: ")).unwrap().to_owned();
        assert!(policy.contains("'wasm-unsafe-eval' 'sha256-"), "{path}: {policy}");
        policy
    };
    let index = policy("/", PAGE).await;
    for path in [
        "/index.html",
        "//index.html",
        "/./index.html",
        "/%2e/index.html",
        "/%69ndex.html",
        "/index%2ehtml",
        "/index.html/",
        "/index.html/.",
        "/index.html?x=/a/other.htm",
        "/a/..//index.html",
        "/a/%2e%2e/index.html",
        "/A/",
    ] {
        assert_eq!(policy(path, PAGE).await, index, "{path}");
    }
    let others = policy("/a/other.htm", &other).await;
    assert_ne!(others, index);
    assert_eq!(policy("//a/./%6fther.htm", &other).await, others);
    assert_eq!(policy("/a%2fother.htm", &other).await, others);
    let (icon, _) = get_raw(&server, "//favicon.svg").await;
    assert!(icon.contains("content-security-policy: default-src 'none'; base-uri"), "{icon}");
    server.stop().await;
}

#[tokio::test]
async fn files_are_precompressed_and_kept_for_ever_by_their_hash() {
    let server = with_app().await;
    for (encoding, text) in [("br, gzip", "brotli"), ("gzip", "gzip"), ("identity", "plain")] {
        let answer = get(&server, "/app-0123456789abcdef.js", "*/*", encoding).await;
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(answer.headers().get_all(header::VARY).iter().filter(|vary| *vary == "accept-encoding").count(), 1);
        assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().contains("javascript"));
        assert_eq!(answer.text().await.unwrap(), text);
    }
    assert_eq!(get(&server, "/favicon.svg", "*/*", "identity").await.headers()[header::CACHE_CONTROL], "no-cache");
    server.stop().await;
}

#[tokio::test]
async fn case_43_errors_under_a_hashed_name_are_not_cached() {
    let server = with_app().await;
    let request = |name: header::HeaderName, value: &str| {
        server.http.get(format!("{}/app-0123456789abcdef.js", server.url)).header(name, value).send()
    };
    let range = request(header::RANGE, "bytes=999-").await.unwrap();
    let precondition = request(header::IF_UNMODIFIED_SINCE, "Mon, 01 Jan 2001 00:00:00 GMT").await.unwrap();
    for (answer, status) in [(range, StatusCode::RANGE_NOT_SATISFIABLE), (precondition, StatusCode::PRECONDITION_FAILED)] {
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store", "{status}");
    }
    let part = request(header::RANGE, "bytes=0-1").await.unwrap();
    let modified = part.headers()[header::LAST_MODIFIED].to_str().unwrap().to_owned();
    let unmodified = request(header::IF_MODIFIED_SINCE, &modified).await.unwrap();
    for (answer, status) in [(part, StatusCode::PARTIAL_CONTENT), (unmodified, StatusCode::NOT_MODIFIED)] {
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable", "{status}");
    }
    #[cfg(unix)]
    {
        let name = "loop-0123456789abcdef.js";
        std::os::unix::fs::symlink(name, server.folder().join("dist").join(name)).unwrap();
        let unreadable = server.get(&format!("/{name}")).await;
        assert_eq!(unreadable.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(unreadable.headers()[header::CACHE_CONTROL], "no-store");
    }
    server.stop().await;
}

/// A build may replace the page within the same second, and images give all files one modification time.
#[tokio::test]
async fn case_44_etag_and_policy_are_those_of_the_page_that_is_sent() {
    let server = with_app().await;
    let page = server.folder().join("dist/index.html");
    let epoch = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    let write = |text: &str| {
        fs::write(&page, text).unwrap();
        fs::File::open(&page).unwrap().set_modified(epoch).unwrap();
    };
    write(PAGE);
    let before = get(&server, "/", "text/html", "identity").await;
    let etag = before.headers()[header::ETAG].clone();
    let again = |etag: header::HeaderValue| {
        let request = server.http.get(&server.url).header(header::ACCEPT, "text/html").header(header::IF_NONE_MATCH, etag);
        request.header(header::IF_MODIFIED_SINCE, "Thu, 01 Jan 1970 00:00:01 GMT").send()
    };
    assert_eq!(again(etag.clone()).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    write(&PAGE.replace("Hello", "Adieu"));
    let after = again(etag).await.unwrap();
    assert_eq!(after.status(), StatusCode::OK);
    assert_ne!(after.headers()[header::CONTENT_SECURITY_POLICY], before.headers()[header::CONTENT_SECURITY_POLICY]);
    assert!(after.text().await.unwrap().contains("Adieu"));

    // A compressed page of the build before is not sent.
    fs::write(page.with_extension("html.br"), "not the page").unwrap();
    let plain = get(&server, "/", "text/html", "br").await;
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    assert!(plain.text().await.unwrap().contains("Adieu"));
    // The page "x" as an uncompressed Brotli block.
    write("x");
    fs::write(page.with_extension("html.br"), [0x0b, 0x00, 0x80, b'x', 0x03]).unwrap();
    let packed = get(&server, "/", "text/html", "gzip, br").await;
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "br");
    assert!(!get(&server, "/", "text/html", "br;q=0").await.headers().contains_key(header::CONTENT_ENCODING));
    server.stop().await;
}

/// The files all have one modification time, and the icons one length.
#[tokio::test]
async fn case_44_a_file_without_a_hash_is_not_modified_if_its_content_is_the_same() {
    let server = with_app().await;
    let epoch = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    let write = |name: &str, content: &[u8]| {
        let file = server.folder().join("dist").join(name);
        fs::write(&file, content).unwrap();
        fs::File::open(file).unwrap().set_modified(epoch).unwrap();
    };
    let request = |method: Method, name: &str, headers: &[(header::HeaderName, &str)]| {
        let request = server.http.request(method, format!("{}/{name}", server.url));
        headers.iter().fold(request, |request, (name, value)| request.header(name, *value)).send()
    };
    write("favicon.svg", b"<svg/>");
    write("favicon.svg.br", b"brotli");
    let first = request(Method::GET, "favicon.svg", &[]).await.unwrap();
    assert!(!first.headers().contains_key(header::LAST_MODIFIED), "a modification time says nothing in an image");
    let etag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(first.text().await.unwrap(), "<svg/>");
    let head = request(Method::HEAD, "favicon.svg", &[]).await.unwrap();
    assert_eq!((head.headers()[header::ETAG].to_str().unwrap(), &head.headers()[header::CONTENT_LENGTH]), (&*etag, &"6".parse().unwrap()));
    assert_eq!(head.text().await.unwrap(), "");
    let compressed = request(Method::GET, "favicon.svg", &[(header::ACCEPT_ENCODING, "br")]).await.unwrap();
    assert_ne!(compressed.headers()[header::ETAG], etag.as_str(), "the compressed form is another content");
    for method in [Method::GET, Method::HEAD] {
        let same = request(method, "favicon.svg", &[(header::IF_NONE_MATCH, &format!("\"another\", {etag}"))]).await.unwrap();
        assert_eq!((same.status(), &same.headers()[header::CACHE_CONTROL]), (StatusCode::NOT_MODIFIED, &"no-cache".parse().unwrap()));
        assert_eq!(same.headers()[header::ETAG], etag.as_str());
        assert_eq!(same.text().await.unwrap(), "");
    }

    write("favicon.svg", b"<abc/>");
    for condition in [
        (header::IF_NONE_MATCH, etag.as_str()),
        // The ETag that tower-http makes of the modification time and the length.
        (header::IF_NONE_MATCH, "\"1.00000000-6\""),
        (header::IF_MODIFIED_SINCE, "Thu, 01 Jan 1970 00:00:01 GMT"),
        (header::IF_MATCH, "\"x\""),
        (header::IF_UNMODIFIED_SINCE, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        let changed = request(Method::GET, "favicon.svg", std::slice::from_ref(&condition)).await.unwrap();
        assert_eq!((changed.status(), changed.text().await.unwrap().as_str()), (StatusCode::OK, "<abc/>"), "{condition:?}");
    }
    let range = (header::RANGE, "bytes=3-");
    let part = request(Method::GET, "favicon.svg", std::slice::from_ref(&range)).await.unwrap();
    assert_eq!((part.status(), part.headers().get(header::ETAG)), (StatusCode::PARTIAL_CONTENT, None));
    let rest = request(Method::GET, "favicon.svg", &[range, (header::IF_RANGE, &etag)]).await.unwrap();
    assert_eq!((rest.status(), rest.text().await.unwrap().as_str()), (StatusCode::OK, "<abc/>"), "the rest of another file");

    write("film.bin", &[1; 100_000]);
    let long = request(Method::GET, "film.bin", &[]).await.unwrap();
    assert!(!long.headers().contains_key(header::ETAG), "a long file is not read as a whole");
    assert_eq!(long.bytes().await.unwrap().len(), 100_000);
    server.stop().await;
}

#[tokio::test]
async fn case_45_names_that_no_file_can_have_are_not_a_defect() {
    let server = with_app().await;
    let (long, deep) = (format!("/{}", "x".repeat(300)), format!("/{}", "a/".repeat(2500)));
    let compressed = [253, 254, 255].map(|length| format!("/{}", "x".repeat(length)));
    for path in [long.as_str(), &deep, "/a%00b"].into_iter().chain(compressed.iter().map(String::as_str)) {
        expect_error(get(&server, path, "*/*", "br").await, StatusCode::NOT_FOUND, Code::NotFound).await;
        let page = get(&server, path, "text/html", "br").await;
        assert_eq!((page.status(), page.text().await.unwrap().as_str()), (StatusCode::OK, PAGE));
        let head = server.http.head(format!("{}{path}", server.url)).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::NOT_FOUND);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_missing_file_is_a_json_404_and_nothing_above_the_folder_is_there() {
    let server = with_app().await;
    for path in ["/app-fedcba9876543210.js", "/%2e%2e/secret", "/..%2fsecret", "/user/nope"] {
        expect_error(get(&server, path, "*/*", "identity").await, StatusCode::NOT_FOUND, Code::NotFound).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_missing_app_is_answered_with_an_explanation() {
    let server = TestServer::start(Kind::Sqlite).await;
    let answer = get(&server, "/", "text/html", "identity").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.unwrap().contains("no app to show"));
    server.stop().await;
}
