"""The journal: whole lines count, a torn tail does not, and damage is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from mailbot.errors import Permanent, Temporary
from mailbot.records.journal import Journal

EVENTS: list[dict[str, Any]] = [{"event": "commit", "id": "a"}, {"event": "sent", "id": "a", "reason": "250 принято"}, {"event": "x"}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def written(path: Path, events: list[dict[str, Any]] = EVENTS) -> bytes:
    journal = Journal(path)
    for event in events:
        journal.append(event)
    journal.close()
    return path.read_bytes()


def test_what_is_appended_is_read_in_order(path: Path) -> None:
    written(path)
    assert list(Journal(path).read()) == EVENTS


def test_a_journal_that_is_not_there_is_empty(path: Path) -> None:
    assert list(Journal(path).read()) == []
    assert not path.exists()


def test_a_journal_is_private(path: Path) -> None:
    written(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_prefix_loads_the_events_whose_lines_are_whole(path: Path) -> None:
    content = written(path)
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        assert list(Journal(path).read()) == EVENTS[: content[:length].count(b"\n")]


def test_after_every_prefix_the_next_event_stands_behind_the_whole_lines(path: Path) -> None:
    content = written(path)
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        journal = Journal(path)
        journal.append({"event": "next"}, sync=False)
        journal.close()
        assert list(journal.read()) == [*EVENTS[: content[:length].count(b"\n")], {"event": "next"}]


def test_no_flipped_bit_invents_an_event(path: Path) -> None:
    content = written(path)
    refused = 0
    for place in range(len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            try:
                events = list(Journal(path).read())
            except Permanent:
                refused += 1
            else:
                # Only the newline of the last line can be lost, and with it that line.
                assert place == len(content) - 1
                assert events == EVENTS[:-1]
    assert refused == 8 * (len(content) - 1)


def test_damage_is_told_with_file_and_line(path: Path) -> None:
    lines = written(path).splitlines(keepends=True)
    path.write_bytes(lines[0] + b"nonsense\n" + lines[2])
    with pytest.raises(Permanent, match=r"journal\.jsonl, line 2: the line is damaged"):
        list(Journal(path).read())


def test_an_event_is_found_at_its_place(path: Path) -> None:
    journal = Journal(path)
    places = [journal.append(event) for event in EVENTS]
    assert [journal.at(place) for place in places] == EVENTS
    assert [place for place, _ in journal.placed()] == places


def test_rewriting_puts_other_events_in_the_place_of_all(path: Path) -> None:
    journal = Journal(path)
    for event in EVENTS:
        journal.append(event)
    journal.rewrite(event for event in journal.read() if event["event"] == "sent")
    journal.append({"event": "next"})
    assert list(Journal(path).read()) == [EVENTS[1], {"event": "next"}]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_refuses_leaves_the_journal_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    journal = Journal(path)
    journal.append(EVENTS[0])

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(Temporary, match=r"journal\.jsonl: "):
            journal.append(EVENTS[1])
    assert list(Journal(path).read()) == [EVENTS[0]]
    journal.append(EVENTS[2])
    assert list(Journal(path).read()) == [EVENTS[0], EVENTS[2]]


def test_a_write_that_stops_halfway_is_cut_off_even_when_cutting_fails_at_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path)
    journal.append(EVENTS[0])
    write, taken = os.write, iter([5])

    def halfway(descriptor: int, content: bytes) -> int:
        for some in taken:
            return write(descriptor, bytes(content)[:some])
        raise OSError(errno.ENOSPC, "full")

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", halfway)
        patched.setattr(os, "ftruncate", refuse)
        with pytest.raises(Temporary, match="the disk is full"):
            journal.append(EVENTS[1])
    assert list(Journal(path).read()) == [EVENTS[0]]
    journal.append(EVENTS[2])
    assert list(Journal(path).read()) == [EVENTS[0], EVENTS[2]]


@pytest.mark.parametrize("call", ["pread", "fsync"])
def test_a_journal_that_can_not_be_opened_for_writing_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    written(path)
    journal = Journal(path)

    def refuse(*_: object) -> bytes:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(Temporary, match="input/output error"):
            journal.append({"event": "next"})
    journal.append({"event": "next"})
    assert list(Journal(path).read()) == [*EVENTS, {"event": "next"}]


@pytest.mark.parametrize("at", [1, 2])
def test_after_a_rewrite_that_failed_events_go_into_the_file_that_is_there(path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    journal = Journal(path)
    for event in EVENTS:
        journal.append(event)
    fsync, calls = os.fsync, iter(range(1, 100))

    def refuse(descriptor: int) -> None:
        if next(calls) == at:
            raise OSError(errno.EIO, "broken")
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(Temporary):
            journal.rewrite(EVENTS[2:])
    journal.append({"event": "next"})
    assert list(Journal(path).read()) == [*(EVENTS if at == 1 else EVENTS[2:]), {"event": "next"}]


def test_after_a_failed_fsync_everything_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append({"n": 1}, sync=False)
    before = journal.path.stat().st_ino

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", refuse)
        with pytest.raises(Temporary):
            journal.append({"n": 2})
        # Nor is anything taken on while the disk goes on refusing.
        with pytest.raises(Temporary):
            journal.append({"n": 3}, sync=False)
    journal.append({"n": 4})

    assert journal.path.stat().st_ino != before
    assert [event["n"] for event in journal.read()] == [1, 4]
