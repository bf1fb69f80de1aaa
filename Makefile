# What a developer runs. Every target makes .venv by itself when it is missing or pyproject.toml is newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: test demo lint bench package clean servers

test: $(READY) servers
	$(BIN)/python -m pytest

demo: $(READY)
	$(BIN)/mailbot demo

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The figures of every script in bench/; nothing there is a test.
bench: $(READY)
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

# The wheel is built from the source archive, so it can hold nothing that the archive lacks.
package: $(READY)
	$(BIN)/python -m build --outdir dist

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "mailbot needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "'$(PYTHON)' can not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# The system tests talk to a real Dovecot, started by the tests themselves on free ports, with a certificate made by openssl; they move
# time by libfaketime, and have systemd look at the unit.
PACKAGES := dovecot-imapd dovecot-lmtpd openssl libfaketime systemd

servers:
	@if [ -x /usr/lib/dovecot/imap ] && [ -x /usr/lib/dovecot/lmtp ] && command -v openssl systemd-analyze >/dev/null \
	  && ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Debian's $(PACKAGES) for the tests"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends $(PACKAGES) >/dev/null; \
	else \
	  echo "The tests that need Dovecot, libfaketime or systemd are left out. On Debian: apt install $(PACKAGES)"; \
	  [ "$$CI" != true ]; \
	fi
