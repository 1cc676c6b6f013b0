# Ostraka. `make demo` and `make test` need a checkout, Python 3.11 with pip, and make; nothing else.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench soak tour packages lock releases reference vectors format clean
.PHONY: test-javascript test-python check-python check-web check-native check-generated
SHELL := bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export HARDHAT_DISABLE_TELEMETRY := true
ARGS ?=
GROUPS ?=
DEMO_FILE := data/poland_lodz_2020_nad-nerem.pb
# Where make can, the output of each of several goals is printed in one piece.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

help: ## Show this help
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

setup: ## Install everything into the checkout
	@scripts/setup

demo: setup ## A city's vote from ballots to audit (ARGS=--exit ends afterwards)
	@ostraka demo $(DEMO_FILE) $(ARGS)

test: setup ## Every test
	@python -c 'import ostraka_verifier_native' || \
		{ echo "make test needs the native engine: install Rust, see build/native-build.log" >&2; exit 1; }
	@PATH=$$PATH:/usr/local/go/bin command -v go >/dev/null || \
		{ echo "make test needs Go 1.26.8 or newer for the second verifier" >&2; exit 1; }
	scripts/chromium
	@$(MAKE) --no-print-directory -j2 test-javascript test-python

# The suites in JavaScript use the time in which tests of whole networks wait. Their output is
# printed at their end, so that it does not mix with pytest's.
test-javascript:
	@mkdir -p build
	@{ scripts/timed "contract tests in Solidity" npm run --silent test:solidity && \
		scripts/timed "contract tests in JavaScript" npm run --silent test:contracts && \
		scripts/timed "tests of the web client" npm run --silent test:web; } >build/test-javascript.log 2>&1; \
		code=$$?; echo; cat build/test-javascript.log; exit $$code

# Four at once on two cores, as tests of whole networks mostly wait. Who is done takes tests from
# the others: the last journeys took ten minutes on one core.
test-python:
	@scripts/timed "tests in Python" pytest -n 4 --dist worksteal $(ARGS)

check: setup ## Lint, types, layers, formatting, generated files current
	@$(MAKE) --no-print-directory -j2 $(SYNC) check-python check-native check-web check-generated

check-python:
	ruff check .
	ruff format --check .
	mypy
	lint-imports

check-native:
	scripts/check_native
	scripts/check_second

check-web:
	npm run check --silent

check-generated:
	python -m tests.vectors.generate --check
	python scripts/releases.py --check
	python scripts/api_reference.py --check
	scripts/lock --check
	python scripts/check_tree.py

bench: setup ## Measure against the goals (GROUPS="curve ballot …")
	@python -m benchmarks $(GROUPS)

soak: setup ## Long programmes by name (ARGS=NAME)
	@python -m benchmarks.soak $(ARGS)

tour: setup ## Take the pictures of docs/tour.md again
	pytest tests/browser
	@python scripts/tour.py

packages: setup ## Wheels and the npm package, into build/packages
	@python scripts/packages.py

lock: setup ## Lock the Python and Rust packages again
	@scripts/lock

releases: setup ## Write the contracts' code hashes for verifiers again
	@python scripts/releases.py

reference: setup ## Write docs/api.md and docs/openapi again
	@python scripts/api_reference.py

vectors: setup ## Write the shared test vectors again
	@python -m tests.vectors.generate

format: setup ## Format everything
	@ruff check -q --fix . ; ruff format . ; npm run format --silent ; for crate in verifier/native benchmarks/prover; do cargo fmt --manifest-path $$crate/Cargo.toml; done ; PATH=$$PATH:/usr/local/go/bin gofmt -w verifier/second

clean: ## Remove what setup and builds made
	rm -rf .venv node_modules artifacts cache build web/dist verifier/native/target benchmarks/prover/target
