"""The real verb `adopt`, beside the daemon and without it: older letters are taken in, and nobody is answered unasked."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from imapclient.imap_utf7 import encode as encoded
from office import MONDAY, RECRUITER, Office, forget_state
from servers import ImapServer, SmtpServer

OLD = [f"c{days}@mail.ru" for days in (40, 20, 3)]
SINCE = (MONDAY - timedelta(days=30)).date().isoformat()


@pytest.fixture
def full(tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> Office:
    """An office whose mailbox has been used for years: three candidates wrote, and one of them was answered by hand."""
    office = Office(tmp_path, dovecot, smtp_server)
    for days in (40, 20, 3):
        office.letter(SUBJECT, LETTER, sender=f"Кандидат <c{days}@mail.ru>", at=MONDAY - timedelta(days=days))
    office.letter("Re: отклик", "Ждём вас.", sender="job@up-advert.ru", to=OLD[1], folder="Sent", at=MONDAY - timedelta(days=19))
    return office


def test_without_a_daemon_it_is_a_whole_pass_and_answers_nobody(full: Office) -> None:
    full.once()
    full.pass_time(minutes=1)
    said = full.mailbot("adopt", "--since", SINCE)
    assert "2 older letters taken in, 2 applications opened; no candidate is answered" in said
    waiting = {application["addresses"][0]: application["waits_for"] for application in full.applications()}
    assert waiting == {OLD[1]: "candidate", OLD[2]: "staff"}
    full.pass_time(days=1)
    full.once()
    assert {message["To"] for message in full.sent()} == {RECRUITER}

    full.pass_time(days=1)
    assert "0 older letters" in full.mailbot("adopt", "--since", SINCE, "--answer")
    assert [full.sent_to(address) for address in OLD] == [[], [], []]


def test_beside_the_daemon_it_answers_those_who_were_not_answered_and_the_mailbox_stays_as_it_is(full: Office) -> None:
    with full.running():
        full.logged("the mailbox is read to the end")
        said = full.mailbot("adopt", "--since", (MONDAY - timedelta(days=100)).date().isoformat(), "--answer")
        assert "3 older letters taken in, 3 applications opened; candidates are answered" in said
        # A new letter is answered beside them.
        full.letter(SUBJECT, LETTER, sender="new@mail.ru", at=MONDAY + timedelta(minutes=5))
        _until(lambda: bool(full.sent_to("new@mail.ru")))
    assert [len(full.sent_to(address)) for address in OLD] == [1, 0, 1]
    assert all(not stored.flags for stored in full.imap.messages(full.user))


def test_letters_in_folders_that_a_person_names_are_taken_in_beside_the_daemon_and_without_it(full: Office) -> None:
    for folder in (encoded("Кандидаты").decode(), "Archive"):
        full.imap.create_folder(full.user, folder)
        full.letter(SUBJECT, LETTER, sender=f"Ольга <in{len(folder)}@mail.ru>", folder=folder, at=MONDAY - timedelta(days=9))
    order = ("adopt", "--since", SINCE, "--folder")
    with full.running():
        full.logged("the mailbox is read to the end")
        assert "1 older letters taken in, 1 applications opened; no candidate" in full.mailbot(*order, "Кандидаты")
        assert "has no folder 'Trash'; it has" in full.mailbot(*order, "Trash", expect=1)
    full.pass_time(minutes=1)
    assert "1 older letters taken in, 1 applications opened; no candidate" in full.mailbot(*order, "Archive", "--folder", "Кандидаты")
    assert len(full.applications()) == 2
    full.pass_time(days=1)
    full.once()
    assert {message["To"] for message in full.sent()} == {RECRUITER}
    assert all(not stored.flags for stored in full.imap.messages(full.user, "Archive"))


def test_letters_that_came_before_a_lost_state_was_noticed_are_taken_in_and_not_answered_twice(office: Office) -> None:
    office.letter(SUBJECT, LETTER)
    office.once()
    office.pass_time(minutes=1)
    office.once()
    sent = len(office.sent())
    forget_state(office)
    office.letter(SUBJECT, LETTER, sender="new@mail.ru", at=office.now - timedelta(seconds=5))
    office.once()
    office.mailbot("resume")
    office.pass_time(minutes=1)
    assert "2 older letters taken in" in office.mailbot("adopt", "--since", MONDAY.date().isoformat(), "--answer")
    to_candidates = [message["To"] for message in office.sent()[sent:] if str(message["To"]).endswith("@mail.ru")]
    assert to_candidates == ["new@mail.ru"]
    assert "safe mode" not in office.mailbot("status", expect=1)


def test_a_day_that_is_none_is_wrong_usage(office: Office) -> None:
    assert "'yesterday' is no day such as 2026-05-04" in office.mailbot("adopt", "--since", "yesterday", expect=2)
    assert "--since" in office.mailbot("adopt", expect=2)


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
