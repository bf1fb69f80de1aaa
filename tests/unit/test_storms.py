"""The breaker: what opens it, what it stops, that a restart changes nothing, and that only a person closes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, LIMITS, MONDAY, RECRUITER, Hands, N, met

from mailbot.hiring.sending import loop, storm
from mailbot.mail.smtp import Outcome
from mailbot.records.ledger import Ledger
from mailbot.service.health import health, in_words
from mailbot.tasks.breaker import breaker, close_breaker, open_because
from mailbot.tasks.orders import carry_out_order

TOO_MUCH = Outcome("retry", 550, "5.4.5 Daily user sending limit exceeded", limit=True)


def again(hands: Hands, times: int, *, text: str = "Меня нет на месте, отвечу позже.", minutes: float = 5) -> None:
    """The same letter of a program that answers everything, again and again."""
    for _ in range(times):
        hands.letter(f"Re: {SUBJECT}", text, sender=f"Мария Петрова <{CANDIDATE}>")
        hands.turn()
        hands.pass_time(minutes=minutes)


def is_open(hands: Hands) -> bool:
    return breaker(hands.desk.ledger).open


@pytest.mark.parametrize(("same", "opens"), [(1, False), (4, False), (5, True), (6, True)])
def test_a_loop_is_the_same_text_five_times_an_hour(same: int, opens: bool) -> None:
    assert bool(loop(same)) is opens


def test_a_storm_is_three_times_the_total_of_an_hour() -> None:
    assert not storm(3 * LIMITS.total_per_hour - 1, LIMITS)
    assert storm(3 * LIMITS.total_per_hour, LIMITS)


def test_the_same_text_five_times_an_hour_opens_it_and_nothing_automatic_goes_out(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    again(hands, 4)
    assert not is_open(hands)

    again(hands, 1)
    assert is_open(hands)
    hands.letter(SUBJECT, LETTER, sender="oleg@mail.ru")
    hands.turn()

    assert not hands.sent_to("oleg@mail.ru")
    assert [entry.state for entry in hands.desk.outbox.entries() if entry.audience == "candidate"][-1] == "planned"
    # Staff go on hearing of letters, and the management hears of the breaker, once.
    assert hands.sent_to(RECRUITER)[-1]["Subject"].count("Новый отклик")
    (alarm,) = hands.sent_to(N)
    assert "same text 5 times" in " ".join(alarm.get_content().split())
    again(hands, 3)
    assert len(hands.sent_to(N)) == 1


@pytest.mark.parametrize(("times", "minutes", "sign"), [(8, 16, ""), (8, 5, "!")])
def test_people_who_write_often_open_nothing(tmp_path: Path, times: int, minutes: float, sign: str) -> None:
    hands = met(tmp_path)
    for number in range(times):
        again(hands, 1, text="Здравствуйте! Вы получили моё письмо" + sign * number, minutes=minutes)
    assert not is_open(hands)


def test_blank_letters_with_other_files_are_not_the_same(tmp_path: Path) -> None:
    hands = met(tmp_path)
    for number in range(6):
        letter = hands.letter(SUBJECT, "")
        hands.server.folder(hands.user, "INBOX").stored.pop()
        letter.add_attachment(f"page {number}".encode(), maintype="image", subtype="jpeg", filename=f"{number}.jpg")
        hands.put(letter)
        hands.turn()
    assert not is_open(hands)


def test_what_a_person_writes_from_our_own_mailbox_is_no_loop(tmp_path: Path) -> None:
    hands = met(tmp_path)
    for _ in range(6):
        hands.letter("Вакансия", "Спасибо, место уже занято.", sender="job@up-advert.ru", to="nobody@mail.ru", folder="Sent")
    hands.turn()
    assert not is_open(hands)


def test_it_stays_open_through_a_restart_until_a_person_closes_it(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    again(hands, 5)
    hands.letter(SUBJECT, LETTER, sender="oleg@mail.ru")
    hands.turn()

    hands.reopen()
    hands.turn()
    assert is_open(hands)
    assert not hands.sent_to("oleg@mail.ru")
    # Also for a verb that only looks.
    assert breaker(Ledger(tmp_path / "state" / "ledger.jsonl")).reason

    assert "closed" in carry_out_order(hands.desk, "breaker close", {}, "1")
    hands.turn()
    assert len(hands.sent_to("oleg@mail.ru")) == 1
    assert "already" in carry_out_order(hands.desk, "breaker close", {}, "2")


def test_what_opened_it_is_not_counted_again_after_it_was_closed_and_the_next_loop_opens_it(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    again(hands, 5, minutes=1)
    assert close_breaker(hands.desk)
    hands.pass_time(minutes=1)

    again(hands, 4, minutes=1)
    assert not is_open(hands)
    again(hands, 1, minutes=1)

    assert is_open(hands)
    assert len(hands.sent_to(N)) == 2


def test_three_times_the_total_decided_in_an_hour_opens_it(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=replace(LIMITS, total_per_hour=2))
    for number in range(5):
        hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")
    hands.turn()
    assert not is_open(hands)

    hands.letter(SUBJECT, LETTER, sender="Мария Петрова <maria5@mail.ru>")
    hands.turn()

    assert is_open(hands)
    hands.pass_time(hours=3)
    hands.turn()
    assert sum(len(hands.sent_to(f"maria{number}@mail.ru")) for number in range(6)) == 2


def test_a_backlog_is_no_storm(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=replace(LIMITS, total_per_hour=2))
    for number in range(9):
        hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")
    hands.pass_time(hours=20)
    hands.turn()

    assert not is_open(hands)
    hands.reopen()
    for _ in range(6):
        hands.turn()
        hands.pass_time(minutes=65)
    assert not is_open(hands)
    assert sum(len(hands.sent_to(f"maria{number}@mail.ru")) for number in range(9)) == 9


def test_a_providers_limit_stops_everything_for_a_day_and_candidates_until_a_person_closes(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.submission.script(TOO_MUCH)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    tried = len(hands.desk.outbox.entries())

    hands.reopen()
    for _ in range(23):
        hands.pass_time(hours=1)
        hands.turn()
    assert tried >= 2
    assert hands.submission.sent == []

    hands.pass_time(hours=2)
    hands.turn()
    # The very first is the alarm that could not go out either, and it says when that was; then the notice.
    assert [sent.recipient for sent in hands.submission.sent] == [N, RECRUITER]
    (told,) = hands.sent_to(N)
    assert "open since 2026-11-23 10:31" in " ".join(told.get_content().split())
    assert is_open(hands)


def test_status_says_what_the_provider_said_and_the_log_has_it_as_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hands = met(tmp_path)
    hands.submission.script(TOO_MUCH)
    hands.letter(SUBJECT, LETTER)
    hands.turn()

    said = in_words(health(hands.desk, None), "", "", open_because(hands.desk))
    assert "open since 2026-11-23 10:31: the mail provider says that enough was sent" in said
    assert [record.levelname for record in caplog.records if "the mail provider says" in record.getMessage()] == ["ERROR"]


def test_a_providers_limit_is_told_of_also_where_a_loop_has_opened_it_before(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    again(hands, 5)
    assert len(hands.sent_to(N)) == 1
    hands.submission.script(TOO_MUCH)
    hands.letter(SUBJECT, LETTER, sender="oleg@mail.ru")
    hands.turn()

    hands.pass_time(hours=25)
    hands.turn()
    assert any("the mail provider says" in " ".join(message.get_content().split()) for message in hands.sent_to(N))


def test_what_staff_are_told_is_no_storm(tmp_path: Path) -> None:
    """However many notices, reports and alarms there are: only what the machine decides to write to candidates counts."""
    hands = met(tmp_path, limits=replace(LIMITS, total_per_hour=1))
    for number in range(2):
        hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")
        hands.turn()
    for number in range(30):
        hands.letter("Предложение", f"Купите {number}", sender=f"shop{number}@shop.example", headers={"Precedence": "bulk"})
        hands.letter("Приз", f"Вы выиграли {number}", sender=f"prize{number}@shop.example", folder="Junk")
    hands.turn()

    assert len(hands.sent_to(RECRUITER)) == 32
    assert not is_open(hands)
    hands.letter(SUBJECT, LETTER, sender="Мария Петрова <maria2@mail.ru>")
    hands.turn()
    assert is_open(hands)


def test_a_person_may_close_it_within_the_day(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.submission.script(TOO_MUCH)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    assert breaker(hands.desk.ledger).rests(MONDAY + timedelta(hours=23))

    carry_out_order(hands.desk, "breaker close", {}, "1")
    hands.pass_time(minutes=6)
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 1


def test_own_messages_that_come_back_are_told_of_once_and_stop_nothing(tmp_path: Path) -> None:
    hands = met(tmp_path)
    for number in range(6):
        hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")
    hands.turn()
    for number in range(6):
        hands.put(hands.sent_to(f"maria{number}@mail.ru")[0])
        hands.turn()
        hands.pass_time(minutes=5)

    (alarm,) = hands.sent_to(N)
    assert "have come back to INBOX" in alarm.get_content()
    assert not is_open(hands)
