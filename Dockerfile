# The server with the app in one image, which has not been built by this project: `docker build` found no daemon. Run by hand, on Debian 12:
# the release build of the server, the packing, the start as an account of its own. Not run as they stand here: rustup, trunk, useradd.
#   docker build -t wugan . && docker run -p 3000:3000 -v wugan:/data wugan
FROM rust:1.95-bookworm AS build
RUN rustup target add wasm32-unknown-unknown && cargo install --locked trunk --version 0.21.14
WORKDIR /src
COPY . .
# Not `--release`: that would let trunk run any wasm-opt it finds.
RUN trunk build --cargo-profile browser --locked \
    && find dist \( -name '*.js' -o -name '*.wasm' -o -name '*.css' \) -exec gzip -9 --keep {} +
RUN cargo build --release --locked -p wugan-server

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
