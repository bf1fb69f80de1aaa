"""The mail provider's allowance of a day: never more than half of it, of whatever kind; nothing is lost, and staff hear of it once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, LIMITS, MONDAY, RECRUITER, Hands, N, met

from mailbot.mail.smtp import Outcome

#: Half of it is twenty: sixteen for letters, eighteen for all else, two more for alarms.
FORTY = replace(LIMITS, provider_per_day=40)
UNKNOWN = Outcome("unknown", None, "the connection was lost")


class Counting:
    """Notes when each message reached the server; a copy for the witness is another."""

    def __init__(self, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times: list[datetime] = []
        send = hands.submission.send

        def noted(raw: bytes, sender: str, recipient: str, commit: object, witness: str = "") -> Outcome:
            before = len(hands.submission.sent)
            outcome = send(raw, sender, recipient, commit, witness)  # type: ignore[arg-type]
            self.times += [hands.now] * (len(hands.submission.sent) - before) * (1 + bool(witness))
            return outcome

        monkeypatch.setattr(hands.submission, "send", noted)

    @property
    def most_in_a_day(self) -> int:
        return max(sum(first <= time < first + timedelta(hours=24) for time in self.times) for first in self.times)


def apply(hands: Hands, number: int) -> None:
    hands.letter(SUBJECT, f"{LETTER}\n{number}", sender=f"Мария Петрова <maria{number}@mail.ru>")


def letters_to(hands: Hands, count: int) -> int:
    return sum(len(hands.sent_to(f"maria{number}@mail.ru")) for number in range(count))


@pytest.mark.parametrize("witness", ["", "job+outbox@up-advert.ru"])
def test_of_everything_that_goes_out_in_a_day_there_is_no_more_than_half_of_the_allowance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, witness: str
) -> None:
    hands = met(tmp_path, limits=FORTY, smtp_witness=witness)
    counting = Counting(hands, monkeypatch)
    for number in range(30):
        apply(hands, number)
        hands.turn()
        hands.pass_time(minutes=20)
        if number % 10 == 9:
            hands.reopen()
            hands.turn()
    assert counting.most_in_a_day <= 20
    # Nothing is lost: each candidate has their letter, and the recruiter a notice of each, as soon as there is room.
    for _ in range(100):
        hands.turn()
        hands.pass_time(hours=3)
    assert counting.most_in_a_day <= 20
    assert {len(hands.sent_to(f"maria{number}@mail.ru")) >= 1 for number in range(30)} == {True}
    assert len([notice for notice in hands.sent_to(RECRUITER) if "Новый отклик" in notice["Subject"]]) == 30
    assert not [entry for entry in hands.desk.outbox.entries() if entry.state not in ("sent", "dropped")]


def test_letters_wait_first_and_the_management_hears_of_it_once(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=FORTY)
    for number in range(12):
        apply(hands, number)
        hands.turn()
        hands.pass_time(minutes=1)
    hands.turn()

    # Eight letters and eight notices, then the alarm and one notice more.
    assert letters_to(hands, 12) == 8
    assert len(hands.sent_to(RECRUITER)) == 9
    (alarm,) = hands.sent_to(N)
    words = " ".join(alarm.get_content().split())
    assert "2026-11-23 10:39: 16 messages have gone out in 24 hours" in words
    assert "half of the 40" in words
    hands.reopen()
    for _ in range(20):
        hands.pass_time(hours=1)
        hands.turn()
    assert len(hands.sent_to(N)) == 1


def test_an_alarm_goes_out_when_everything_else_waits(tmp_path: Path) -> None:
    """Also one that comes when notices alone have used it up."""
    hands = met(tmp_path, limits=FORTY)
    for number in range(20):
        hands.letter("Предложение", f"Купите {number}", sender=f"shop{number}@shop.example", headers={"Precedence": "bulk"})
    hands.turn()
    assert len(hands.sent_to(RECRUITER)) == 18
    hands.turn()
    assert len(hands.sent_to(N)) == 1


def test_a_persons_answer_waits_too_and_staff_are_told(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=FORTY)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    for number in range(20):
        hands.letter("Предложение", f"Купите {number}", sender=f"shop{number}@shop.example", headers={"Precedence": "bulk"})
    hands.turn()
    for text in ("Приходите завтра.", "И возьмите паспорт."):
        hands.letter("Re:", text, sender=RECRUITER, answers=hands.sent_to(RECRUITER)[0])
        hands.pass_time(minutes=1)
        hands.turn()
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 1
    (told,) = [message for message in hands.sent_to(RECRUITER) if "нужна помощь" in message["Subject"]]
    assert "answers of your people to candidates wait" in " ".join(told.get_content().split())

    hands.pass_time(hours=24)
    hands.turn()
    assert [message.get_content().split()[0] for message in hands.sent_to(CANDIDATE)[1:]] == ["Приходите", "И"]


def test_a_message_of_unknown_fate_is_counted_each_time(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=FORTY)
    hands.submission.script(UNKNOWN)
    hands.letter("Предложение", "Купите", sender="shop@shop.example", headers={"Precedence": "bulk"})
    for _ in range(10):
        hands.turn()
        hands.pass_time(minutes=30)
    assert hands.desk.outbox.went_out(MONDAY) == len(hands.submission.sent) == 2


def test_an_hourly_cap_that_does_not_fit_into_the_day_is_allowed_and_the_day_rules(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=replace(FORTY, total_per_hour=1000, address_per_day=1000))
    for number in range(30):
        apply(hands, number)
    hands.turn()
    assert letters_to(hands, 30) <= 16


def test_the_day_is_the_last_24_hours(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=FORTY)
    for number in range(9):
        apply(hands, number)
    hands.turn()
    first = parsedate_to_datetime(hands.sent_to("maria0@mail.ru")[0]["Date"])
    waiting = 9 - letters_to(hands, 9)
    assert waiting
    hands.now = first + timedelta(hours=24) - timedelta(minutes=1)
    hands.turn()
    assert letters_to(hands, 9) == 9 - waiting
    hands.pass_time(minutes=1)
    hands.turn()
    assert letters_to(hands, 9) == 9
