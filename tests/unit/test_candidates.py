"""What follows from a candidate's letter, at every stage and for every kind of letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hiring_facts import (
    ANNA,
    BORIS,
    IVAN,
    JOB,
    MANAGER,
    MONDAY,
    TRAINEE,
    N,
    after,
    answers,
    application,
    facts,
    first,
    message,
    moment,
    perm,
    question,
    send,
    sent,
    stages,
)

from mailbot.hiring.actions import Decision
from mailbot.hiring.candidates import merge_answers, on_candidate, thread_with
from mailbot.hiring.company import Position
from mailbot.hiring.facts import Facts
from mailbot.hiring.matching import Match
from mailbot.hiring.model import Address, Application, Attachment, Person
from mailbot.hiring.steps import POSITION_QUESTION
from mailbot.hiring.waiting import on_clock

NOTICES = [("notice", ANNA), ("notice", BORIS)]
UNKNOWN = Match("A-7F3K9", "thread", confirmed=False)
TUESDAY = perm("2026-11-24 12:00")
CV = Attachment("cv.pdf", "application/pdf", b"%PDF", "опыт", "text")
LOGO = Attachment("image001.png", "image/png", b"png")


def decided(app: Application | None, known: Facts, **changes: Any) -> Decision:
    return on_candidate(app, message(**changes), known, moment(TUESDAY))


def moved(decision: Decision) -> list[str]:
    return [entry.what for entry in decision.history]


# The first letter. ------------------------------------------------------------------------------------------------------------------


def test_a_first_letter_gets_the_questions_and_the_recruiters_are_told() -> None:
    decision = decided(None, first())
    assert sent(decision) == [("questions", IVAN), *NOTICES]
    opened = after(decision)
    assert (opened.reference, opened.position, opened.stage, opened.waits_for) == ("A-7F3K9", "trainee", "questions", "candidate")
    assert (opened.opened, opened.thread, opened.name) == (MONDAY, ("<1@mail.ru>",), "Иван")
    notice = send(decision, "notice").facts
    assert (notice["new"], notice["waits"], notice["unconfirmed"]) == (True, False, False)


def test_the_name_in_the_letter_wins_over_the_name_in_from() -> None:
    assert after(decided(None, first(person=Person(name="Иван Петров")))).name == "Иван Петров"


def test_a_first_letter_that_names_no_position_is_asked_for_it() -> None:
    decision = decided(None, first(position=None))
    assert sent(decision) == [("position", IVAN), *NOTICES]
    assert (after(decision).position, decision.because) == ("", "a first letter; the position is not clear")


def test_a_first_letter_that_asks_gets_the_questions_and_waits_for_staff_from_its_arrival() -> None:
    decision = decided(None, first(asks_us=True))
    assert sent(decision) == [("questions", IVAN), *NOTICES]
    assert (after(decision).waits_for, after(decision).since) == ("staff", MONDAY)
    assert send(decision, "notice").facts["waits"] is True


@pytest.mark.parametrize(
    ("known", "because"),
    [
        (first(late=True), "it came long ago, or may have"),
        (facts(rule="D13", kind="application", may_answer=False, position=TRAINEE), "because of D13"),
    ],
)
def test_a_first_letter_that_must_not_be_answered_waits_for_a_person(known: Facts, because: str) -> None:
    decision = decided(None, known)
    assert sent(decision) == NOTICES
    assert (after(decision).waits_for, after(decision).since, decision.because) == ("staff", MONDAY, because)
    assert send(decision, "notice").facts["new"] is True


@pytest.mark.parametrize(("position", "templates"), [(TRAINEE, ["questions", "received"]), (MANAGER, ["received"])])
def test_a_process_that_begins_with_staff_starts_the_clock_with_the_first_letter(position: Position, templates: list[str]) -> None:
    at = moment(TUESDAY, stages=stages(questions={"next": "review", "waits_for": "staff", "advance": "command"}))
    decision = on_candidate(None, message(), first(position=position), at)
    assert (after(decision).waits_for, after(decision).since) == ("staff", MONDAY)
    assert [template for template, to in sent(decision) if to == IVAN] == templates


def test_a_first_letter_that_a_person_has_answered_already_is_only_shown() -> None:
    decision = decided(None, first(answered=MONDAY))
    assert (sent(decision), decision.because) == (NOTICES, "a person has answered it already")
    opened = after(decision)
    assert (opened.waits_for, opened.unanswered, opened.questions) == ("candidate", (), ())
    # The questions were never asked, so what comes next is no answer to them.
    following = decided(opened, facts(arrived=TUESDAY, identity="second"))
    assert (sent(following), after(following).waits_for) == ([("received", IVAN), *NOTICES], "staff")


def test_a_first_letter_that_came_after_a_persons_message_is_answered() -> None:
    assert sent(decided(None, first(answered=perm("2026-11-20 12:00")))) == [("questions", IVAN), *NOTICES]


# A letter in a known application. ---------------------------------------------------------------------------------------------------


def test_a_letter_is_filed_with_its_thread_its_address_and_its_arrival() -> None:
    app = replace(application(), addresses=(IVAN, "vanya@gmail.com"), name="", opened=perm("2026-11-20 12:00"))
    filed = after(decided(replace(app, last_message=app.opened), facts(postpones=True, person=Person(name="Ваня"))))
    assert filed.thread == ("<0@mail.ru>", "<1@mail.ru>")
    assert filed.addresses == ("vanya@gmail.com", IVAN)
    assert (filed.last_message, filed.name) == (MONDAY, "Ваня")


@pytest.mark.parametrize("stage", ["questions", "test", "review", "hired", "silent"])
def test_a_letter_from_an_unknown_address_moves_nothing_sends_nothing_and_starts_the_clock(stage: str) -> None:
    app = application(stage)
    decision = decided(app, facts(match=UNKNOWN, answers=answers("city", "years")), sender=Address("", "other@mail.ru"))
    assert sent(decision) == NOTICES
    assert (send(decision, "notice").facts["unconfirmed"], send(decision, "notice").facts["new"]) == (True, False)
    waiting = after(decision)
    assert (waiting.stage, waiting.addresses, waiting.questions) == (app.stage, app.addresses, app.questions)
    assert waiting.waits_for == "staff"


@pytest.mark.parametrize("known", [facts(late=True), facts(rule="D12", may_answer=False), facts(rule="D11", late=True)])
def test_a_letter_that_must_not_be_answered_waits_for_a_person_and_moves_nothing(known: Facts) -> None:
    decision = decided(application("test"), known, attachments=(CV,))
    assert sent(decision) == NOTICES
    assert (after(decision).stage, after(decision).waits_for) == ("test", "staff")


@pytest.mark.parametrize("stage", ["hired", "rejected", "withdrawn"])
def test_a_letter_after_an_end_is_filed_and_waits_for_staff(stage: str) -> None:
    decision = decided(application(stage), facts())
    assert sent(decision) == NOTICES
    assert (after(decision).stage, after(decision).waits_for, after(decision).since) == (stage, "staff", MONDAY)


@pytest.mark.parametrize("stage", ["review", "interview"])
def test_a_letter_where_a_person_answers_gets_one_dated_promise(stage: str) -> None:
    app = application(stage) if stage == "interview" else replace(application(stage), unanswered=(), waits_for="candidate")
    decision = decided(app, facts())
    assert sent(decision) == [("received", IVAN), *NOTICES]
    assert send(decision, "received").facts["promise"] == date(2026, 11, 26)
    notice = send(decision, "notice").facts
    assert (notice["new"], notice["unconfirmed"]) == (False, False)
    second = on_candidate(after(decision), message(message_id="<2@mail.ru>"), facts(identity="second", arrived=TUESDAY), moment(TUESDAY))
    assert sent(second) == NOTICES
    assert after(second).due == after(decision).due


# The position. ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["1", "№ 1, стажёр", "стажёр"])
def test_a_position_that_is_named_or_numbered_gets_its_questions(said: str) -> None:
    given = tuple(replace(answer, text=said) for answer in answers(POSITION_QUESTION))
    decision = decided(application(position=""), facts(answers=given, position=TRAINEE if said == "стажёр" else None))
    assert sent(decision) == [("questions", IVAN)]
    assert (after(decision).position, [asked.id for asked in after(decision).questions]) == ("trainee", ["city", "years", "why"])


def test_a_position_without_questions_leads_to_its_test() -> None:
    decision = decided(application(position=""), facts(position=MANAGER))
    assert (sent(decision), after(decision).stage) == ([("test", IVAN)], "test")


def test_a_position_without_questions_or_test_waits_for_staff() -> None:
    at = moment(TUESDAY, stages=stages(questions={"next": "review"}))
    decision = on_candidate(application(position=""), message(), facts(position=MANAGER), at)
    assert sent(decision) == [("received", IVAN), ("notice", BORIS)]
    assert (after(decision).stage, after(decision).since) == ("review", MONDAY)


def test_who_names_the_position_and_asks_gets_the_questions_and_waits_for_staff() -> None:
    decision = decided(application(position=""), facts(position=TRAINEE, asks_us=True))
    assert sent(decision) == [("questions", IVAN), *NOTICES]
    assert (after(decision).waits_for, after(decision).since) == ("staff", MONDAY)


@pytest.mark.parametrize("said", ["0", "3", "первая"])
def test_a_position_that_stays_unclear_is_for_a_person(said: str) -> None:
    wrong = tuple(replace(answer, text=said) for answer in answers(POSITION_QUESTION))
    decision = decided(application(position=""), facts(answers=wrong))
    assert sent(decision) == [("received", IVAN), *NOTICES]


def test_who_will_choose_the_position_later_is_waited_for() -> None:
    decision = decided(application(position=""), facts(postpones=True))
    assert (sent(decision), after(decision).waits_for) == ([], "candidate")
    asking = decided(application(position=""), facts(postpones=True, asks_us=True))
    assert after(asking).waits_for == "staff"


# Answers. ---------------------------------------------------------------------------------------------------------------------------


def test_when_all_required_questions_are_answered_the_test_goes_out_by_itself() -> None:
    decision = decided(application(), facts(answers=answers("city", "years")))
    assert sent(decision) == [("test", IVAN)]
    assert send(decision, "test").files == (TRAINEE.assignment.file,)
    assert (after(decision).stage, after(decision).waits_for, moved(decision)) == ("test", "candidate", ["moved to test"])


@pytest.mark.parametrize(
    ("known", "templates", "waits_for"),
    [
        (facts(postpones=True), [], "candidate"),
        (facts(postpones=True, answers=answers("city")), [], "candidate"),
        (facts(answers=answers("city")), ["missing_questions"], "candidate"),
        (facts(answers=answers("why")), ["missing_questions"], "candidate"),
        (facts(), ["received", "notice", "notice"], "staff"),
        (facts(asks_us=True), ["received", "notice", "notice"], "staff"),
        (facts(asks_us=True, answers=answers("city", "years")), ["received", "notice", "notice"], "staff"),
    ],
)
def test_less_than_all_answers_never_sends_the_test(known: Facts, templates: list[str], waits_for: str) -> None:
    decision = decided(application(), known)
    assert [template for template, _ in sent(decision)] == templates
    assert (after(decision).stage, after(decision).waits_for) == ("questions", waits_for)
    given = {answer.question for answer in known.answers}
    assert {asked.id for asked in after(decision).questions if asked.state == "answered"} == given
    if known.postpones and not given:
        # Nothing is missing yet: it was promised.
        assert {asked.state for asked in after(decision).questions} == {"asked"}


def test_who_will_answer_later_does_not_get_the_test_though_every_question_is_optional() -> None:
    optional = replace(application(), questions=(question("why", required=False),))
    assert sent(decided(optional, facts(postpones=True))) == []
    assert sent(decided(optional, facts(answers=answers("why"), postpones=True))) == [("test", IVAN)]


def test_missing_questions_are_asked_once_with_their_numbers_and_then_a_person_reads() -> None:
    decision = decided(application(), facts(answers=answers("city")))
    asked: Any = send(decision, "missing_questions").facts
    assert [fact["number"] for fact in asked["questions"]] == [2]
    assert asked["deadline"] == after(decision).due.astimezone().date() == date(2026, 12, 1)  # type: ignore[union-attr]
    again = decided(after(decision), facts(answers=answers("why"), identity="second"))
    assert sent(again) == [("received", IVAN), *NOTICES]
    assert [asked.state for asked in after(again).questions] == ["answered", "missing", "answered"]
    rest = decided(after(decision), facts(answers=answers("years"), identity="second"))
    assert sent(rest) == [("test", IVAN)]


def test_the_test_goes_out_beside_a_letter_that_still_waits_for_a_person() -> None:
    decision = decided(application(waits=MONDAY), facts(answers=answers("city", "years")))
    assert sent(decision) == [("test", IVAN)]
    assert (after(decision).stage, after(decision).waits_for) == ("test", "staff")


def test_answers_that_lead_to_staff_get_a_promise() -> None:
    at = moment(TUESDAY, stages=stages(questions={"next": "review"}))
    decision = on_candidate(application(), message(), facts(answers=answers("city", "years")), at)
    assert sent(decision) == [("received", IVAN), *NOTICES]
    assert send(decision, "received").facts["what"] == "letter"


def test_an_answer_stands_and_only_required_questions_can_be_missing() -> None:
    asked = (question("a"), question("b"), question("c", required=False), question("d", state="answered", answer="yes"))
    merged = merge_answers(asked, answers("a"))
    assert [(one.state, one.answer) for one in merged] == [("answered", "answer to a"), ("missing", ""), ("asked", ""), ("answered", "yes")]


# The solution. ----------------------------------------------------------------------------------------------------------------------

#: A page that is just long enough to be a solution, and one that is not.
PAGE, REMARK = "Пишу. " * 100, "Пишу. " * 99 + "Ёлк"
LONG = "Моё решение: я бы начал с разговора с клиентом. " * 12


@pytest.mark.parametrize(
    ("text", "attachments", "known"),
    [
        ("Вот решение.", (CV,), {}),
        ("Фото решения.", (LOGO,), {}),
        ("Решение во вложении, остальное пришлю завтра.", (CV,), {"postpones": True}),
        ("Решение здесь: https://docs.google.com/document/d/1", (), {}),
        (LONG, (), {}),
        (PAGE, (), {}),
        ("Когда будет ответ?", (CV,), {"asks_us": True}),
    ],
)
def test_a_solution_leads_to_review_waits_for_staff_and_gets_a_dated_promise(
    text: str, attachments: tuple[Attachment, ...], known: dict[str, Any]
) -> None:
    decision = decided(application("test"), facts(text, **known), attachments=attachments)
    assert sent(decision) == [("received", IVAN), *NOTICES]
    assert (after(decision).stage, after(decision).waits_for, after(decision).since) == ("review", "staff", MONDAY)
    assert (send(decision, "received").facts["what"], moved(decision)) == ("solution", ["moved to review"])


@pytest.mark.parametrize(
    ("text", "attachments", "known", "templates"),
    [
        ("Спасибо, пришлю завтра.", (), {"postpones": True}, []),
        # The logo of a signature is no solution.
        ("Спасибо, пришлю завтра.", (LOGO,), {"postpones": True}, []),
        ("Пришлю завтра. Какой нужен объём?", (), {"postpones": True, "asks_us": True}, ["received", "notice", "notice"]),
        ("Спасибо!", (), {}, ["received", "notice", "notice"]),
        (REMARK, (), {}, ["received", "notice", "notice"]),
        ("Мой сайт: https://ivan.example/", (), {}, ["received", "notice", "notice"]),
        (LONG + "А сколько платят?", (), {"asks_us": True}, ["received", "notice", "notice"]),
    ],
)
def test_what_is_no_solution_moves_nothing(
    text: str, attachments: tuple[Attachment, ...], known: dict[str, Any], templates: list[str]
) -> None:
    decision = decided(application("test"), facts(text, **known), attachments=attachments)
    assert [template for template, _ in sent(decision)] == templates
    assert after(decision).stage == "test"
    if templates:
        assert ("asks" in decision.because) == known.get("asks_us", False)


# Silence, withdrawal. ---------------------------------------------------------------------------------------------------------------


def silent(stage: str = "questions") -> Application:
    return after(on_clock(application(stage), None, moment(perm("2026-12-01 10:00"))))


def test_a_letter_after_silence_reopens_the_stage_and_is_followed() -> None:
    decision = decided(silent(), facts(answers=answers("city", "years")))
    assert (sent(decision), after(decision).silent_from) == ([("test", IVAN)], "")
    assert moved(decision) == ["moved to questions", "moved to test"]
    assert decision.history[0].because == "a letter after silence"


def test_a_letter_after_silence_that_must_not_be_answered_reopens_the_stage_for_a_person() -> None:
    decision = decided(silent("test"), facts(rule="D13", may_answer=False))
    assert (after(decision).stage, after(decision).waits_for, moved(decision)) == ("test", "staff", ["moved to test"])


@pytest.mark.parametrize("app", [application(), application("review"), application("test", waits=MONDAY), silent()])
def test_a_clear_withdrawal_gets_one_confirmation_and_the_recruiters_are_told(app: Application) -> None:
    decision = decided(app, facts(rule="D11"))
    assert sent(decision) == [("withdrawn", IVAN), *NOTICES]
    left = after(decision)
    assert (left.stage, left.waits_for, left.due, left.unanswered) == ("withdrawn", "nobody", None, ())
    assert moved(decision)[-1] == "moved to withdrawn"
    again = decided(left, facts(rule="D11", identity="second"))
    assert sent(again) == NOTICES


@pytest.mark.parametrize("stage", ["hired", "rejected"])
def test_a_withdrawal_after_an_end_moves_nothing(stage: str) -> None:
    decision = decided(application(stage), facts(rule="D11"))
    assert (sent(decision), after(decision).stage) == (NOTICES, stage)


@pytest.mark.parametrize("stage", ["questions", "review", "rejected"])
def test_a_wish_to_be_forgotten_is_confirmed_once_and_waits_for_a_person(stage: str) -> None:
    decision = decided(application(stage), facts(rule="D11", kind="erasure"))
    assert sent(decision) == [("erasure", IVAN), *NOTICES]
    left = after(decision)
    assert (left.stage, left.waits_for, left.since) == ("withdrawn", "staff", MONDAY)
    assert sent(decided(left, facts(rule="D11", kind="erasure", identity="second"))) == NOTICES


# A letter to n@. --------------------------------------------------------------------------------------------------------------------


def test_a_letter_repeated_to_n_goes_to_n_at_once_and_sends_the_candidate_nothing() -> None:
    decision = decided(application(), facts(), recipients=(Address("", N),))
    assert sent(decision) == [("escalation", N)]
    waiting = after(decision)
    assert (waiting.waits_for, waiting.since, waiting.escalated) == ("staff", MONDAY, TUESDAY)
    assert decision.rule == "D15"


def test_a_letter_repeated_to_n_does_not_restart_the_clock_nor_escalate_twice() -> None:
    waits = perm("2026-11-20 12:00")
    decision = decided(application("review", waits=waits), facts(), recipients=(Address("", N),))
    assert (after(decision).since, sent(decision)) == (waits, [("escalation", N)])
    again = decided(after(decision), facts(identity="third"), recipients=(Address("", N),))
    assert (after(again).since, sent(again)) == (waits, NOTICES)


def test_a_letter_to_n_that_a_person_has_answered_meanwhile_is_not_escalated() -> None:
    decision = decided(replace(application(), answered=TUESDAY), facts(), recipients=(Address("", N),))
    assert (sent(decision), after(decision).waits_for) == (NOTICES, "candidate")


def test_a_question_that_a_person_has_answered_meanwhile_promises_nothing() -> None:
    decision = decided(replace(application(), answered=TUESDAY), facts(asks_us=True))
    assert (sent(decision), after(decision).waits_for) == (NOTICES, "candidate")


def test_a_letter_to_us_and_to_n_is_followed_as_any_other() -> None:
    decision = decided(application(), facts(answers=answers("city", "years")), recipients=(Address("", N), Address("", JOB)))
    assert sent(decision) == [("test", IVAN)]


# The thread. ------------------------------------------------------------------------------------------------------------------------


def test_a_thread_keeps_its_first_message_and_its_newest() -> None:
    thread: tuple[str, ...] = ()
    for number in range(50):
        thread = thread_with(thread, f"<{number}@mail.ru>")
    assert (len(thread), thread[0], thread[1], thread[-1]) == (40, "<0@mail.ru>", "<11@mail.ru>", "<49@mail.ru>")


@pytest.mark.parametrize("message_id", ["", "<0@mail.ru>"])
def test_a_thread_holds_no_message_twice_and_none_without_a_name(message_id: str) -> None:
    assert thread_with(("<0@mail.ru>",), message_id) == ("<0@mail.ru>",)
