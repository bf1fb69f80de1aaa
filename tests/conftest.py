"""What every test has: the servers, an office, one profile of hypothesis, and an environment without traces of the machine."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from office import office
from servers import certificates, dovecot, pymap_server, smtp_server

__all__ = ["certificates", "dovecot", "office", "pymap_server", "smtp_server"]

# The same examples in every run, and no deadline: the machine of the tests may be busy.
settings.register_profile("mailbot", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mailbot")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith("MAILBOT") or name in {
            "NOTIFY_SOCKET",
            "WATCHDOG_USEC",
            "WATCHDOG_PID",
            "CREDENTIALS_DIRECTORY",
            "STATE_DIRECTORY",
        }:
            monkeypatch.delenv(name)
