//! Compiles the Rust blocks of the documents: `cargo test -p wugan-snippets --doc`.

macro_rules! pages {
    ($($name:ident: $file:literal;)*) => {
        $(#[doc = include_str!($file)] pub mod $name {})*
    };
}

pages! {
    readme: "../../../README.md";
    openid: "../../openid.md";
    auth: "../../../auth/README.md";
    quick_start_leptos: "../../guide/src/quick-start-leptos.md";
    quick_start_bare: "../../guide/src/quick-start-bare.md";
    backends: "../../guide/src/backends.md";
    backend_nestjs: "../../guide/src/backend-nestjs.md";
    backend_express: "../../guide/src/backend-express.md";
    backend_django: "../../guide/src/backend-django.md";
    backend_aspnet: "../../guide/src/backend-aspnet.md";
    backend_axum: "../../guide/src/backend-axum.md";
    backend_cookie: "../../guide/src/backend-cookie.md";
    backend_openid: "../../guide/src/backend-openid.md";
    list_page: "../../guide/src/list-page.md";
    errors: "../../guide/src/errors.md";
    sockets: "../../guide/src/sockets.md";
    size: "../../guide/src/size.md";
    testing: "../../guide/src/testing.md";
    devtools: "../../guide/src/devtools.md";
    migrating: "../../guide/src/migrating.md";
}
