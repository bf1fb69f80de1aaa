"""The main job: from the first letter to the invitation, across restarts, with the letters that lie between."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.message import EmailMessage

from applicants import A_FILE, ANSWERS, LETTER, SOLUTION, SUBJECT, assigned, in_review
from office import CANDIDATE, JOB, RECRUITER, ROOT, Office, text_of


def test_a_letter_goes_its_whole_way_and_every_process_between_is_a_new_one(office: Office) -> None:
    first = office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    questions, notice = office.sent()
    assert [questions["To"], notice["To"]] == [CANDIDATE, RECRUITER]
    assert questions["Subject"] == f"Re: {SUBJECT}"
    assert questions["In-Reply-To"] == first["Message-ID"]
    assert questions["Auto-Submitted"] == "auto-replied"
    assert questions["From"].addresses[0].addr_spec == JOB
    assert "понедельника, 1 декабря" in text_of(questions)
    assert all(f"\n{number}. " in text_of(questions) for number in range(1, 6))
    assert "+7 912 345-67-89" in text_of(notice)

    office.pass_time(hours=1)
    answers = office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions)
    office.pass_time(minutes=1)
    office.once()
    test = office.sent()[-1]
    assert len(office.sent()) == 3
    assert [test["To"], test["In-Reply-To"]] == [CANDIDATE, answers["Message-ID"]]
    (attached,) = test.iter_attachments()
    assert attached.get_content() == (ROOT / "templates/assignments/trainee.docx").read_bytes()
    assert attached.get_filename() == "trainee.docx"

    office.pass_time(hours=2)
    office.letter(f"Re: {SUBJECT}", SOLUTION, answers=test, attach=A_FILE)
    office.pass_time(minutes=1)
    office.once()
    received, handed_in = office.sent()[3:]
    assert [received["To"], handed_in["To"]] == [CANDIDATE, RECRUITER]
    # Came on Monday: the promise is the third working day after it.
    assert "четверга, 27 ноября" in text_of(received)
    assert [part.get_filename() for part in handed_in.iter_attachments()] == [A_FILE[0]]
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"], application["due"]) == ("review", "staff", "2025-11-27T19:00:00+05:00")

    office.mailbot("move", application["reference"], "interview")
    office.once()
    invitation = office.sent()[5]
    assert invitation["To"] == CANDIDATE
    assert invitation["References"].split()[0] == first["Message-ID"]
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"], application["due"]) == ("interview", "candidate", None)

    office.once()
    assert len(office.sent()) == 6
    assert all(not stored.flags for stored in office.imap.messages(office.user))


def test_the_daemon_takes_each_step_at_once_and_stands_a_sigterm_between_any_two(office: Office) -> None:
    def the_latest_to(address: str, count: int) -> Callable[[], EmailMessage]:
        def latest() -> EmailMessage:
            office.smtp.wait_for(count)
            return office.sent_to(address)[-1]

        return latest

    with office.running():
        office.pass_time(minutes=1)
        office.letter(SUBJECT, LETTER)
        questions = the_latest_to(CANDIDATE, 2)()
    office.pass_time(minutes=1)
    # It came while nobody looked.
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions)
    office.pass_time(minutes=1)
    with office.running():
        test = the_latest_to(CANDIDATE, 3)()
    office.pass_time(minutes=1)
    with office.running():
        office.pass_time(minutes=1)
        began = time.monotonic()
        office.letter(f"Re: {SUBJECT}", SOLUTION, answers=test, attach=A_FILE)
        received = the_latest_to(CANDIDATE, 5)()
        # By IDLE, not by the poll, which comes every minute.
        assert time.monotonic() - began < 5
    assert "четверга, 27 ноября" in text_of(received)
    office.pass_time(minutes=5)
    with office.running():
        (application,) = office.applications()
        assert office.mailbot("move", application["reference"], "interview").startswith(f"{application['reference']}: review -> interview")
        the_latest_to(CANDIDATE, 6)()
    assert [message["To"] for message in office.sent()] == [CANDIDATE, RECRUITER, CANDIDATE, CANDIDATE, RECRUITER, CANDIDATE]


def test_the_recruiter_may_go_on_by_hand_to_the_end_and_each_step_has_its_letter(office: Office) -> None:
    in_review(office)
    (application,) = office.applications()
    for stage in ("interview", "final_interview", "test_week", "hired"):
        office.pass_time(days=7)
        office.mailbot("move", application["reference"], stage)
    office.once()
    assert [message["To"] for message in office.sent()[5:]] == [CANDIDATE] * 4
    assert len({text_of(message) for message in office.sent_to(CANDIDATE)}) == 7
    office.pass_time(days=1)
    office.letter(f"Re: {SUBJECT}", "Спасибо вам! Что взять с собой в первый день?", answers=office.sent()[-1])
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    # A letter after the end is filed and waits for staff; no machine answers it.
    assert (application["stage"], application["waits_for"]) == ("hired", "staff")
    assert [message["To"] for message in office.sent()[9:]] == [RECRUITER]


def test_a_letter_after_a_move_to_rejected_waits_for_a_person(office: Office) -> None:
    test = assigned(office)
    (application,) = office.applications()
    office.mailbot("move", application["reference"], "rejected")
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 3
    office.pass_time(minutes=1)
    office.letter(f"Re: {SUBJECT}", SOLUTION, answers=test, attach=A_FILE)
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("rejected", "staff")
    assert len(office.sent_to(CANDIDATE)) == 3
    assert len(office.sent_to(RECRUITER)) == 2


def test_a_withdrawal_is_confirmed_once_and_ends_the_machines_mail(office: Office) -> None:
    test = assigned(office)
    office.pass_time(hours=1)
    office.letter(f"Re: {SUBJECT}", "Здравствуйте! Прошу отозвать мой отклик, я приняла другое предложение.", answers=test)
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert application["stage"] == "withdrawn"
    assert len(office.sent_to(CANDIDATE)) == 3
    assert application["reference"] in office.sent_to(RECRUITER)[-1]["Subject"]
    office.pass_time(days=20)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 3


def test_the_test_can_not_be_sent_by_hand_before_the_position_is_known(office: Office) -> None:
    office.letter("Отклик на вакансию", "Здравствуйте! Хочу у вас работать.")
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert "its position is not known" in office.mailbot("move", application["reference"], "test", expect=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1
