"""The mail provider's allowance of a day: what waits for it, and who is told."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from mailbot.hiring.process import on_alarm
from mailbot.hiring.sending import has_room
from mailbot.records.outbox import Entry
from mailbot.tasks.carry import carry_out
from mailbot.tasks.desk import Desk

#: Providers count the last 24 hours, not the day of the calendar.
_DAY = timedelta(hours=24)
#: What is remembered: when n@ was told that letters wait, and all staff that people's answers do.
_LETTERS, _ANSWERS = "allowance", "allowance of answers"

log = logging.getLogger(__name__)


def gone_out(desk: Desk) -> int:
    """Return to how many recipients anything may have gone out in the last 24 hours."""
    return desk.outbox.went_out(desk.clock() - _DAY)


def recipients(desk: Desk, to: str) -> int:
    """Return how many the provider counts for a message to one address: the witness's copy is another."""
    return 1 + (desk.settings.smtp.witness not in ("", to))


def may_go(desk: Desk, entry: Entry, gone: int) -> bool:
    """Given a message whose time has come and what has gone out, say whether the allowance has room for it. Where it has none, the message
    waits and staff are told, once in 24 hours. Raise Temporary."""
    letter = entry.audience == "candidate" and entry.automatic
    # To whom it goes is not known here; that it is the witness is rare, and costs a message.
    if has_room(entry.purpose, letter, gone, recipients(desk, ""), desk.company.limits):
        return True
    _tell(desk, _LETTERS, gone)
    if entry.audience == "candidate" and not entry.automatic:
        _tell(desk, _ANSWERS, gone)
    return False


def _tell(desk: Desk, what: str, gone: int) -> None:
    """Tell n@, or of people's answers all staff, that messages wait."""
    now, told = desk.clock(), desk.ledger.remembered(what)
    if told and now - datetime.fromisoformat(told) < _DAY:
        return
    waiting = "answers of your people to candidates wait" if what == _ANSWERS else "letters to candidates wait, and notices and answers may"
    allowed = desk.company.limits.provider_per_day
    reason = (
        f"{desk.worktime.local(now):%Y-%m-%d %H:%M}: {gone} messages have gone out in 24 hours. mailbot keeps to half of the {allowed} "
        f"that the mail provider allows ([limits] provider_per_day), so {waiting}. They go out by themselves as soon as there is room"
    )
    log.error("%s", reason)
    try:
        # First, for after a stop in between it is told anew; the same alarm in the same hour is written once.
        carry_out(desk, on_alarm(reason, f"{what}/{now:%Y-%m-%dT%H}", desk.moment(), everybody=what == _ANSWERS))
    finally:
        desk.ledger.remember(what, now.isoformat(), now)
