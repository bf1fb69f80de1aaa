"""A letter that lay too long is decided anew from the application as it is now, dropped, or left to a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hiring_facts import MONDAY, application, moment

from mailbot.hiring.anew import anew
from mailbot.hiring.model import Application


def answered() -> Application:
    asked = application()
    return replace(asked, questions=tuple(replace(question, state="answered") for question in asked.questions))


@pytest.mark.parametrize(
    ("now", "purpose", "done"),
    [
        (answered(), "questions", "the candidate has answered meanwhile"),
        (replace(application(), due=MONDAY - timedelta(days=1)), "reminder", "the time that it reminds of is over"),
    ],
)
def test_a_letter_that_has_nothing_to_say_any_more_is_not_sent(now: Application, purpose: str, done: str) -> None:
    decision = anew(now, purpose, "", "cause", moment())
    assert decision is not None
    assert (decision.actions, decision.because) == ((), done)


@pytest.mark.parametrize(
    ("now", "purpose"),
    [
        (application(), "reminder"),
        (replace(application(), due=None), "reminder"),
        (application("withdrawn"), "erasure"),
    ],
)
def test_a_letter_that_still_has_something_to_say_is_written_again(now: Application, purpose: str) -> None:
    decision = anew(now, purpose, "why", "cause", moment())
    assert decision is not None
    assert [action.purpose for action in decision.actions if hasattr(action, "purpose")] == [purpose]


def test_what_a_machine_can_not_tell_is_left_to_a_person() -> None:
    assert anew(application(), "relay", "", "cause", moment()) is None
