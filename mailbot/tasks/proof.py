"""Proof that a message went out which the state, being older, does not know as sent: it stands in Sent."""

from __future__ import annotations

from mailbot.hiring.case import Intent
from mailbot.records.outbox import Entry
from mailbot.tasks.desk import Desk


def note_proof(desk: Desk, intent: str) -> None:
    """Given the id of an intent whose message stands in Sent, remember that it has gone out. Raise Temporary."""
    desk.ledger.remember(_name(intent), "stands in Sent", desk.clock())


def proof(desk: Desk, entry: Entry, intent: Intent) -> str:
    """Given a message that is to go out, return why it is known to have gone out before, "" if it is not.

    The journal may have lost its end, or the whole state may have come out of a backup. What a person has had sent again goes again.
    """
    if entry.state == "planned" and entry.at != entry.planned_at:
        return ""
    if intent.outcome == "sent":
        return "its record knows that it was sent"
    return "it stands in Sent" if desk.ledger.remembered(_name(entry.id)) else ""


def _name(intent: str) -> str:
    return f"sent {intent}"
