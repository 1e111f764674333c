# One image with all of it: without DATABASE_URL PiCloud keeps a PostgreSQL of its own
# below /data.
FROM node:22-bookworm-slim AS packages
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=packages /src/node_modules node_modules
ARG VERSION=unknown
RUN tools/goja/apply.sh go && export GOFLAGS=-modfile=bin/goja.mod \
 && go run ./static/build \
 && CGO_ENABLED=0 go build -trimpath -buildvcs=false -pgo=cmd/picloud/call.pgo -ldflags "-s -w -X main.version=${VERSION}" -o /picloud ./cmd/picloud

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tzdata postgresql-common \
 && sed -i -E 's/^[# ]*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
 && apt-get install -y --no-install-recommends postgresql \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin picloud \
 && install -d -o picloud -g picloud -m 0700 /data
COPY --from=build /picloud /usr/local/bin/picloud
USER picloud
WORKDIR /data
ENV PICLOUD_ADDR=0.0.0.0:8080 PICLOUD_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
# PostgreSQL and running functions are given time to end.
STOPSIGNAL SIGTERM
ENTRYPOINT ["picloud"]
CMD ["serve"]
