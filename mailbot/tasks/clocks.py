"""The wall clock, which anybody may set, beside the boottime clock, which nobody can: what tells a jump from time that passed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

#: Gives the present instant, aware. The demo's runs fast; tests set theirs.
Clock = Callable[[], datetime]
#: Gives seconds since some moment before this process; they go on while the machine sleeps, and no setting of the time changes them.
Boottime = Callable[[], float]


def boottime() -> float:
    """Seconds since the machine has started, suspend included (clock_gettime(2), CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Timekeeper:
    """Knows how far the two clocks were apart when they were last compared."""

    def __init__(self, clock: Clock, boottime: Boottime) -> None:
        self._clock, self._boottime = clock, boottime
        self.trust()

    def jump(self) -> timedelta:
        """How far the wall clock has left the boottime clock since it was last trusted; negative if it was set back."""
        return self._clock() - self._trusted - timedelta(seconds=self._boottime() - self._since)

    def trust(self) -> None:
        """Take the wall clock as it is now for the one to be compared with."""
        self._trusted, self._since = self._clock(), self._boottime()
