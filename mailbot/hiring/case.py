"""The nouns of a case: what is filed of an application, its messages in and out, and its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailbot.hiring.model import Application, Audience, Verdict

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class FiledAttachment:
    """An attachment as it stands in a case; `path` is relative to the case's folder."""

    name: str
    type: str
    size: int
    verdict: Verdict
    path: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class FiledMessage:
    """A message as it stands in a case, in or out; its bytes lie at `path`, relative to the case's folder."""

    number: int
    direction: Direction
    kind: str
    sender: str
    to: str
    subject: str
    message_id: str
    #: Arrival of what came in, decision of what goes out.
    at: datetime
    path: str
    #: Keyed identity of what came in; the intent's id of what goes out.
    identity: str
    rule: str = ""
    attachments: tuple[FiledAttachment, ...] = ()
    #: False for a letter in the thread from an address that the application does not know.
    confirmed: bool = True
    #: Of a notice: the number of the message it tells of, 0 for none.
    about: int = 0
    #: Of what came in: keyed hash of its new text and its attachments, by which a machine's repetitions are seen; "" if it was not taken.
    body: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A message that is to go out; stands in the record in the same commit as the decision."""

    #: Deterministic: keyed over case, purpose and cause; the N of its Message-ID.
    id: str
    purpose: str
    audience: Audience
    to: str
    message_id: str
    #: The file of its exact bytes, relative to the case's folder.
    path: str
    decided: datetime
    #: The row of the decision table, or the word of the clock or command, that allowed it.
    rule: str
    because: str
    #: Not to be sent before this instant; None: at once.
    not_before: datetime | None = None
    #: True for what the machine decided by itself: only that counts against the caps.
    automatic: bool = True
    #: For a notice: until when an answer to it counts.
    expires: datetime | None = None
    #: SHA-256 of its bytes, in hex: what has become of the file is not sent. "" in records of older mailbots.
    digest: str = ""
    #: The last known fate, repaired from the outbox journal at start; "" while open.
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a case's history."""

    at: datetime
    what: str
    rule: str
    because: str


@dataclass(frozen=True, slots=True)
class Case:
    """One folder of the state: an application's, or the office's for what belongs to no application."""

    #: "A-7F3K9", or "office/2026-11".
    reference: str
    application: Application | None
    messages: tuple[FiledMessage, ...] = ()
    intents: tuple[Intent, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
