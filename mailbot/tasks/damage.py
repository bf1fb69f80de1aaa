"""Damage to the journals: what the records can make good of it, and how n@ hears of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from mailbot.codec import instant, instant_text
from mailbot.errors import Permanent
from mailbot.hiring.case import Case, Intent
from mailbot.records.outbox import KEPT
from mailbot.records.salvage import DAMAGED
from mailbot.tasks.carry import plan
from mailbot.tasks.desk import Desk
from mailbot.tasks.modes import own_up

#: When mailbot saw its mailbox first, as far as that is known without the ledger.
_MET = "met"
#: The newest cases of the office, where alarms and digests are.
_OFFICES = 2
_ENDS = frozenset({"sent", "failed", "dropped"})
_REASON = "the outbox was damaged, and its fate is not known any more: it may have been sent"

log = logging.getLogger(__name__)


def suspect(desk: Desk) -> None:
    """At a start, compare the journals with the records: one that is shorter than what the records know is damaged, though every line that
    it has is sound. Raise Temporary."""
    words = []
    if desk.ledger.last_time() is None and (any(desk.store.references()) or any(desk.store.offices())):
        words.append("ledger.jsonl is empty, though there are records")
    ended = {intent.id: intent for case in _latest(desk) for intent in case.intents if intent.outcome in _ENDS}
    forgotten = [intent for intent in ended.values() if _is_forgotten(desk, intent)]
    if forgotten:
        words.append("outbox.jsonl has lost lines: the records know the end of messages that it does not know")
    if words and not damage(desk):
        desk.ledger.remember(DAMAGED, ". ".join(words), desk.clock())
    if forgotten:
        # By these it is seen after a stop in the middle, so they come last.
        for entry in desk.outbox.entries():
            if entry.state in ("planned", "retry") and entry.id not in ended:
                _may_have_gone_out(desk, entry.id)
        for intent in forgotten:
            if desk.outbox.get(intent.id):
                _may_have_gone_out(desk, intent.id)
                if intent.outcome == "sent":
                    desk.outbox.record(intent.id, "sent", desk.clock(), reason="its record knows that it was sent")


def damage(desk: Desk) -> str:
    """What was damaged and is not made good yet, in words; "" for nothing."""
    return desk.ledger.remembered(DAMAGED)


def made_good(desk: Desk) -> None:
    """The records have been read, all of them: enter safe mode and tell n@ of the damage. Nothing happens without one. Raise Temporary."""
    words = damage(desk)
    if words:
        own_up(desk, words)
        desk.ledger.remember(DAMAGED, "", desk.clock())


def doubt(desk: Desk, case: Case, intent: Intent) -> None:
    """Given an intent that the damaged outbox knows nothing of, put it there as what may have gone out: it is looked for, and else a person
    decides. Raise Temporary."""
    if intent.outcome not in ("", "held"):
        return
    plan(desk, case.reference, intent)
    entry = desk.outbox.get(intent.id)
    if entry is None or entry.state != "planned":
        return
    if intent.outcome == "held":
        desk.outbox.record(intent.id, "held", desk.clock(), reason=_REASON)
    else:
        _may_have_gone_out(desk, intent.id)


def note_met(desk: Desk, earliest: datetime | None) -> None:
    """Given when the first step was taken of all that the records know, remember it where the ledger may have forgotten when it first saw
    a folder: what came since is no old letter. Raise Temporary."""
    if earliest and "ledger.jsonl" in damage(desk):
        desk.ledger.remember(_MET, instant_text(earliest), desk.clock())


def met_before(desk: Desk) -> datetime | None:
    """When mailbot was at work already, though the ledger has forgotten a folder; None where a folder that it does not know is new."""
    text = desk.ledger.remembered(_MET)
    return instant(text) if text else None


def forget_met(desk: Desk) -> None:
    """Once every folder has been read again, another one is new. Raise Temporary."""
    if desk.ledger.remembered(_MET):
        desk.ledger.remember(_MET, "", desk.clock())


def _may_have_gone_out(desk: Desk, id: str) -> None:
    """A message that waits is of unknown fate: it is looked for."""
    now = desk.clock()
    desk.outbox.record(id, "commit", now)
    desk.outbox.record(id, "unknown", now, reason=_REASON)


def _is_forgotten(desk: Desk, intent: Intent) -> bool:
    """Does the outbox not know the end of a message that its record knows? It writes it first, and keeps for two days what is done."""
    entry = desk.outbox.get(intent.id)
    if entry is None:
        return timedelta() <= desk.clock() - intent.decided < KEPT
    # A person may have had it sent again since.
    return entry.state in ("planned", "retry") and (entry.state == "retry" or entry.at == entry.planned_at)


def _latest(desk: Desk) -> Iterator[Case]:
    """The cases with something on its way out, and the newest of the office."""
    waiting = (row.reference for row in desk.catalogue.rows() if row.open_intents)
    for reference in (*waiting, *islice(reversed(tuple(desk.store.offices())), _OFFICES)):
        try:
            yield desk.store.load(reference)
        except Permanent as problem:
            # It is told of when everything is recovered.
            log.debug("%s", problem)
