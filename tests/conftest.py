"""What every test has: the servers, an office, one profile of hypothesis, and an environment without traces of the machine."""

from __future__ import annotations

import os

import pytest
from figures import Row, table
from hypothesis import HealthCheck, settings
from office import office
from servers import certificates, dovecot, pymap_server, smtp_server

__all__ = ["certificates", "dovecot", "office", "pymap_server", "smtp_server"]

# The same examples in every run, and no deadline: the machine of the tests may be busy.
settings.register_profile("mailbot", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mailbot")

#: Heading -> what is printed beneath it, by `str`.
TABLES = pytest.StashKey[dict[str, object]]()
#: What goes into the one table.
ROWS = pytest.StashKey[list[Row]]()


@pytest.fixture(scope="session")
def tables(pytestconfig: pytest.Config) -> dict[str, object]:
    """Figures that tests have filled in, printed when all of them are over: heading -> anything that `str` makes a table of."""
    return pytestconfig.stash.setdefault(TABLES, {})


@pytest.fixture(scope="session")
def rows(pytestconfig: pytest.Config) -> list[Row]:
    """Figures that tests add, for the one table when all of them are over; a run that is broken off prints what it has."""
    return pytestconfig.stash.setdefault(ROWS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for heading, figures in config.stash.get(TABLES, {}).items():
        terminalreporter.section(heading)
        terminalreporter.write_line(str(figures))
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("all in one table")
        terminalreporter.write_line(table(rows))


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
