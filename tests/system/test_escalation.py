"""The reply clock in the real process: hint, one escalation, the morning digest, silence at night and after every interruption."""

from __future__ import annotations

import signal
import time
from datetime import datetime
from email.message import EmailMessage

import pytest
from applicants import A_FILE, ANSWERS, SOLUTION, SUBJECT, asked, assigned
from clients import plain
from office import CANDIDATE, JOB, MONDAY, RECRUITER, N, Office, text_of
from servers import free_ports

QUESTION = "Здравствуйте! Подскажите, пожалуйста, можно ли работать по вечерам?"
ANSWER = "Мария, здравствуйте!\n\nПо вечерам не получится, но можно начинать в восемь."


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Office time in the fortnight of the tests: November 24 (Monday) to 30; the days of December go on as 31, 32…"""
    return (
        MONDAY.replace(month=12, day=day - 30, hour=hour, minute=minute) if day > 30 else MONDAY.replace(day=day, hour=hour, minute=minute)
    )


def passes(office: Office, *instants: datetime) -> list[str]:
    """A pass of the real process at each of these instants, and one more where something went out; to whom it went."""
    before = len(office.sent())
    for instant in instants:
        office.now, so_far = instant, len(office.sent())
        office.once()
        if len(office.sent()) > so_far:
            office.once()
    return [message["To"] for message in office.sent()[before:]]


@pytest.fixture
def question(office: Office) -> EmailMessage:
    """On Monday a candidate who was sent the questions hands in a file and asks something: it waits for staff until Thursday evening."""
    letter = office.letter(f"Re: {SUBJECT}", QUESTION, answers=asked(office), attach=A_FILE)
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert (application["waits_for"], application["due"]) == ("staff", at(27, 19).isoformat())
    return letter


def test_a_hint_on_the_second_working_day_one_escalation_after_the_third_then_the_digest_until_n_answers(
    office: Office, question: EmailMessage
) -> None:
    assert passes(office, at(25, 10), at(26, 9, 59)) == []
    assert passes(office, at(26, 10)) == [RECRUITER]
    hint = office.sent()[-1]
    assert "четверга, 27 ноября" in hint["Subject"]
    assert QUESTION in text_of(hint)
    # Due is over at 19:00, and n@ reads it when the office opens.
    assert passes(office, at(27, 18, 59), at(27, 19, 1), at(28, 9, 59)) == []

    assert passes(office, at(28, 10))[0] == N
    escalation = office.sent_to(N)[0]
    text = text_of(escalation)
    (application,) = office.applications()
    # The daemon of the test takes a second or two to get there.
    assert application["escalated"].startswith("2025-11-28T10:00:")
    wanted = (QUESTION, "Мария Петрова", CANDIDATE, "Уточняющие вопросы", "Аккаунт-менеджер стажёр", A_FILE[0], "четверг, 27 ноября, 19:00")
    assert [words for words in (*wanted, "понедельника, 24 ноября", application["reference"]) if words not in text] == []
    # Monday 10:32 to Friday 10:00: 8.5 + 9 + 9 + 9 working hours.
    assert "35 рабочих часов" in text
    assert [part.get_content() for part in escalation.iter_attachments()] == [A_FILE[1]]
    assert escalation["Auto-Submitted"] == "auto-generated"

    assert passes(office, at(29, 12), at(31, 9, 59)) == []
    for day in (31, 32):
        assert sorted(passes(office, at(day, 10))) == sorted([N, RECRUITER])
        digest = office.sent_to(N)[-1]
        assert digest["Subject"].startswith("Сводка")
        assert application["reference"] in text_of(digest)
    assert len([message for message in office.sent_to(N) if "Кандидат ждёт" in message["Subject"]]) == 1

    office.letter(f"Re: {escalation['Subject']}", plain(escalation, ANSWER), sender=f"Нина <{N}>", answers=escalation, at=at(32, 15, 1))
    assert passes(office, at(32, 15, 2)) == [CANDIDATE]
    relayed = office.sent()[-1]
    assert text_of(relayed).startswith(ANSWER)
    assert question["Message-ID"] in relayed["References"].split()
    assert office.applications()[0]["waits_for"] == "candidate"
    assert passes(office, at(33, 10)) == []


def test_nothing_goes_to_staff_while_the_office_is_closed_but_the_candidate_is_answered_at_once(office: Office) -> None:
    office.now = at(24, 23, 30)
    asked(office)
    assert [message["To"] for message in office.sent()] == [CANDIDATE]
    assert passes(office, at(25, 9, 59)) == []
    assert passes(office, at(25, 10)) == [RECRUITER]
    office.now = at(29, 12)
    asked(office, "Пётр Ким <kim@yandex.ru>")
    assert passes(office, at(29, 14)) == []
    assert RECRUITER in passes(office, at(31, 10))
    assert len(office.sent_to(RECRUITER)) == 2


def test_a_candidate_who_is_silent_is_reminded_once_then_left_and_a_later_letter_opens_the_stage_again(office: Office) -> None:
    questions = asked(office)
    assert passes(office, at(27, 9, 59)) == []
    assert passes(office, at(27, 10)) == [CANDIDATE]
    reminder = office.sent()[-1]
    assert (reminder["Auto-Submitted"], reminder["In-Reply-To"]) == ("auto-generated", questions["Message-ID"])
    assert "понедельника, 1 декабря" in text_of(reminder)
    assert passes(office, at(31, 18, 59)) == []
    # No refusal: the candidate gets nothing, the recruiter reads it once.
    assert passes(office, at(32, 10), at(33, 10)) == [RECRUITER]
    assert "Мария Петрова" in text_of(office.sent()[-1])
    assert office.applications()[0]["stage"] == "silent"
    office.now = at(40, 12)
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions)
    assert passes(office, at(40, 12, 1)) == [CANDIDATE]
    assert office.applications()[0]["stage"] == "test"
    # A first letter that got its questions never reaches n@ while the candidate is silent.
    assert office.sent_to(N) == []


def test_ten_days_of_downtime_lose_nothing_and_do_nothing_twice(office: Office, question: EmailMessage) -> None:
    late = office.letter(
        "Вакансия аккаунт-менеджера", "Добрый день! Веду клиентов пять лет.", sender="Пётр Ким <kim@yandex.ru>", at=at(25, 12)
    )
    # It comes up again at night: the new letter is answered, staff sleep.
    assert passes(office, at(34, 3)) == ["kim@yandex.ru"]
    assert office.sent()[-1]["In-Reply-To"] == late["Message-ID"]
    went = passes(office, at(34, 10))
    # One escalation and no late hint; the notice of the new letter; a digest each.
    assert sorted(went) == sorted([N, N, RECRUITER, RECRUITER])
    subjects = [message["Subject"] for message in office.sent()[-4:]]
    assert sum("Кандидат ждёт ответа 71 рабочий час" in subject for subject in subjects) == 1
    assert sum(subject.startswith("Сводка") for subject in subjects) == 2


def test_an_answer_that_stands_in_sent_since_the_downtime_prevents_the_escalation(office: Office, question: EmailMessage) -> None:
    office.letter(f"Re: {SUBJECT}", ANSWER, sender=JOB, to=CANDIDATE, answers=question, folder="Sent", at=at(26, 16))
    assert passes(office, at(28, 10)) == []
    assert office.applications()[0]["waits_for"] == "candidate"
    assert office.sent_to(N) == []


def test_while_the_mailbox_can_not_be_read_n_gets_one_alarm_and_nothing_else_goes_out(office: Office, question: EmailMessage) -> None:
    good = office.config.read_text(encoding="utf-8")
    office.config.write_text(good.replace(f"port = {office.imap.port}", f"port = {free_ports(1)[0]}"), encoding="utf-8")
    before = len(office.sent())
    # Friday before opening: the escalation is due, and an answer may stand in Sent. A working hour lasts two seconds.
    office.now, office.speed = at(28, 9, 50), 1800
    with office.running():
        office.smtp.wait_for(before + 1)
        # Hours later it has still tried only to read.
        office.logged("next try in", count=2)
    (alarm,) = office.sent()[before:]
    assert alarm["To"] == N
    assert str(office.imap.port) not in alarm["Subject"]
    assert "[A-" not in alarm["Subject"]
    office.config.write_text(good, encoding="utf-8")
    office.speed = 1
    assert N in passes(office, at(28, 14))


def test_a_kill_after_the_escalation_has_gone_out_sends_it_no_second_time(office: Office, question: EmailMessage) -> None:
    office.config.write_text(office.config.read_text(encoding="utf-8").replace("digest = true", "digest = false"), encoding="utf-8")
    before = len(office.sent())
    journal = office.folder / "state" / "outbox.jsonl"
    office.now = at(28, 10)
    with office.running(ends=-signal.SIGKILL) as daemon:
        office.smtp.wait_for(before + 1)
        # The server has it before mailbot has written that down; killed in between, it may repeat to staff.
        deadline = time.monotonic() + 20
        while '"event":"sent"' not in journal.read_text(encoding="utf-8").rpartition('"purpose":"escalation"')[2]:
            assert time.monotonic() < deadline, "it is never recorded as sent"
            time.sleep(0.02)
        daemon.kill()
    assert [message["To"] for message in office.sent()[before:]] == [N]
    assert passes(office, at(28, 10, 1), at(28, 10, 7), at(31, 10)) == []


def test_the_test_assignment_has_its_own_reminder_and_a_solution_that_waits_is_escalated(office: Office) -> None:
    test = assigned(office)
    assert passes(office, at(27, 10)) == [CANDIDATE]
    office.letter(f"Re: {SUBJECT}", SOLUTION, answers=test, attach=A_FILE, at=at(28, 20))
    # It came on Friday evening: due on Wednesday at 19:00.
    assert passes(office, at(28, 20, 1)) == [CANDIDATE]
    assert "среды, 3 декабря" in text_of(office.sent()[-1])
    assert passes(office, at(31, 10), at(32, 10)) == [RECRUITER, RECRUITER]
    assert passes(office, at(33, 18, 59)) == []
    assert passes(office, at(34, 10))[0] == N
    assert "Проверка задания" in text_of(office.sent_to(N)[0])
