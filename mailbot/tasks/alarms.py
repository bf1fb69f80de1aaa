"""Alarms about mailbot itself: n@ is told of each once, and of one that the disk has refused as soon as it can be written."""

from __future__ import annotations

import orjson

from mailbot.errors import Temporary
from mailbot.hiring.process import on_alarm
from mailbot.tasks.carry import carry_out
from mailbot.tasks.desk import Desk

_UNTOLD = "alarms not told"


def alarm(desk: Desk, reason: str, cause: str) -> None:
    """Have n@ told of it; the same cause is told of once.

    Raise Temporary if the disk does not let us: then `tell_again` does it later. Raise Permanent for a damaged record of the office.
    """
    try:
        carry_out(desk, on_alarm(reason, cause, desk.moment()))
    except Temporary:
        _remember(desk, [*_untold(desk), [reason, cause]])
        raise


def tell_again(desk: Desk) -> None:
    """Have n@ told of what could not be told before; nothing happens if there is no such thing. Raise as `alarm`."""
    if untold := _untold(desk):
        for reason, cause in untold:
            carry_out(desk, on_alarm(reason, cause, desk.moment()))
        _remember(desk, [])


def _untold(desk: Desk) -> list[list[str]]:
    remembered = desk.ledger.remembered(_UNTOLD)
    found: list[list[str]] = orjson.loads(remembered) if remembered else []
    return found


def _remember(desk: Desk, untold: list[list[str]]) -> None:
    desk.ledger.remember(_UNTOLD, orjson.dumps(untold).decode() if untold else "", desk.clock())
