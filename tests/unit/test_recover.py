"""A stop at any write of a whole story loses no letter and sends nothing twice; a disk that refuses is as harmless as a stop."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from applicants import ANSWERS, LETTER, SUBJECT
from hands import CANDIDATE, RECRUITER, Hands, N, met

from mailbot.errors import Temporary
from mailbot.mail.smtp import Outcome
from mailbot.records import files, storage
from mailbot.records.journal import Journal
from mailbot.tasks.recover import recover

#: Somewhat more than the story has; `test_the_story_has_no_more_writes` holds it.
MOST_WRITES = 100
MOST_RECORDS = 20


@pytest.fixture(autouse=True)
def _without_a_disk_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process wrote is there after a stop of the process; fsync is for power cuts."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


class Stopped(BaseException):
    """The process is killed here."""


def story(hands: Hands) -> Iterator[None]:
    """A letter, a robot's letter, the answers, a question and a person's answer to its notice; after each a turn is to be taken."""
    hands.letter(SUBJECT, LETTER)
    hands.letter("Вне офиса", "Меня нет.", sender="robot@example.com")
    yield
    questions = hands.sent_to(CANDIDATE)[-1]
    hands.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions)
    yield
    hands.letter(f"Re: {SUBJECT}", "Здравствуйте! А можно узнать, какая у вас зарплата?", answers=questions)
    yield
    notice = hands.sent_to(RECRUITER)[-1]
    hands.letter(f"Re: {notice['Subject']}", "Здравствуйте! Напишем вам завтра.", sender=RECRUITER, answers=notice)
    yield


def through(hands: Hands, recovered: Callable[[], None], trouble: type[BaseException]) -> None:
    """The whole story; wherever there is trouble, recover and take the turn again."""

    def turn() -> None:
        try:
            hands.turn()
        except trouble:
            recovered()
            hands.turn()

    for _ in story(hands):
        hands.pass_time(minutes=1)
        turn()
    # Fates that are unknown are looked for within an hour.
    for minutes in (2, 5, 15, 60, 1):
        hands.pass_time(minutes=minutes)
        turn()


def nothing_lost_or_doubled(hands: Hands) -> None:
    (case,) = hands.cases()
    filed = Counter(message.message_id for message in case.messages if message.direction == "in")
    assert set(filed.values()) == {1}
    assert len(filed) == 4
    assert case.application
    assert case.application.stage == "test"
    offices = [hands.desk.store.load(reference) for reference in hands.desk.store.offices()]
    assert [message.kind for office in offices for message in office.messages if message.direction == "in"] == ["no_reply"]
    assert all(hands.verdicts().values())
    assert "quarantine" not in hands.verdicts().values()
    went = Counter(message["Message-ID"] for message in hands.sent_to(CANDIDATE))
    assert set(went.values()) == {1}
    intents = [intent for each in (case, *offices) for intent in each.intents]
    assert [intent.purpose for intent in intents if intent.audience == "candidate"] == ["questions", "test", "received", "relay"]
    # What was cut off between the dot and its reply is shown to a person, and everything else went out.
    assert {intent.outcome for intent in intents} <= {"sent", "held"}
    held = [intent for intent in intents if intent.outcome == "held"]
    assert len(held) <= 1
    assert len([intent for intent in intents if intent.purpose == "held"]) == len(held)
    unsent = {intent.message_id for intent in intents if intent.audience == "candidate"} - set(went)
    assert unsent <= {intent.message_id for intent in held}
    row = hands.desk.catalogue.get(case.reference)
    assert row
    assert set(row.open_intents) <= {intent.id for intent in held}
    assert not hands.sent_to(N)


@pytest.mark.parametrize("at", range(1, MOST_WRITES))
def test_a_stop_at_any_write_loses_nothing_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    hands = met(tmp_path)
    interrupt(monkeypatch, at, Stopped())

    through(hands, hands.reopen, Stopped)

    nothing_lost_or_doubled(hands)


@pytest.mark.parametrize("at", range(1, MOST_WRITES))
def test_a_disk_that_refuses_any_write_loses_nothing_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    hands = met(tmp_path)
    interrupt(monkeypatch, at, Temporary("the disk is full"))

    through(hands, hands.watch.disconnect, Temporary)

    nothing_lost_or_doubled(hands)


def test_the_story_has_no_more_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    interrupt(monkeypatch, MOST_WRITES, Stopped())

    through(hands, lambda: pytest.fail("a write was left out"), Stopped)

    nothing_lost_or_doubled(hands)


@pytest.mark.parametrize("at", range(1, MOST_RECORDS))
def test_a_record_whose_last_fsync_was_refused_is_as_good_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    hands = met(tmp_path)
    write, writes = files.write_atomically, iter(range(1, MOST_RECORDS))

    def refused(path: Path, content: bytes) -> None:
        write(path, content)
        if next(writes, 0) == at:
            raise Temporary("the disk is full")

    monkeypatch.setattr(storage, "write_atomically", refused)

    through(hands, hands.watch.disconnect, Temporary)

    nothing_lost_or_doubled(hands)


def test_a_record_out_of_an_old_backup_sends_nothing_again_and_asks_a_person(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.submission.script(Outcome("retry", 451, "later"))
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    (record,) = tmp_path.glob("state/applications/*/*/record.json")
    backup = record.read_bytes()
    for days in (0, 3):
        hands.pass_time(days=days, minutes=10)
        hands.turn()
        hands.desk.outbox.compact(hands.now)
    before = [message["Message-ID"] for message in hands.sent_to(CANDIDATE)]
    hands.desk.close()
    record.write_bytes(backup)

    hands.reopen()
    hands.turn()

    assert [message["Message-ID"] for message in hands.sent_to(CANDIDATE)] == before
    (case,) = hands.cases()
    assert case.intents[0].outcome == "held"
    assert "held" in [entry.purpose for entry in hands.desk.outbox.entries()]


def test_a_damaged_record_is_named_and_stops_no_start(tmp_path: Path) -> None:
    hands = met(tmp_path)
    for number in (1, 2):
        hands.submission.script(Outcome("retry", 451, "later"))
        hands.letter(SUBJECT, LETTER, sender=f"maria{number}@mail.ru")
        hands.turn()
    hands.letter("Вне офиса", "Меня нет.", sender="noreply@example.com")
    hands.turn()
    (office,) = tmp_path.glob("state/office/*/record.json")
    first = min(tmp_path.glob("state/applications/*/*/record.json"))
    for record in (office, first):
        record.write_bytes(b"{}")
    hands.reopen()

    problems = recover(hands.desk)

    assert [str(record) in problem for record, problem in zip(sorted((office, first)), sorted(problems), strict=True)] == [True, True]
    hands.pass_time(minutes=10)
    hands.turn()
    assert len(hands.submission.sent) >= 3


def test_a_stop_before_anybody_was_told_of_a_failure_is_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    hands.submission.script(Outcome("failed", 550, "5.1.1 nobody"))
    hands.letter(SUBJECT, LETTER)

    def stopped(*_arguments: object) -> None:
        raise Stopped

    with monkeypatch.context() as stop:
        stop.setattr("mailbot.tasks.deliver.on_delivery", stopped)
        with pytest.raises(Stopped):
            hands.turn()
    hands.reopen()
    hands.turn()
    hands.reopen()
    hands.turn()

    (case,) = hands.cases()
    assert case.intents[0].outcome == "failed"
    assert [intent.purpose for intent in case.intents] == ["questions", "notice", "undelivered"]
    assert len(hands.sent_to(RECRUITER)) == 2


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> None:
    """Let the write number `at` of journals and records together raise instead; only that one."""
    writes = iter(range(1, at + 1))

    def interrupted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if next(writes, 0) == at:
                raise error
            return function(*arguments, **named)

        return wrapped

    monkeypatch.setattr(Journal, "append", interrupted(Journal.append))
    monkeypatch.setattr(storage, "write_atomically", interrupted(files.write_atomically))
