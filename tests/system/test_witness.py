"""The witness in the real process: a copy in our own mailbox settles what no reply has settled, and a held message is decided by mail."""

from __future__ import annotations

from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from office import CANDIDATE, RECRUITER, Office, text_of
from servers import Fault, ImapServer, SmtpServer

WITNESS = "job+outbox@up-advert.ru"


@pytest.fixture
def witnessed(tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> Office:
    """An office with a witness, that has met its empty mailbox a minute ago."""
    office = Office(tmp_path, dovecot, smtp_server, witness=f'"{WITNESS}"')
    office.once()
    office.pass_time(minutes=1)
    return office


def cut_after_the_dot(office: Office, *, taken: bool) -> None:
    """A letter whose answer goes out over a connection that breaks before the server's last word."""
    office.smtp.script("DOT", Fault(accept=taken))
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    assert states(office) == ["unknown"]


def states(office: Office) -> list[str]:
    """What is known of the messages to the candidate."""
    return [entry["state"] for entry in office.json("outbox", "list") if entry["to"] == CANDIDATE]


def recipients(office: Office) -> list[tuple[str, ...]]:
    return [transaction.rcpt for transaction in office.smtp.transactions]


def an_hour(office: Office) -> None:
    """The four looks, and a pass for the notice."""
    for minutes in (1, 5, 15, 45, 1):
        office.pass_time(minutes=minutes)
        office.once()


def test_the_copy_proves_that_the_message_was_taken_and_nothing_goes_out_twice(witnessed: Office) -> None:
    office = witnessed
    cut_after_the_dot(office, taken=True)
    assert recipients(office)[0] == (CANDIDATE, WITNESS)
    office.put(office.smtp.transactions[0].data)

    office.pass_time(minutes=2)
    office.once()

    assert states(office) == ["sent"]
    an_hour(office)
    assert [rcpt[0] for rcpt in recipients(office)].count(CANDIDATE) == 1
    # The copy is our own: no notice, no alarm, no loop, and it stands in Sent as every message does.
    assert [rcpt[0] for rcpt in recipients(office)] == [CANDIDATE, RECRUITER]
    assert office.json("status", expect=1)["breaker"] == "closed"
    assert len(office.imap.messages(office.user, "Sent")) == 2


def test_copies_of_everything_change_nothing(witnessed: Office) -> None:
    office = witnessed
    for number in range(6):
        office.letter(SUBJECT, LETTER, sender=f"maria{number}@mail.ru")
    office.pass_time(minutes=1)
    office.once()
    sent = office.smtp.transactions
    for transaction in sent:
        assert transaction.rcpt[1:] == (WITNESS,)
        office.put(transaction.data)
    for _ in range(2):
        office.pass_time(minutes=1)
        office.once()
    assert len(office.smtp.transactions) == len(sent)
    assert "the breaker is closed" in office.mailbot("breaker", "show")
    assert len(office.applications()) == 6


def test_a_witness_that_is_refused_costs_nobody_a_message(witnessed: Office) -> None:
    office = witnessed
    office.smtp.script("RCPT", "250 2.1.5 fine", "550 5.1.1 No such user")
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    assert recipients(office) == [(CANDIDATE,), (RECRUITER, WITNESS)]


def test_what_is_not_found_is_held_and_a_recruiters_word_sends_it(witnessed: Office) -> None:
    office = witnessed
    cut_after_the_dot(office, taken=False)
    an_hour(office)
    assert states(office) == ["held"]
    notice = next(m for m in office.sent() if m["To"] == RECRUITER and "задержано" in m["Subject"])
    assert "copy of the witness" in " ".join(text_of(notice).split())

    office.letter(f"Re: {notice['Subject']}", "Отправить", sender=f"Анна <{RECRUITER}>", answers=notice)
    office.pass_time(minutes=1)
    office.once()

    assert states(office) == ["sent"]
    assert [rcpt[0] for rcpt in recipients(office)].count(CANDIDATE) == 1
    (case,) = office.applications()
    assert (case["stage"], case["waits_for"]) == ("questions", "candidate")


def test_the_verb_drop_ends_what_is_held(witnessed: Office) -> None:
    office = witnessed
    cut_after_the_dot(office, taken=False)
    an_hour(office)
    (held,) = (entry for entry in office.json("outbox", "list") if entry["to"] == CANDIDATE)
    office.mailbot("outbox", "drop", held["id"])
    office.once()
    assert states(office) == ["dropped"]
    assert CANDIDATE not in [rcpt[0] for rcpt in recipients(office)]


def test_without_a_witness_nobody_else_gets_anything(office: Office) -> None:
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    assert recipients(office) == [(CANDIDATE,), (RECRUITER,)]
