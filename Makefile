# make run and make test prepare all they need, on a fresh Debian or Ubuntu too.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

GO ?= go
ARGS ?=
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Hand-written and generated Go, for the formatter.
GO_FOLDERS := $(wildcard cmd db docs engine handlers queries static tools views *.go)
ASSET_SOURCES := $(shell find static/src static/build -type f 2>/dev/null) $(shell find engine/sdk -name '*.d.ts' 2>/dev/null)
# The end-to-end, attack and timing tests run without -race, which would slow what they time.
TIMED := ./cmd/...
TOOLS := bin/tools/.made
# What a call executes most: the compiler makes that a sixth faster (go build -pgo).
PROFILE := cmd/picloud/call.pgo
# goja with our changes (tools/goja). Every go command uses it, also those that tests start;
# staticcheck, whose own go commands refuse -modfile, sees the code without.
GOJA := bin/goja.mod
ifeq ($(findstring -modfile,$(GOFLAGS)),)
override GOFLAGS += '-modfile=$(CURDIR)/$(GOJA)'
endif
export GOFLAGS

.PHONY: help run build test check check-vet check-rules check-format check-staticcheck check-generated bench profile generate screenshots prepare prepare-test postgres git assets

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: prepare build ## prepare, build and start PiCloud on 127.0.0.1:8080 with data in ./data
	@exec bin/picloud serve $(ARGS)

build: assets $(GOJA) ## build bin/picloud
	@[ -x bin/picloud ] || echo "Building PiCloud. The first time takes a minute or two."
	@CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -pgo=$(PROFILE) -ldflags '-X main.version=$(VERSION)' -o bin/picloud ./cmd/picloud

test: prepare-test assets $(GOJA) bin/tools/gotestsum ## every test, with one PostgreSQL for the run
	@$(GO) build -o bin/with-postgres ./db/dbtest/server
	@cd tools && GOFLAGS= $(GO) build -o '$(abspath bin/tools/suite)' ./suite
	@PATH="$$(dirname "$$(command -v '$(GO)')"):$$PATH" bin/with-postgres bin/tools/suite -gotestsum '$(abspath bin/tools/gotestsum)' -timed '$(TIMED)' -- $(ARGS)

check: $(GOJA) ## format, vet, staticcheck, import rules, generated code fresh
	@$(MAKE) --no-print-directory -j2 check-vet check-rules check-format check-staticcheck
	@$(MAKE) --no-print-directory check-generated

check-vet:
	@$(GO) vet ./...
	@cd tools && GOFLAGS= $(GO) vet ./...

check-rules:
	@$(GO) test -count=1 .

check-format: $(TOOLS)
	@unformatted=$$(bin/tools/gofumpt -l $(GO_FOLDERS)); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run bin/tools/gofumpt -w on:"; echo "$$unformatted"; exit 1; fi

check-staticcheck: $(TOOLS)
	@GOFLAGS= bin/tools/staticcheck ./...
	@cd tools && GOFLAGS= ../bin/tools/staticcheck ./...

# After the others, which read what this writes.
check-generated: generate
	@git diff --exit-code -- '*_templ.go' 'queries/*.go' || { echo "generated code is not what make generate makes: commit it"; exit 1; }
	@new=$$(git ls-files --others --exclude-standard -- '*_templ.go' 'queries/*.go'); \
	if [ -n "$$new" ]; then echo "generated and not committed:"; echo "$$new"; exit 1; fi

bench: prepare build ## measure the figures that PiCloud promises
	@$(SHELL) tools/install.sh wrk
	@$(GO) run ./cmd/bench $(ARGS)

profile: prepare build ## record anew what a call executes most, for the compiler
	@$(GO) run ./cmd/bench -profile $(PROFILE)

generate: $(TOOLS) ## remake generated Go from views/*.templ and queries/*.sql
	@bin/tools/sqlc generate
	@bin/tools/templ generate -path views -log-level warn

screenshots: prepare-test build ## a picture of every page, in ./screenshots
	@$(GO) test -count=1 -tags screenshots -run Screenshots -timeout 15m ./cmd/picloud $(ARGS)

# What needs to be there before anything is built. Nothing is done when it is.
prepare: postgres git node_modules/.package-lock.json

prepare-test: node_modules/.package-lock.json
	@$(SHELL) tools/install.sh postgres git compiler chromium curl

postgres:
	@if [ -z "$${DATABASE_URL:-}$${DATABASE_URL_FILE:-}" ]; then $(SHELL) tools/install.sh postgres; fi

git:
	@$(SHELL) tools/install.sh git

node_modules/.package-lock.json: package-lock.json
	@npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

assets: static/dist/manifest.json

static/dist/manifest.json: $(ASSET_SOURCES) node_modules/.package-lock.json | $(GOJA)
	@$(GO) run ./static/build
	@touch $@

# By itself, since the others take minutes.
bin/tools/gotestsum: tools/go.mod tools/go.sum
	@mkdir -p bin/tools
	@cd tools && GOFLAGS= $(GO) build -o '$(abspath $@)' gotest.tools/gotestsum
	@touch $@

$(GOJA): go.mod go.sum tools/goja/goja.diff tools/goja/apply.sh
	@tools/goja/apply.sh '$(GO)'

$(TOOLS): tools/go.mod tools/go.sum
	@mkdir -p bin/tools
	@cd tools && GOFLAGS= GOBIN='$(abspath bin/tools)' $(GO) install tool
	@touch $@
