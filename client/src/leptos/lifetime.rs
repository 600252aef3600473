//! Where the page is rendered, and signals that outlive their component for a moment.

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, reactive::owner::Owner, task::spawn_local};

/// Whether the page is being rendered on a server. A native program counts as one, with any features of Leptos.
pub(super) fn is_on_server() -> bool {
    cfg!(not(target_arch = "wasm32")) || Owner::current_shared_context().is_some_and(|context| !context.is_browser())
}

/// Runs this now, or once hydration is complete: what is rendered before must equal what the server rendered. With lazy hydration that takes
/// more than a tick.
pub(super) fn after_hydration(run: impl FnOnce() + 'static) {
    let context = Owner::current_shared_context();
    let is_hydrating = move || context.as_ref().is_some_and(|context| context.during_hydration());
    if !is_hydrating() {
        return run();
    }
    spawn_local(async move {
        while is_hydrating() {
            TimeoutFuture::new(10).await;
        }
        run();
    });
}

/// Creates signals that are disposed of not with the current component, but one macrotask later.
///
/// When a component is removed, Leptos disposes of its signals at once, but the children of a `Suspense` or `Transition` live on: the
/// task of the boundary's effect owns them until it runs again (`SuspenseBoundary::build` in leptos 0.8). An effect among them that
/// was notified in the same tick, as the end of a session notifies all its readers, runs before that. If it then reads a disposed
/// signal, it panics (case 68), and so does every later task, because the panic leaves the browser's task queue borrowed.
pub(super) fn outliving<T>(create: impl FnOnce() -> T) -> T {
    let Some(current) = Owner::current().filter(|_| !is_on_server()) else { return create() };
    // A root owner: the component's owner does not clean it up.
    let owner = Owner::new_root(current.shared_context());
    current.set();
    let created = owner.with(create);
    on_cleanup(move || set_timeout(move || drop(owner), std::time::Duration::ZERO));
    created
}
