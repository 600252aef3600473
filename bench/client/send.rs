//! The cost of `Client::send` with a valid token: time and allocations.
//!
//! `bare` is the same request without the library: resolve the URL, add the token, send once, read the status.
#![allow(missing_docs, clippy::unwrap_used)]

use divan::{AllocProfiler, Bencher, black_box};
use futures::FutureExt;
use std::rc::Rc;
use wugan::{
    Client, Method,
    platform::{Platform, PlatformRequest, RequestHead},
};
use wugan_bench_client::{InMemory, ORIGIN, tokens};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 1000, sample_size = 100)]
fn bare(bencher: Bencher) {
    let (platform, token) = (InMemory::default(), access_token());
    bencher.bench_local(|| {
        let request = RequestHead::new(Method::GET);
        let address = platform.resolve(ORIGIN, black_box("/bbb")).unwrap();
        let authorization = Some(("authorization", ["Bearer ", &token].concat()));
        let body = wugan::Body::empty();
        let response = platform
            .fetch(PlatformRequest { address: &address, request: &request, body, authorization, proof: None })
            .now_or_never()
            .unwrap()
            .unwrap();
        assert_eq!(response.status(), 200);
        response
    });
}

#[divan::bench(sample_count = 1000, sample_size = 100)]
fn send(bencher: Bencher) {
    let client = Client::builder(ORIGIN).build_on(Rc::new(InMemory::default())).unwrap();
    client.session().sign_in(tokens());
    bencher.bench_local(|| {
        let response = client.get(black_box("/bbb")).send().now_or_never().unwrap().unwrap();
        assert_eq!(response.status(), 200);
        response
    });
}

fn access_token() -> String {
    tokens().access_token
}
