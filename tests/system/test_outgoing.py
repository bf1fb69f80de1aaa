"""What goes out: once each, whatever the SMTP server says, and once each in Sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from applicants import A_FILE, ANSWERS, LETTER, SOLUTION, SUBJECT, asked
from office import CANDIDATE, RECRUITER, Office, text_of
from servers import Fault, ImapServer, SmtpServer


def in_sent(office: Office) -> list[str]:
    """The Message-IDs in Sent, in the order of UIDs."""
    raws = (stored.raw for stored in office.imap.messages(office.user, "Sent"))
    return [re.sub(rb"\s", b"", raw.partition(b"Message-ID:")[2].partition(b">")[0]).decode() + ">" for raw in raws]


def message_ids(office: Office) -> list[str]:
    return [str(message["Message-ID"]) for message in office.sent()]


@pytest.mark.parametrize("files_sent", ['"auto"', "false", "true"])
def test_each_message_stands_once_in_sent(files_sent: str, tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> None:
    office = Office(tmp_path, dovecot, smtp_server, files_sent=files_sent)
    office.once()
    office.pass_time(minutes=1)
    questions = asked(office)
    # With "true" and "auto" a server that files by itself does it a moment later.
    by_server = files_sent == "true"
    if by_server:
        for transaction in smtp_server.transactions:
            office.put(transaction.data, folder="Sent")
    office.pass_time(minutes=1)
    office.once()
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions)
    for _ in range(2):
        office.pass_time(minutes=1)
        office.once()
    assert len(office.sent()) == 3
    assert sorted(in_sent(office)) == sorted(message_ids(office)[:2] if by_server else message_ids(office))
    sent = office.imap.messages(office.user, "Sent")
    assert {stored.raw for stored in sent} <= {transaction.data for transaction in smtp_server.transactions}
    assert by_server or all(r"\Seen" in stored.flags for stored in sent)


def test_auto_finds_out_that_the_server_files_by_itself(tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> None:
    office = Office(tmp_path, dovecot, smtp_server, files_sent='"auto"')
    office.once()
    office.pass_time(minutes=1)
    asked(office)
    for transaction in smtp_server.transactions:
        office.put(transaction.data, folder="Sent")
    office.pass_time(minutes=1)
    office.once()
    office.letter(SUBJECT, LETTER, sender="second@mail.ru")
    for _ in range(2):
        office.pass_time(minutes=1)
        office.once()
    # The second pair is left to the server.
    assert sorted(in_sent(office)) == sorted(message_ids(office)[:2])
    assert len(office.sent()) == 4


def test_greylisting_delays_a_message_and_it_goes_out_once(office: Office) -> None:
    office.smtp.script("RCPT", "451 4.7.1 Greylisted, try again later", "450 4.2.0 Still greylisted")
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    assert office.sent() == []
    (waiting, _) = office.json("outbox", "list")
    assert (waiting["state"], waiting["attempts"], waiting["to"]) == ("retry", 1, CANDIDATE)
    assert CANDIDATE not in waiting["reason"]
    office.pass_time(minutes=1)
    office.once()
    assert office.sent() == []
    for _ in range(2):
        office.pass_time(minutes=6)
        office.once()
    assert sorted(str(message["To"]) for message in office.sent()) == [RECRUITER, CANDIDATE]


def test_a_refused_recipient_is_told_to_the_recruiters_and_never_tried_again(office: Office) -> None:
    office.smtp.script("RCPT", f"550 5.1.1 <{CANDIDATE}>: no such user")
    office.letter(SUBJECT, LETTER)
    for _ in range(3):
        office.pass_time(minutes=10)
        office.once()
    assert [message["To"] for message in office.sent()] == [RECRUITER, RECRUITER]
    told = office.sent()[1]
    assert CANDIDATE in text_of(told)
    assert "550" in text_of(told)
    states = {entry["purpose"]: entry["state"] for entry in office.json("outbox", "list")}
    assert states["questions"] == "failed"


def test_a_connection_that_breaks_before_the_dot_loses_nothing_and_repeats_nothing(office: Office) -> None:
    office.smtp.script("DATA", Fault(within_body=True))
    asked_twice(office)
    assert sorted(str(message["To"]) for message in office.sent()) == [RECRUITER, CANDIDATE]


def test_a_connection_that_breaks_after_the_dot_is_not_blindly_repeated(office: Office) -> None:
    office.smtp.script("DOT", Fault(accept=True))
    asked_twice(office)
    office.pass_time(hours=2)
    office.once()
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1
    held = {entry["purpose"]: entry["state"] for entry in office.json("outbox", "list")}
    assert held["questions"] == "held"
    # A person is shown what nobody can know.
    assert any(CANDIDATE in text_of(message) for message in office.sent_to(RECRUITER)[1:])


def test_a_lost_reply_of_a_message_that_stands_in_sent_was_sent(office: Office) -> None:
    office.smtp.script("DOT", Fault(accept=True))
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    office.put(office.smtp.transactions[0].data, folder="Sent")
    office.pass_time(minutes=10)
    office.once()
    assert {entry["state"] for entry in office.json("outbox", "list")} == {"sent"}
    assert sorted(in_sent(office)) == sorted(message_ids(office))


def asked_twice(office: Office) -> None:
    """A first letter and passes until everything that can go out is out."""
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    for _ in range(2):
        office.pass_time(minutes=10)
        office.once()


def test_a_fourth_automatic_letter_to_one_address_in_a_day_is_held_and_the_recruiter_told(office: Office) -> None:
    questions = asked(office)
    for text in ("1. Люблю людей.\n2. Ярмарка.\n3. 30 часов.", "4. Excel."):
        office.letter(f"Re: {SUBJECT}", text, answers=questions)
        office.pass_time(minutes=1)
        office.once()
    office.letter(f"Re: {SUBJECT}", SOLUTION, answers=questions, attach=A_FILE)
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 3
    assert [entry["state"] for entry in office.json("outbox", "list") if entry["to"] == CANDIDATE] == ["sent"] * 3 + ["held"]
    office.once()
    # Of the first letter, of the solution, and of what is held.
    assert len(office.sent_to(RECRUITER)) == 3
    (application,) = office.applications()
    assert (application["stage"], application["waits_for"]) == ("review", "staff")
