# The commands of docs/operate and docs/extend. `make check` is what runs before each commit.
PY := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: setup check style types house unit test

setup: .setup/python

.setup/python: requirements-dev.lock pyproject.toml
	test -x $(PY) || python3 -m venv .venv
	@if command -v uv >/dev/null; then \
	  uv pip install -q --python $(PY) --require-hashes -r requirements-dev.lock && \
	  uv pip install -q --python $(PY) --no-deps --no-build-isolation -e . ; \
	else \
	  $(PY) -m pip install -q --require-hashes -r requirements-dev.lock && \
	  $(PY) -m pip install -q --no-deps --no-build-isolation -e . ; \
	fi
	mkdir -p .setup && touch $@

check: setup style types house unit

style:
	ruff format --check .
	ruff check .

types:
	mypy

house:
	PYTHONPATH=src lint-imports --no-logo

unit:
	$(PY) -m pytest -q -n 2 -m "not slow and not long and not browser and not root"

test: check
