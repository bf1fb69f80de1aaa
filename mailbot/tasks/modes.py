"""Safe mode: mailbot reads and tells staff, and sends nothing to candidates, until a person says `mailbot resume`."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mailbot.errors import Permanent
from mailbot.tasks.alarms import alarm
from mailbot.tasks.desk import Desk

_SAFE = "safe"
#: Why it was left last, so that a person who knows of a damage is not asked again.
_ACCEPTED = "safe mode was left"

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
        alarm(desk, reason, f"safe/{desk.worktime.local(now).date().isoformat()}/{reason}")
    finally:
        desk.ledger.remember(_SAFE, reason, now)


def own_up(desk: Desk, damage: str) -> None:
    """Given what was damaged of the state, tell n@ of it once, in safe mode or not, and enter it. Raise Temporary."""
    log.error("%s: safe mode, nothing is sent to candidates until `mailbot resume`", damage)
    reason = f"{damage}. Nothing is sent to candidates until somebody has looked at `mailbot outbox list`, and runs `mailbot resume`"
    try:
        alarm(desk, reason, f"damage/{damage}")
    except Permanent as problem:
        log.error("n@ could not be told: %s", problem)
    finally:
        if not safe_mode(desk):
            desk.ledger.remember(_SAFE, damage, desk.clock())


def leave_safe_mode(desk: Desk) -> bool:
    """Leave safe mode; return whether it was on."""
    reason = safe_mode(desk)
    if reason:
        desk.ledger.remember(_ACCEPTED, reason, desk.clock())
        desk.ledger.remember(_SAFE, "", desk.clock())
    return bool(reason)


def distrust(desk: Desk, problems: Sequence[str]) -> None:
    """Given what can not be read of the state at a start, enter safe mode: whose record it is might be asked everything once more. Nothing
    happens without problems, or where a person has left safe mode knowing of just these. Raise Temporary if the disk does not let us."""
    reason = "; ".join(sorted(problems))
    if not reason or desk.ledger.remembered(_ACCEPTED) == reason:
        return
    try:
        enter_safe_mode(desk, reason)
    except Permanent as problem:
        # The office's own record may be the damaged one; the mode is entered all the same.
        log.error("n@ could not be told: %s", problem)
