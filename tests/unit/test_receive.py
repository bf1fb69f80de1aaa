"""Receiving: every message to exactly one verdict, whatever the server, the disk or the message itself does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, LIMITS, MONDAY, RECRUITER, Hands, N, met

from mailbot.errors import Permanent, Temporary
from mailbot.mail.mailbox import BATCH_BYTES, Fetched, Headline
from mailbot.mail.parcel import Read
from mailbot.tasks import gather as gathering
from mailbot.tasks import receive
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import Gathered, Role
from mailbot.tasks.modes import safe_mode
from mailbot.tasks.orders import carry_out_order


def body_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return " ".join(part.get_content().split()) if part else ""


def write(hands: Hands, number: int = 0) -> None:
    hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")


def test_what_was_there_at_first_contact_is_left_alone_and_what_comes_in_the_same_second_is_not(tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    write(hands, 1)
    hands.turn()
    write(hands, 2)
    hands.turn()

    assert hands.sent_to("maria1@mail.ru") == []
    assert len(hands.sent_to("maria2@mail.ru")) == 1


def test_an_old_letter_that_is_moved_in_later_is_old_and_one_of_two_weeks_is_for_a_person(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.pass_time(days=20)
    now = hands.now
    hands.now = MONDAY - timedelta(days=1)
    write(hands, 1)
    hands.now = MONDAY + timedelta(days=5)
    write(hands, 2)
    hands.now = now

    hands.turn()

    assert hands.verdicts() == {1: "old", 2: "application"}
    assert hands.sent_to("maria2@mail.ru") == []
    assert [case.application.waits_for for case in hands.cases() if case.application] == ["staff"]


def test_a_renumbered_folder_is_read_again_and_nobody_is_answered_again(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.turn()
    hands.server.renumber(hands.user)
    hands.server.renumber(hands.user, "Sent")

    hands.turn()

    assert hands.verdicts() == {1: "duplicate"}
    assert len(hands.submission.sent) == 2
    assert len(hands.cases()) == 1


def test_a_letter_copied_to_two_addresses_is_one(tmp_path: Path) -> None:
    hands = met(tmp_path)
    letter = hands.letter(SUBJECT, LETTER, to=f"{JOB}, {N}")
    hands.put(letter)

    hands.turn()

    assert hands.verdicts() == {1: "application", 2: "duplicate"}
    assert len(hands.sent_to(CANDIDATE)) == 1


def test_a_persons_letter_from_our_mailbox_counts_though_its_copy_was_seen_in_inbox_first(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER + "\nКакая у вас зарплата?")
    hands.turn()
    (case,) = hands.cases()
    assert case.application
    assert case.application.waits_for == "staff"
    hands.pass_time(hours=1)
    written = hands.letter(f"Re: {SUBJECT}", "Здравствуйте! Позвоним вам завтра.", sender=JOB, to=f"{CANDIDATE}, {JOB}")
    hands.watch.read_inbox()
    hands.put(written, "Sent")

    hands.turn()

    (case,) = hands.cases()
    assert case.application
    assert case.application.waits_for == "candidate"
    assert hands.verdicts() == {1: "application", 2: "pretender"}
    assert "staff" in hands.verdicts("Sent").values()


def test_a_message_that_the_server_does_not_give_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    hands.watch.connect()
    write(hands, 1)
    write(hands, 2)
    fetch = hands.watch.mailbox.fetch

    def refused(headlines: Sequence[Headline], batch_bytes: int = BATCH_BYTES) -> Iterator[Fetched]:
        yield from fetch([headline for headline in headlines if headline.uid != 1], batch_bytes)
        if any(headline.uid == 1 for headline in headlines):
            raise Temporary("NO [UNAVAILABLE]")

    with monkeypatch.context() as damaged:
        damaged.setattr(hands.watch.mailbox, "fetch", refused)
        hands.turn()
        hands.turn()
        assert hands.verdicts() == {1: "", 2: "application"}
        assert hands.watch.is_fresh()

    hands.turn()

    assert hands.verdicts() == {1: "application", 2: "application"}


class Withholding:
    """Has INBOX list some of its messages and give nothing of them."""

    def __init__(self, hands: Hands, *uids: int) -> None:
        self.uids = hands.server.folder(hands.user, "INBOX").withheld
        for uid in uids:
            hands.server.withhold(hands.user, uid, header=True)


@pytest.mark.parametrize("limit", [LIMITS.message_bytes, 100])
def test_a_message_that_the_server_never_gives_is_in_quarantine_after_three_tries_and_staff_know_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    hands = met(tmp_path, limits=replace(LIMITS, message_bytes=limit))
    write(hands, 1)
    write(hands, 2)
    Withholding(hands, 1)
    for _ in range(3):
        assert hands.verdicts()[1] == ""
        hands.turn()
        hands.turn()
        hands.pass_time(minutes=15)

    assert hands.verdicts()[1] == "quarantine"
    assert hands.verdicts()[2] in ("application", "broken")
    (kept,) = hands.desk.quarantine.entries()
    assert (kept.attempts, kept.path, kept.uid) == (3, "", 1)
    told = [notice for notice in hands.sent_to(RECRUITER) if "folder INBOX, UID 1, arrived 2026-11-23 10:31" in body_of(notice)]
    assert len(told) == 1
    with pytest.raises(Permanent, match="never given"):
        hands.desk.quarantine.read(kept.id)


def test_a_refusal_that_passes_is_no_strike_against_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    withholding = Withholding(hands, 1)
    for _ in range(20):
        # However often it is asked in a quarter of an hour.
        hands.turn()
    hands.pass_time(minutes=15)
    hands.turn()
    assert hands.desk.ledger.attempts("INBOX", 1, 1) == 0
    withholding.uids.clear()

    hands.turn()

    assert hands.verdicts() == {1: "application"}
    assert hands.desk.quarantine.entries() == ()


def test_a_server_that_gives_nothing_at_all_puts_no_message_in_quarantine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    for number in range(11):
        write(hands, number)
    withholding = Withholding(hands, *range(1, 12))
    for _ in range(5):
        hands.turn()
        hands.pass_time(minutes=15)
    assert hands.desk.quarantine.entries() == ()
    withholding.uids.clear()

    hands.turn()

    assert set(hands.verdicts().values()) == {"application"}


@pytest.mark.parametrize("outcome", ["given", "refused", "gone"])
def test_a_retry_asks_the_server_once_more_for_what_it_did_not_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str) -> None:
    hands = met(tmp_path)
    write(hands)
    withholding = Withholding(hands, 1)
    for _ in range(3):
        hands.turn()
        hands.pass_time(minutes=15)
    (kept,) = hands.desk.quarantine.entries()
    hands.turn()

    assert "at the next reading" in carry_out_order(hands.desk, "quarantine retry", {"id": kept.id}, "1")
    if outcome != "refused":
        withholding.uids.clear()
    if outcome == "gone":
        hands.server.expunge(hands.user, 1)
    for _ in range(3):
        hands.turn()
        hands.pass_time(minutes=15)

    left = [(entry.id, entry.asked) for entry in hands.desk.quarantine.entries()]
    assert left == ([(kept.id, False)] if outcome == "refused" else [])
    assert len(hands.sent_to("maria0@mail.ru")) == (outcome == "given")
    row = hands.desk.ledger.verdict_of("INBOX", 1, 1)
    assert row
    assert row.verdict == {"given": "application", "refused": "quarantine", "gone": "gone"}[outcome]


def test_a_connection_that_breaks_in_the_middle_of_reading_is_no_refusal(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.server.fail("fetch", Temporary("gone"))
    hands.server.fail("noop", Temporary("gone"))

    with pytest.raises(Temporary):
        hands.turn()

    assert hands.verdicts() == {1: ""}


def test_a_message_that_is_gone_before_it_was_read_has_its_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    write(hands)

    def gone(headlines: Sequence[Headline], batch_bytes: int = BATCH_BYTES) -> Iterator[Fetched]:
        yield from ()

    monkeypatch.setattr(hands.watch.mailbox, "fetch", gone)
    hands.turn()

    assert hands.verdicts() == {1: "gone"}


def test_a_message_too_large_is_shown_to_a_person_by_its_header(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=replace(LIMITS, message_bytes=100))
    write(hands)

    hands.turn()

    assert hands.verdicts() == {1: "broken"}
    assert hands.sent_to("maria0@mail.ru") == []
    assert len(hands.sent_to(RECRUITER)) == 1


def test_a_message_that_mailbot_fails_on_is_in_quarantine_after_three_tries_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    write(hands, 2)
    gather = gathering.gather

    def fails(desk: Desk, read: Read, *, role: Role, arrived: datetime, folder: str, too_large: bool) -> Gathered:
        if read.message.sender and read.message.sender.address == "maria1@mail.ru":
            raise KeyError("a bug")
        return gather(desk, read, role=role, arrived=arrived, folder=folder, too_large=too_large)

    monkeypatch.setattr(receive, "gather", fails)
    hands.turn()
    assert hands.verdicts() == {1: "", 2: "application"}
    hands.turn()
    hands.turn()

    assert hands.verdicts() == {1: "quarantine", 2: "application"}
    (kept,) = hands.desk.quarantine.entries()
    assert hands.desk.quarantine.read(kept.id) == hands.server.messages(hands.user)[0].raw
    assert kept.attempts == 3


def test_a_disk_in_trouble_is_no_strike_against_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    write(hands)

    def full(commit: object) -> None:
        raise Temporary("the disk is full")

    with monkeypatch.context() as trouble:
        trouble.setattr(hands.desk.store, "commit", full)
        for _ in range(10):
            with pytest.raises(Temporary):
                hands.turn()
            hands.watch.disconnect()

    hands.turn()

    assert hands.verdicts() == {1: "application"}


@pytest.mark.parametrize(("free", "total", "read"), [(499, 10_000, False), (500, 10_000, True), (99, 2_000, False), (100, 2_000, True)])
def test_nothing_is_fetched_below_the_floor_of_free_space_and_all_of_it_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, total: int, *, read: bool
) -> None:
    hands = met(tmp_path)
    write(hands)

    def usage(_path: object) -> SimpleNamespace:
        return SimpleNamespace(free=free * 1_000_000, total=total * 1_000_000)

    with monkeypatch.context() as small:
        small.setattr("mailbot.records.files.shutil.disk_usage", usage)
        if not read:
            with pytest.raises(Temporary, match=f"the disk is full. Free some space: {free} MB are left"):
                hands.turn()
            assert hands.desk.ledger.attempts("INBOX", 1, 1) == 0
    hands.turn()

    assert hands.verdicts() == {1: "application"}


def test_a_damaged_office_stops_no_reading(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter("Вне офиса", "Меня нет.", sender="noreply@example.com")
    hands.turn()
    (record,) = tmp_path.glob("state/office/*/record.json")
    record.write_bytes(b"{}")
    hands.reopen()
    hands.letter("Вне офиса", "Меня снова нет.", sender="noreply@example.com")
    write(hands)

    for _ in range(4):
        hands.turn()

    assert hands.verdicts() == {1: "no_reply", 2: "quarantine", 3: "application"}
    assert len(hands.sent_to("maria0@mail.ru")) == 1


def test_a_lost_state_is_known_by_what_stands_in_sent_also_after_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands(tmp_path)
    message = f"From: {JOB}\r\nMessage-ID: <mb1.aaaabbbbccccdddd.{'0' * 32}@up-advert.ru>\r\n\r\nOurs\r\n"
    hands.server.append(hands.user, message.encode(), hands.now, "Sent")
    carry_out = "mailbot.tasks.alarms.carry_out"

    def stopped(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stop:
        stop.setattr(carry_out, stopped)
        stop.setattr(hands.desk.ledger, "remember", stopped)
        with pytest.raises(KeyboardInterrupt):
            hands.turn()

    hands.reopen()
    hands.turn()
    hands.turn()

    assert safe_mode(hands.desk)
    assert len(hands.sent_to(N)) == 1
    hands.pass_time(minutes=1)
    write(hands)
    hands.turn()
    assert hands.sent_to("maria0@mail.ru") == []
    assert hands.sent_to(RECRUITER)
