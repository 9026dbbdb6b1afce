# make         lists what there is
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 30s
# The slowest package builds a static binary and an S3 server on two cores, or plays 200 random worlds.
TEST_TIMEOUT ?= 40m
GOTEST := go test -shuffle=on -parallel 4 -timeout $(TEST_TIMEOUT)
# The race detector looks on where goroutines meet, and at the whole program at work. Under it everything takes some five times as
# long: browsers, builds, questions asked one after the other in 200 random worlds, and what the store does in one transaction after
# the other go without. In the store goroutines meet where it tells and is told; handlers and notify do all else of it side by side.
RACED := ./handlers/... ./notify/... ./store/files/... ./store/storetest
RACED_STORE := $(shell cd store && sed -nE 's/^func (Test[A-Za-z0-9]+).*/\1/p' watch_test.go lookout_test.go haste_test.go outbox_test.go turn_test.go tell_test.go | paste -sd'|')
WORLDS := ^TestNobodyLearnsWhatIsNotTheirs$$
AT_WORK := ^(TestNodesAreRestartedOneAfterTheOtherWithoutALostRequest|TestRequestUnderWayEndsBeforeTheServerStops|TestDrillBackupsOfAServerAtWork)$$
# The driver is C.
export CGO_ENABLED := 1

# The app is built anew when something it is made of has changed.
APP := web/embedded/app/index.html
APP_SOURCES := $(shell find web/src web/static -type f ! -name schema.d.ts) $(wildcard web/*.ts web/*.js web/*.json) docs/openapi.json docs/roster-sample.csv

.PHONY: help run build app test test-worlds test-whole test-faults lint bench bench-long bench-app screens fuzz openapi clean tools need-go need-gcc need-node

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

run: build ## build, and serve the demo kita on http://localhost:8080
	exec bin/morgenkreis serve --demo --data data/demo

build: need-go need-gcc $(APP) ## build bin/morgenkreis, the app in it
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/morgenkreis ./cmd/morgenkreis

app: $(APP) ## build the app into web/embedded/app, where the binary takes it from

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | need-node
	cd web && npm ci
	touch $@

$(APP): web/node_modules/.package-lock.json $(APP_SOURCES)
	cd web && npm run build

test: need-go tools $(APP) ## install what the tests need (Debian: PostgreSQL, Chromium, Firefox, Caddy, strace, curl, jq), then run them all
	go vet ./...
	$(GOTEST) -race -skip '$(WORLDS)' $(RACED)
	@[ -n '$(RACED_STORE)' ] # or it would race nothing
	$(GOTEST) -race -run '^($(RACED_STORE))$$' ./store
	$(MAKE) --no-print-directory -j2 --output-sync=target test-worlds test-whole
	cd web && npm test

# The worlds need processors, builds and browsers wait: side by side. A name that is no test's any more would test nothing.
test-worlds:
	@named=$$(go test -list '$(WORLDS)' ./handlers); \
	[ "$$(grep -c ^Test <<<"$$named")" = 1 ] || { echo "WORLDS in the Makefile names 1 test, there are: $$named" >&2; exit 1; }
	$(GOTEST) -run '$(WORLDS)' ./handlers

test-whole:
	@named=$$(go test -race -list '$(AT_WORK)' ./cmd/morgenkreis); \
	[ "$$(grep -c ^Test <<<"$$named")" = 3 ] || { echo "AT_WORK in the Makefile names 3 tests, there are: $$named" >&2; exit 1; }
	$(GOTEST) -race -run '$(AT_WORK)' ./cmd/morgenkreis
	$(GOTEST) $$(go list ./... | grep -vE '^morgenkreis/((handlers|notify)(/|$$)|store/)')

test-faults: need-go need-gcc tools $(APP) ## what happens to machines, done to several nodes with 20,000 phones: kill -9, cut cables, PostgreSQL restarted and failing over
	MORGENKREIS_TEST_FAULTS=all go test ./cmd/morgenkreis -run '^TestFaults$$' -count=1 -parallel 4 -timeout $(TEST_TIMEOUT) -v

lint: need-go web/node_modules/.package-lock.json ## gofmt, go vet, staticcheck, svelte-check, lock files
	@files=$$(git ls-files --cached --others --exclude-standard -- '*.go' | xargs -r ls 2>/dev/null | xargs -r gofmt -l); \
	if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...
	cd web && npm run check
	@if git grep -nE '"resolved": *"https?:' -- '*package-lock.json'; then \
	  echo "a lock file holds download addresses: npm config set omit-lockfile-registry-resolved true, and write it anew"; exit 1; fi

# The app first: it takes a minute, the server takes long.
bench: bench-app ## what must not get slow: the app on a phone; the server as ratios to a baseline in the same run (BENCHFLAGS=--quick for a short look)
	go run ./cmd/morgenkreis/bench $(BENCHFLAGS)

bench-long: need-go ## a million pushes of one evening, three times on each engine: memory, and speed at the end (some twenty minutes each)
	go run ./cmd/morgenkreis/bench -evening $(BENCHFLAGS)

bench-app: need-go need-gcc tools $(APP) ## the app's part of it alone: its scripts, its start on a slow network, its longest list
	cd web && npm run bench

screens: need-go need-gcc tools $(APP) ## take the pictures of docs/screens anew
	cd web && GALLERY=1 npx playwright test gallery --project=phone

fuzz: need-go ## every fuzz target for FUZZTIME (30s)
	@for package in $$(go list ./...); do \
	  targets=$$(go test -list '^Fuzz' "$$package"); \
	  for target in $$(grep '^Fuzz' <<<"$$targets" || true); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$package"; \
	  done; \
	done

# Not what make build leaves: its version is that of the commit, and would make the file another with each.
openapi: need-go need-gcc ## write docs/openapi.json and the tables of docs/api.md from the handlers
	go run ./cmd/morgenkreis openapi >docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json
	go test ./handlers -run '^TestTheReferenceIsWhatTheProgramSays$$' -count=1 -update

clean: ## remove what was built; data stays
	rm -rf bin web/node_modules web/.svelte-kit web/embedded/app

tools:
	@.ci/tools

need-go:
	@command -v go >/dev/null || { echo "Go is missing: https://go.dev/doc/install (version $$(sed -n 's/^go //p' go.mod) or later)" >&2; exit 1; }

# What the app's tools ask for; Debian 12's own Node is older.
need-node:
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null || \
	  { echo "Node 20.19 or later is missing: https://nodejs.org/en/download" >&2; exit 1; }
	@command -v npm >/dev/null || { echo "npm is missing; it comes with Node" >&2; exit 1; }

need-gcc:
	@.ci/tools build
