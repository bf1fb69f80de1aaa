"""Reminding: what is due is done once, at the first moment it may be, and not at all if it was overtaken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, RECRUITER, Hands, N, met

from mailbot.errors import ConfigProblem
from mailbot.hiring.actions import Decision
from mailbot.mail.smtp import Outcome
from mailbot.tasks import remind
from mailbot.tasks.carry import Arrival, carry_out
from mailbot.tasks.desk import Desk

LATER = Outcome("retry", 451, "4.7.1 later")


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    """An application that waits for staff since Monday morning."""
    hands = met(tmp_path)
    ask(hands)
    hands.turn()
    return hands


def ask(hands: Hands, number: int = 0) -> None:
    hands.letter(SUBJECT, f"{LETTER}\nА какая у вас зарплата?", sender=f"Мария Петрова <maria{number}@mail.ru>")


def purposes(hands: Hands, address: str) -> list[str]:
    """What went out to an address, by the word it was for."""
    ids = [message["Message-ID"] for message in hands.sent_to(address)]
    return [entry.purpose for wanted in ids for entry in hands.desk.outbox.entries() if entry.message_id == wanted]


def answer(hands: Hands) -> None:
    """A person answers from the shared mailbox."""
    hands.letter(f"Re: {SUBJECT}", "Здравствуйте! Позвоним вам завтра.", sender=JOB, to="maria0@mail.ru", folder="Sent")


def pass_days(hands: Hands, days: int, *, restart: bool = False) -> None:
    """So many days, a turn every hour."""
    for _ in range(24 * days):
        hands.pass_time(hours=1)
        if restart:
            hands.reopen()
        hands.turn()


@pytest.mark.parametrize("restart", [False, True])
def test_hint_escalation_and_digests_come_once_however_often_mailbot_is_started(hands: Hands, restart: bool) -> None:
    pass_days(hands, 5, restart=restart)

    assert purposes(hands, RECRUITER) == ["notice", "hint", "digest"]
    assert purposes(hands, N) == ["escalation", "digest"]


def test_after_days_of_downtime_what_is_due_is_caught_up_with_once(hands: Hands) -> None:
    hands.pass_time(days=4)
    hands.reopen()
    hands.turn()
    hands.turn()

    assert purposes(hands, RECRUITER)[:2] == ["notice", "digest"]
    assert purposes(hands, N) == ["escalation", "digest"]


def test_nothing_that_waited_goes_out_before_inbox_and_sent_were_read(hands: Hands) -> None:
    hands.pass_time(days=4)
    hands.reopen()

    hands.watch.work()
    assert purposes(hands, N) == []
    answer(hands)
    hands.turn()

    assert purposes(hands, N) == []


@pytest.mark.parametrize("purpose", ["hint", "escalation"])
def test_what_waited_for_the_server_is_dropped_when_a_person_has_answered_meanwhile(hands: Hands, purpose: str) -> None:
    hands.pass_time(days=2 if purpose == "hint" else 4)
    hands.submission.script(LATER, LATER)
    hands.turn()
    (waiting,) = [entry for entry in hands.desk.outbox.entries() if entry.purpose == purpose]
    assert waiting.state == "retry"
    answer(hands)
    hands.pass_time(minutes=10)
    hands.turn()

    assert purpose not in purposes(hands, N) + purposes(hands, RECRUITER)
    (dropped,) = [entry for entry in hands.desk.outbox.entries() if entry.purpose == purpose]
    assert (dropped.state, dropped.reason) == ("dropped", "a person has answered meanwhile")


def test_a_reminder_that_waited_is_dropped_when_the_candidate_has_written(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.pass_time(days=3)
    hands.submission.script(LATER)
    hands.turn()
    assert [entry.state for entry in hands.desk.outbox.entries() if entry.purpose == "reminder"] == ["retry"]
    hands.letter(f"Re: {SUBJECT}", "А можно вопрос: какая у вас зарплата?", answers=hands.sent_to(CANDIDATE)[0])
    hands.pass_time(minutes=10)
    hands.turn()

    assert "reminder" not in purposes(hands, CANDIDATE)


def test_a_broken_template_costs_nobody_else_their_turn(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(hands, 1)
    hands.turn()
    calls = iter(range(100))

    def broken_once(desk: Desk, decision: Decision, arrival: Arrival | None = None, about: int = 0) -> str:
        if next(calls) == 0:
            raise ConfigProblem(())
        return carry_out(desk, decision, arrival, about)

    monkeypatch.setattr(remind, "carry_out", broken_once)
    hands.pass_time(days=4)
    hands.turn()

    assert purposes(hands, N) == ["escalation", "digest"]
    hands.turn()
    assert purposes(hands, N) == ["escalation", "digest", "escalation"]


def test_a_damaged_office_costs_nobody_their_escalation(hands: Hands, tmp_path: Path) -> None:
    hands.letter("Вне офиса", "Меня нет.", sender="noreply@example.com")
    hands.turn()
    (record,) = tmp_path.glob("state/office/*/record.json")
    record.write_bytes(b"{}")
    hands.pass_time(days=4)

    hands.turn()

    assert purposes(hands, N) == ["escalation"]


def test_a_row_that_was_woken_too_early_is_not_asked_again_and_again(hands: Hands) -> None:
    (row,) = hands.desk.catalogue.rows()
    hands.desk.catalogue.put(replace(row, wake=hands.now - timedelta(hours=1), thread=()), row.stamp)

    hands.turn()

    (row,) = hands.desk.catalogue.rows()
    assert row.wake
    assert row.wake > hands.now


def test_the_digest_counts_machines_in_known_threads_and_reports_on_nothing_of_ours(hands: Hands) -> None:
    pass_days(hands, 1)
    hands.pass_time(minutes=5)
    (promise, *_) = hands.sent_to("maria0@mail.ru")
    away = {"Auto-Submitted": "auto-replied"}
    hands.letter("Автоответ", "Я в отпуске.", sender="Мария Петрова <maria0@mail.ru>", answers=promise, headers=away)
    hands.letter("Undelivered Mail", "Not delivered.", sender="MAILER-DAEMON@mx.example")
    pass_days(hands, 1)

    digest = hands.sent_to(RECRUITER)[-1]
    assert "Писем от программ, оставленных без ответа: 2." in digest.get_content()
