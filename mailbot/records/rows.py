"""What the ledger knows of one folder: how far it was read, the verdict on each message, and what has none yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailbot.codec import instant
from mailbot.records.places import Places
from mailbot.records.strikes import Open

#: The verdict on a message that was gone before it could be read.
GONE = "gone"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder has been read."""

    folder: str
    uidvalidity: int
    #: What arrived before this instant is old, under whatever UID it comes later.
    first_contact: datetime
    #: UIDs below it were there at first contact; 1 once UIDs mean other messages, for then all are looked at again.
    first_uidnext: int
    #: How many messages were there at first contact.
    count: int
    #: The highest UID with a verdict, 0 for none.
    highest: int = 0
    #: Once UIDs mean other messages: what arrived before it was there when the folder was read by the UIDs of before. None until then.
    known_until: datetime | None = None
    #: The clock was ahead at first contact, so only UIDs tell what was there then.
    by_uid: bool = False
    #: In another mailbox than before: of what was there at first contact, what arrived from this instant on is for a person. None: nothing.
    shown_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The verdict on one message of a folder."""

    folder: str
    uidvalidity: int
    uid: int
    #: First arrival, as the folder says.
    arrived: datetime
    verdict: str
    identity: str
    reference: str
    rule: str
    #: Identity or place of the message that this is a copy of; "" for none.
    same_as: str
    #: When the verdict was written.
    at: datetime
    #: Stands for the Message-ID with which it was listed; "" where that is not known.
    message_id_hash: str = ""


@dataclass(slots=True)
class FolderRows:
    """One folder under one UIDVALIDITY, since its UIDs were last made anew."""

    settled: Places = field(default_factory=Places)
    #: What has no verdict yet, by UID.
    open: dict[int, Open] = field(default_factory=dict)
    highest: int = 0


def met(event: dict[str, Any]) -> Cursor:
    """Given the ledger's event of a first contact, return the cursor after it."""
    return Cursor(
        folder=event["folder"],
        uidvalidity=event["uidvalidity"],
        first_contact=instant(event["at"]),
        first_uidnext=event["uidnext"],
        count=event["count"],
        by_uid=event.get("by_uid", False),
        shown_from=instant(event["shown_from"]) if event.get("shown_from") else None,
    )
