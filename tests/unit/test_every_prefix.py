"""Every prefix and every flipped bit of what is remembered: it is a state that was, or it is refused in words; "sent" is never invented."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import figures
import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, Hands, met

from mailbot.errors import Permanent
from mailbot.hiring.case import Case
from mailbot.mail.smtp import Outcome
from mailbot.records.catalogue import Catalogue, Row
from mailbot.records.ledger import Ledger
from mailbot.records.outbox import Entry, Outbox
from mailbot.records.rows import Cursor
from mailbot.records.rows import Row as Verdict
from mailbot.records.store import Store

T = TypeVar("T")
LOST = Outcome("unknown", None, "the connection broke")


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hands]:
    """A letter that was answered; of its two messages one was sent and of the other nobody knows."""
    hands = met(tmp_path_factory.mktemp("hands"))
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(Outcome("sent", 250, "taken"), LOST)
    hands.turn()
    assert [entry.state for entry in hands.desk.outbox.entries()] == ["sent", "unknown"]
    yield hands
    hands.desk.close()


def of_ledger(path: Path) -> tuple[dict[str, Cursor | None], dict[int, Verdict | None], dict[int, int]]:
    """Everything that a ledger of these hands can be asked."""
    ledger = Ledger(path)
    cursors = {folder: ledger.cursor(folder) for folder in ("INBOX", "Sent")}
    return cursors, {1: ledger.verdict_of("INBOX", 1, 1)}, {1: ledger.attempts("INBOX", 1, 1)}


def of_outbox(path: Path) -> tuple[Entry, ...]:
    return Outbox(path, writer=False).entries()


def of_catalogue(path: Path) -> tuple[Row, ...]:
    return Catalogue(path).rows()


def of_record(path: Path) -> Case:
    return Store(path.parents[3]).load(path.parent.name)


def loaded(load: Callable[[Path], T], path: Path) -> T | str:
    """What stands in a file, or in which words it is refused."""
    try:
        return load(path)
    except Permanent as refusal:
        return str(refusal)


def flips(path: Path, rows: list[figures.Row]) -> Iterator[int]:
    """Flip one bit of a file after the other, each time all others being right; yields the place of the byte."""
    content = path.read_bytes()
    rows.append(figures.Row("flipped bits", tried=8 * len(content)))
    descriptor = os.open(path, os.O_RDWR)
    try:
        for place, byte in enumerate(content):
            for bit in range(8):
                os.pwrite(descriptor, bytes([byte ^ 1 << bit]), place)
                yield place
            os.pwrite(descriptor, bytes([byte]), place)
    finally:
        os.close(descriptor)


def prefixes(path: Path, rows: list[figures.Row]) -> Iterator[bytes]:
    """Cut one byte after the other off a file; yields what is left."""
    content = path.read_bytes()
    rows.append(figures.Row("prefixes", tried=len(content)))
    for length in reversed(range(len(content))):
        os.truncate(path, length)
        yield content[:length]


def copied(hands: Hands, folder: Path, name: str) -> Path:
    """A file of the state, in a state folder of its own."""
    path = folder / "state" / name
    path.parent.mkdir(parents=True)
    shutil.copy(hands.settings.state_dir / name, path)
    return path


JOURNALS = [("ledger.jsonl", of_ledger), ("outbox.jsonl", of_outbox)]


@pytest.mark.parametrize(("name", "load"), JOURNALS)
def test_every_prefix_of_a_journal_is_what_its_whole_lines_say(
    hands: Hands, tmp_path: Path, rows: list[figures.Row], name: str, load: Callable[[Path], object]
) -> None:
    path = copied(hands, tmp_path, name)
    lines = path.read_bytes().splitlines(keepends=True)
    said = []
    for count in range(len(lines) + 1):
        path.write_bytes(b"".join(lines[:count]))
        said.append(load(path))
    for prefix in prefixes(path, rows):
        assert load(path) == said[prefix.count(b"\n")], f"the first {len(prefix)} bytes"


@pytest.mark.parametrize(("name", "load"), JOURNALS)
def test_every_flipped_bit_of_a_journal_is_refused_in_words(
    hands: Hands, tmp_path: Path, rows: list[figures.Row], name: str, load: Callable[[Path], object]
) -> None:
    whole = (hands.settings.state_dir / name).read_bytes()
    path = copied(hands, tmp_path, name)
    path.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 1])
    without_the_last_line = load(path)
    path.write_bytes(whole)
    for place in flips(path, rows):
        found = loaded(load, path)
        if place == len(whole) - 1:
            # Without its newline the last line was never acknowledged.
            assert found == without_the_last_line
        else:
            assert isinstance(found, str), f"byte {place}"
            assert f"{path}, line " in found
            assert "the line is damaged" in found


def test_no_prefix_and_no_flipped_bit_invents_that_a_message_was_sent(hands: Hands, tmp_path: Path, rows: list[figures.Row]) -> None:
    whole = (hands.settings.state_dir / "outbox.jsonl").read_bytes()
    path = copied(hands, tmp_path, "outbox.jsonl")
    (truly,) = (entry.id for entry in of_outbox(path) if entry.state == "sent")
    rows.append(figures.Row("prefixes", tried=len(whole) + 1))
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        # As a daemon opens it, which writes its doubts down.
        outbox = Outbox(path)
        outbox.close()
        states = {entry.id: entry.state for entry in outbox.entries()}
        assert {sent for sent, state in states.items() if state == "sent"} <= {truly}
        assert b'"event":"sent"' in whole[:length] or truly not in states or states[truly] != "sent"
        # What reached the dot is never taken for unsent, however much of the end is missing.
        lines = [line for line in whole[:length].splitlines(keepends=True) if line.endswith(b"\n") and b'"event":"commit"' in line]
        unsent = [planned for planned, state in states.items() if state in {"planned", "retry"}]
        assert not any(planned.encode() in line for planned in unsent for line in lines), f"the first {length} bytes"


def test_every_flipped_bit_and_every_prefix_of_a_record_is_refused_in_words(hands: Hands, tmp_path: Path, rows: list[figures.Row]) -> None:
    (case,) = hands.cases()
    stamp = hands.desk.store.stamp(case.reference)
    assert stamp is not None
    path = copied(hands, tmp_path, f"{stamp.path}/record.json")
    whole = path.read_bytes()
    for place in flips(path, rows):
        found = loaded(of_record, path)
        # The newline at the end, and it alone, carries nothing; a bit of it makes another space, or what is no JSON.
        assert (isinstance(found, str) and "record.json" in found) or (place == len(whole) - 1 and found == case), f"byte {place}"
    for prefix in prefixes(path, rows):
        found = loaded(of_record, path)
        assert isinstance(found, str) or (len(prefix) == len(whole) - 1 and found == case), f"the first {len(prefix)} bytes"


def test_every_prefix_and_every_flipped_bit_of_the_catalogue_gives_rows_that_were(
    hands: Hands, tmp_path: Path, rows: list[figures.Row]
) -> None:
    path = copied(hands, tmp_path, "catalogue.jsonl")
    known = {row for line in path.read_bytes().splitlines(keepends=True) for row in _rows_of(line, tmp_path)}
    for _ in flips(path, rows):
        assert set(of_catalogue(path)) <= known
    for _ in prefixes(path, rows):
        assert set(of_catalogue(path)) <= known


def _rows_of(line: bytes, folder: Path) -> tuple[Row, ...]:
    path = folder / "line.jsonl"
    path.write_bytes(line)
    return of_catalogue(path)


@pytest.mark.parametrize("name", ["ledger.jsonl", "outbox.jsonl", "catalogue.jsonl"])
def test_whatever_is_missing_at_the_end_of_a_journal_nobody_is_written_to_twice(tmp_path: Path, rows: list[figures.Row], name: str) -> None:
    """One file out of an older backup: the records know what was filed and sent."""
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.pass_time(minutes=20)
    hands.turn()
    path = hands.settings.state_dir / name
    lines = path.read_bytes().splitlines(keepends=True)
    saved = tmp_path / "saved"
    shutil.copytree(hands.settings.state_dir, saved)
    for count in range(len(lines)):
        hands.desk.close()
        shutil.rmtree(hands.settings.state_dir)
        shutil.copytree(saved, hands.settings.state_dir)
        path.write_bytes(b"".join(lines[:count]))
        hands.reopen()
        for _ in range(3):
            hands.turn()
        assert len(hands.sent_to(CANDIDATE)) == 1, f"{count} of {len(lines)} lines of {name}"
        assert len(hands.cases()) == 1
        rows.append(figures.Row("prefixes", 1, messages_in=1, records=1, messages_out=1, duplicates=0, lost=0))
    hands.desk.close()
