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

#: Heading -> what is printed beneath it, by `str`.
TABLES = pytest.StashKey[dict[str, object]]()


@pytest.fixture(scope="session")
def tables(pytestconfig: pytest.Config) -> dict[str, object]:
    """Figures that tests have filled in, printed when all of them are over: heading -> anything that `str` makes a table of."""
    return pytestconfig.stash.setdefault(TABLES, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for heading, table in config.stash.get(TABLES, {}).items():
        terminalreporter.section(heading)
        terminalreporter.write_line(str(table))


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
