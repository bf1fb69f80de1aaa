"""Contact with a mailbox: what its UIDs mean, which of its letters are old, and when it is another one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, MONDAY, Hands, N, met

from mailbot.records.journal import Journal
from mailbot.records.rows import Row
from mailbot.service.health import health, this_process
from mailbot.tasks import receive
from mailbot.tasks.modes import safe_mode
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


def rows(hands: Hands, folder: str) -> list[Row]:
    """The verdicts on what stands in a folder."""
    validity = hands.server.folder(hands.user, folder).uidvalidity
    found = (hands.desk.ledger.verdict_of(folder, validity, stored.uid) for stored in hands.server.messages(hands.user, folder))
    return [row for row in found if row]


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


@pytest.mark.parametrize("folder", ["INBOX", "Junk"])
@pytest.mark.parametrize("compacted", [False, True])
def test_a_letter_that_takes_a_uid_in_the_very_second_of_the_one_before_is_read(tmp_path: Path, folder: str, compacted: bool) -> None:
    hands = met(tmp_path)
    write(hands, 0, folder)
    write(hands, 1, folder)
    hands.watch.swept_at = -SWEEP_SECONDS
    hands.turn()
    restored(hands, 1, folder)
    write(hands, 2, folder)
    if compacted:
        hands.desk.ledger._lines = 10_000
        assert hands.desk.ledger.compact()
        hands.reopen()
    for _ in range(2):
        hands.watch.swept_at = -SWEEP_SECONDS
        hands.turn()

    assert len(hands.cases()) == (3 if folder == "INBOX" else 0)
    assert len({row.identity for row in rows(hands, folder)}) == 2
    assert len(rows(hands, folder)) == 2


def test_that_a_server_does_not_show_the_message_id_again_makes_no_letter_another(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 0)
    hands.turn()
    hands.server.withhold(hands.user, 1)
    began = len(list(Journal(hands.settings.state_dir / "ledger.jsonl").read()))
    hands.turn()

    assert not [event for event in [*Journal(hands.settings.state_dir / "ledger.jsonl").read()][began:] if event["event"] == "validity"]


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


def test_two_messages_that_had_one_uid_are_both_kept_in_quarantine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: object, **_named: object) -> None:
        raise RuntimeError

    hands = met(tmp_path)
    monkeypatch.setattr(receive, "gather", fails)
    for number in range(2):
        write(hands, number)
        for _ in range(4):
            hands.turn()
            hands.pass_time(minutes=1)
        restored(hands, 0)

    kept = [hands.desk.quarantine.read(entry.id) for entry in hands.desk.quarantine.entries()]
    for number in range(2):
        assert any(f"<maria{number}@mail.ru>".encode() in raw for raw in kept)


def configured(hands: Hands, *, host: str = "", username: str = "") -> None:
    """Somebody changes the configuration, and mailbot starts anew."""
    named = {name: value for name, value in {"host": host, "username": username}.items() if value}
    hands.settings = replace(hands.settings, imap=hands.settings.imap.model_copy(update=named))
    hands.watch.disconnect()
    hands.reopen()


def told(hands: Hands) -> int:
    """How often n@ was told that this is another mailbox."""
    texts = [str(part.get_content()) for message in hands.sent_to(N) if (part := message.get_body(("plain",)))]
    return sum("another mailbox than before" in " ".join(text.split()) for text in texts)


@pytest.mark.parametrize("uidvalidity", [1, 77])
def test_another_mailbox_is_met_as_at_a_first_start(tmp_path: Path, uidvalidity: int) -> None:
    hands = met(tmp_path)
    for number in range(3):
        write(hands, number)
    hands.turn()
    hands.pass_time(days=1)
    write(hands, 3)
    hands.turn()
    hands.pass_time(hours=3)
    hands.user = hands.server.new_user()
    for folder in ("INBOX", "Sent", "Junk"):
        hands.server.folder(hands.user, folder).uidvalidity = uidvalidity
    now = hands.now
    for number in range(10, 16):
        hands.now = now - timedelta(days=number - 9)
        write(hands, number)
    hands.now = now - timedelta(hours=1)
    write(hands, 20)
    hands.now = now
    configured(hands, username="real@up-advert.ru")
    hands.turn()
    hands.reopen()
    hands.turn()
    hands.pass_time(minutes=10)
    for number in range(30, 33):
        write(hands, number)
    hands.turn()

    assert answered(hands, 0, 1, 2, 3) == [1, 1, 1, 1]
    assert answered(hands, *range(10, 16)) == [0] * 6
    # It came when neither mailbox was read, so nobody has seen it.
    assert answered(hands, 20) == [0]
    shown = [case.application for case in hands.cases() if case.application and case.application.addresses[0] == "maria20@mail.ru"]
    assert [application.waits_for for application in shown] == ["staff"]
    assert answered(hands, 30, 31, 32) == [1, 1, 1]
    assert told(hands) == 1
    assert not safe_mode(hands.desk)


def test_the_same_mailbox_under_another_host_name_loses_no_letter_and_answers_nobody_twice(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    hands.turn()
    hands.turn()
    hands.pass_time(days=2)
    write(hands, 2)
    hands.pass_time(hours=1)
    configured(hands, host="imap2.example.org")

    hands.turn()
    hands.turn()

    assert not safe_mode(hands.desk)
    assert answered(hands, 1, 2) == [1, 0]
    assert sorted(case.application.waits_for for case in hands.cases() if case.application) == ["candidate", "staff"]
    assert told(hands) == 1


def test_a_state_of_before_takes_the_mailbox_that_is_there(tmp_path: Path) -> None:
    hands = met(tmp_path)
    ledger = hands.settings.state_dir / "ledger.jsonl"
    hands.desk.close()
    ledger.write_bytes(b"".join(line for line in ledger.read_bytes().splitlines(keepends=True) if b'"event":"mailbox"' not in line))
    hands.desk, hands.watch = hands._opened()
    write(hands, 1)

    hands.turn()

    assert answered(hands, 1) == [1]
    assert told(hands) == 0


def test_a_stop_while_another_mailbox_is_met_changes_nothing(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    hands.turn()
    hands.user = hands.server.new_user()
    write(hands, 2)
    for count in range(1, 12):
        configured(hands, username="real@up-advert.ru")
        with interrupted(count, Stopped()), suppress(Stopped):
            hands.turn()
    hands.reopen()
    hands.turn()
    hands.pass_time(minutes=1)
    write(hands, 3)
    hands.turn()

    assert answered(hands, 1, 2, 3) == [1, 0, 1]
    assert told(hands) == 1


class Stopped(BaseException):
    """The process is killed."""


@contextmanager
def interrupted(at: int, error: BaseException) -> Iterator[None]:
    """Let the line number `at` that the journals write raise instead."""
    lines = iter(range(1, at + 1))
    append = Journal.append

    def write_line(journal: Journal, event: Any, sync: bool = True) -> int:
        if next(lines, 0) == at:
            raise error
        return append(journal, event, sync)

    with patch.object(Journal, "append", write_line):
        yield


@pytest.mark.parametrize("others", [60, 130])
def test_a_lost_state_is_known_by_a_message_of_ours_however_much_a_person_has_sent_since(tmp_path: Path, others: int) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    hands.turn()
    hands.pass_time(minutes=1)
    hands.turn()
    assert hands.server.messages(hands.user, "Sent")
    for number in range(others):
        hands.letter("Письмо", "Здравствуйте!", sender=JOB, to=f"x{number}@other.example", folder="Sent")
    hands.desk.close()
    shutil.rmtree(hands.settings.state_dir)
    hands.pass_time(days=1)
    hands.desk, hands.watch = hands._opened()

    hands.turn()

    assert safe_mode(hands.desk)
