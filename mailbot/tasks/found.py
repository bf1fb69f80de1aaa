"""What is found in Sent has gone out, whatever a lost state or one out of a backup knows of it."""

from __future__ import annotations

import re

from mailbot.hiring.case import Intent
from mailbot.tasks.desk import Desk

#: The form of every Message-ID that mailbot writes.
OUR_FORM = re.compile(r"<mb1\.(?P<intent>[a-z2-7]{16})\.[0-9a-f]{32}@[^<>@\s]+>")
_REASON = "it stands in Sent: it went out before this state knew of it"


def note_found(desk: Desk, message_id: str) -> bool:
    """Given the Message-ID of what was found in Sent, remember that it has gone out; return True if it is of mailbot's writing and the
    state knows nothing of it: neither an application, nor the outbox, nor the office. Raise Temporary, Permanent.

    With a restored backup the key is the same, so the mark in the message proves nothing; but what is decided anew has the same Message-ID.
    """
    form = OUR_FORM.fullmatch(message_id)
    if not form:
        return False
    entry = desk.outbox.get(form["intent"])
    if entry:
        # What is of unknown fate is looked for in its own time.
        if entry.message_id == message_id and entry.state in ("planned", "retry", "held"):
            _has_gone_out(desk, entry.id)
        return False
    if desk.catalogue.by_message_id(message_id):
        return False
    offices = (desk.store.load(reference) for reference in reversed(tuple(desk.store.offices())))
    if any(intent.message_id == message_id for office in offices for intent in office.intents):
        return False
    desk.ledger.remember(_name(form["intent"]), message_id, desk.clock())
    return True


def recognise_sent(desk: Desk, intent: Intent) -> None:
    """Given an intent just put on the outbox, note it as sent if the very same message was found in Sent before."""
    entry = desk.outbox.get(intent.id)
    if entry and entry.state == "planned" and desk.ledger.remembered(_name(intent.id)) == intent.message_id:
        _has_gone_out(desk, intent.id)


def _has_gone_out(desk: Desk, intent: str) -> None:
    """Its record learns it from `recover`."""
    now = desk.clock()
    desk.outbox.record(intent, "commit", now)
    desk.outbox.record(intent, "sent", now, reason=_REASON)


def _name(intent: str) -> str:
    return f"sent/{intent}"
