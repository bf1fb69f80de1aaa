"""A letter that waited too long names no day that has passed: it is decided anew, once, and the candidate gets the whole time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from applicants import ANSWERS, LETTER, SUBJECT
from hands import CANDIDATE, JOB, LIMITS, RECRUITER, Hands, met
from office import text_of

from mailbot.errors import Temporary
from mailbot.mail.smtp import Outcome
from mailbot.records.outbox import Entry

LATER = Outcome("retry", 451, "4.7.1 later")
SILENT = Outcome("retry", None, "timed out")


def waiting(hands: Hands) -> Hands:
    """A letter of Monday whose answer could not go out."""
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(SILENT)
    hands.turn()
    assert not hands.submission.sent
    return hands


def back(hands: Hands, **later: float) -> None:
    """As a new process, so much later."""
    hands.pass_time(**later)
    hands.reopen()
    hands.turn()


def entries(hands: Hands, purpose: str) -> list[Entry]:
    return [entry for entry in hands.desk.outbox.entries() if entry.purpose == purpose]


def test_after_ten_days_the_questions_name_a_day_to_come_and_the_clock_keeps_it(tmp_path: Path) -> None:
    hands = waiting(met(tmp_path))
    back(hands, days=10)
    hands.turn()

    (questions,) = hands.sent_to(CANDIDATE)
    text = text_of(questions)
    assert "10 декабря" in text
    assert "30 ноября" not in text
    (case,) = hands.cases()
    assert case.application
    assert case.application.due
    assert case.application.due.date().isoformat() == "2026-12-10"
    assert [(entry.state, entry.reason) for entry in entries(hands, "questions")] == [
        ("dropped", "it is decided anew"),
        ("sent", "250 2.0.0 taken"),
    ]
    assert "questions decided anew" in [entry.what for entry in case.history]


def test_a_day_of_trying_is_no_lying(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(*[LATER] * 200)
    for _ in range(30 * 6):
        hands.turn()
        hands.pass_time(minutes=10)

    assert [entry.state for entry in entries(hands, "questions")] == ["held"]


def test_what_the_candidate_has_answered_meanwhile_is_dropped(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    first = hands.sent_to(CANDIDATE)[0]
    half = "\n".join(ANSWERS.splitlines()[:4])
    hands.letter(f"Re: {SUBJECT}", half, answers=first)
    hands.submission.script(SILENT)
    hands.turn()
    assert [entry.state for entry in entries(hands, "missing_questions")] == ["retry"]
    hands.pass_time(days=2)
    hands.letter(f"Re: {SUBJECT}", ANSWERS, answers=first)
    hands.reopen()
    hands.turn()
    hands.turn()

    assert [entry.state for entry in entries(hands, "missing_questions")] == ["dropped"]
    assert [message["To"] for message in hands.sent_to(CANDIDATE)] == [CANDIDATE] * 2


def test_missing_questions_and_the_promise_are_written_anew(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    first = hands.sent_to(CANDIDATE)[0]
    hands.letter(f"Re: {SUBJECT}", "\n".join(ANSWERS.splitlines()[:4]), answers=first)
    hands.submission.script(SILENT)
    hands.turn()
    back(hands, days=2)
    missing = text_of(hands.sent_to(CANDIDATE)[-1])
    assert "2 декабря" in missing

    hands.letter(f"Re: {SUBJECT}", "А какая у вас зарплата?", answers=first)
    hands.submission.script(SILENT)
    hands.turn()
    assert [entry.state for entry in entries(hands, "received")] == ["retry"]
    back(hands, days=10)
    received = text_of(hands.sent_to(CANDIDATE)[-1])
    assert "ноября" not in received


def test_a_promise_is_not_sent_once_a_person_has_answered(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.letter(f"Re: {SUBJECT}", "А какая у вас зарплата?", answers=hands.sent_to(CANDIDATE)[0])
    hands.submission.script(SILENT)
    hands.turn()
    hands.pass_time(days=2)
    hands.letter(f"Re: {SUBJECT}", "Позвоним вам завтра.", sender=JOB, to=CANDIDATE, folder="Sent")
    hands.reopen()
    hands.turn()

    assert [(entry.state, entry.reason) for entry in entries(hands, "received")] == [("dropped", "a person has answered meanwhile")]


def test_what_waits_for_its_turn_longer_than_a_day_goes_out_when_it_comes(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=replace(LIMITS, total_per_hour=1))
    hands.letter(SUBJECT, LETTER, sender="Иван <ivan@mail.ru>")
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    assert not hands.sent_to(CANDIDATE)
    hands.pass_time(hours=25)
    hands.turn()

    assert "1 декабря" in text_of(hands.sent_to(CANDIDATE)[0])


@pytest.mark.parametrize("stop", range(4))
def test_a_stop_in_the_middle_writes_the_candidate_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    hands = waiting(met(tmp_path))
    hands.pass_time(days=10)
    hands.reopen()
    steps = iter(range(1000))
    with monkeypatch.context() as trouble:
        for owner, name in (
            (hands.desk.store, "commit"),
            (hands.desk.store, "settle"),
            (hands.desk.outbox, "planned"),
            (hands.desk.outbox, "record"),
        ):

            def stopping(*arguments: object, call: object = getattr(owner, name), **named: object) -> object:
                if next(steps) == stop:
                    raise Temporary("the disk is full")
                return call(*arguments, **named)  # type: ignore[operator]

            trouble.setattr(owner, name, stopping)
        with pytest.raises(Temporary):
            hands.turn()
    hands.reopen()
    hands.turn()
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 1
    assert sorted(entry.state for entry in entries(hands, "questions")) == ["dropped", "sent"]


def test_nothing_that_lay_goes_out_before_inbox_and_sent_were_read(tmp_path: Path) -> None:
    hands = waiting(met(tmp_path))
    hands.pass_time(days=10)
    hands.reopen()
    hands.watch.work()
    assert not hands.sent_to(CANDIDATE)
    hands.letter(f"Re: {SUBJECT}", "Здравствуйте! Отзываю свою заявку.")
    hands.turn()

    assert [entry.state for entry in entries(hands, "questions")] == ["dropped"]
    assert not any("вопрос" in message["Subject"].casefold() for message in hands.sent_to(CANDIDATE))


def test_the_recruiters_are_not_troubled_by_it(tmp_path: Path) -> None:
    hands = waiting(met(tmp_path))
    back(hands, days=1, hours=2)

    assert all("ЗАДЕРЖАНО" not in text_of(message) for message in hands.sent_to(RECRUITER))
