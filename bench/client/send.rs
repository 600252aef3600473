//! What `Client::send` adds on the path of a valid token: time, and memory that is asked for.
//!
//! `bare` is what a request needs without the library: its URL resolved, its token in a header, one sending, the status read.
#![allow(missing_docs, clippy::unwrap_used)]

use divan::{AllocProfiler, Bencher, black_box};
use futures::FutureExt;
use std::rc::Rc;
use wugan::{
    Client, Request,
    platform::{Attempt, Platform},
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
        let request = Request::get(black_box("/bbb"));
        let address = platform.resolve(ORIGIN, "/bbb").unwrap();
        let authorization = Some(["Bearer ", &token].concat());
        let body = wugan::Body::empty();
        let answer = platform.fetch(Attempt { address: &address, request: &request, body, authorization }).now_or_never().unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        answer
    });
}

#[divan::bench(sample_count = 1000, sample_size = 100)]
fn send(bencher: Bencher) {
    let client = Client::builder(ORIGIN).build_on(Rc::new(InMemory::default())).unwrap();
    client.session().sign_in(tokens());
    bencher.bench_local(|| {
        let answer = client.send(Request::get(black_box("/bbb"))).now_or_never().unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        answer
    });
}

fn access_token() -> String {
    tokens().access_token
}
