"""A held message: a person decides by a word in the answer to its notice, once, and nothing of that answer goes to the candidate."""

from __future__ import annotations

from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, RECRUITER, Hands, met

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
