"""A power cut at any instant, which takes whatever no fsync has covered, in any order: what was acknowledged is there, and nothing is
called sent that was not."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as example
from hypothesis import strategies as st
from losing_disk import LosingDisk

from mailbot.errors import Permanent
from mailbot.hiring.case import Case, FiledMessage, HistoryEntry, Intent
from mailbot.hiring.model import Application
from mailbot.records.catalogue import Catalogue, Row
from mailbot.records.files import write_files
from mailbot.records.journal import Journal
from mailbot.records.ledger import Ledger
from mailbot.records.outbox import Entry, Outbox
from mailbot.records.quarantine import Quarantine
from mailbot.records.store import Commit, NewMessage, Store

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REFERENCE = "A-7F3K9"
APPLICATION = Application(
    REFERENCE, "trainee", "questions", "Мария", ("maria@mail.example",), "ru", NOW, NOW, "Отклик", waits_for="candidate"
)
RAW = b"From: maria@mail.example\r\n\r\nletter\r\n"


def filed(number: int) -> NewMessage:
    message = FiledMessage(
        number, "in", "answer", "maria@mail.example", "job@firm.example", "Re", f"<{number}@x>", NOW, f"messages/{number:04}.eml", "0" * 32
    )
    return NewMessage(replace(message, identity=f"{number:032x}"), RAW, ((f"attachments/{number:04}.pdf", b"%PDF"),))


def decision(number: int) -> Commit:
    """What a letter brings: the letter, and one message that is to go out."""
    intent = Intent(f"i{number}", "test", "candidate", "maria@mail.example", f"<mb1.{number}@x>", "messages/x.eml", NOW, "D15", "because")
    return Commit(REFERENCE, APPLICATION, (filed(number),), (intent,), (HistoryEntry(NOW, f"answer {number}", "D15", "because"),))


def entry(number: int) -> Entry:
    return Entry(f"i{number}", REFERENCE, "test", "candidate", True, f"<mb1.{number}@x>", "address", "domain", NOW, NOW)


def row(case: Case) -> Row:
    assert case.application
    return Row(
        REFERENCE,
        "trainee",
        f"{len(case.messages)}",
        "candidate",
        None,
        None,
        None,
        None,
        "Мария",
        (),
        "ru",
        NOW,
        NOW,
        True,
        thread=("<t>",),
    )


NUMBERS = (1, 2)


@dataclass
class Told:
    """What was done, and how many steps the disk had taken by then: a thing may be so from `begun` on, and is so from `done` on."""

    disk: LosingDisk
    begun: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        self.begun[what] = len(self.disk.steps)
        yield
        self.done[what] = len(self.disk.steps)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Two letters, each received, answered and settled; a third that can not be read; two days later the outbox is compacted."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as monkeypatch, LosingDisk(folder).watching(monkeypatch) as disk:
        told = Told(disk)
        store, ledger, outbox, catalogue = _opened(folder)
        with told.doing("contact"):
            ledger.first_contact("INBOX", NOW, 7, 1, 0)
        for number in NUMBERS:
            intent = f"i{number}"
            ledger.seen("INBOX", 7, number, NOW, NOW)
            ledger.attempt("INBOX", 7, number, NOW)
            with told.doing(f"record {number}"):
                case = store.commit(decision(number))
            outbox.planned(entry(number))
            catalogue.put(row(case), store.stamp(REFERENCE))
            with told.doing(f"verdict {number}"):
                ledger.verdict("INBOX", 7, number, "answer", f"{number:032x}", REFERENCE, "D15", NOW)
            outbox.record(intent, "attempt", NOW)
            with told.doing(f"committed {number}"):
                outbox.record(intent, "commit", NOW)
            with told.doing(f"sent {number}"):
                outbox.record(intent, "sent", NOW)
            with told.doing(f"settled {number}"):
                store.settle(REFERENCE, intent, "sent", HistoryEntry(NOW, f"sent {number}", "D15", "250"))
            outbox.filed(intent, NOW, by_server=False)
        with told.doing("quarantine"):
            Quarantine(folder / "quarantine").put("7-3", RAW, "it is poison", 1, NOW)
        with told.doing("compacted"):
            outbox.compact(NOW + timedelta(days=3), {"i2"})
    return told


def _opened(folder: Path) -> tuple[Store, Ledger, Outbox, Catalogue]:
    journals = Ledger(folder / "ledger.jsonl"), Outbox(folder / "outbox.jsonl"), Catalogue(folder / "catalogue.jsonl")
    return (Store(folder), *journals)


def wrong(told: Told, at: int, kept: Collection[int], torn: float = 1.0) -> list[str]:
    """What is not so after a power cut at that step, though it was acknowledged, or so though nobody had begun it. Raise Permanent where
    the state is refused."""
    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as monkeypatch:
        # The power fails once.
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)
        folder = Path(place)
        told.disk.after_cut(at, kept, folder, torn)
        store, ledger, outbox, catalogue = _opened(folder)
        with closing(ledger), closing(outbox), closing(catalogue):
            facts = _facts(store, ledger, outbox, folder)
            catalogue.refresh(store, row)
            shown = [each.stage for each in catalogue.rows()]
            if "record 1" in facts and shown != [f"{sum(f'record {n}' in facts for n in NUMBERS)}"]:
                facts.add("a catalogue that does not fit")
            # It goes on from there: what was decided is decided again, which changes nothing, and journals are written to.
            for number in NUMBERS:
                store.commit(decision(number))
                outbox.planned(entry(number))
            ledger.seen("INBOX", 7, 9, NOW, NOW)
        Ledger(folder / "ledger.jsonl")
        Outbox(folder / "outbox.jsonl")
    lost = [f"{what} is lost" for what, since in told.done.items() if since <= at and what not in facts]
    return lost + [f"{what} is invented" for what in facts if told.begun.get(what, at + 1) > at]


def _facts(store: Store, ledger: Ledger, outbox: Outbox, folder: Path) -> set[str]:
    facts = {"contact"} if ledger.cursor("INBOX") else set()
    case = store.load(REFERENCE) if store.stamp(REFERENCE) else Case(REFERENCE, None)
    for number in NUMBERS:
        if any(message.number == number for message in case.messages):
            whole = store.read(REFERENCE, f"messages/{number:04}.eml") == RAW
            facts.add(f"record {number}" if whole else "a record without its letter")
        if ledger.verdict_of("INBOX", 7, number):
            facts.add(f"verdict {number}")
        settled = any(intent.id == f"i{number}" and intent.outcome == "sent" for intent in case.intents)
        known = outbox.get(f"i{number}")
        if settled:
            facts.add(f"settled {number}")
        if settled and known is None:
            facts.add("compacted")
        if (known and known.committed_at) or settled:
            facts.add(f"committed {number}")
        if (known and known.state == "sent") or (settled and known is None):
            facts.add(f"sent {number}")
    kept = Quarantine(folder / "quarantine")
    for entry in kept.entries():
        facts.add("quarantine" if kept.read(entry.id) == RAW else "a note without its message")
    return facts


def _tried(told: Told, at: int, kept: Collection[int], torn: float = 1.0) -> str:
    """What became of it: "" where all is as it must be; a refusal in words is that where pieces of a file were lost before others."""
    try:
        found = wrong(told, at, kept, torn)
    except Permanent as refusal:
        return "" if "damaged" in str(refusal) and not told.disk.in_order(at, kept) else f"refused: {refusal}"
    return "; ".join(found)


def test_whatever_one_power_cut_takes_the_state_is_one_that_was(told: Told) -> None:
    """At every step: all that was not fsynced is lost, or nothing, or one step of it, or all but one."""
    tries = 0
    for at in range(len(told.disk.steps) + 1):
        loose = told.disk.loose(at)
        choices = {(), loose, *((each,) for each in loose), *(tuple(other for other in loose if other != each) for each in loose)}
        for kept in choices:
            tries += 1
            assert _tried(told, at, kept) == "", (at, kept)
    assert tries > 300


@given(st.data())
@example(max_examples=300)
def test_nor_does_any_other_choice_of_what_is_lost_or_torn(told: Told, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(told.disk.steps)))
    loose = told.disk.loose(at)
    kept = data.draw(st.sets(st.sampled_from(loose)) if loose else st.just(set()))
    assert _tried(told, at, kept, data.draw(st.floats(0, 1))) == ""


def test_the_disk_loses_what_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without an fsync of its folder, and a content without one of its file; else the tests above would show nothing."""
    folder = tmp_path / "state"
    folder.mkdir()
    with LosingDisk(folder).watching(monkeypatch) as disk:
        write_files(folder, [("a", b"one")])
        Journal(folder / "j").append({"event": "x"}, sync=False)
        (folder / "a").rename(folder / "b")

    def left(*kept: int) -> dict[str, bytes]:
        into = tmp_path / "-".join(["cut", *map(str, kept)])
        disk.after_cut(len(disk.steps), kept, into)
        return {path.name: path.read_bytes() for path in into.iterdir()}

    line, rename = disk.loose(len(disk.steps))
    whole = left(line)["j"]
    assert left() == {"a": b"one", "j": b""}
    assert left(rename) == {"b": b"one", "j": b""}
    assert left(line, rename) == {"b": b"one", "j": whole}
    assert whole.endswith(b"\n")
