# Every target runs on the pinned Node of .toolchain/, whatever the host has.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# The toolchain is looked after by the host's Node: its own may be what is broken.
HOST_PATH := $(subst $(CURDIR)/.toolchain/bin:,,$(PATH)):$(CURDIR)/.toolchain/bin
export PATH := $(CURDIR)/.toolchain/bin:$(PATH)

NODE := .toolchain/bin/node --disable-warning=ExperimentalWarning

.PHONY: help toolchain setup build demo test faults bench lint typecheck format gen clean

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: node_modules/.stamp ## Install the pinned runtime and the locked packages

toolchain: ## Install the pinned Node and npm, or mend them where they are damaged
	@PATH="$(HOST_PATH)" scripts/toolchain

.toolchain/integrity.json: scripts/toolchain scripts/toolchain.json | toolchain
	@touch $@

node_modules/.stamp: .toolchain/integrity.json package.json package-lock.json
	@npm ci --prefer-offline --loglevel=error
	@touch $@

dist/frostbyte: node_modules/.stamp scripts/build.ts package.json $(shell find appliance -type f)
	@$(NODE) scripts/build.ts

build: dist/frostbyte ## Bundle daemon, worker, parser and command line into dist/

demo: build ## Run the whole pipeline on sample documents (DIR=path for your own, KEEP=1 leaves it running)
	@$(NODE) scripts/demo.ts $(if $(DIR),--dir "$(DIR)") $(if $(KEEP),--keep)

test: build ## Run all tests that can run here, and count them by layer
	@$(NODE) scripts/test.ts $(LAYERS)

faults: build ## Run the long fault tests: kills, power cuts, full disks
	@FROSTBYTE_TEST_FAULTS=all $(NODE) scripts/test.ts faults

bench: build ## Print the measures: upload, ingestion, search, erasure, start
	@$(NODE) bench/run.ts $(QUESTION)

lint: typecheck ## Types, linter, import order, generated files
	@node_modules/.bin/biome check --error-on-warnings .
	@$(NODE) scripts/check-layers.ts
	@$(NODE) scripts/gen.ts --check

typecheck: node_modules/.stamp ## Check types
	@node_modules/.bin/tsc -p .

format: node_modules/.stamp ## Format the sources
	@node_modules/.bin/biome check --write .

gen: node_modules/.stamp ## Write generated files anew
	@$(NODE) scripts/gen.ts

clean: ## Remove what was built and installed
	rm -rf dist node_modules .toolchain .cache
