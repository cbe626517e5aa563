# The commands of README.md. `make check` is what runs before each commit; a second run of any
# target does no set-up again.
PY := .venv/bin/python
STATIC := src/archipel/protocols/web/static
export PATH := $(CURDIR)/.venv/bin:$(PATH)
QUICK := not slow and not long and not browser and not root
SLOW := not long and not browser and (slow or root)

.PHONY: setup web check lint style types house front unit test test-long demo bench bench-wan lock clean

setup: .setup/python web

.setup/python: requirements-dev.lock pyproject.toml
	@mkdir -p .setup
	test -x $(PY) || python3 -m venv .venv
	@if command -v uv >/dev/null; then \
	  uv pip install -q --python $(PY) --require-hashes -r requirements-dev.lock && \
	  uv pip install -q --python $(PY) --no-deps --no-build-isolation -e . ; \
	else \
	  $(PY) -m pip install -q --require-hashes -r requirements-dev.lock && \
	  $(PY) -m pip install -q --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

web: .setup/viewer .setup/shell

.setup/node-shell: web/package-lock.json
	@mkdir -p .setup
	# not `npm ci`: the lock cannot name packages of platforms that a registry leaves out
	cd web && npm install --no-save --silent --no-audit --no-fund
	@touch $@

.setup/shell: .setup/node-shell $(shell find web/src web/index.html web/portal.html web/vite.config.ts web/vite.portal.config.ts -type f 2>/dev/null)
	cd web && npm run --silent build
	@touch $@

.setup/viewer: web/ohif/package-lock.json web/ohif/build.mjs web/ohif/rebase.mjs $(wildcard web/ohif/plugins/*)
	@mkdir -p .setup
	cd web/ohif && npm ci --silent --no-audit --no-fund && npm run --silent build
	@touch $@

check: lint unit

lint: .setup/python style types house front

style:
	ruff format --check .
	ruff check .

types:
	mypy

house:
	PYTHONPATH=src lint-imports --no-logo

front: .setup/node-shell
	cd web && npm run --silent check

unit:
	scripts/alone $(PY) -m pytest -q -n 2 -m "$(QUICK)"

.setup/system: scripts/system-packages
	scripts/system-packages
	@mkdir -p .setup && touch $@

test: setup .setup/system
	scripts/alone $(PY) -m pytest -q -n 2 -m "$(QUICK)"
	scripts/lanes \
	  browser '$(PY) -m pytest -q --durations 25 -m "not long and browser" && $(PY) -m pytest -q -m "$(SLOW)" tests/scale' \
	  rest '$(PY) -m pytest -q --durations 40 -m "$(SLOW)" --ignore tests/scale'

test-long: setup .setup/system
	scripts/alone $(PY) -m pytest -q -m long --timeout 14400

demo: setup
	@$(PY) -m archipel.testing.demo

bench: setup .setup/system
	scripts/alone $(PY) -m bench

bench-wan: setup .setup/system
	$(PY) -m bench.wan

lock:
	scripts/lock

clean:
	rm -rf .setup $(STATIC) .demo build dist
