"""Mail that no machine may answer: machines, lists, bounces, pretenders, strangers. Each still has a record."""

from __future__ import annotations

import json
from uuid import uuid4

from applicants import ANSWERS, LETTER, SUBJECT, asked
from office import CANDIDATE, JOB, RECRUITER, Office, text_of


def kinds(office: Office) -> list[str]:
    """What the office's records and the application's say of what came in, in the order of arrival."""
    found = []
    for record in (office.folder / "state").rglob("record.json"):
        messages = json.loads(record.read_text(encoding="utf-8"))["tables"]["messages"]
        found += [(m["at"], m["number"], m["kind"]) for m in messages.values() if m["direction"] == "in"]
    return [kind for _, _, kind in sorted(found)]


def test_machines_lists_and_pretenders_are_filed_and_never_answered(office: Office) -> None:
    questions = asked(office)
    sent = len(office.sent())
    letters: list[tuple[str, dict[str, str], str, bool]] = [
        ("auto_reply", {"Auto-Submitted": "auto-replied"}, CANDIDATE, True),
        ("auto_reply", {"X-Autoreply": "yes", "Precedence": "auto_reply"}, CANDIDATE, True),
        ("auto_reply", {"Return-Path": "<>"}, "maria@other.example", False),
        ("no_reply", {}, "HeadHunter <noreply@hh.ru>", False),
        ("list", {"List-Id": "<jobs.lists.example>", "List-Unsubscribe": "<https://lists.example/off>"}, "news@lists.example", False),
        ("list", {"Precedence": "bulk"}, "offers@shop.example", False),
        ("pretender", {}, f"Отдел персонала <{JOB}>", False),
        ("junk", {"X-Spam-Flag": "YES"}, "Иван <ivan@spam.example>", False),
        ("other", {}, "Поставщик <sales@paper.example>", False),
    ]
    for _, headers, sender, in_thread in letters:
        office.pass_time(minutes=1)
        subject, text = ("Бумага А4", "Предлагаем бумагу оптом.") if "paper" in sender else (SUBJECT, LETTER)
        office.letter(subject, text, sender=sender, headers=headers, answers=questions if in_thread else None)
    office.pass_time(minutes=1)
    office.once()
    assert kinds(office) == ["application", *(kind for kind, *_ in letters)]
    later = office.sent()[sent:]
    assert {message["To"] for message in later} <= {RECRUITER}
    assert all(message["Auto-Submitted"] in ("auto-generated", "auto-replied") for message in later)
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("questions", "candidate")


def test_a_letter_that_came_only_by_a_hidden_copy_is_shown_to_a_person(office: Office) -> None:
    office.letter(SUBJECT, LETTER, to="friends@elsewhere.example")
    office.pass_time(minutes=1)
    office.once()
    assert office.applications() == []
    assert [message["To"] for message in office.sent()] == [RECRUITER]
    assert kinds(office) == ["forwarded"]


def test_a_bounce_of_the_questions_is_told_to_the_recruiter_once(office: Office) -> None:
    questions = asked(office)
    for _ in range(2):
        office.pass_time(minutes=1)
        office.put(bounce_of(str(questions["Message-ID"])))
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1
    told = office.sent_to(RECRUITER)[1:]
    assert len(told) == 1
    assert CANDIDATE in text_of(told[0])
    assert not any(message["To"].startswith("MAILER-DAEMON") for message in office.sent())


def test_two_mailbots_that_face_each_other_fall_silent(office: Office) -> None:
    asked(office)
    office.letter(
        f"Re: {SUBJECT}",
        "Спасибо за отклик! У нас 5 вопросов:\n\n1. Почему?",
        answers=office.sent_to(CANDIDATE)[-1],
        headers={"Auto-Submitted": "auto-replied", "X-Mailbot": "aaaaaaaaaaaaaaaa.00000000000000000000000000000000"},
    )
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1


def test_a_sender_who_wants_no_machines_answer_reaches_a_person(office: Office) -> None:
    office.letter(SUBJECT, LETTER, headers={"X-Auto-Response-Suppress": "All"})
    office.pass_time(minutes=1)
    office.once()
    assert office.sent_to(CANDIDATE) == []
    (application,) = office.applications()
    assert application["waits_for"] == "staff"
    assert len(office.sent_to(RECRUITER)) == 1


def bounce_of(message_id: str) -> bytes:
    """A report of delivery (RFC 3464) as Postfix writes it, each one with a Message-ID of its own."""
    number = uuid4().hex
    return f"""Return-Path: <>\r
From: MAILER-DAEMON@mx.up-advert.ru (Mail Delivery System)\r
To: {JOB}\r
Subject: Undelivered Mail Returned to Sender\r
Auto-Submitted: auto-replied\r
Message-Id: <{number}@mx.up-advert.ru>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain; charset=us-ascii\r
\r
I'm sorry to have to inform you that your message could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.up-advert.ru\r
\r
Final-Recipient: rfc822; {CANDIDATE}\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 User unknown\r
\r
--b\r
Content-Type: text/rfc822-headers\r
\r
Message-ID: {message_id}\r
To: {CANDIDATE}\r
\r
--b--\r
""".encode()


def test_a_letter_whose_sender_is_forged_moves_nothing_and_is_not_answered(office: Office) -> None:
    forged = {"Authentication-Results": "mx.up-advert.ru; dmarc=fail header.from=mail.ru"}
    questions = asked(office)
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions, headers=forged)
    office.letter("Ещё раз", "Прошу отозвать мой отклик.", headers=forged)
    office.letter(SUBJECT, LETTER, sender="other@mail.ru", headers=forged)
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1
    assert office.sent_to("other@mail.ru") == []
    (application,) = office.applications()
    assert application["stage"] == "questions"
