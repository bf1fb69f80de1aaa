"""After downtime: n@ gets one list with everything in it, each application in it once, whatever stops mailbot in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from applicants import LETTER, SUBJECT
from hands import JOB, Hands, N, met

from mailbot.errors import Temporary
from mailbot.hiring.backlog import FEW
from mailbot.hiring.case import HistoryEntry
from mailbot.mail.smtp import Outcome
from mailbot.tasks import backlog

SALARY = "А какая у вас зарплата?"


def office(tmp_path: Path, waiting: int) -> Hands:
    """So many applications wait for staff since Monday morning."""
    hands = met(tmp_path)
    for number in range(waiting):
        hands.letter(SUBJECT, f"{LETTER}\n{SALARY} Мой номер {number}.", sender=f"Мария Петрова <maria{number}@mail.ru>")
    hands.turn()
    return hands


def purposes(hands: Hands) -> list[str]:
    """What went out to n@, by the word it was for."""
    known = {entry.message_id: entry.purpose for entry in hands.desk.outbox.entries()}
    return [known[message["Message-ID"]] for message in hands.sent_to(N)]


def escalated(hands: Hands) -> int:
    return sum(1 for case in hands.cases() if case.application and case.application.escalated)


def after_downtime(hands: Hands, days: int = 10) -> None:
    hands.pass_time(days=days)
    hands.reopen()
    hands.turn()


def test_many_come_as_one_list_with_everything_that_is_needed(tmp_path: Path) -> None:
    hands = office(tmp_path, FEW + 1)
    after_downtime(hands)
    hands.turn()
    hands.reopen()
    hands.turn()

    assert purposes(hands) == ["escalations", "digest"]
    assert escalated(hands) == FEW + 1
    text = hands.sent_to(N)[0].get_content()
    for number, case in enumerate(hands.cases()):
        assert case.reference in text
        assert f"maria{number}@mail.ru" in text
        assert f"> {SALARY} Мой номер {number}." in text
        assert "escalated to n@ in one list" in [entry.what for entry in case.history]
    assert "Срок ответа: четверг, 26 ноября, 19:00" in text


def test_a_few_are_escalated_one_by_one(tmp_path: Path) -> None:
    hands = office(tmp_path, FEW)
    after_downtime(hands)

    assert purposes(hands) == ["escalation"] * FEW + ["digest"]


def test_many_that_are_due_on_their_own_day_are_escalated_one_by_one(tmp_path: Path) -> None:
    hands = office(tmp_path, FEW + 1)
    hands.pass_time(days=4)
    hands.turn()

    assert purposes(hands) == ["escalation"] * (FEW + 1) + ["digest"]


def test_who_was_answered_before_the_downtime_or_stands_answered_in_sent_is_not_in_the_list(tmp_path: Path) -> None:
    hands = office(tmp_path, FEW + 2)
    hands.letter(f"Re: {SUBJECT}", "Здравствуйте! Позвоним вам завтра.", sender=JOB, to="maria0@mail.ru", folder="Sent")
    after_downtime(hands)

    assert purposes(hands) == ["escalations", "digest"]
    assert "maria0@mail.ru" not in hands.sent_to(N)[0].get_content()
    assert escalated(hands) == FEW + 1


@pytest.mark.parametrize("stop", range(FEW + 3))
def test_a_stop_in_the_middle_brings_neither_a_second_list_nor_a_forgotten_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    hands = office(tmp_path, FEW + 1)
    hands.pass_time(days=10)
    hands.reopen()
    steps = iter(range(1000))
    commit, remember = hands.desk.store.commit, hands.desk.ledger.remember

    def stopping(call: Callable[..., Any]) -> Callable[..., Any]:
        def stopped(*arguments: Any) -> Any:
            if next(steps) == stop:
                raise Temporary("the disk is full")
            return call(*arguments)

        return stopped

    with monkeypatch.context() as trouble:
        trouble.setattr(hands.desk.store, "commit", stopping(commit))
        trouble.setattr(hands.desk.ledger, "remember", stopping(remember))
        with pytest.raises(Temporary):
            hands.turn()
    hands.reopen()
    hands.turn()
    hands.turn()

    assert purposes(hands) == ["escalations", "digest"]
    assert escalated(hands) == FEW + 1


def test_a_list_that_the_server_did_not_take_goes_out_later_and_once(tmp_path: Path) -> None:
    hands = office(tmp_path, FEW + 1)
    hands.pass_time(days=10)
    hands.submission.script(*[Outcome("retry", 451, "4.7.1 later")] * 3)
    hands.turn()
    assert purposes(hands) == []
    hands.pass_time(minutes=30)
    hands.turn()
    hands.turn()

    assert sorted(purposes(hands)) == ["digest", "escalations"]


def test_a_damaged_record_costs_the_others_nothing(tmp_path: Path) -> None:
    hands = office(tmp_path, FEW + 2)
    hands.pass_time(days=10)
    next(tmp_path.glob("state/applications/*/*/record.json")).write_bytes(b"{}")
    hands.turn()

    assert "escalations" in purposes(hands)
    assert hands.sent_to(N)[0].get_content().count("Мой номер") == FEW + 1


def test_the_backlog_is_named_with_its_reason(tmp_path: Path) -> None:
    hands = office(tmp_path, FEW + 1)
    after_downtime(hands)
    (month,) = [case for case in map(hands.desk.store.load, hands.desk.store.offices()) if "12" in case.reference]

    assert any(isinstance(entry, HistoryEntry) and entry.what.startswith(f"escalated {FEW + 1} applications") for entry in month.history)
    assert hands.desk.ledger.remembered(backlog._LIST) == ""
