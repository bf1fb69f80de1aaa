"""The reply clock: it runs exactly while a person is waited for, and what follows when its time has come is done once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hiring_facts import ANNA, BORIS, IVAN, MONDAY, N, after, application, letter, moment, perm, send, sent, stages, unanswered

from mailbot.hiring.model import Application, Attachment
from mailbot.hiring.waiting import on_clock, overtaken, person_answered, settle, wait_for_staff, wake

FRIDAY = perm("2026-11-20 18:00")
#: Of a letter that came on Monday, 23 November: the hint, the end of the third working day, the opening after it.
HINT, DUE, ESCALATION = perm("2026-11-25 10:00"), perm("2026-11-26 19:00"), perm("2026-11-27 10:00")
#: Of questions that went out on that Monday: two reminders, and the opening after the deadline of five working days.
REMINDERS, SILENCE = (perm("2026-11-25 10:00"), perm("2026-11-26 10:00")), perm("2026-12-01 10:00")


def run(app: Application, start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Every step that the clock takes when it is asked each hour of a stretch of time."""
    steps, now = [], start
    while now <= end:
        decision = on_clock(app, letter(), moment(now))
        if after(decision) != app:
            steps.append((now, decision.rule))
            app = after(decision)
        now += timedelta(hours=1)
    return steps


# The wait. --------------------------------------------------------------------------------------------------------------------------


def test_the_clock_starts_at_the_oldest_letter_that_waits() -> None:
    waiting = settle(moment(), replace(application(), unanswered=unanswered(MONDAY, FRIDAY)))
    assert (waiting.waits_for, waiting.since, waiting.due) == ("staff", FRIDAY, perm("2026-11-25 19:00"))


def test_a_further_letter_does_not_restart_the_clock() -> None:
    waiting = replace(application(waits=FRIDAY), hinted=MONDAY, escalated=MONDAY)
    again = wait_for_staff(moment(), waiting, "second", MONDAY)
    assert replace(again, unanswered=waiting.unanswered) == waiting


def test_the_same_letter_waits_once() -> None:
    waiting = application(waits=FRIDAY)
    assert wait_for_staff(moment(), waiting, "waiting", MONDAY) == waiting


def test_a_letter_that_comes_to_light_late_begins_the_wait_earlier_and_escalates_it_no_second_time() -> None:
    escalated = replace(application(waits=MONDAY), hinted=HINT, escalated=ESCALATION)
    earlier = wait_for_staff(moment(), escalated, "found in another folder", FRIDAY)
    assert (earlier.since, earlier.due) == (FRIDAY, perm("2026-11-25 19:00"))
    assert (earlier.hinted, earlier.escalated) == (HINT, ESCALATION)


def test_an_answer_ends_the_waits_of_letters_that_came_before_it_was_written() -> None:
    both = wait_for_staff(moment(), application(waits=FRIDAY), "second", MONDAY)
    both = replace(both, escalated=MONDAY)
    one = person_answered(moment(), both, FRIDAY + timedelta(hours=1))
    assert [waiting.identity for waiting in one.unanswered] == ["second"]
    # What still waits is another wait, with an escalation of its own.
    assert (one.since, one.due, one.escalated) == (MONDAY, DUE, None)


def test_an_answer_written_before_the_letter_came_ends_nothing() -> None:
    waiting = application(waits=MONDAY)
    assert person_answered(moment(), waiting, FRIDAY) == replace(waiting, answered=FRIDAY)


@pytest.mark.parametrize(("arrived", "waits_for"), [(FRIDAY, "candidate"), (MONDAY, "candidate"), (HINT, "staff")])
def test_a_letter_that_is_seen_after_the_answer_to_it_does_not_wait(arrived: datetime, waits_for: str) -> None:
    answered = person_answered(moment(), person_answered(moment(), application(), MONDAY), FRIDAY)
    assert wait_for_staff(moment(), answered, "letter", arrived).waits_for == waits_for


def test_after_the_answer_the_candidate_has_the_days_of_the_stage_anew() -> None:
    later = moment(perm("2026-11-24 12:00"))
    answered = person_answered(later, replace(application(waits=MONDAY), reminders=1), later.now)
    assert (answered.waits_for, answered.since, answered.due) == ("candidate", later.now, perm("2026-12-01 19:00"))
    assert answered.reminders == 0


def test_after_the_answer_at_a_stage_of_staff_the_next_word_is_the_candidates_and_has_no_deadline() -> None:
    answered = person_answered(moment(), application("review"), MONDAY)
    assert (answered.waits_for, answered.due, answered.unanswered) == ("candidate", None, ())
    assert wake(moment(), answered) is None


def test_after_the_answer_at_an_end_nobody_is_waited_for() -> None:
    answered = person_answered(moment(), application("rejected", waits=MONDAY), MONDAY)
    assert (answered.waits_for, answered.since, answered.due) == ("nobody", None, None)


# Hint, escalation. ------------------------------------------------------------------------------------------------------------------


def test_a_wait_is_hinted_on_the_second_working_day_and_escalated_after_the_third_and_nothing_else_happens() -> None:
    waiting = application(waits=MONDAY)
    assert run(waiting, MONDAY, perm("2027-02-01 12:00")) == [(HINT, "hint"), (ESCALATION, "escalation")]


@pytest.mark.parametrize(
    ("arrived", "hinted", "escalated"),
    [
        # A Friday evening, a Saturday: the weekend does not count.
        ("2026-11-20 23:00", "2026-11-24 10:00", "2026-11-26 10:00"),
        ("2026-11-21 12:00", "2026-11-24 10:00", "2026-11-26 10:00"),
        # Before opening counts as that day.
        ("2026-11-23 00:01", "2026-11-25 10:00", "2026-11-27 10:00"),
        # The third working day is a Friday: the next opening is on Monday.
        ("2026-11-24 12:00", "2026-11-26 10:00", "2026-11-30 10:00"),
        # New Year: 31 December to 10 January are off.
        ("2026-12-29 12:00", "2027-01-11 10:00", "2027-01-13 10:00"),
    ],
)
def test_only_working_days_count(arrived: str, hinted: str, escalated: str) -> None:
    waiting = application(at=moment(perm(arrived)), waits=perm(arrived))
    days = run(waiting, perm(arrived).replace(minute=0), perm(escalated) + timedelta(days=3))
    assert days == [(perm(hinted), "hint"), (perm(escalated), "escalation")]


def test_the_hint_goes_to_the_recruiters_of_the_position() -> None:
    decision = on_clock(application(waits=MONDAY), letter(), moment(HINT))
    assert sent(decision) == [("hint", ANNA), ("hint", BORIS)]
    assert send(decision, "hint").facts["letter"]["text"] == "Когда вы ответите?"  # type: ignore[index]


def test_the_escalation_goes_to_n_with_everything_needed_to_answer() -> None:
    cv = Attachment("cv.pdf", "application/pdf", b"%PDF", "опыт", "text")
    decision = on_clock(application(waits=MONDAY), letter(attachments=(cv,)), moment(ESCALATION))
    assert sent(decision) == [("escalation", N)]
    escalation = send(decision, "escalation")
    assert escalation.answerable
    assert escalation.attachments == (cv,)
    facts = escalation.facts
    assert (facts["stage"], facts["since"], facts["due"], facts["recruiters"]) == ("Вопросы", MONDAY, DUE, ("Анна", "Борис"))
    # Seven hours of Monday and three whole days of nine.
    assert facts["waited_hours"] == 34
    assert [entry.what for entry in decision.history] == ["escalated to n@"]


def test_a_recruiter_without_a_name_is_named_by_the_address() -> None:
    at = moment(ESCALATION, recruiters=())
    decision = on_clock(application(waits=MONDAY), None, at)
    assert send(decision, "escalation").facts["recruiters"] == (N,)
    assert send(decision, "escalation").facts["letter"] is None


def test_after_days_of_downtime_only_the_escalation_goes_out() -> None:
    assert run(application(waits=MONDAY), perm("2026-12-08 11:00"), perm("2026-12-12 11:00")) == [(perm("2026-12-08 11:00"), "escalation")]


def test_an_answer_stops_the_clock() -> None:
    answered = person_answered(moment(HINT), application("review", waits=MONDAY), HINT)
    assert run(answered, HINT, perm("2027-01-30 12:00")) == []


@pytest.mark.parametrize("now", ["2026-11-27 09:59", "2026-11-27 19:00", "2026-11-28 12:00", "2026-11-26 23:00"])
def test_nothing_happens_while_the_office_is_closed(now: str) -> None:
    waiting = application(waits=MONDAY)
    decision = on_clock(waiting, letter(), moment(perm(now)))
    assert (decision.application, decision.actions, decision.because) == (waiting, (), "the office is closed")


def test_the_hour_before_the_escalation_is_quiet() -> None:
    waiting = replace(application(waits=MONDAY), hinted=HINT)
    decision = on_clock(waiting, letter(), moment(perm("2026-11-26 18:59")))
    assert (decision.application, decision.actions, decision.because) == (waiting, (), "nothing is due")


# Reminders, silence. ----------------------------------------------------------------------------------------------------------------


def test_a_silent_candidate_is_reminded_and_then_left_alone() -> None:
    steps = run(application(), MONDAY, perm("2027-02-01 12:00"))
    assert steps == [(REMINDERS[0], "reminder"), (REMINDERS[1], "reminder"), (SILENCE, "silence")]


def test_a_candidate_who_is_silent_is_never_escalated() -> None:
    assert not any(rule == "escalation" for _, rule in run(application("interview"), MONDAY, perm("2027-02-01 12:00")))


def test_a_reminder_names_the_deadline_and_goes_to_the_candidate_alone() -> None:
    decision = on_clock(application(), None, moment(REMINDERS[0]))
    assert sent(decision) == [("reminder", IVAN)]
    reminder = send(decision, "reminder")
    assert reminder.facts["deadline"] == perm("2026-11-30 19:00").date()
    assert (reminder.auto_submitted, decision.rule) == ("auto-generated", "reminder")


def test_of_reminders_missed_while_mailbot_was_down_one_is_sent() -> None:
    steps = run(application(), perm("2026-11-27 11:00"), perm("2026-11-30 18:00"))
    assert steps == [(perm("2026-11-27 11:00"), "reminder")]


def test_a_stage_may_remind_without_a_deadline() -> None:
    at = moment(stages=stages(questions={"deadline_working_days": None, "on_silence": ""}))
    decision = on_clock(application(at=at), None, replace(at, now=REMINDERS[0]))
    assert send(decision, "reminder").facts["deadline"] is None


def test_a_deadline_without_silence_passes_without_a_word() -> None:
    at = moment(stages=stages(questions={"remind_after_working_days": (), "on_silence": ""}))
    assert wake(at, application(at=at)) is None


def test_silence_sends_nothing_and_remembers_the_stage() -> None:
    decision = on_clock(application("test"), None, moment(SILENCE))
    assert sent(decision) == []
    silent = after(decision)
    assert (silent.stage, silent.silent_from, silent.waits_for) == ("silent", "test", "nobody")
    assert (silent.since, silent.due) == (SILENCE, None)
    assert [(entry.what, entry.rule) for entry in decision.history] == [("moved to silent", "silence")]


# Waking. ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("app", "when"),
    [
        (application(waits=MONDAY), HINT),
        (replace(application(waits=MONDAY), hinted=HINT), ESCALATION),
        (replace(application(waits=MONDAY), hinted=HINT, escalated=ESCALATION), None),
        (application(), REMINDERS[0]),
        (replace(application(), reminders=2), SILENCE),
        (application("interview"), None),
        (application("hired"), None),
    ],
)
def test_the_clock_wakes_when_there_is_something_to_do(app: Application, when: datetime | None) -> None:
    assert wake(moment(), app) == when


def test_the_cause_of_a_step_names_the_wait_so_that_the_same_step_has_the_same_identity() -> None:
    waiting = application(waits=MONDAY)
    first, second = (send(on_clock(waiting, None, moment(now)), "escalation") for now in (ESCALATION, ESCALATION + timedelta(hours=2)))
    assert first.cause == second.cause == f"questions/{MONDAY.isoformat()}"


@pytest.mark.parametrize(
    ("app", "purpose", "because"),
    [
        (replace(application(waits=MONDAY), hinted=HINT), "hint", ""),
        (application(waits=MONDAY), "hint", "a person has answered meanwhile"),
        (application(), "hint", "a person has answered meanwhile"),
        (replace(application(waits=MONDAY), escalated=ESCALATION), "escalation", ""),
        (replace(application(waits=MONDAY), hinted=HINT), "escalation", "a person has answered meanwhile"),
        (replace(application(), reminders=1), "reminder", ""),
        (application(), "reminder", "the candidate has written meanwhile"),
        (replace(application(waits=MONDAY), reminders=1), "reminder", "the candidate has written meanwhile"),
        (application("hired"), "relay", ""),
    ],
)
def test_what_has_waited_goes_out_only_if_it_was_not_overtaken(app: Application, purpose: str, because: str) -> None:
    assert overtaken(app, purpose) == because
