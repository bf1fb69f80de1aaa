"""The letters of the process as values: to whom, with which facts, and what is only named and not passed on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hiring_facts import ANNA, BORIS, COMPANY, IVAN, MONDAY, application, letter, moment, perm, question

from mailbot.hiring.letters import (
    ANSWERABLE,
    about_case,
    case_facts,
    notices,
    numbered,
    promise,
    received,
    to_candidate,
    to_staff,
)
from mailbot.hiring.model import Attachment
from mailbot.hiring.relay import WRITE_ABOVE

CV = Attachment("cv.pdf", "application/pdf", b"%PDF", "опыт", "text")
LARGE = replace(CV, content=b"x" * (COMPANY.limits.attachment_bytes - len(CV.content)))
PHOTO = Attachment("photo.jpg", "image/jpeg", b"jpeg", verdict="no_text")


def test_a_letter_is_shown_with_its_writer_and_what_was_attached() -> None:
    shown: Any = letter(attachments=(CV,)).facts()
    assert shown["from"] == {"name": "Иван", "address": IVAN}
    assert shown["at"] == MONDAY
    assert shown["attachments"] == ({"name": "cv.pdf", "type": "application/pdf", "size": 4, "verdict": "text", "because": ""},)


def test_a_letter_without_a_sender_is_shown_all_the_same() -> None:
    shown: Any = letter(sender=None).facts()
    assert shown["from"] == {"name": "", "address": ""}


def test_an_application_is_named_by_titles() -> None:
    facts = case_facts(moment(), application())
    assert (facts["reference"], facts["position"], facts["stage"]) == ("A-7F3K9", "Стажёр", "Вопросы")


def test_a_position_that_is_not_known_has_no_title() -> None:
    assert case_facts(moment(), application(position=""))["position"] == ""


def test_questions_keep_their_numbers_when_only_some_are_shown() -> None:
    asked = (question("city", state="answered"), question("years", state="missing"), question("why", state="missing"))
    assert [(fact["number"], fact["text"]) for fact in numbered(asked)] == [(1, "city?"), (2, "years?"), (3, "why?")]
    assert [fact["number"] for fact in numbered(asked, "missing")] == [2, 3]


def test_a_candidate_is_written_to_at_the_latest_address_and_in_the_own_thread() -> None:
    app = replace(application(), addresses=("old@mail.ru", IVAN), language="en")
    send = to_candidate(moment(), app, "test", "cause", {"deadline": None})
    assert (send.to, send.language, send.thread, send.subject) == (IVAN, "en", app.thread, app.subject)
    assert (send.audience, send.answerable, send.attachments) == ("candidate", False, ())


def test_the_acknowledgement_promises_the_day_of_the_due_time() -> None:
    send = received(moment(), application(waits=MONDAY), "cause", "letter")
    assert (send.facts["what"], send.facts["promise"]) == ("letter", perm("2026-11-26").date())


def test_nothing_is_promised_where_nothing_is_due() -> None:
    assert promise(moment(), application("interview")) is None


@pytest.mark.parametrize(
    ("attachments", "passed_on"),
    [
        ((CV, PHOTO), (CV, PHOTO)),
        ((CV, replace(PHOTO, verdict="infected")), (CV,)),
        ((replace(CV, verdict="withheld"), replace(CV, verdict="broken"), replace(CV, verdict="too_large")), ()),
        ((CV, LARGE), (CV, LARGE)),
        # Together larger than [limits] attachment_bytes: they are only named.
        ((CV, CV, LARGE), ()),
    ],
)
def test_only_attachments_that_are_safe_and_fit_go_to_staff(attachments: tuple[Attachment, ...], passed_on: tuple[Attachment, ...]) -> None:
    anna = COMPANY.recruiters[0]
    assert to_staff(moment(), anna, "notice", "cause", {}, attachments=attachments).attachments == passed_on


@pytest.mark.parametrize("purpose", ["notice", "hint", "escalation", "expired", "digest", "alarm", "returned", "refused", "held"])
def test_only_what_tells_of_an_application_can_be_answered(purpose: str) -> None:
    send = to_staff(moment(), COMPANY.recruiters[0], purpose, "cause", {})
    assert send.answerable == (purpose in ANSWERABLE) == (purpose in {"notice", "hint", "escalation", "expired", "held"})


def test_staff_are_written_to_in_the_language_of_the_company() -> None:
    send = to_staff(moment(language="en"), COMPANY.recruiters[0], "notice", "cause", {})
    assert (send.to, send.language, send.facts["line"]) == (ANNA, "en", WRITE_ABOVE["en"])
    assert send.facts["recruiter"] == {"name": "Анна"}


def test_a_notice_says_since_when_and_until_when_a_person_is_waited_for() -> None:
    facts = about_case(moment(perm("2026-11-23 14:00")), application(waits=MONDAY), letter(), "because")
    assert (facts["waits"], facts["since"], facts["due"], facts["waited_hours"]) == (True, MONDAY, perm("2026-11-26 19:00"), 2)


def test_the_deadline_of_the_candidate_is_not_shown_as_one_of_staff() -> None:
    facts = about_case(moment(), application(), None, "because")
    assert (facts["waits"], facts["due"], facts["letter"]) == (False, None, None)


def test_who_is_not_waited_for_has_not_waited() -> None:
    assert about_case(moment(), application("hired"), None, "because")["waited_hours"] == 0


def test_each_recruiter_of_the_position_gets_a_notice_of_their_own() -> None:
    told = notices(moment(), application(waits=MONDAY), letter(attachments=(CV,)), "cause", "because", new=True)
    assert [(send.to, send.facts["new"], send.attachments) for send in told] == [(ANNA, True, (CV,)), (BORIS, True, (CV,))]
