"""The table of what was tried, at the end of the run."""

from __future__ import annotations

import pytest
from points import Table

TABLE = pytest.StashKey[Table]()


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Table:
    """Filled by the tests, printed when they are over."""
    return pytestconfig.stash.setdefault(TABLE, Table())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if table := config.stash.get(TABLE, None):
        terminalreporter.section("stopped and hindered at every step")
        terminalreporter.write_line(str(table))
