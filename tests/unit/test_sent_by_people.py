"""What people send from the shared mailbox: it stops the clock if it answers the candidate, whatever its size and its fate in reading."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, LIMITS, Hands, met

from mailbot.hiring.model import Application
from mailbot.tasks import receive
from mailbot.tasks.gather import Gathered, gather
from mailbot.tasks.orders import carry_out_order


def waiting(tmp_path: Path, **changes: Any) -> Hands:
    """A candidate who has asked something."""
    hands = met(tmp_path, **changes)
    hands.letter(SUBJECT, f"Можно ли работать удалённо?\n{LETTER}")
    hands.turn()
    hands.pass_time(minutes=10)
    assert application(hands).waits_for == "staff"
    return hands


def application(hands: Hands) -> Application:
    (case,) = hands.cases()
    assert case.application
    return case.application


def sent(hands: Hands, to: str, *, bytes: int = 0, hidden: str = "") -> None:
    """A person writes from the shared mailbox, in the candidate's thread."""
    questions = hands.sent_to(CANDIDATE)[-1]
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = JOB, to, f"Re: {SUBJECT}"
    if hidden:
        message["Bcc"] = hidden
    message["Date"], message["Message-ID"] = format_datetime(hands.now), "<person@up-advert.ru>"
    message["In-Reply-To"] = questions["Message-ID"]
    message.set_content("Да, можно.")
    if bytes:
        message.add_attachment(b"x" * bytes, maintype="application", subtype="pdf", filename="a.pdf")
    hands.put(message, "Sent")
    hands.turn()


@pytest.mark.parametrize("bytes", [0, 30_000])
def test_a_persons_answer_stops_the_clock_however_large_it_is(tmp_path: Path, bytes: int) -> None:
    hands = waiting(tmp_path, limits=replace(LIMITS, message_bytes=20_000))
    before = len(hands.submission.sent)

    sent(hands, CANDIDATE, bytes=bytes)

    assert application(hands).waits_for == "candidate"
    assert application(hands).unanswered == ()
    assert "staff" in hands.verdicts("Sent").values()
    assert len(hands.submission.sent) == before


@pytest.mark.parametrize(
    ("to", "hidden", "waits_for"),
    [
        ("boss@up-advert.ru", "", "staff"),
        ("boss@up-advert.ru", CANDIDATE, "candidate"),
        (f"boss@up-advert.ru, {CANDIDATE}", "", "candidate"),
    ],
)
def test_a_letter_about_a_candidate_is_no_answer_to_them(tmp_path: Path, to: str, hidden: str, waits_for: str) -> None:
    hands = waiting(tmp_path)

    sent(hands, to, hidden=hidden)

    assert application(hands).waits_for == waits_for
    (case,) = hands.cases()
    assert "staff" in [message.kind for message in case.messages]


def test_a_message_of_sent_that_is_retried_from_quarantine_is_judged_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = waiting(tmp_path)

    def fails(*arguments: Any, **named: Any) -> Gathered:
        if named["role"] == "sent":
            raise RuntimeError
        return gather(*arguments, **named)

    with monkeypatch.context() as broken:
        broken.setattr(receive, "gather", fails)
        sent(hands, CANDIDATE)
        for _ in range(3):
            hands.turn()
    kept = [entry for entry in hands.desk.quarantine.entries() if b"person@up-advert.ru" in hands.desk.quarantine.read(entry.id)]
    assert len(kept) == 1

    carry_out_order(hands.desk, "quarantine retry", {"id": kept[0].id}, "1")

    assert application(hands).waits_for == "candidate"
