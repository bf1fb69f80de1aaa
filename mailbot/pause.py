"""Waiting for nothing but time to pass."""

from __future__ import annotations

import select


def pause(seconds: float) -> None:
    """Wait so many seconds. A signal handler runs meanwhile, and the rest is waited for after it.

    By poll(2) and not by time.sleep: where libfaketime moves the time but leaves the monotonic clock alone, its
    clock_nanosleep fails with EINVAL (0.9.10, measured).
    """
    select.poll().poll(seconds * 1000)
