"""Messages that wait for a person's word: sent again, or never."""

from __future__ import annotations

from mailbot.errors import Permanent
from mailbot.hiring.case import Intent
from mailbot.records.outbox import Entry
from mailbot.tasks.deliver import settle
from mailbot.tasks.desk import Desk


def resend(desk: Desk, id: str) -> None:
    """Given the id of a message that has not gone out, have it sent again, whatever the caps say. Raise Permanent in words, Temporary."""
    entry, _ = _stuck(desk, id)
    desk.outbox.record(entry.id, "resend", desk.clock(), reason="a person had it sent again")


def drop(desk: Desk, id: str) -> None:
    """Given the id of a message that has not gone out, never send it. Raise Permanent in words, Temporary."""
    entry, intent = _stuck(desk, id)
    desk.outbox.record(entry.id, "dropped", desk.clock(), reason="a person dropped it")
    settle(desk, entry.reference, intent, "dropped", "a person dropped it")


def _stuck(desk: Desk, id: str) -> tuple[Entry, Intent]:
    entry = desk.outbox.get(id)
    if entry is None:
        raise Permanent(f"{id}: there is no such message in the outbox; see mailbot outbox list")
    if entry.state in ("sent", "dropped", "committed"):
        raise Permanent(f"{id}: it is {entry.state}, so nothing can be changed any more")
    intent = next(intent for intent in desk.store.load(entry.reference).intents if intent.id == id)
    return entry, intent
