"""What mailbot wrote itself is known for its own when it comes back, also where a server on the way gave it another Message-ID."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, RECRUITER, Hands, N, met

from mailbot.tasks.modes import safe_mode


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    """A letter that was answered."""
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    return hands


def renamed(message: EmailMessage) -> EmailMessage:
    """As a server sends it back that gives every message a Message-ID of its own."""
    message.replace_header("Message-ID", "<2026.11.23.4711@gateway.example>")
    return message


@pytest.mark.parametrize("recipient", [CANDIDATE, RECRUITER])
def test_a_message_of_ours_under_another_message_id_is_ours_and_nothing_follows_from_it(hands: Hands, recipient: str) -> None:
    hands.put(renamed(hands.sent_to(recipient)[0]))
    before = list(hands.submission.sent)
    hands.turn()
    hands.reopen()
    hands.turn()

    assert hands.verdicts() == {1: "application", 2: "ours"}
    assert hands.submission.sent == before


def test_whoever_changes_the_mark_is_no_part_of_us(hands: Hands) -> None:
    message = renamed(hands.sent_to(CANDIDATE)[0])
    mark = str(message["X-Mailbot"])
    message.replace_header("X-Mailbot", mark[:-1] + ("0" if mark[-1] != "0" else "1"))
    hands.put(message)
    hands.turn()

    assert hands.verdicts() == {1: "application", 2: "auto_reply"}
    assert len(hands.sent_to(CANDIDATE)) == 1


def test_another_mailbot_on_the_same_mailbox_is_seen_in_sent_and_stops_what_goes_to_candidates(hands: Hands, tmp_path: Path) -> None:
    other = met(tmp_path / "other")
    other.letter(SUBJECT, LETTER, sender="peter@mail.ru")
    other.turn()
    assert not safe_mode(hands.desk)
    hands.put(other.sent_to("peter@mail.ru")[0], "Sent")
    hands.letter(SUBJECT, LETTER, sender="olga@mail.ru")
    hands.turn()
    hands.turn()

    assert safe_mode(hands.desk)
    assert hands.sent_to("olga@mail.ru") == []
    assert len(hands.sent_to(N)) == 1
