"""Poison in the mailbox: a message that ends its reader costs no other message its answer, and neither does a machine without room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import FakeImapServer, FakeMailbox
from hostile_reader import HOSTILE, order

from mailbot import config
from mailbot.errors import BadMessage, Temporary
from mailbot.installed import share
from mailbot.mail.reader import Reader
from mailbot.service.explain import explain
from mailbot.tasks.desk import Desk, open_desk
from mailbot.tasks.letters import oldest_letter
from mailbot.tasks.orders import carry_out_order
from mailbot.tasks.receive import read_folder

NOW = datetime(2025, 11, 24, 5, 30, tzinfo=UTC)


def head(number: int) -> bytes:
    return (
        f"From: Maria <maria{number}@mail.example>\r\nTo: job@up-advert.ru\r\nMessage-ID: <{number}@mail.example>\r\n"
        f"Date: Mon, 24 Nov 2025 10:{number:02}:00 +0500\r\n"
    ).encode()


def letter(number: int) -> bytes:
    return head(number) + b"Subject: job\r\n\r\nI apply for the position of account manager.\r\n"


class Mailroom:
    """A desk with a reader that obeys its messages, and a mailbox on which first contact has been made."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.server = FakeImapServer()
        self.user = self.server.new_user()
        self.read()

    def put(self, raw: bytes) -> None:
        self.server.append(self.user, raw, NOW)

    def read(self, folder: str = "INBOX") -> None:
        with closing(FakeMailbox(self.server, self.user)) as mailbox:
            mailbox.connect()
            read_folder(self.desk, mailbox, mailbox.open(folder), "sent" if folder == "Sent" else "inbox", lambda: None)

    def verdict(self, uid: int) -> str:
        row = self.desk.ledger.verdict_of("INBOX", 1, uid)
        return row.verdict if row else ""


@pytest.fixture
def mailroom(tmp_path: Path) -> Iterator[Mailroom]:
    settings = config.load(share() / "config.toml", {"STATE_DIRECTORY": str(tmp_path / "state")}, installed=share() / "templates")
    with closing(replace(open_desk(settings, lambda: NOW), reader=Reader(HOSTILE, seconds=20))) as desk:
        yield Mailroom(desk)


@pytest.mark.parametrize("deed", ["segfault", "exit", "bug", "grow", "garbage"])
def test_a_message_that_ends_its_reader_is_in_quarantine_and_the_next_one_is_answered(mailroom: Mailroom, deed: str) -> None:
    poison = order(deed, head(1))
    mailroom.put(poison)
    mailroom.put(letter(2))
    mailroom.read()
    assert [mailroom.verdict(uid) for uid in (1, 2)] == ["quarantine", "application"]
    (entry,) = mailroom.desk.quarantine.entries()
    assert entry.attempts == 1
    assert mailroom.desk.quarantine.read(entry.id) == poison
    assert {planned.purpose for planned in mailroom.desk.outbox.entries()} >= {"questions"}
    # A retry that fails again leaves it there, and says why.
    with pytest.raises(BadMessage):
        carry_out_order(mailroom.desk, "quarantine retry", {"id": entry.id}, "1")
    assert mailroom.desk.quarantine.entries() == (entry,)


def test_the_same_poison_under_another_uid_is_known_and_told_of_once(mailroom: Mailroom) -> None:
    poison = order("segfault", head(1))
    mailroom.put(poison)
    mailroom.read()
    (entry,) = mailroom.desk.quarantine.entries()
    told = len(mailroom.desk.outbox.entries())
    # Moved away and back, then the folder is numbered anew.
    mailroom.server.expunge(mailroom.user, 1)
    mailroom.put(poison)
    mailroom.read()
    mailroom.server.renumber(mailroom.user)
    mailroom.read()

    assert mailroom.verdict(2) == "duplicate"
    row = mailroom.desk.ledger.verdict_of("INBOX", 2, 1)
    assert row
    assert row.verdict == "duplicate"
    assert mailroom.desk.quarantine.entries() == (entry,)
    assert len(mailroom.desk.outbox.entries()) == told
    # Other bytes are another message.
    mailroom.put(order("segfault", head(3)))
    mailroom.read()
    assert len(mailroom.desk.quarantine.entries()) == 2


def test_poison_that_was_taken_in_after_a_fix_is_a_duplicate_wherever_it_comes_again(mailroom: Mailroom) -> None:
    letter_of_poison = order("segfault", head(1))
    mailroom.put(letter_of_poison)
    mailroom.read()
    (entry,) = mailroom.desk.quarantine.entries()
    mailroom.desk = replace(mailroom.desk, reader=Reader())

    with closing(mailroom.desk.reader):
        carry_out_order(mailroom.desk, "quarantine retry", {"id": entry.id}, "1")
        mailroom.put(letter_of_poison)
        mailroom.read()

    assert mailroom.desk.quarantine.entries() == ()
    assert mailroom.verdict(2) == "duplicate"


def test_what_only_a_used_reader_fails_on_is_answered(mailroom: Mailroom) -> None:
    mailroom.put(letter(1))
    mailroom.put(order("crash unless fresh", head(2)))
    mailroom.read()
    assert mailroom.desk.quarantine.entries() == ()
    assert mailroom.verdict(2)


def test_a_machine_that_can_not_start_a_reader_makes_no_strike(mailroom: Mailroom) -> None:
    mailroom.put(letter(1))
    whole = mailroom.desk
    mailroom.desk = replace(whole, reader=Reader("raise SystemExit(1)"))
    for _ in range(5):
        with pytest.raises(Temporary, match="does not start"):
            mailroom.read()
    mailroom.desk = whole
    assert mailroom.desk.ledger.attempts("INBOX", 1, 1) == 0
    mailroom.read()
    assert mailroom.verdict(1) == "application"


def test_poison_in_sent_does_not_stop_first_contact(mailroom: Mailroom) -> None:
    mailroom.server.append(mailroom.user, order("segfault"), NOW, "Sent")
    mailroom.read("Sent")
    assert mailroom.desk.ledger.cursor("Sent") is not None


def test_a_letter_on_file_that_can_be_read_no_more_does_not_keep_its_case_from_people(mailroom: Mailroom) -> None:
    mailroom.put(head(1) + b"Subject: job\r\n\r\nI apply for the position of account manager. What is the pay?\r\n")
    mailroom.read()
    (row,) = mailroom.desk.catalogue.rows()
    case = mailroom.desk.store.load(row.reference)
    assert case.application is not None
    assert case.application.unanswered
    assert row.stamp is not None
    number, found = oldest_letter(mailroom.desk, case, case.application)
    assert found is not None
    (filed,) = (message for message in case.messages if message.number == number)
    (mailroom.desk.settings.state_dir / row.stamp.path / filed.path).write_bytes(order("segfault"))
    assert oldest_letter(mailroom.desk, case, case.application) == (number, None)


def test_explaining_poison_says_what_it_does(mailroom: Mailroom) -> None:
    with pytest.raises(BadMessage, match="SIGSEGV"):
        explain(mailroom.desk, "poison.eml", order("segfault"), NOW)
    assert explain(mailroom.desk, "letter.eml", letter(1), NOW)["kind"] == "application"
