# `make run` and `make test` do everything on a fresh machine; each other target is a part of these.
# All that they write is inside this folder: target, .venv, .sam, .aws-sam, .fuzz, shared/mail/fuzz, data.

.DEFAULT_GOAL := help
.PHONY: help run test lint build template-test rust-test aws-test client-test sam-build test-sam fuzz openapi bench bench-cold deny clean

CARGO  ?= cargo
PYTHON ?= python3
DATA   ?= data
LISTEN ?= 127.0.0.1:8080

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

run: ## Run it with demonstration data
	@echo "Building. The first time this takes up to ten minutes on two cores; afterwards seconds."
	@$(CARGO) build --quiet -p noticeboard
	@mkdir -p $(DATA)
	@[ -s $(DATA)/token ] || (umask 077; od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > $(DATA)/token)
	@echo "Calendar, for a browser or a calendar program:"
	@echo "  http://$(LISTEN)/api/plugins/notices/ical/?token=$$(cat $(DATA)/token)"
	@echo "API, from another terminal:"
	@echo "  curl -s -H \"Authorization: Token \$$(cat $(DATA)/token)\" http://$(LISTEN)/api/plugins/notices/maintenance/"
	@echo "Every change is published as a line of JSON in $(DATA)/log. README.md has a walk. Ctrl-C stops."
	@NOTICEBOARD_TOKEN=$$(cat $(DATA)/token) target/debug/noticeboard serve --demo --data $(DATA) --listen $(LISTEN) \
	  2>> $(DATA)/log || { tail -n 5 $(DATA)/log; exit 1; }

test: build template-test rust-test aws-test client-test ## Run every test that needs no AWS account

lint: ## Formatting, lints, documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --quiet

build:
	@echo "Building. The first time this takes up to ten minutes on two cores."
	$(CARGO) build --workspace --all-targets --quiet

rust-test: build
	$(CARGO) test --workspace --quiet

.venv/done: tests/requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

aws-test: build .venv/done
	.venv/bin/python -m pytest -q -p no:cacheprovider tests/aws

client-test: build .venv/done
	.venv/bin/python -m pytest -q -p no:cacheprovider tests/clients

.sam/done: tests/sam/requirements.txt
	$(PYTHON) -m venv .sam
	.sam/bin/pip install --quiet --disable-pip-version-check -r tests/sam/requirements.txt
	@touch $@

# SAM's own check, in an environment of its own: its libraries are of other versions than those of the tests. The region
# is one that has all that the template names; nothing is asked of AWS.
template-test: .sam/done
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 .sam/bin/sam validate --lint

# The functions as they are deployed, but for this machine's processor and with its own compiler and C library. All at
# once, because `sam build` links one after the other, and that takes one core for more than a minute each.
FUNCTIONS = $(notdir $(wildcard functions/*))
LAMBDA = PATH="$(CURDIR)/.sam/bin:$$PATH" CARGO_LAMBDA_COMPILER=cargo SAM_CLI_TELEMETRY=0

sam-build: .sam/done
	@echo "Building the functions for Lambda. The first time this takes some fifteen minutes on two cores."
	$(LAMBDA) cargo lambda build --quiet --release $(FUNCTIONS:%=--bin noticeboard-%)
	$(LAMBDA) sam build --parameter-overrides Architecture=$(subst aarch64,arm64,$(shell uname -m))

test-sam: .venv/done ## Run what `sam build` made by `sam local`; needs a container engine
	.venv/bin/python -m pytest -q tests/sam

# Coverage-guided, by the stable toolchain and without a sanitizer: the code has no unsafe. FUZZ_SECONDS is for each target.
FUZZ_SECONDS ?= 20
FUZZ = -max_total_time=$(FUZZ_SECONDS) -timeout=5 -max_len=65536 -dict=fuzz/words.dict -print_final_stats=1 -verbosity=0

.fuzz/bin/cargo-fuzz:
	$(CARGO) install --quiet --locked --root .fuzz cargo-fuzz@0.13.2

fuzz: .fuzz/bin/cargo-fuzz ## Fuzz the reading of mail
	$(PYTHON) shared/mail/fuzz/seeds.py
	cd shared/mail && for target in mail html calendar sheet; do \
	  mkdir -p fuzz/corpus/$$target; \
	  ../../.fuzz/bin/cargo-fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- $(FUZZ) || exit 1; \
	done

openapi: ## Write openapi.json anew, after a change of the API
	$(CARGO) run --quiet -p noticeboard -- openapi > target/openapi.json
	mv target/openapi.json openapi.json

bench: ## Measure, with a release build
	$(CARGO) build --release --quiet -p noticeboard
	$(CARGO) run --release --quiet -p noticeboard-tests --bin bench
	$(CARGO) run --release --quiet -p noticeboard-tests --bin feed_bench
	$(CARGO) run --release --quiet -p noticeboard-local --example engine_bench
	$(CARGO) run --release --quiet -p noticeboard-mail --example mail_bench

bench-cold: sam-build ## Measure how large each function is and how fast it starts
	$(PYTHON) tests/sam/bench_cold.py

deny: ## Licences and advisories of the dependencies (needs cargo-deny)
	$(CARGO) deny check

clean: ## Remove what was built, not the data
	rm -rf target .venv .sam .aws-sam .fuzz shared/mail/fuzz/target
