# syntax=docker/dockerfile:1

# You can give other images. Both must be Debian 12, the first with Rust and a C compiler.
# The second has no version tags. To pin it, give its digest: --build-arg BASE_IMAGE=…@sha256:…
ARG BUILD_IMAGE=rust:1.95.0-slim-bookworm
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package clientele --features otlp \
    && install -D target/release/clientele /image/usr/local/bin/clientele \
    && install -d /image/var/lib/clientele

# glibc, root certificates and nothing else: no shell, no package manager.
FROM ${BASE_IMAGE}
COPY --from=build /image/usr/local/bin/clientele /usr/local/bin/clientele
# A new volume inherits this owner.
COPY --from=build --chown=65532:65532 /image/var/lib/clientele /var/lib/clientele

# Only SQLite writes to this folder. Everything else may be read-only.
WORKDIR /var/lib/clientele
VOLUME /var/lib/clientele
ENV CLIENTELE_HTTP__LISTEN=0.0.0.0:8080 \
    CLIENTELE_METRICS__LISTEN=0.0.0.0:9464 \
    CLIENTELE_LOG__FORMAT=json
EXPOSE 8080 9464
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/clientele", "health"]
ENTRYPOINT ["/usr/local/bin/clientele"]
CMD ["serve"]
