# Every target's sentence stands behind ##; `make` alone prints them.
SHELL := /bin/bash
GO ?= go
CORPUS ?= ../shared/corpus
VERSION ?= 0.1.0
T ?= 30s
LINT_VERSION = v2.15.0
BIN = bin/sluice
LDFLAGS = -s -w -X main.release=$(VERSION)
export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help build run test test-plain test-corpus test-clients test-model test-agents lint fmt fuzz bench generate matrix check

help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

build: ## build the binary into bin/
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/sluice

run: build ## start the gateway with the quickstart configuration (make run ARGS=--force writes it anew)
	$(BIN) quickstart --yes --dir .run $(ARGS)

test: ## everything that must hold: race detector on, then without it allocation budgets and much work in one goroutine
	CGO_ENABLED=1 $(GO) test -race -shuffle=on ./...
	$(MAKE) --no-print-directory test-plain

test-plain:
	$(GO) test -run 'Alloc|Bulk' ./...

test-corpus: ## replay the recorded traffic in $(CORPUS) through the gateway, as it is and translated
	@test -d '$(CORPUS)' || { echo "There is no folder $(CORPUS). The recorded traffic is no part of the repository: say where yours is, make test-corpus CORPUS=/path/to/corpus." >&2; exit 1; }
	CORPUS=$(abspath $(CORPUS)) $(GO) test -count=1 -run TestCorpus -v ./test/corpus ./test/translate
	CORPUS=$(abspath $(CORPUS)) $(GO) test -count=1 -run TestCorpus ./wire/...

test-clients: ## drive the gateway with the vendors' own SDKs
	./test/clients/run.sh

test-model: ## opt-in: run the gateway before a real local model server
	./test/model/run.sh

test-agents: ## opt-in: coding agents do a small task through the gateway
	./test/agents/run.sh

lint: ## linters, vet, module tidiness
	./scripts/lint.sh $(LINT_VERSION)

fmt: ## format the code
	gofmt -w $$(git ls-files "*.go") && (test ! -x bin/golangci-lint-$(LINT_VERSION) || bin/golangci-lint-$(LINT_VERSION) fmt ./...)

fuzz: ## every fuzz target for T (make fuzz T=2m)
	./scripts/fuzz.sh $(T)

bench: ## micro-benchmarks (bench/run.sh compares with nginx)
	$(GO) test -run '^$$' -bench . -benchmem ./jsonscan ./h1 ./route ./config ./telemetry/...

generate: ## write the reference pages
	$(GO) run ./internal/gendocs -o docs/reference

matrix: ## print which callers reach which providers' APIs, as tried with recorded answers
	@$(GO) run ./internal/gendocs -matrix | sed -e '/^|---/d' -e 's/^| //' -e 's/ |$$//' | column -t -s '|'

check: fmt generate lint test ## what CI runs, then fail if the tree is dirty
	git diff --exit-code
