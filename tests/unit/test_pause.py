"""Waiting takes as long as it says, also where time is moved from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailbot.pause import pause


def test_a_pause_takes_its_time() -> None:
    begun = time.monotonic()
    pause(0.05)
    assert 0.05 <= time.monotonic() - begun < 5


def test_a_pause_works_where_libfaketime_moves_the_time() -> None:
    library = next((str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
    if not library:
        pytest.skip("libfaketime is missing (Debian: apt-get install libfaketime)")
    moved = {"LD_PRELOAD": library, "FAKETIME": "@2026-11-23 05:00:00", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    program = "from mailbot.pause import pause; pause(0.01)"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **moved}, check=True, timeout=60)
