"""Contact with a mailbox: what its UIDs mean, which of its letters are old, and when it is another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, MONDAY, Hands, met

from mailbot.service.health import health, this_process
from mailbot.tasks.watch import SWEEP_SECONDS


def write(hands: Hands, number: int, folder: str = "INBOX", *, received: bool = False, dated: datetime | None = None) -> None:
    """A letter; with the line of the mail server that took it now, and with another Date."""
    letter = EmailMessage()
    if received:
        letter["Received"] = f"from mx.example.org by up-advert.ru with LMTP; {format_datetime(hands.now)}"
    letter["From"], letter["To"], letter["Subject"] = f"Мария Петрова <maria{number}@mail.ru>", JOB, SUBJECT
    letter["Date"] = format_datetime(dated or hands.now)
    letter["Message-ID"] = make_msgid(domain="candidates.example")
    letter.set_content(LETTER)
    hands.put(letter, folder)


def answered(hands: Hands, *numbers: int) -> list[int]:
    """How many messages each of these candidates got."""
    return [len(hands.sent_to(f"maria{number}@mail.ru")) for number in numbers]


def restored(hands: Hands, kept: int, folder: str = "INBOX") -> None:
    """The mail server comes back out of its own backup: UIDVALIDITY is the same, and the UIDs of what is lost are given once more."""
    there = hands.server.folder(hands.user, folder)
    there.stored = there.stored[:kept]
    there.uidnext = kept + 1


@pytest.mark.parametrize("since", [0, 1, 2, 5])
def test_letters_under_uids_that_were_given_before_are_read(tmp_path: Path, since: int) -> None:
    hands = met(tmp_path)
    for number in range(3):
        write(hands, number)
    hands.turn()
    restored(hands, 1)
    for number in range(since):
        hands.pass_time(minutes=1)
        write(hands, 10 + number)
    hands.turn()
    hands.pass_time(minutes=1)
    write(hands, 20)
    hands.turn()
    hands.reopen()
    hands.desk.ledger.compact()
    hands.turn()

    assert answered(hands, 0, 1, 2) == [1, 1, 1]
    assert answered(hands, *range(10, 10 + since), 20) == [1] * (since + 1)
    assert set(hands.verdicts().values()) == {"duplicate", "application"}
    (inbox,) = (box for box in health(hands.desk, this_process(hands.now, hands.watch))["mailboxes"] if box["folder"] == "INBOX")  # type: ignore[attr-defined]
    assert (inbox["server"], inbox["differ"]) == (since + 2, 0)


def test_a_folder_that_is_only_swept_is_looked_through_anew_when_its_uids_go_back(tmp_path: Path) -> None:
    hands = met(tmp_path)
    for number in range(2):
        write(hands, number, "Junk")
    hands.turn()
    hands.watch.swept_at = -SWEEP_SECONDS
    hands.turn()
    assert hands.verdicts("Junk") == {1: "junk", 2: "junk"}
    restored(hands, 0, "Junk")
    hands.pass_time(minutes=70)
    write(hands, 3, "Junk")

    hands.watch.swept_at = -SWEEP_SECONDS
    hands.turn()

    row = hands.desk.ledger.verdict_of("Junk", 1, 1)
    assert row
    assert row.arrived == hands.now
    assert row.identity


def migrated(hands: Hands, folder: str = "INBOX") -> None:
    """The mailbox is moved to another server, which calls everything new: UIDVALIDITY, UIDs, INTERNALDATE."""
    hands.server.renumber(hands.user, folder)
    there = hands.server.folder(hands.user, folder)
    now = hands.now.strftime("%d-%b-%Y %H:%M:%S %z")
    there.stored = [replace(stored, internaldate=now) for stored in there.stored]


@pytest.mark.parametrize("through_our_server", [False, True])
def test_what_lay_there_at_first_contact_is_not_answered_when_a_migration_has_restamped_it(
    tmp_path: Path, through_our_server: bool
) -> None:
    hands = Hands(tmp_path)
    start = hands.now
    for number in range(3):
        hands.now = start - timedelta(days=100 - number)
        write(hands, number, received=through_our_server)
    hands.now = start
    hands.turn()
    hands.pass_time(days=3)
    write(hands, 10, received=through_our_server)
    hands.turn()
    hands.pass_time(days=1)
    migrated(hands)
    hands.pass_time(minutes=1)
    write(hands, 11, received=through_our_server)

    hands.turn()
    hands.turn()

    assert answered(hands, 0, 1, 2, 10, 11) == [0, 0, 0, 1, 1]
    # Our own server's word that it took them before first contact is proof; their writers' is not, so a person sees them.
    seen = ["old"] * 3 if through_our_server else ["application"] * 3
    assert list(hands.verdicts().values()) == [*seen, "duplicate", "application"]
    assert len(hands.cases()) == (2 if through_our_server else 5)


def test_an_old_letter_that_is_restamped_by_whoever_moves_it_is_for_a_person(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.now -= timedelta(days=5)
    letter = hands.letter(SUBJECT, LETTER, folder="Junk")
    hands.server.expunge(hands.user, 1, "Junk")
    hands.now += timedelta(days=6)
    hands.put(letter)

    hands.turn()

    assert hands.sent_to(CANDIDATE) == []
    assert [case.application.waits_for for case in hands.cases() if case.application] == ["staff"]


def test_a_candidate_whose_clock_is_wrong_is_answered(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 1, received=True, dated=MONDAY - timedelta(days=3000))

    hands.turn()

    assert answered(hands, 1) == [1]


def test_a_letter_that_was_elsewhere_while_the_folder_was_read_is_for_a_person_once_it_is_renumbered(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    letter = hands.server.messages(hands.user)[0]
    hands.server.expunge(hands.user, 1)
    hands.pass_time(days=3)
    write(hands, 2)
    hands.turn()
    there = hands.server.folder(hands.user, "INBOX")
    there.stored.insert(0, letter)
    hands.server.renumber(hands.user)

    hands.turn()

    assert answered(hands, 1, 2) == [0, 1]
    assert hands.verdicts() == {1: "application", 2: "duplicate"}


def test_a_clock_that_was_ahead_at_the_first_start_hides_no_letter(tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    write(hands, 1)
    hands.set_clock(hours=2)
    hands.turn()
    hands.set_clock(hours=-2)
    hands.pass_time(minutes=30)
    write(hands, 2)
    hands.pass_time(minutes=1)
    hands.turn()
    write(hands, 3)
    hands.pass_time(hours=5)
    hands.reopen()
    hands.desk.ledger.compact()
    old = hands.letter(SUBJECT, LETTER, folder="Junk")
    hands.now -= timedelta(days=3)
    hands.put(old)
    hands.now += timedelta(days=3)

    hands.turn()

    assert answered(hands, 1, 2, 3) == [0, 1, 1]
    # What is moved in from days before is for a person.
    assert hands.sent_to(CANDIDATE) == []
    assert hands.verdicts() == {1: "", 2: "application", 3: "application", 4: "application"}
