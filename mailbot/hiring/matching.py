"""Says which application a message belongs to: by its thread, else by its sender's address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from mailbot.hiring.model import Message


@dataclass(frozen=True, slots=True)
class Known:
    """What matching has to know of an application."""

    reference: str
    #: Id of the position, "" while it is not known.
    position: str
    #: False once the process is at an end.
    open: bool
    addresses: tuple[str, ...]
    last_message: datetime


class Index(Protocol):
    """Where applications are looked up."""

    def by_message_id(self, message_id: str) -> Known | None:
        """The application that has a message with this Message-ID in its thread, or None."""
        ...

    def by_address(self, address: str) -> tuple[Known, ...]:
        """Every application that knows this address."""
        ...


@dataclass(frozen=True, slots=True)
class Match:
    """The application a message belongs to, and how that is known; `reference` is "" for none."""

    reference: str = ""
    how: Literal["thread", "address", ""] = ""
    #: False for a message in the thread from an address that the application does not know: a person confirms it.
    confirmed: bool = False


def match(message: Message, position: str, index: Index) -> Match:
    """Given a message and the id of the position that it names ("" for none), return the application it belongs to.

    In-Reply-To, then References from the newest, win over the address. Outside a thread a letter joins the sender's newest open
    application, else the newest ended one; a letter that names a position joins an application for that one, or an open one whose
    position is not known yet, and no other: it opens a second application (design section 5).
    """
    address = message.sender.address if message.sender else ""
    for message_id in (*message.in_reply_to, *reversed(message.references)):
        known = index.by_message_id(message_id)
        if known:
            return Match(known.reference, "thread", address in known.addresses)
    mine = index.by_address(address) if address else ()
    if position:
        mine = tuple(known for known in mine if known.position == position) or tuple(k for k in mine if k.open and not k.position)
    chosen = _newest([known for known in mine if known.open]) or _newest(mine)
    return Match(chosen.reference, "address", True) if chosen else Match()


def _newest(applications: Sequence[Known]) -> Known | None:
    return max(applications, key=lambda known: (known.last_message, known.reference), default=None)
