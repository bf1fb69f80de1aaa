"""The breaker: it stops what the machine sends to candidates by itself once something is out of hand, and only a person closes it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from mailbot.codec import plain, typed
from mailbot.errors import Permanent
from mailbot.hiring.sending import loop, storm
from mailbot.records.ledger import Ledger
from mailbot.tasks.alarms import alarm
from mailbot.tasks.carry import Arrival, case_of
from mailbot.tasks.desk import Desk

_BREAKER = "breaker"
_HOUR = timedelta(hours=1)
#: When messages of ours have come back to INBOX; more than so many in an hour are told of (row D1 of the decision table).
_ECHOES, _ECHOES_AN_HOUR = "own messages back", 3
#: A provider lifts its block after a day, and some begin it anew at every try.
_REST = timedelta(days=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Breaker:
    """Whether it is open, and why."""

    open: bool = False
    #: Since when it has been open or closed; None: it was never open.
    at: datetime | None = None
    reason: str = ""
    #: How often it has opened.
    count: int = 0
    #: Until then nothing at all is sent, not even to staff; None: that goes on.
    rest_until: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Is nothing at all to be sent now?"""
        return self.open and self.rest_until is not None and now < self.rest_until


def breaker(ledger: Ledger) -> Breaker:
    """The breaker as the ledger's journal remembers it, through every restart. Raise Permanent for what a newer mailbot wrote."""
    remembered = ledger.remembered(_BREAKER)
    try:
        return typed(Breaker, orjson.loads(remembered)) if remembered else Breaker()
    except ValueError as error:
        raise Permanent(f"the state of the breaker can not be understood ({error}). Upgrade mailbot") from error


def obey_limit(desk: Desk, reason: str) -> None:
    """The provider has said that we have sent enough: nothing at all is sent for a day, and nothing automatic to candidates until a person
    closes the breaker. Raise Temporary if that can not be remembered."""
    _open(desk, f"the mail provider says that enough was sent: {reason}", rest=_REST)


def watch_for_storm(desk: Desk) -> None:
    """Open the breaker where the machine has decided far more in an hour than may go out in one. Raise Temporary."""
    known = breaker(desk.ledger)
    if not known.open:
        since = max(desk.clock() - _HOUR, known.at) if known.at else desk.clock() - _HOUR
        because = storm(desk.outbox.decided_since(since), desk.company.limits)
        if because:
            _open(desk, because)


def watch_for_loop(desk: Desk, reference: str, arrival: Arrival) -> None:
    """Given a letter that was just filed in a case, open the breaker if its sender repeats it like a machine. Raise Temporary.

    What was filed before a person closed the breaker is not held against the sender again.
    """
    known = breaker(desk.ledger)
    if known.open or not arrival.body or arrival.message.sender is None:
        return
    sender, body = arrival.message.sender.address, arrival.body
    since = max(arrival.at - _HOUR, known.at) if known.at else arrival.at - _HOUR
    same = (m for m in case_of(desk, reference).messages if m.direction == "in" and m.sender == sender and m.body == body)
    because = loop(sum(since < message.at <= arrival.at for message in same))
    if because:
        _open(desk, f"{because} ({reference})")


def open_because(desk: Desk) -> str:
    """Since when and why it is open, in words; "" if it is not."""
    known = breaker(desk.ledger)
    return _in_words(known, desk) if known.open else ""


def watch_for_echo(desk: Desk) -> None:
    """A message of ours has come back into INBOX: n@ hears of it where that happens too often for a person's doing. Raise Temporary."""
    now = desk.clock()
    remembered = desk.ledger.remembered(_ECHOES)
    lately = [at for at in map(datetime.fromisoformat, remembered.split()) if timedelta(0) <= now - at < _HOUR]
    desk.ledger.remember(_ECHOES, " ".join(at.isoformat() for at in (*lately, now)), now)
    if len(lately) == _ECHOES_AN_HOUR:
        reason = f"more than {_ECHOES_AN_HOUR} messages of mailbot's own have come back to INBOX within an hour: does a rule forward them?"
        alarm(desk, f"{reason} Nothing follows from them, and nothing is stopped", f"{_ECHOES}/{now:%Y-%m-%dT%H}")


def close_breaker(desk: Desk) -> bool:
    """Close it, the provider's day of rest too; return whether it was open. Raise Temporary."""
    known = breaker(desk.ledger)
    if known.open:
        _remember(desk, Breaker(at=desk.clock(), count=known.count))
    return known.open


def _open(desk: Desk, reason: str, rest: timedelta | None = None) -> None:
    known = breaker(desk.ledger)
    now = desk.clock()
    until = now + rest if rest else known.rest_until if known.open else None
    if known.open and until == known.rest_until:
        return
    log.error("the breaker is open: nothing automatic goes to candidates until `mailbot breaker close`: %s", reason)
    opened = Breaker(True, known.at if known.open else now, reason, known.count + (not known.open), until)
    try:
        # First, for after a stop in between it is opened anew; the same alarm is written once. That a rest begins is another.
        alarm(desk, _in_words(opened, desk), f"{_BREAKER}/{known.count}" + (f"/{now:%Y-%m-%d}" if known.open else ""))
    finally:
        _remember(desk, opened)


def _in_words(state: Breaker, desk: Desk) -> str:
    """With the time, for it may be read a day later."""
    since = f" since {desk.worktime.local(state.at):%Y-%m-%d %H:%M}" if state.at else ""
    rest = f" Nothing at all is sent until {desk.worktime.local(state.rest_until):%Y-%m-%d %H:%M}." if state.rest_until else ""
    close = "Nothing automatic goes to candidates until somebody says: mailbot breaker close"
    return f"the breaker is open{since}: {state.reason}.{rest} {close}"


def _remember(desk: Desk, state: Breaker) -> None:
    desk.ledger.remember(_BREAKER, orjson.dumps(plain(state)).decode(), desk.clock())
