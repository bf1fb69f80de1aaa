"""The ledger: what was seen, tried and decided survives, once, in little memory."""

from __future__ import annotations

import errno
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.errors import Permanent, Temporary
from mailbot.records.journal import Journal
from mailbot.records.ledger import Ledger
from mailbot.records.places import Places

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ARRIVED = NOW - timedelta(hours=3)
IDENTITY = "ab" * 16


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def filled(path: Path) -> Ledger:
    ledger = Ledger(path)
    ledger.first_contact("INBOX", NOW, 7, 100, 99)
    for uid in (100, 101, 102):
        ledger.seen("INBOX", 7, uid, ARRIVED, NOW)
    assert ledger.attempt("INBOX", 7, 100, NOW) == 1
    ledger.verdict("INBOX", 7, 100, "application", IDENTITY, "A-7F3K9", "D14", NOW)
    assert ledger.attempt("INBOX", 7, 101, NOW) == 1
    assert ledger.attempt("INBOX", 7, 101, NOW + timedelta(minutes=1)) == 2
    ledger.gone("INBOX", 7, 102, NOW + timedelta(minutes=2))
    return ledger


def check(ledger: Ledger) -> None:
    cursor = ledger.cursor("INBOX")
    assert cursor
    assert (cursor.uidvalidity, cursor.first_contact, cursor.first_uidnext, cursor.count, cursor.highest) == (7, NOW, 100, 99, 102)
    assert ledger.unsettled("INBOX", 7) == (101,)
    assert ledger.settled_uids("INBOX", 7) == {100, 102}
    assert ledger.attempts("INBOX", 7, 101) == 2
    row = ledger.verdict_of("INBOX", 7, 100)
    assert row
    assert (row.verdict, row.identity, row.reference, row.rule, row.arrived) == ("application", IDENTITY, "A-7F3K9", "D14", ARRIVED)
    gone = ledger.verdict_of("INBOX", 7, 102)
    assert gone
    assert gone.verdict == "gone"
    assert ledger.verdict_of("INBOX", 7, 101) is None
    assert ledger.reference_of(IDENTITY) == "A-7F3K9"
    assert ledger.arrival_of(IDENTITY) == ARRIVED
    assert ledger.last_time() == NOW + timedelta(minutes=2)


def test_what_is_written_is_known_at_once_and_after_a_restart(path: Path) -> None:
    check(filled(path))
    check(Ledger(path))


def test_nothing_is_known_of_what_was_never_seen(path: Path) -> None:
    ledger = Ledger(path)
    assert ledger.cursor("INBOX") is None
    assert ledger.unsettled("INBOX", 7) == ()
    assert ledger.attempts("INBOX", 7, 1) == 0
    assert ledger.verdict_of("INBOX", 7, 1) is None
    assert ledger.reference_of(IDENTITY) == ""
    assert ledger.reference_of("") == ""
    assert ledger.arrival_of(IDENTITY) is None
    assert ledger.last_time() is None
    assert not path.exists()


def test_a_try_that_kills_the_process_counts(path: Path) -> None:
    for attempt in (1, 2, 3):
        assert Ledger(path).attempt("INBOX", 7, 5, NOW) == attempt


def test_renumbered_uids_are_looked_at_again_but_identities_stay(path: Path) -> None:
    filled(path).new_validity("INBOX", 8, NOW)
    for ledger in (Ledger(path),):
        cursor = ledger.cursor("INBOX")
        assert cursor
        assert (cursor.uidvalidity, cursor.first_contact, cursor.first_uidnext, cursor.highest) == (8, NOW, 1, 0)
        assert ledger.verdict_of("INBOX", 8, 100) is None
        assert ledger.settled_uids("INBOX", 8) == frozenset()
        assert ledger.reference_of(IDENTITY) == "A-7F3K9"


def test_uids_that_went_back_are_looked_at_again_and_compaction_forgets_no_identity(path: Path) -> None:
    ledger = filled(path)
    ledger.new_validity("INBOX", 7, NOW)
    for _ in range(1300):
        ledger.attempt("INBOX", 7, 100, NOW)
    ledger.verdict("INBOX", 7, 100, "other", "cd" * 16, "office/2026-11", "D17", NOW)
    assert ledger.compact()
    for each in (ledger, Ledger(path)):
        cursor = each.cursor("INBOX")
        assert cursor
        assert (cursor.first_contact, cursor.first_uidnext, cursor.highest, cursor.known_until) == (NOW, 1, 100, NOW)
        assert each.settled_uids("INBOX", 7) == {100}
        assert each.verdict_of("INBOX", 7, 102) is None
        assert each.reference_of(IDENTITY) == "A-7F3K9"
        assert each.reference_of("cd" * 16) == "office/2026-11"
    assert not ledger.compact()


def test_of_several_verdicts_the_last_stands_with_the_first_arrival(path: Path) -> None:
    ledger = filled(path)
    ledger.verdict("INBOX", 7, 100, "quarantine", IDENTITY, "office/2026-11", "D0", NOW + timedelta(days=1))
    for each in (ledger, Ledger(path)):
        row = each.verdict_of("INBOX", 7, 100)
        assert row
        assert (row.verdict, row.arrived) == ("quarantine", ARRIVED)
        assert each.reference_of(IDENTITY) == "office/2026-11"


def test_a_copy_keeps_reference_and_arrival_of_the_first(path: Path) -> None:
    ledger = filled(path)
    ledger.seen("Junk", 3, 1, NOW, NOW)
    ledger.verdict("Junk", 3, 1, "duplicate", IDENTITY, "A-00000", "D1", NOW, same_as=IDENTITY)
    for each in (ledger, Ledger(path)):
        assert each.reference_of(IDENTITY) == "A-7F3K9"
        assert each.arrival_of(IDENTITY) == ARRIVED
        copy = each.verdict_of("Junk", 3, 1)
        assert copy
        assert copy.same_as == IDENTITY


def test_an_identity_from_a_record_is_recognised_once(path: Path) -> None:
    ledger = Ledger(path)
    ledger.recognise(IDENTITY, "A-7F3K9", ARRIVED)
    size = path.stat().st_size
    ledger.recognise(IDENTITY, "A-00000", NOW)
    assert path.stat().st_size == size
    assert Ledger(path).reference_of(IDENTITY) == "A-7F3K9"
    assert Ledger(path).arrival_of(IDENTITY) == ARRIVED


def test_what_is_remembered_stands_until_it_is_replaced(path: Path) -> None:
    ledger = Ledger(path)
    assert ledger.remembered("digest") == ""
    ledger.remember("digest", "2026-11-23", NOW)
    ledger.remember("digest", "2026-11-24", NOW)
    assert Ledger(path).remembered("digest") == "2026-11-24"


def test_compaction_changes_nothing_but_the_size(path: Path) -> None:
    ledger = filled(path)
    ledger.remember("safe", "a reason", NOW)
    ledger.recognise("cd" * 16, "A-11111", ARRIVED)
    for _ in range(1000):
        ledger.attempt("INBOX", 7, 100, NOW)
    ledger.verdict("INBOX", 7, 100, "other", IDENTITY, "A-00000", "D17", NOW)
    ledger.verdict("INBOX", 7, 100, "application", IDENTITY, "A-7F3K9", "D14", NOW + timedelta(minutes=2))
    before = path.stat().st_size
    assert ledger.compact()
    assert path.stat().st_size < before / 50
    for each in (ledger, Ledger(path)):
        check(each)
        assert each.remembered("safe") == "a reason"
        assert each.reference_of("cd" * 16) == "A-11111"
        assert not each.compact()


@pytest.mark.parametrize("at", [1, 2])
def test_a_compaction_that_the_disk_refuses_forgets_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    ledger = filled(path)
    for _ in range(1000):
        ledger.attempt("INBOX", 7, 103, NOW)
    fsync, calls = os.fsync, iter(range(1, 100))

    def refuse(descriptor: int) -> None:
        if next(calls) == at:
            raise OSError(errno.EIO, "broken")
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(Temporary):
            ledger.compact()
    ledger.verdict("INBOX", 7, 103, "other", "cd" * 16, "office/2026-11", "D17", NOW)
    for each in (ledger, Ledger(path)):
        assert each.unsettled("INBOX", 7) == (101,)
        assert each.reference_of(IDENTITY) == "A-7F3K9"
        assert each.reference_of("cd" * 16) == "office/2026-11"


def test_an_event_of_a_newer_mailbot_is_refused_in_words(path: Path) -> None:
    Journal(path).append({"event": "blessed", "at": "2026", "folder": "", "uidvalidity": 0})
    with pytest.raises(Permanent, match="newer mailbot"):
        Ledger(path)


def test_every_prefix_of_a_ledger_is_a_legal_state(path: Path) -> None:
    filled(path).close()
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        ledger = Ledger(path)
        known = {*ledger.unsettled("INBOX", 7), *ledger.settled_uids("INBOX", 7)}
        assert known <= {100, 101, 102}
        assert not set(ledger.unsettled("INBOX", 7)) & ledger.settled_uids("INBOX", 7)
        assert ledger.reference_of(IDENTITY) in {"", "A-7F3K9"}


def test_places_agree_with_a_plain_dict_however_many_there_are() -> None:
    places = Places()
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    choose = random.Random(7)
    for place in range(20_000):
        number = choose.randrange(12_000) << 40
        places.add(number, place)
        first.setdefault(number, place)
        last[number] = place
    for number in (*first, 1, 2**63):
        assert places.first(number) == first.get(number)
        assert places.last(number) == last.get(number)
        assert (number in places) == (number in first)
    assert set(places) == set(first)


def test_a_try_that_was_put_off_is_no_strike_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.seen("INBOX", 1, 7, NOW, NOW)
    assert [ledger.attempt("INBOX", 1, 7, NOW), ledger.attempt("INBOX", 1, 7, NOW)] == [1, 2]

    ledger.put_off("INBOX", 1, 7, NOW)

    assert (ledger.attempts("INBOX", 1, 7), Ledger(path).attempts("INBOX", 1, 7)) == (1, 1)
    ledger.gone("INBOX", 1, 7, NOW)
    ledger.put_off("INBOX", 1, 7, NOW)
    assert ledger.unsettled("INBOX", 1) == ()


def test_the_last_time_is_that_of_the_last_line_so_that_a_clock_which_was_wrong_is_forgotten_once_it_is_mended(path: Path) -> None:
    ledger = Ledger(path)
    ledger.remember("digest", "yesterday", NOW + timedelta(days=365))
    ledger.remember("digest", "today", NOW)
    ledger.recognise(IDENTITY, "A-7F3K9", ARRIVED)
    assert ledger.last_time() == NOW
    assert Ledger(path).last_time() == NOW
