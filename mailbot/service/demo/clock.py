"""Office time, which may run faster than ours: one small file that the demo writes and the daemon's process reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: The pace at which letters are handled: a second is half a minute, so an answer goes out within the minute.
WALK = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """From the monotonic instant `since` on, office time runs from `start` to `goal` at `rate`, and from there on at `then`."""

    start: float
    goal: float
    since: float
    rate: float
    then: float

    def at(self, monotonic: float) -> float:
        """Office time, as a POSIX timestamp, at an instant of the monotonic clock."""
        elapsed = max(monotonic - self.since, 0.0)
        way = self.goal - self.start
        if elapsed * self.rate <= way:
            return self.start + elapsed * self.rate
        return self.goal + (elapsed - way / self.rate) * self.then


class OfficeClock:
    """The writing end; there is one, and it is the only one that sets the pace. Call it for the present instant."""

    def __init__(self, path: Path, start: datetime) -> None:
        self._path = path
        self._set(Pace(start.timestamp(), start.timestamp(), time.monotonic(), WALK, WALK))

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self._pace.at(time.monotonic()), UTC)

    def travel(self, to: datetime, seconds: float) -> None:
        """Let office time reach `to` in so many real seconds, and walk from there. What has passed is never repeated."""
        now = self().timestamp()
        goal = max(to.timestamp(), now)
        self._set(Pace(now, goal, time.monotonic(), max((goal - now) / max(seconds, 0.01), WALK), WALK))

    def follow(self, rate: float) -> None:
        """Let office time run on at this rate: 1.0 is that of any other clock."""
        now = self().timestamp()
        self._set(Pace(now, now, time.monotonic(), rate, rate))

    def _set(self, pace: Pace) -> None:
        self._pace = pace
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{pace.start} {pace.goal} {pace.since} {pace.rate} {pace.then}", encoding="ascii")
        # A reader sees the old pace or the new one, never half of it.
        fresh.replace(self._path)


def office_clock(path: Path) -> Callable[[], datetime]:
    """The reading end, for another process: CLOCK_MONOTONIC is one for the whole machine (clock_gettime(2))."""
    epoch = datetime.fromtimestamp(0, UTC)

    def now() -> datetime:
        pace = Pace(*map(float, path.read_text(encoding="ascii").split()))
        return epoch + timedelta(seconds=pace.at(time.monotonic()))

    return now
