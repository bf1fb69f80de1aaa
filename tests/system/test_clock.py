"""The machine's clock is set while the real daemon runs, or between two runs: nobody is escalated or reminded before a person looks."""

from __future__ import annotations

import pytest
from applicants import SUBJECT, asked
from office import CANDIDATE, RECRUITER, N, Office, text_of

QUESTION = "Здравствуйте! Подскажите, пожалуйста, можно ли работать по вечерам?"
PETER = "Пётр Ким <kim@yandex.ru>"


@pytest.fixture
def two(office: Office) -> Office:
    """Maria waits for staff, Peter's questions wait for Peter."""
    office.letter(f"Re: {SUBJECT}", QUESTION, answers=asked(office))
    asked(office, PETER)
    office.pass_time(minutes=1)
    office.once()
    return office


def alarms(office: Office) -> list[str]:
    return [text_of(message) for message in office.sent_to(N) if "mailbot" in message["Subject"]]


def test_a_year_on_and_back_while_the_daemon_runs(two: Office) -> None:
    before = len(two.sent())
    right = two.now
    two.set_clock(right)
    with two.running():
        two.logged("the mailbox is read to the end")
        two.set_clock(right.replace(year=right.year + 1))
        two.smtp.wait_for(before + 1, 60)
        # Letters are answered all the same.
        two.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу у вас работать.\n", sender="Иван <ivan@list.ru>", at=right)
        two.smtp.wait_for(before + 2, 60)
        status = two.json("status", expect=1)
        assert status["state"] == "degraded"
        assert "was set on by 365 days" in two.mailbot("status", expect=1)
        two.set_clock(right)
        # At once, before the daemon has seen that the clock was mended.
        assert two.mailbot("resume") == "the clock counts again\n"
        assert "the clock" not in two.mailbot("status", expect=0 if two.json("status")["state"] == "ok" else 1)
    (alarm,) = alarms(two)
    assert "mailbot resume" in alarm
    went = [message["To"] for message in two.sent()[before:]]
    assert went[0] == N
    assert CANDIDATE not in went
    assert went.count(N) == 1


@pytest.mark.parametrize("days", [364, -1])
def test_a_clock_that_is_wrong_at_the_start_holds_until_resume(two: Office, days: int) -> None:
    before = len(two.sent())
    two.pass_time(days=days)
    for _ in range(2):
        assert "mailbot resume" in two.once() or alarms(two)
        two.pass_time(hours=1)
    assert [message["To"] for message in two.sent()[before:] if message["To"] != RECRUITER] == [N]
    assert len(alarms(two)) == 1
    assert "the clock" in two.mailbot("status", expect=1)
    assert two.mailbot("resume") == "the clock counts again\n"
    two.once()
    two.once()
    assert len(alarms(two)) == 1
    escalations = [message for message in two.sent_to(N) if "Кандидат ждёт ответа" in message["Subject"]]
    assert len(escalations) == (1 if days > 0 else 0)


def test_ten_days_of_downtime_are_no_jump(two: Office) -> None:
    two.pass_time(days=14)
    two.once()
    two.once()
    assert alarms(two) == []
    assert len([message for message in two.sent_to(N) if "Кандидат ждёт ответа" in message["Subject"]]) == 1
