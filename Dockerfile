# The app, the binary it is put into, and an image that holds the binary and next to nothing else; beside it images of what
# stands around the server in the two Compose files.
# The tests run the steps of the building stages in their order (cmd/morgenkreis/deploy_test.go), so every path in a
# RUN is relative to WORKDIR and every tool comes with the base image: Node and npm; Go, gcc, the C library's static half.

FROM node:20-bookworm AS app
WORKDIR /src
# What comes from elsewhere first: it changes less often than what is written here.
COPY web/package.json web/package-lock.json web/.npmrc web/
RUN cd web && npm ci
COPY docs/openapi.json docs/roster-sample.csv docs/
COPY web/ web/
RUN cd web && npm run build

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=app /src/web/embedded/app web/embedded/app
ARG VERSION=dev
ENV CGO_ENABLED=1
# netgo and osusergo: a static C library can look up neither hosts nor users. timetzdata: no zone files in the final
# stage. sqlite_omit_load_extension: no code is loaded at run time.
RUN go build -trimpath \
      -tags "netgo osusergo timetzdata sqlite_omit_load_extension" \
      -ldflags "-s -w -linkmode external -extldflags '-static' -X main.version=${VERSION}" \
      -o out/morgenkreis ./cmd/morgenkreis
# Folders that the final stages need and can not make for themselves.
RUN mkdir -p out/data out/tmp && chmod 700 out/data && chmod 1777 out/tmp

# An S3 server for docker-compose.scale.yml, the one the tests run against (store/files/s3test), and its folders: one bucket,
# called attachments.
FROM golang:1.26.8-bookworm AS gateway
WORKDIR /src
RUN mkdir -p out/objects/attachments out/sidecar && chmod -R go-rwx out
RUN CGO_ENABLED=0 GOFLAGS= GOBIN="$PWD/out" go install -ldflags="-s -w" github.com/versity/versitygw/cmd/versitygw@v1.8.0

# Caddy as an ordinary user; its certificates are in /state.
FROM caddy:2-alpine AS tls
COPY docs/Caddyfile /etc/caddy/Caddyfile
COPY --from=build --chown=10001:10001 /src/out/data /state
ENV XDG_DATA_HOME=/state XDG_CONFIG_HOME=/state
USER 10001:10001
EXPOSE 8080 8443

# The same before several nodes.
FROM caddy:2-alpine AS balancer
COPY docs/Caddyfile.scale /etc/caddy/Caddyfile
COPY --from=build --chown=10001:10001 /src/out/data /state
ENV XDG_DATA_HOME=/state XDG_CONFIG_HOME=/state
USER 10001:10001
EXPOSE 8080 8443

FROM alpine:3 AS files
COPY --from=gateway --chown=10001:10001 /src/out/objects /files/objects
COPY --from=gateway --chown=10001:10001 /src/out/sidecar /files/sidecar
COPY --from=gateway /src/out/versitygw /versitygw
USER 10001:10001
EXPOSE 7070
ENTRYPOINT ["/versitygw"]
CMD ["--port", ":7070", "--health", "/health", "--quiet", "posix", "--sidecar", "/files/sidecar", "/files/objects"]

FROM scratch AS server
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/out/tmp /tmp
COPY --from=build --chown=10001:10001 /src/out/data /data
COPY --from=build /src/out/morgenkreis /morgenkreis
USER 10001:10001
ENV MORGENKREIS_DATA=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["/morgenkreis", "health"]
ENTRYPOINT ["/morgenkreis"]
CMD ["serve"]
