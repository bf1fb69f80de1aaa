"""Entering a stage: what is sent then, and whom the application waits for afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hiring_facts import ASKED, IVAN, MANAGER, MONDAY, STAGES, TRAINEE, application, moment, perm, stages

from mailbot.hiring.stages import stage
from mailbot.hiring.steps import POSITION_QUESTION, ended, enter


@pytest.mark.parametrize(
    ("there", "template", "waits_for"),
    [
        ("questions", "questions", "candidate"),
        ("test", "test", "candidate"),
        ("review", "", "staff"),
        ("interview", "interview", "candidate"),
        ("hired", "hired", "nobody"),
        ("silent", "", "nobody"),
    ],
)
def test_a_stage_sends_its_template_and_says_who_is_waited_for(there: str, template: str, waits_for: str) -> None:
    entered, sends = enter(moment(), application(), stage(STAGES, there), "cause", MONDAY)
    assert (entered.stage, entered.waits_for) == (there, waits_for)
    assert [(send.template, send.to, send.automatic) for send in sends] == ([(template, IVAN, True)] if template else [])


def test_what_a_person_orders_is_not_automatic() -> None:
    _, (send,) = enter(moment(), application(), stage(STAGES, "interview"), "cause", MONDAY, automatic=False)
    assert not send.automatic


def test_the_questions_of_the_position_are_asked_with_their_numbers_and_the_last_day() -> None:
    entered, (send,) = enter(moment(), application(), STAGES[0], "cause", MONDAY)
    assert [(asked.id, asked.required, asked.state) for asked in entered.questions] == [(q.id, q.required, "asked") for q in ASKED]
    assert [(fact["number"], fact["text"]) for fact in send.facts["questions"]] == list(enumerate((q.text for q in ASKED), 1))  # type: ignore[attr-defined]
    # Five working days after a Monday; the deadline that the clock keeps is the one that the letter names.
    assert send.facts["deadline"] == date(2026, 11, 30)
    assert entered.due == perm("2026-11-30 19:00")


def test_an_unknown_position_is_asked_for_first() -> None:
    entered, (send,) = enter(moment(), application(position=""), STAGES[0], "cause", MONDAY)
    assert send.template == "position"
    assert send.facts["positions"] == (TRAINEE.title, MANAGER.title)
    assert [(asked.id, asked.required) for asked in entered.questions] == [(POSITION_QUESTION, True)]


def test_a_position_without_questions_passes_them_by() -> None:
    entered, (send,) = enter(moment(), application(position="manager"), STAGES[0], "cause", MONDAY)
    assert (entered.stage, send.template) == ("test", "test")


def test_questions_that_lead_nowhere_are_not_passed_by() -> None:
    at = moment(stages=stages(questions={"next": ""}))
    entered, _ = enter(at, application(position="manager"), at.company.stages[0], "cause", MONDAY)
    assert entered.stage == "questions"


@pytest.mark.parametrize(("position", "files"), [("trainee", (TRAINEE.assignment.file,)), ("manager", ()), ("", ())])
def test_the_assignment_of_the_position_is_attached_where_it_has_a_file(position: str, files: tuple[str, ...]) -> None:
    _, (send,) = enter(moment(), application("interview", position=position), stage(STAGES, "test"), "cause", MONDAY)
    assert send.files == files


def test_a_stage_without_a_deadline_names_none() -> None:
    entered, (send,) = enter(moment(), application(), stage(STAGES, "interview"), "cause", MONDAY)
    assert (send.facts["deadline"], entered.due) == (None, None)


def test_a_new_stage_begins_without_reminders_and_second_questions() -> None:
    tired = replace(application(), reminders=2, asked_again=True)
    entered, _ = enter(moment(), tired, stage(STAGES, "test"), "cause", MONDAY)
    assert (entered.reminders, entered.asked_again) == (0, False)


def test_a_stage_that_waits_for_staff_starts_the_clock_at_the_arrival_of_what_led_there() -> None:
    arrived = perm("2026-11-20 18:00")
    entered, _ = enter(moment(), application("test"), stage(STAGES, "review"), "solution", arrived)
    assert (entered.since, entered.due) == (arrived, perm("2026-11-25 19:00"))
    assert [waiting.identity for waiting in entered.unanswered] == ["solution"]


def test_a_letter_that_waits_for_a_person_goes_on_waiting_whatever_is_sent_beside() -> None:
    waiting = application(waits=MONDAY)
    entered, sends = enter(moment(perm("2026-11-24 12:00")), waiting, stage(STAGES, "test"), "cause", perm("2026-11-24 12:00"))
    assert [send.template for send in sends] == ["test"]
    assert (entered.waits_for, entered.since) == ("staff", MONDAY)
    assert entered.unanswered == waiting.unanswered


@pytest.mark.parametrize(
    ("here", "purpose", "goes_out"),
    [
        ("withdrawn", "questions", False),
        ("withdrawn", "withdrawn", True),
        ("withdrawn", "erasure", True),
        ("rejected", "test", False),
        ("silent", "reminder", False),
        ("test", "test", True),
    ],
)
def test_after_the_end_only_what_belongs_to_the_end_goes_out(here: str, purpose: str, goes_out: bool) -> None:
    assert (ended(STAGES, application(stage=here), purpose) == "") is goes_out
