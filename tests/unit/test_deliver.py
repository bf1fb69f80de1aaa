"""Delivering: what fails to go out costs nothing else its way, is tried again as often as promised, and then shown to a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from applicants import ANSWERS, LETTER, SUBJECT
from hands import LIMITS, MONDAY, RECRUITER, Hands, met

from mailbot.mail.smtp import Outcome
from mailbot.tasks.deliver import next_attempt

LATER = Outcome("retry", 451, "4.7.1 later")
SILENT = Outcome("retry", None, "timed out")


def write(hands: Hands, number: int = 0) -> None:
    hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")


def pauses(id: str) -> list[timedelta]:
    found: list[timedelta] = []
    while (again := next_attempt(id, len(found) + 1, MONDAY)) is not None:
        found.append(again - MONDAY)
    return found


@pytest.mark.parametrize("id", ["aaaabbbbccccdddd", "mh5o2qvithbkjwhw", "zzzzzzzzzzzzzzzz"])
def test_the_pauses_between_tries_grow_and_end_after_a_day(id: str) -> None:
    found = pauses(id)

    # No shorter than greylisting wants, and a seventh longer at most.
    for pause, least in zip(found, [5, 10, 20, 40, *[60] * len(found)], strict=False):
        assert timedelta(minutes=least) <= pause <= timedelta(minutes=least * 1.15)
    assert timedelta(hours=22, minutes=51) <= sum(found, timedelta()) <= timedelta(hours=24)


def test_messages_that_were_refused_together_are_not_tried_together_again_and_a_restart_changes_no_pause() -> None:
    first = [pauses(f"{number:016}")[0] for number in range(20)]
    assert len(set(first)) > 10
    assert first == [pauses(f"{number:016}")[0] for number in range(20)]


def test_a_notice_that_waited_a_weekend_survives_a_refusal_on_monday(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.pass_time(days=4, hours=10)
    write(hands)
    hands.turn()
    assert not hands.sent_to(RECRUITER)
    hands.pass_time(days=2, hours=14)
    hands.submission.script(LATER)
    hands.turn()
    assert not hands.sent_to(RECRUITER)

    hands.pass_time(minutes=6)
    hands.turn()

    assert len(hands.sent_to(RECRUITER)) == 1


def test_what_was_refused_until_the_office_closed_goes_out_when_it_opens(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.pass_time(hours=8, minutes=26)
    write(hands)
    hands.submission.script(Outcome("sent", 250, "taken"), LATER)
    hands.turn()
    hands.pass_time(minutes=10)
    hands.turn()
    assert not hands.sent_to(RECRUITER)

    hands.pass_time(hours=14, minutes=55)
    hands.turn()

    assert len(hands.sent_to(RECRUITER)) == 1


def test_a_server_that_does_not_answer_is_asked_once_and_not_for_every_message(tmp_path: Path) -> None:
    hands = met(tmp_path)
    for number in range(5):
        write(hands, number)
    hands.submission.script(*[SILENT] * 20)

    hands.turn()

    assert sum(entry.attempts for entry in hands.desk.outbox.entries()) == 1


def test_a_damaged_record_costs_nobody_else_their_message(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    hands.submission.script(LATER, LATER)
    hands.turn()
    for record in tmp_path.glob("state/applications/*/*/record.json"):
        record.write_bytes(b"{}")

    write(hands, 2)
    hands.pass_time(minutes=6)
    hands.turn()

    assert len(hands.sent_to("maria2@mail.ru")) == 1


def test_a_bug_at_one_message_costs_nobody_else_their_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    send, number = hands.submission.send, iter(range(1, 100))

    def broken_once(raw: bytes, sender: str, recipient: str, commit: Callable[[], None], witness: str = "") -> Outcome:
        if next(number) == 1:
            raise ValueError("a bug")
        return send(raw, sender, recipient, commit, witness)

    monkeypatch.setattr(hands.submission, "send", broken_once)
    write(hands, 1)
    write(hands, 2)

    hands.turn()

    assert len(hands.sent_to("maria2@mail.ru")) == 1
    hands.turn()
    assert len(hands.sent_to("maria1@mail.ru")) == 1


def test_who_has_withdrawn_gets_no_automatic_mail_but_the_confirmation(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(LATER, LATER)
    hands.turn()
    hands.letter(f"Re: {SUBJECT}", "Здравствуйте! Отзываю свою заявку.", sender="Мария Петрова <maria0@mail.ru>")
    hands.turn()
    hands.pass_time(minutes=10)
    hands.turn()

    assert {entry.purpose: entry.state for entry in hands.desk.outbox.entries() if entry.audience == "candidate"} == {
        "questions": "dropped",
        "withdrawn": "sent",
    }


def test_of_one_and_the_same_cap_a_recruiter_hears_once_in_a_day(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=replace(LIMITS, address_per_day=1))
    write(hands)
    hands.turn()

    def told_after(text: str) -> int:
        hands.letter(f"Re: {SUBJECT}", text, sender="Мария Петрова <maria0@mail.ru>")
        hands.turn()
        # The answer of a person, after which the next letter is acknowledged anew.
        notice = next(message for message in reversed(hands.sent_to(RECRUITER)) if "задержано" not in message["Subject"])
        hands.pass_time(minutes=10)
        hands.letter("Re:", "Спасибо, посмотрим.", sender=RECRUITER, answers=notice)
        hands.turn()
        hands.pass_time(minutes=10)
        return len([message for message in hands.sent_to(RECRUITER) if "задержано" in message["Subject"]])

    assert [told_after(f"Какая у вас зарплата? {number}") for number in range(3)] == [1, 1, 1]
    # Of another kind of letter they hear.
    assert told_after(ANSWERS) == 2
    assert [entry.purpose for entry in hands.desk.outbox.entries() if entry.state == "held"] == ["received"] * 3 + ["test"]
