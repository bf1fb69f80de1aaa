"""Imported by every Python that runs under libfaketime in the tests: sleeping is waiting for nothing.

libfaketime 0.9.10 lets clock_nanosleep fail with EINVAL where the monotonic clock is left alone (measured); poll is not affected.
"""

from __future__ import annotations

import select
import time
from typing import SupportsIndex


def _sleep(seconds: SupportsIndex | float) -> None:
    select.poll().poll(float(seconds) * 1000)


time.sleep = _sleep
