"""Errands: what verbs have left in requests/ for the running daemon is carried out and answered."""

from __future__ import annotations

import logging

import orjson

from mailbot.errors import MailbotError, Temporary
from mailbot.records.requests import Request
from mailbot.service.adoption import wish_of
from mailbot.service.health import Pulse, health
from mailbot.service.signals import Stop
from mailbot.tasks.breaker import open_because
from mailbot.tasks.desk import Desk
from mailbot.tasks.jumps import held_clock
from mailbot.tasks.modes import safe_mode
from mailbot.tasks.orders import carry_out_order

log = logging.getLogger(__name__)


def run_errands(desk: Desk, pulse: Pulse) -> bool:
    """Given a desk and the daemon's pulse, carry out and answer every request; return whether there may be something to send now.

    Raise Temporary if a request can not be read or an answer not be written; it is carried out again then, which changes nothing.
    """
    changed = False
    for request in desk.requests.waiting():
        if request.verb == "adopt" and pulse.watch.reading:
            # It needs the connection for itself, and has its turn when this reading has ended.
            continue
        try:
            if request.verb == "status":
                words = {"safe": safe_mode(desk), "clock": held_clock(desk), "opened": open_because(desk)}
                text = orjson.dumps(health(desk, pulse) | words).decode()
            elif request.verb == "adopt":
                text = _adopt(desk, pulse, request)
                changed = True
            else:
                text = carry_out_order(desk, request.verb, request.arguments, request.id)
                changed = True
            ok = True
        except MailbotError as problem:
            text, ok = str(problem), False
        except Stop:
            # Begun and not ended: it goes on at the next start.
            raise
        except Exception as bug:
            # Without an answer it would be tried again for ever, after every start too.
            log.exception("an order could not be carried out")
            text, ok = f"mailbot failed on it ({type(bug).__name__}); its log says more", False
        desk.requests.answer(request.id, ok, text)
    return changed


def _adopt(desk: Desk, pulse: Pulse, request: Request) -> str:
    if not pulse.watch.connected:
        raise Temporary("there is no connection to the mailbox now, so nothing was done; see mailbot status")
    try:
        return pulse.watch.adopt(wish_of(request.arguments), lambda done, total: desk.requests.note_progress(request.id, done, total))
    except Temporary as trouble:
        raise Temporary(f"{trouble}; what was taken in until then stays, and the same order goes on from there") from trouble
