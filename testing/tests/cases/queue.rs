//! Case 67: a burst of requests with a token that the server does not accept any more.

use crate::*;

/// How long eight tabs that send `requests` requests each over six connections take, in milliseconds.
fn burst(requests: usize, is_token_refused: bool) -> f64 {
    let sim = Simulation::new(1);
    let tabs = tabs(&sim, 8, || builder().timeout(seconds(30.0)));
    sim.limit_connections(Some(6));
    sim.server().set_latency(seconds(0.005), seconds(0.02));
    if is_token_refused {
        tabs[0].1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
    }
    let started = sim.now();
    let responses: Vec<_> = tabs.iter().flat_map(|(tab, client)| (0..requests).map(|_| get(tab, client, "/bbb"))).collect();
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    let stats = sim.server().stats();
    assert_eq!((stats.refreshes, stats.accepted), (u64::from(is_token_refused), 8 * requests as u64));
    assert!(stats.unauthorized <= 48, "six of each tab at most: {stats:?}");
    sim.now() - started
}

#[test]
fn case_67_a_burst_on_a_refused_token_takes_at_most_half_again_as_long() {
    for requests in [20, 100, 300] {
        let (good, refused) = (burst(requests, false), burst(requests, true));
        // The refresh and the first refusal take a moment, which counts in small bursts.
        assert!(refused < good * 1.5 + 500.0, "{requests}: {refused} ms instead of {good} ms");
    }
}

#[test]
fn case_67_a_burst_waits_for_a_slow_refresh() {
    let (sim, tab, client) = ada();
    sim.server().set_latency(seconds(0.01), seconds(0.01));
    client.session().corrupt_access_token();
    let responses: Vec<_> = (0..100).map(|_| get(&tab, &client, "/bbb")).collect();
    sim.advance(seconds(0.015));
    sim.server().set_latency(seconds(2.0), seconds(2.0));
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert!(sim.server().stats().unauthorized <= 6, "{:?}", sim.server().stats());
}

#[test]
fn case_67_a_refused_pin_does_not_let_a_burst_pass() {
    let (sim, tab, client) = ada();
    client.session().corrupt_access_token();
    let pin = send(&tab, client.get("/pin").no_refresh());
    assert_eq!(status(sim.block_on(pin)), Ok(401));
    let responses: Vec<_> = (0..50).map(|_| get(&tab, &client, "/bbb")).collect();
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert!(sim.server().stats().unauthorized <= 7, "{:?}", sim.server().stats());
}

#[test]
fn case_67_a_hanging_request_delays_the_others_by_two_seconds_at_most() {
    let (sim, tab, client) = ada();
    sim.server().set_latency(seconds(10.0), seconds(10.0));
    let _slow: Vec<_> = (0..6).map(|_| get(&tab, &client, "/bbb")).collect();
    sim.settle();
    sim.server().set_latency(seconds(0.01), seconds(0.01));
    let started = sim.now();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert!(sim.now() - started < 2_500.0, "{} ms", sim.now() - started);
}
