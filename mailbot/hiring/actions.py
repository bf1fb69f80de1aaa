"""What a decision may ask for: side effects as values, which the tasks carry out and `explain` only shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mailbot.hiring.case import HistoryEntry
from mailbot.hiring.model import Application, Attachment, Audience, Language

#: A value that a template may use: strings, numbers, dates, and tuples and mappings of them.
Fact = object
AutoSubmitted = Literal["auto-replied", "auto-generated", ""]
#: What a person says of a held message.
Word = Literal["resend", "drop"]


@dataclass(frozen=True, slots=True)
class Send:
    """One message rendered from a template, to exactly one address."""

    #: What it is for, one word: "questions", "notice", "escalation". With case and cause it makes its identity.
    purpose: str
    audience: Audience
    to: str
    template: str
    language: Language
    facts: Mapping[str, Fact]
    #: What caused it: identity of the message answered, or stage and date of what the clock caused.
    cause: str
    auto_submitted: AutoSubmitted = "auto-replied"
    #: The thread that it joins: Message-IDs, oldest first; the last one is answered.
    thread: tuple[str, ...] = ()
    #: The thread's subject without "Re:"; "" takes the template's own.
    subject: str = ""
    #: Absolute paths of files of the configuration to attach.
    files: tuple[str, ...] = ()
    #: Attachments of the candidate that are passed on to staff.
    attachments: tuple[Attachment, ...] = ()
    not_before: datetime | None = None
    #: False for what a person ordered: that does not count against the caps.
    automatic: bool = True
    #: True where an answer to it acts, so its Message-ID is a token.
    answerable: bool = False


@dataclass(frozen=True, slots=True)
class Relay:
    """A staff member's own words, on their way to the candidate."""

    to: str
    text: str
    #: Display name of the staff member, for the From field; "" for the company's.
    name: str
    signature: str
    cause: str
    thread: tuple[str, ...]
    subject: str
    attachments: tuple[Attachment, ...] = ()
    not_before: datetime | None = None


Action = Send | Relay


@dataclass(frozen=True, slots=True)
class Release:
    """A held message, by its intent's id, and what a person wants done with it."""

    intent: str
    word: Word


@dataclass(frozen=True, slots=True)
class Decision:
    """The new application, what is to be done, and why."""

    #: None: it belongs to no application and is filed in the office.
    application: Application | None
    actions: tuple[Action, ...] = ()
    #: "D0" to "D17" for a message, a word for the clock ("hint", "escalation", "move").
    rule: str = ""
    because: str = ""
    history: tuple[HistoryEntry, ...] = field(default=())
    #: A held message that a person has decided on.
    release: Release | None = None
