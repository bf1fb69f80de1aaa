"""Safe mode: mailbot reads and tells staff, and sends nothing to candidates, until a person says `mailbot resume`."""

from __future__ import annotations

import logging

from mailbot.hiring.process import on_alarm
from mailbot.tasks.carry import carry_out
from mailbot.tasks.desk import Desk

_SAFE = "safe"

log = logging.getLogger(__name__)


def safe_mode(desk: Desk) -> str:
    """Why mailbot is in safe mode; "" if it is not."""
    return desk.ledger.remembered(_SAFE)


def enter_safe_mode(desk: Desk, reason: str) -> None:
    """Enter safe mode and tell n@; nothing happens if it was entered before."""
    if safe_mode(desk):
        return
    now = desk.clock()
    log.error("safe mode: nothing is sent to candidates until `mailbot resume`: %s", reason)
    try:
        # First, for after a stop in between it is entered anew; the same alarm on the same day is written once.
        carry_out(desk, on_alarm(reason, f"safe/{desk.worktime.local(now).date().isoformat()}", desk.moment()))
    finally:
        desk.ledger.remember(_SAFE, reason, now)


def leave_safe_mode(desk: Desk) -> bool:
    """Leave safe mode; return whether it was on."""
    was = bool(safe_mode(desk))
    if was:
        desk.ledger.remember(_SAFE, "", desk.clock())
    return was
