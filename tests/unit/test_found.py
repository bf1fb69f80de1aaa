"""A state out of a backup: what stands in Sent has gone out, and does not go out again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from applicants import ANSWERS, LETTER, SUBJECT
from hands import CANDIDATE, Hands, met

from mailbot.mail.smtp import Outcome
from mailbot.tasks.modes import leave_safe_mode, safe_mode


def filed(hands: Hands) -> None:
    """Turns until what went out stands in Sent."""
    for _ in range(2):
        hands.turn()
        hands.pass_time(minutes=1)


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return met(tmp_path / "office")


def back_up(hands: Hands) -> None:
    shutil.copytree(hands.settings.state_dir, hands.settings.state_dir.parent / "backup")


def restore(hands: Hands) -> None:
    shutil.rmtree(hands.settings.state_dir)
    shutil.copytree(hands.settings.state_dir.parent / "backup", hands.settings.state_dir)
    hands.reopen()


def test_what_was_answered_after_the_backup_is_decided_anew_and_not_sent_again_even_after_resume(hands: Hands) -> None:
    back_up(hands)
    hands.letter(SUBJECT, LETTER)
    filed(hands)
    hands.letter(f"Re: {SUBJECT}", ANSWERS, answers=hands.sent_to(CANDIDATE)[0])
    filed(hands)
    assert len(hands.sent_to(CANDIDATE)) == 2

    restore(hands)
    filed(hands)
    assert safe_mode(hands.desk)
    leave_safe_mode(hands.desk)
    filed(hands)

    assert len(hands.sent_to(CANDIDATE)) == 2
    assert [case.application.stage for case in hands.cases() if case.application] == ["test"]
    hands.reopen()
    outcomes = {intent.purpose: intent.outcome for case in hands.cases() for intent in case.intents}
    assert outcomes["questions"] == outcomes["test"] == "sent"
    hands.letter(SUBJECT, LETTER, sender="Пётр <petr@mail.ru>")
    hands.turn()
    assert len(hands.sent_to("petr@mail.ru")) == 1


def test_what_had_not_gone_out_in_the_backup_and_stands_in_sent_now_is_not_sent_again(hands: Hands) -> None:
    hands.submission.script(Outcome("retry", 451, "4.7.1 greylisted"))
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    back_up(hands)
    hands.pass_time(minutes=10)
    filed(hands)
    assert len(hands.sent_to(CANDIDATE)) == 1

    restore(hands)
    filed(hands)

    assert len(hands.sent_to(CANDIDATE)) == 1
    assert {entry.state for entry in hands.desk.outbox.entries() if entry.audience == "candidate"} == {"sent"}
