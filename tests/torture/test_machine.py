"""The whole at the level of the tasks, in a world that does what it likes: `machine` says what happens, `world` what holds."""

from __future__ import annotations

import os

import pytest
from figures import Row
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from machine import Machine

EVERY = "TORTURE" in os.environ


@pytest.fixture(autouse=True)
def _without_a_disk_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process wrote is there after a stop of the process; fsync is for power cuts."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def test_whatever_happens_nothing_is_lost_nothing_goes_out_twice_and_nobody_is_stormed(rows: list[Row]) -> None:
    class Counted(Machine):
        """Adds to the one table."""

        @invariant()
        def a_step_was_made(self) -> None:
            rows.append(Row("state machine: steps", tried=1))

        def teardown(self) -> None:
            rows.append(self.hands.row("state machine: examples"))
            super().teardown()

    run_state_machine_as_test(Counted, settings=settings(max_examples=1000 if EVERY else 25, stateful_step_count=50 if EVERY else 30))
    # As the invariants say, or we would not be here.
    rows.append(Row("state machine: examples", duplicates=0, lost=0))
