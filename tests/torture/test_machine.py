"""The whole at the level of the tasks, in a world that does what it likes: `machine` says what happens, `world` what holds."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from machine import Machine

EVERY = "TORTURE" in os.environ


@pytest.fixture(autouse=True)
def _without_a_disk_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process wrote is there after a stop of the process; fsync is for power cuts."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def test_whatever_happens_nothing_is_lost_nothing_goes_out_twice_and_nobody_is_stormed() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=1000 if EVERY else 25, stateful_step_count=50 if EVERY else 30))
