"""A person's answer that is read before the letter it answers: the letter waits for nobody, and no machine speaks over it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hiring_facts import ANNA, BORIS, JOB, MONDAY, N, after, application, facts, first, message, moment, sent

from mailbot.hiring.candidates import on_candidate
from mailbot.hiring.model import Address
from mailbot.hiring.waiting import person_answered, wait_for_staff

LATER = MONDAY + timedelta(hours=1)
NOTICES = [("notice", ANNA), ("notice", BORIS)]


def test_a_letter_that_arrived_before_a_persons_last_answer_waits_for_nobody() -> None:
    answered = person_answered(moment(LATER), application(), LATER)
    assert wait_for_staff(moment(LATER), answered, "late to be read", MONDAY) == answered
    waiting = wait_for_staff(moment(LATER), answered, "new", LATER + timedelta(seconds=1))
    assert (waiting.waits_for, [unanswered.identity for unanswered in waiting.unanswered]) == ("staff", ["new"])


def test_of_two_answers_the_one_that_was_written_last_counts_in_whatever_order_they_are_read() -> None:
    assert person_answered(moment(LATER), person_answered(moment(LATER), application(), LATER), MONDAY).answered == LATER


def test_a_question_that_is_answered_already_is_shown_and_gets_no_promise() -> None:
    decision = on_candidate(replace(application(), answered=LATER), message(), facts(asks_us=True), moment(LATER))
    assert (sent(decision), after(decision).waits_for) == (NOTICES, "candidate")


def test_a_letter_to_n_that_is_answered_already_escalates_nothing() -> None:
    decision = on_candidate(replace(application(), answered=LATER), message(recipients=(Address("", N),)), facts(), moment(LATER))
    assert (sent(decision), after(decision).escalated) == (NOTICES, None)


def test_a_first_letter_that_a_person_has_answered_opens_an_application_and_gets_no_questions() -> None:
    decision = on_candidate(None, message(), first(answered=LATER), moment(LATER))
    assert (sent(decision), after(decision).waits_for, after(decision).questions) == (NOTICES, "candidate", ())
    # The same person may have written long before it: that answers nothing.
    earlier = on_candidate(None, message(recipients=(Address("", JOB),)), first(answered=MONDAY - timedelta(days=1)), moment(LATER))
    assert [template for template, _ in sent(earlier)] == ["questions", "notice", "notice"]


def test_who_was_never_asked_the_questions_gets_no_test_for_their_next_letter() -> None:
    opened = after(on_candidate(None, message(), first(answered=LATER), moment(LATER)))
    decision = on_candidate(opened, message(), facts("Спасибо, приду!", arrived=LATER + timedelta(hours=1)), moment(LATER))
    assert (after(decision).stage, after(decision).waits_for) == ("questions", "staff")
    assert [template for template, _ in sent(decision)] == ["received", "notice", "notice"]
