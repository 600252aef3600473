# The server with the app in one image: docker build -t wugan . && docker run -p 3000:3000 -v wugan:/data wugan
FROM rust:1.95-bookworm AS build
RUN rustup target add wasm32-unknown-unknown && rustup component add rust-src
RUN cargo install --locked trunk --version 0.21.14 \
    && cargo install --locked wasm_split_cli_support --version 0.2.4 --features build-binary
WORKDIR /src
COPY . .
# trunk fetches the wasm-bindgen of Cargo.lock; its hook (bundle/) makes the production build.
RUN trunk build --release --locked
RUN cargo build --release --locked --package wugan-server

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data wugan
COPY --from=build /src/target/release/wugan-server /usr/local/bin/
COPY --from=build /src/dist /usr/local/share/wugan/dist
USER wugan
WORKDIR /data
VOLUME /data
ENV WUGAN_LISTEN=0.0.0.0:3000 WUGAN_WEB_ROOT=/usr/local/share/wugan/dist \
    WUGAN_DATABASE_URL=sqlite:///data/wugan.db WUGAN_SIGNING_KEY=/data/wugan.key WUGAN_LOG_FORMAT=json
EXPOSE 3000
ENTRYPOINT ["wugan-server"]
