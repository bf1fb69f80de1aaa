"""The age of a letter, by what its own headers say: a server that restamps what it holds makes no old letter new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from mailbot.hiring.model import Message
from mailbot.mail.mailbox import FolderState, Headline
from mailbot.tasks.contact import first_contact
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import Role

#: So far the clocks of a candidate, of our mail server and of this machine may be apart.
_APART = timedelta(hours=1)
#: Where the clock was ahead at first contact, what came earlier than this before it is seen by a person.
_CLOCK_AHEAD = timedelta(days=1)
#: "late": recorded and shown to a person, not answered; "old": it was there at first contact.
Age = Literal["new", "late", "old"]


def age(desk: Desk, role: Role, state: FolderState, headline: Headline, message: Message) -> Age:
    """Given a message that came after first contact by what the folder says, return what it is by its Received and Date as well.

    Where UIDs mean other messages than before, INTERNALDATE may be that of a migration, and what was there before has no identity.
    """
    cursor = desk.ledger.cursor(state.name)
    met = cursor.first_contact if cursor else first_contact(desk)
    if met is None:
        return "new"
    if cursor and headline.uid < cursor.first_uidnext:
        # Another mailbox, or this one under another name.
        return "late"
    if cursor and cursor.by_uid:
        met -= _CLOCK_AHEAD
    received = None if role == "sent" else _received(message)
    stamps = [stamp for stamp in (received, message.date) if stamp]
    before = bool(stamps) and all(stamp < met - _APART for stamp in stamps)
    if cursor is None or cursor.known_until is None:
        return "late" if before or headline.arrived < met.replace(microsecond=0) else "new"
    if before and (received or role == "sent"):
        return "old"
    # What came so early was there when the folder was read by the UIDs of before, so it was somewhere else then.
    early = headline.arrived < cursor.known_until or (received is not None and received < cursor.known_until)
    return "late" if early or not stamps or any(stamp < met.replace(microsecond=0) for stamp in stamps) else "new"


def _received(message: Message) -> datetime | None:
    """When our own mail server took it, by the topmost Received (RFC 5321 section 4.4); None if that says nothing."""
    try:
        at = parsedate_to_datetime(message.first("received").rpartition(";")[2].strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
