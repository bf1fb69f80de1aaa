"""Which application a message belongs to: design section 5, "Matching"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from mailbot.hiring.matching import Known, Match, match
from mailbot.hiring.model import Address, Message

IVAN = "ivan@mail.ru"


def known(reference: str, position: str = "manager", *, open: bool = True, day: int = 1, addresses: tuple[str, ...] = (IVAN,)) -> Known:
    return Known(reference, position, open, addresses, datetime(2026, 11, day, tzinfo=UTC))


@dataclass(frozen=True)
class Shelf:
    """An index over a few applications; the Message-ID `<X@us>` belongs to X."""

    applications: tuple[Known, ...]

    def by_message_id(self, message_id: str) -> Known | None:
        return next((a for a in self.applications if message_id == f"<{a.reference}@us>"), None)

    def by_address(self, address: str) -> tuple[Known, ...]:
        return tuple(a for a in self.applications if address in a.addresses)


def message(sender: str | None = IVAN, in_reply_to: tuple[str, ...] = (), references: tuple[str, ...] = ()) -> Message:
    return Message(
        headers=(),
        sender=Address("", sender) if sender else None,
        recipients=(),
        reply_to=(),
        subject="",
        text="",
        html="",
        attachments=(),
        message_id="<m@mail.ru>",
        in_reply_to=in_reply_to,
        references=references,
        date=None,
        parts=("text/plain",),
    )


A, B = known("A", day=1), known("B", day=2)
TRAINEE = known("T", "trainee", day=3)
UNKNOWN_POSITION = known("U", "", day=1)
ENDED = known("E", "manager", open=False, day=9)
ENDED_LATER = known("F", "trainee", open=False, day=10)
ENDED_UNKNOWN = known("G", "", open=False, day=8)


@pytest.mark.parametrize(
    ("letter", "position", "applications", "expected"),
    [
        (message(in_reply_to=("<A@us>",)), "", (A, B), Match("A", "thread", True)),
        (message(references=("<B@us>", "<A@us>", "<strange@x>")), "", (A, B), Match("A", "thread", True)),
        (message(in_reply_to=("<A@us>",), references=("<B@us>",)), "", (A, B), Match("A", "thread", True)),
        (message(in_reply_to=("<A@us>",)), "trainee", (A,), Match("A", "thread", True)),
        (message("other@mail.ru", ("<A@us>",)), "", (A,), Match("A", "thread", False)),
        (message(None, ("<A@us>",)), "", (A,), Match("A", "thread", False)),
        (message(in_reply_to=("<E@us>",)), "", (A, ENDED), Match("E", "thread", True)),
        (message(), "", (A, B), Match("B", "address", True)),
        (message(), "", (ENDED, A), Match("A", "address", True)),
        (message(), "", (ENDED, ENDED_LATER), Match("F", "address", True)),
        (message(), "manager", (A, TRAINEE), Match("A", "address", True)),
        (message(), "trainee", (A,), Match()),
        (message(), "trainee", (ENDED,), Match()),
        (message(), "manager", (ENDED,), Match("E", "address", True)),
        (message(), "trainee", (A, UNKNOWN_POSITION), Match("U", "address", True)),
        (message(), "trainee", (ENDED_UNKNOWN,), Match()),
        (message("stranger@mail.ru"), "manager", (A,), Match()),
        (message(None), "manager", (A,), Match()),
        (message(in_reply_to=("<strange@x>",)), "", (A,), Match("A", "address", True)),
    ],
)
def test_a_message_joins_its_application(letter: Message, position: str, applications: tuple[Known, ...], expected: Match) -> None:
    assert match(letter, position, Shelf(applications)) == expected
