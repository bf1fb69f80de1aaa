# What a developer runs. Every target makes .venv by itself when it is missing or pyproject.toml is newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: test torture points demo lint bench package clean servers

test: $(READY) servers
	$(BIN)/python -m pytest

# Every point at which mailbot can be stopped, hindered, cut off or taken aback, of which `make test` tries a few; one table at the end.
# A part alone: make torture PARTS=tests/torture/test_cut_conversations.py
PARTS := tests/torture tests/crash tests/system/test_loops.py tests/unit/test_every_prefix.py

torture: $(READY) servers
	TORTURE=1 $(BIN)/python -m pytest -v -s --show-capture=no $(PARTS)

# Counts anew the system calls at which a pass is stopped: after a change that makes fewer of them on purpose.
points: $(READY) servers
	POINTS=write $(BIN)/python -m pytest tests/crash -k killed

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
# time by libfaketime, stop mailbot at any system call by strace, and have systemd look at the unit.
PACKAGES := dovecot-imapd dovecot-lmtpd openssl libfaketime strace systemd

servers:
	@if [ -x /usr/lib/dovecot/imap ] && [ -x /usr/lib/dovecot/lmtp ] && { command -v openssl && command -v strace && command -v systemd-analyze; } >/dev/null \
	  && ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Debian's $(PACKAGES) for the tests"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends $(PACKAGES) >/dev/null; \
	else \
	  echo "The tests that need Dovecot, libfaketime, strace or systemd are left out. On Debian: apt install $(PACKAGES)"; \
	  [ "$$CI" != true ]; \
	fi
