"""The frozen nouns of hiring: message, attachment, reply and application.

Every instant is an aware datetime. Nothing here reads a clock, a file or a socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

WaitsFor = Literal["candidate", "staff", "nobody"]
Audience = Literal["candidate", "staff"]
Language = Literal["ru", "en"]
Verdict = Literal["text", "no_text", "withheld", "infected", "too_large", "broken"]
QuestionState = Literal["asked", "answered", "missing"]
Kind = Literal[
    "application",
    "answer",
    "duplicate",
    "bounce",
    "delayed",
    "auto_reply",
    "receipt",
    "complaint",
    "calendar",
    "list",
    "no_reply",
    "ours",
    "pretender",
    "staff",
    "staff_refused",
    "form",
    "job_board",
    "forwarded",
    "erasure",
    "junk",
    "broken",
    "other",
]


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of a header: display name (may be empty) and address, lower-cased."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A named part of a message that was kept; `name` is as the sender wrote it, so never a path."""

    name: str
    #: MIME type, lower case: "application/pdf".
    type: str
    content: bytes
    #: What could be read of it; "" unless `verdict` is "text".
    text: str = ""
    verdict: Verdict = "no_text"
    #: The plain reason where there is no text.
    because: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a multipart/report (RFC 6522) says of a message that was sent before."""

    #: "delivery-status" (RFC 3464), "disposition-notification" (RFC 8098), "feedback-report" (RFC 5965) or "".
    type: str
    #: The recipient it speaks of, lower-cased, or "".
    address: str = ""
    #: The Action field: "failed", "delayed", "delivered", "relayed", "expanded" or "".
    action: str = ""
    #: The Status field, "5.1.1", or "".
    status: str = ""
    #: The Message-ID of the message it speaks of, with its angle brackets, or "".
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """An RFC 5322 message, decoded. Everything in it is what a stranger wrote: data, never to be trusted."""

    #: Every header in order, every instance: (lower-cased name, decoded value on one line).
    headers: tuple[tuple[str, str], ...]
    #: The one mailbox of From; None if there is none that can be answered.
    sender: Address | None
    #: To, Cc, Resent-To and Resent-Cc together.
    recipients: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    #: The whole text, as a person would read it (from text/plain, else from text/html).
    text: str
    #: The HTML side as it came, "" if there is none.
    html: str
    attachments: tuple[Attachment, ...]
    #: With angle brackets; "" if missing.
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    #: The Date field, aware; None if missing or not readable.
    date: datetime | None
    #: Content types of all parts in order, for the rules that look at them.
    parts: tuple[str, ...]
    report: Report | None = None
    #: True where a charset had to be guessed.
    charset_guessed: bool = False
    #: What was wrong with it, in plain words.
    defects: tuple[str, ...] = ()
    #: sha256 (hex) over the decoded body and attachments.
    body_digest: str = ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header `name` (any case), in order."""
        wanted = name.lower()
        return tuple(value for header, value in self.headers if header == wanted)

    def first(self, name: str) -> str:
        """The topmost value of the header `name`, or ""."""
        values = self.all(name)
        return values[0] if values else ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A quoted passage and what was written directly beneath it."""

    quote: str
    answer: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The text of a message taken apart: what is new, and what is quoted."""

    #: The new text, without quotation and signature; the whole text if nothing else would be left.
    new_text: str
    quoted: tuple[str, ...] = ()
    #: Answers between quoted lines, in order; empty if the reply is not written that way.
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Which part of a reply answers the question with this id."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """What a message says of its writer; each as written, empty where it says nothing."""

    name: str = ""
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    telegram: str = ""
    links: tuple[str, ...] = ()
    city: str = ""
    pay: str = ""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A follow-up question in an application, with its state."""

    id: str
    text: str
    required: bool
    state: QuestionState = "asked"
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A message (or a step by hand) that waits for a person, by its identity, and since when."""

    identity: str
    arrived: datetime


@dataclass(frozen=True, slots=True)
class Application:
    """One candidate's case for one position: the unit that is stored, shown, exported, forgotten."""

    reference: str
    #: Id of the position, "" while it is not known.
    position: str
    stage: str
    name: str
    addresses: tuple[str, ...]
    language: Language
    opened: datetime
    last_message: datetime
    #: The subject of the candidate's thread, without "Re:".
    subject: str
    waits_for: WaitsFor
    #: Since when it waits for whom it waits for.
    since: datetime | None = None
    #: When that wait is over its time: for staff the escalation, for the candidate the deadline of the stage.
    due: datetime | None = None
    hinted: datetime | None = None
    escalated: datetime | None = None
    #: How many reminders of this stage the candidate has had.
    reminders: int = 0
    #: True once the missing questions were asked again.
    asked_again: bool = False
    questions: tuple[AskedQuestion, ...] = ()
    #: Messages that a person has still to answer, oldest first.
    unanswered: tuple[Unanswered, ...] = ()
    #: When the last answer of a person was written, None before the first: what arrived until then needs no other.
    answered: datetime | None = None
    #: Message-IDs of the candidate's thread, in and out, oldest first.
    thread: tuple[str, ...] = ()
    #: The stage it was in before it became silent, so that a later letter reopens it; "" otherwise.
    silent_from: str = ""
