"""A held message: a person decides by a word in the answer to its notice, once, and nothing of that answer goes to the candidate."""

from __future__ import annotations

from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, RECRUITER, Hands, N, met

from mailbot.hiring.held import word_of
from mailbot.mail.smtp import Outcome

UNKNOWN = Outcome("unknown", None, "the connection was lost")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("отправить", "resend"),
        ("  Отправить.\n\nАнна", "resend"),
        ("«Отправить»", "resend"),
        ("/send", "resend"),
        ("Send", "resend"),
        ("ОТМЕНИТЬ!", "drop"),
        ("drop", "drop"),
        ("Don't send", "drop"),
        ("Отправить, но завтра", None),
        ("Здравствуйте!\nотправить", None),
        ("да", None),
        ("", None),
    ],
)
def test_only_the_word_itself_decides(text: str, word: str | None) -> None:
    assert word_of(text) == word


def held(folder: Path) -> Hands:
    """A first answer whose fate nobody found out, and its notice."""
    hands = met(folder)
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(UNKNOWN)
    hands.turn()
    for minutes in (1, 5, 15, 45):
        hands.pass_time(minutes=minutes)
        hands.turn()
    hands.turn()
    assert state(hands) == "held"
    return hands


def state(hands: Hands) -> str:
    return hands.desk.outbox.entries()[0].state


def answer(hands: Hands, text: str) -> None:
    notice = next(message for message in reversed(hands.sent_to(RECRUITER)) if "задержано" in message["Subject"])
    hands.pass_time(minutes=1)
    hands.letter(f"Re: {notice['Subject']}", text, sender=f"Анна <{RECRUITER}>", answers=notice)
    hands.turn()


def test_the_word_send_has_it_sent_once_more(tmp_path: Path) -> None:
    hands = held(tmp_path)

    answer(hands, "Отправить\n\nАнна Иванова")

    assert state(hands) == "sent"
    # The one of unknown fate, and this one; and nothing of the answer.
    first, second = hands.sent_to(CANDIDATE)
    assert first["Message-ID"] == second["Message-ID"]
    (case,) = hands.cases()
    assert case.application is not None
    assert (case.intents[0].outcome, case.history[-2].what) == ("sent", "a held message was decided on")


def test_the_word_drop_ends_it(tmp_path: Path) -> None:
    hands = held(tmp_path)

    answer(hands, "отменить")

    assert state(hands) == "dropped"
    assert len(hands.sent_to(CANDIDATE)) == 1


def test_any_other_answer_changes_nothing_and_comes_back(tmp_path: Path) -> None:
    hands = held(tmp_path)

    answer(hands, "А что с этим кандидатом?")

    assert state(hands) == "held"
    assert len(hands.sent_to(CANDIDATE)) == 1
    assert "одним словом" in " ".join(hands.sent_to(RECRUITER)[-1].get_content().split())


def test_a_second_word_comes_back(tmp_path: Path) -> None:
    hands = held(tmp_path)
    answer(hands, "отправить")

    answer(hands, "Отправить")

    assert len(hands.sent_to(CANDIDATE)) == 2
    assert "уже решили" in " ".join(hands.sent_to(RECRUITER)[-1].get_content().split())


def test_what_is_held_anew_is_told_of_anew(tmp_path: Path) -> None:
    hands = held(tmp_path)
    hands.submission.script(UNKNOWN)
    answer(hands, "отправить")
    assert state(hands) == "unknown"
    for minutes in (1, 5, 15, 45):
        hands.pass_time(minutes=minutes)
        hands.turn()
    hands.turn()
    assert state(hands) == "held"

    answer(hands, "отменить")

    assert len([message for message in hands.sent_to(RECRUITER) if "задержано" in message["Subject"]]) == 2
    assert state(hands) == "dropped"


def test_a_stop_in_the_middle_of_the_answer_sends_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = held(tmp_path)

    def stopped(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stop:
        stop.setattr(type(hands.desk.store), "commit", stopped)
        with pytest.raises(KeyboardInterrupt):
            answer(hands, "отправить")

    hands.reopen()
    for _ in range(3):
        hands.turn()
        hands.pass_time(minutes=1)

    assert len(hands.sent_to(CANDIDATE)) == 2
    assert state(hands) == "sent"


def held_notice_of_the_office(folder: Path) -> Hands:
    """A notice of a stranger's letter that the server refused for a day, and what n@ is told of it."""
    hands = met(folder)
    hands.letter("Предложение", "Купите слона", sender="shop@shop.example", headers={"Precedence": "bulk"})
    hands.submission.script(Outcome("retry", 451, "4.7.1 later"))
    hands.turn()
    # As after a day of tries; whom it concerns is told after a stop in between.
    hands.desk.outbox.record(hands.desk.outbox.entries()[0].id, "held", hands.now, reason="451 4.7.1 later")
    hands.reopen()
    hands.turn()
    assert state(hands) == "held"
    return hands


def office_answer(hands: Hands, text: str) -> None:
    (notice,) = [message for message in hands.sent_to(N) if "задержано" in message["Subject"]]
    assert "Пишите ответ выше этой строки" in notice.get_content()
    hands.pass_time(minutes=1)
    hands.letter(f"Re: {notice['Subject']}", text, sender=N, answers=notice)
    hands.turn()
    hands.turn()


def test_a_held_message_of_the_office_is_decided_on_by_a_word_too(tmp_path: Path) -> None:
    hands = held_notice_of_the_office(tmp_path)
    # In another month, so in another part of the office.
    hands.pass_time(days=14)
    hands.turn()

    office_answer(hands, "А что это?")
    assert state(hands) == "held"
    assert "одним словом" in " ".join(hands.sent_to(N)[-1].get_content().split())

    office_answer(hands, "отправить")
    assert state(hands) == "sent"
    assert "Купите слона" in hands.sent_to(RECRUITER)[-1].get_content()

    office_answer(hands, "отправить")
    assert "уже решили" in " ".join(hands.sent_to(N)[-1].get_content().split())


def test_a_held_message_of_the_office_may_be_dropped_and_nobody_else_decides(tmp_path: Path) -> None:
    hands = held_notice_of_the_office(tmp_path)
    (notice,) = [message for message in hands.sent_to(N) if "задержано" in message["Subject"]]
    hands.letter(f"Re: {notice['Subject']}", "отправить", sender=RECRUITER, answers=notice)
    hands.letter(f"Re: {notice['Subject']}", "отправить", sender="stranger@mail.ru", answers=notice)
    hands.turn()
    assert state(hands) == "held"

    office_answer(hands, "отменить")
    assert state(hands) == "dropped"
