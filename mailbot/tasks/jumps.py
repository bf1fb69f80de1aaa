"""A clock that jumps is told from downtime: what it would make due waits until a person says that the clock is right."""

from __future__ import annotations

import logging
from datetime import timedelta

from mailbot.errors import Permanent
from mailbot.tasks.alarms import alarm
from mailbot.tasks.desk import Desk

#: What a clock that is kept in step may be set by.
_STEP = timedelta(minutes=5)
#: Longer than this nobody leaves mailbot stopped; a clock that says so is taken for wrong.
_LONGEST_DOWNTIME = timedelta(days=60)
#: If nothing else has been written for so long, the time is, so that a quiet mailbox is not taken for downtime.
_NOTED_WITHIN = timedelta(days=1)
_CLOCK = "clock"
_TIME = "time"

log = logging.getLogger(__name__)


def held_clock(desk: Desk) -> str:
    """Why escalations and reminders are held; "" if they are not."""
    return desk.ledger.remembered(_CLOCK)


def look_at_clock(desk: Desk) -> str:
    """Compare the clocks, hold what the wall clock decides if it has jumped, and return why that is held; "" if it is not.

    To be asked before anything is done because its time has come. Raise Temporary if the disk does not let us.
    """
    jump = desk.timekeeper.jump()
    if abs(jump) > _STEP:
        way = "on" if jump > timedelta(0) else "back"
        _hold(desk, f"the machine's clock was set {way} by {_in_words(jump)} while mailbot ran")
        desk.timekeeper.trust()
    return held_clock(desk)


def look_at_start(desk: Desk) -> None:
    """Compare the wall clock with the last time that was written, by a process before this one: is it downtime that lies between them?

    A step that a running process would not mind is none here either. Raise Temporary.
    """
    last, now = desk.ledger.last_time(), desk.clock()
    if last is None:
        return
    if last - now > _STEP:
        _hold(desk, f"at its start the machine's clock stands {_in_words(last - now)} before the last time that mailbot has written")
    elif now - last > _LONGEST_DOWNTIME:
        _hold(desk, f"at its start the machine's clock stands {_in_words(now - last)} after the last time that mailbot has written")


def note_time(desk: Desk) -> None:
    """Write the time, if nothing has been written for a day. Raise Temporary."""
    last, now = desk.ledger.last_time(), desk.clock()
    if last is None or now - last > _NOTED_WITHIN:
        desk.ledger.remember(_TIME, now.isoformat(), now)


def release_clock(desk: Desk) -> bool:
    """Take the wall clock for right, a jump that has not been seen yet included; return whether anything was held."""
    desk.timekeeper.trust()
    desk.outbox.set_right(desk.clock())
    was = bool(held_clock(desk))
    if was:
        desk.ledger.remember(_CLOCK, "", desk.clock())
    return was


def _hold(desk: Desk, reason: str) -> None:
    """Hold and tell n@; nothing happens if it was held before."""
    if held_clock(desk):
        return
    now = desk.clock()
    log.error("%s: escalations and reminders wait until `mailbot resume`", reason)
    try:
        # First, for after a stop in between it is told anew; the same alarm in the same hour is written once.
        words = f"{reason}. Escalations, hints and reminders wait until the clock is right and somebody runs `mailbot resume`"
        alarm(desk, words, f"clock/{now:%Y-%m-%dT%H}")
    except Permanent as problem:
        # The office's own record may be damaged; that is no reason not to start.
        log.error("n@ could not be told: %s", problem)
    finally:
        desk.ledger.remember(_CLOCK, reason, now)


def _in_words(time: timedelta) -> str:
    """Days or minutes, whichever a person would say."""
    minutes = round(abs(time).total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 2880 else f"{minutes // 1440} days"
