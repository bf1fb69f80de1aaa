"""Letters that are not as they should be: each gets a plain record or a plain message, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from applicants import LETTER, SUBJECT
from office import CANDIDATE, JOB, RECRUITER, Office, text_of
from servers import ImapServer, SmtpServer

TEXT = "Здравствуйте! Хочу работать у вас аккаунт-менеджером."


def raw_letter(text: str = TEXT, **headers: str) -> bytes:
    """A letter with exactly these headers, byte for byte."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", text, ""]).encode()


def filed(office: Office) -> list[dict[str, Any]]:
    """Every message that came in, as the records have it."""
    records = [
        json.loads(path.read_text(encoding="utf-8"))["tables"]["messages"] for path in (office.folder / "state").rglob("record.json")
    ]
    return [message for messages in records for message in messages.values() if message["direction"] == "in"]


def kept(office: Office) -> set[bytes]:
    """Every message that lies in the state folder, byte for byte."""
    return {path.read_bytes() for path in (office.folder / "state").rglob("*.eml")}


def test_a_letter_with_anything_missing_has_a_record_and_stops_no_other(office: Office) -> None:
    letters = [
        b"\r\n",
        raw_letter("", From=CANDIDATE, To=JOB),
        raw_letter(To=JOB, Subject="No sender", Message_ID="<1@x.example>"),
        raw_letter(From="", To=JOB, Subject="Empty sender"),
        raw_letter(From="no address at all", To=JOB, Subject="Bad sender"),
        raw_letter(From="a@x.example, b@x.example", To=JOB, Subject="Two senders"),
        raw_letter(From="nomessageid@mail.ru", To=JOB, Subject="Account manager"),
        raw_letter(From="baddate@mail.ru", To=JOB, Subject="Account manager", Date="вчера вечером", Message_ID="<2@x.example>"),
        raw_letter(From="olddate@mail.ru", To=JOB, Subject="Account manager", Date="Mon, 1 Jan 1900 00:00:00 -2500"),
        raw_letter(From="future@mail.ru", To=JOB, Subject="Account manager", Date="Fri, 31 Dec 9999 23:59:59 +0000"),
        b"\x00\xff\xfe not a message at all \x00" * 20,
        raw_letter(From="badtype@mail.ru", To=JOB, Subject="Account manager", Content_Type='multipart/mixed; boundary=""'),
    ]
    for letter in letters:
        office.put(letter)
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    assert len(filed(office)) == len(letters) + 1
    stored = {message.raw for message in office.imap.messages(office.user)}
    assert stored <= kept(office)
    answered = {message["To"] for message in office.sent()} - {RECRUITER}
    assert answered >= {CANDIDATE, "nomessageid@mail.ru", "baddate@mail.ru", "olddate@mail.ru", "future@mail.ru"}
    assert answered <= {CANDIDATE, "nomessageid@mail.ru", "baddate@mail.ru", "olddate@mail.ru", "future@mail.ru", "badtype@mail.ru"}
    # Nothing of it stays to be tried again.
    sent = len(office.sent())
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent()) == sent
    assert office.json("quarantine", "list") == []


def test_a_letter_that_says_a_far_date_arrived_when_the_mailbox_says_so(office: Office) -> None:
    office.put(raw_letter(From=CANDIDATE, To=JOB, Subject="Аккаунт-менеджер", Date="Mon, 3 Nov 2008 10:00:00 +0500"))
    office.pass_time(minutes=1)
    office.once()
    (application,) = office.applications()
    assert application["opened"] == "2025-11-24T10:31:00+05:00"


def test_a_letter_that_is_too_large_is_shown_by_its_headers(tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> None:
    office = Office(tmp_path, dovecot, smtp_server, message_bytes="20_000", attachment_bytes="10_000")
    office.once()
    office.pass_time(minutes=1)
    office.letter(SUBJECT, LETTER + "x" * 70 + "\n" * 30_000)
    office.pass_time(minutes=1)
    office.once()
    assert office.sent_to(CANDIDATE) == []
    (told,) = office.sent_to(RECRUITER)
    assert CANDIDATE in text_of(told)
    assert [message["kind"] for message in filed(office)] == ["broken"]


def test_markup_in_a_candidates_words_is_data(office: Office) -> None:
    words = "{{ company.job }} {% raw %} <script>alert(1)</script> ${HOME} %(name)s"
    office.letter(f"Аккаунт-менеджер {words}", f"{TEXT}\n{words}", sender=f'"{words}" <{CANDIDATE}>')
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1
    (notice,) = office.sent_to(RECRUITER)
    assert words in text_of(notice)


def test_headers_that_hide_in_a_subject_stay_in_the_subject(office: Office) -> None:
    evil = "=?utf-8?q?=D0=90=D0=BA=D0=BA=D0=B0=D1=83=D0=BD=D1=82_=0D=0ABcc:_victim@x.example=0D=0A=0D=0Abody?="
    office.put(raw_letter(From=CANDIDATE, To=JOB, Subject=evil, Message_ID="<evil@x.example>"))
    office.pass_time(minutes=1)
    office.once()
    (questions,) = office.sent_to(CANDIDATE)
    assert questions["Bcc"] is None
    assert all(transaction.rcpt in ((CANDIDATE,), (RECRUITER,)) for transaction in office.smtp.transactions)
