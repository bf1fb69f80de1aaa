"""The store when the disk refuses, the process dies between two steps, or a record is damaged."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from mailbot.errors import Permanent, Temporary
from mailbot.hiring.case import FiledMessage, HistoryEntry, Intent
from mailbot.hiring.model import Application
from mailbot.records.store import Commit, NewMessage, Store

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REFERENCE = "A-7F3K9"
FOLDER = f"applications/2026/{REFERENCE}"
CALLS = ("open", "mkdir", "write", "fsync", "rename")
APPLICATION = Application(
    REFERENCE, "trainee", "questions", "Мария", ("maria@mail.example",), "ru", NOW, NOW, "Отклик", waits_for="candidate"
)


class Killed(BaseException):
    """The process died here."""


def message(number: int, content: bytes = b"raw") -> NewMessage:
    path = f"messages/{number:04d}.eml"
    filed = FiledMessage(
        number, "in", "answer", "maria@mail.example", "job@office.example", "Re", f"<{number}@x>", NOW, path, f"{number:032x}"
    )
    return NewMessage(filed, content, ((f"attachments/{number:04d}.pdf", b"%PDF"),))


def commit(number: int) -> Commit:
    intent = Intent(f"i{number}", "notice", "staff", "anna@office.example", "<m@x>", "messages/x.eml", NOW, "D14", "because")
    return Commit(REFERENCE, APPLICATION, (message(number),), (intent,), (HistoryEntry(NOW, f"step {number}", "D14", "because"),))


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, at: int, error: Callable[[], BaseException]) -> Iterator[list[int]]:
    """Let the `at`-th call that changes the disk fail; the list given holds how many there were."""
    count = [0]
    real = {call: getattr(os, call) for call in CALLS}

    def wrapped(call: str) -> Callable[..., object]:
        def run(*arguments: object, **named: object) -> object:
            count[0] += 1
            if count[0] == at:
                raise error()
            return real[call](*arguments, **named)

        return run

    with monkeypatch.context() as patched:
        for call in CALLS:
            patched.setattr(os, call, wrapped(call))
        yield count


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_commit_that_the_disk_refuses_anywhere_leaves_the_old_record_and_succeeds_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store, at = Store(tmp_path), 1
    words: list[str] = []
    before = store.commit(commit(1))
    while True:
        with failing(monkeypatch, at, lambda: OSError(number, os.strerror(number))) as count:
            try:
                after = store.commit(commit(at + 1))
            except Temporary as error:
                words.append(str(error))
                after = None
        if count[0] < at:
            break
        # Refused in its very last step, the record is new and only not yet known to be on the disk.
        assert after or store.load(REFERENCE) == before or count[0] == at
        before = store.commit(commit(at + 1))
        assert [entry.what for entry in before.history] == [f"step {step}" for step in range(1, at + 2)]
        at += 1
    assert len(words) > 8
    assert all(each.startswith(str(tmp_path)) for each in words)


def test_a_process_killed_anywhere_leaves_the_old_record_or_the_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for first in (True, False):
        at, seen = 1, set()
        while True:
            store = Store(tmp_path / f"{first}-{at}")
            before = None if first else store.commit(commit(1))
            with failing(monkeypatch, at, Killed) as count:
                try:
                    store.commit(commit(2))
                except Killed:
                    pass
                else:
                    assert count[0] < at
                    break
            left = store.load(REFERENCE) if store.stamp(REFERENCE) else None
            seen.add("old" if left == before else "new")
            assert left == before or (left and left.messages[-1] == message(2).filed)
            after = store.commit(commit(2))
            assert after.messages[-1] == message(2).filed
            assert store.read(REFERENCE, "messages/0002.eml") == b"raw"
            assert list(store.references()) == [REFERENCE]
            at += 1
        assert seen == {"old", "new"}


def test_files_of_an_interrupted_commit_are_written_over(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(commit(1))
    (tmp_path / FOLDER / "messages/0002.eml").write_bytes(b"half a letter that is longer than the whole")
    store.commit(commit(2))
    assert store.read(REFERENCE, "messages/0002.eml") == b"raw"


def test_one_message_costs_four_fsyncs_and_the_record_is_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.commit(commit(1))
    new = replace(message(2), files=())
    synced: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    store.commit(Commit(REFERENCE, APPLICATION, (new,)))
    assert synced == ["0002.eml", "messages", ".record.json.new", REFERENCE]
    synced.clear()
    store.commit(Commit(REFERENCE, replace(APPLICATION, stage="test")))
    assert synced == [".record.json.new", REFERENCE]
    synced.clear()
    # Done before: no more than making sure of it.
    store.commit(Commit(REFERENCE, APPLICATION, (new,)))
    assert synced == [REFERENCE]


def test_everything_is_private(tmp_path: Path) -> None:
    Store(tmp_path).commit(commit(1))
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_a_flipped_bit_anywhere_in_a_record_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(commit(1))
    path = tmp_path / FOLDER / "record.json"
    content = path.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(Permanent, match=str(path)):
            store.load(REFERENCE)


def test_every_prefix_of_a_record_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(commit(1))
    path = tmp_path / FOLDER / "record.json"
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 7):
        path.write_bytes(content[:length])
        with pytest.raises(Permanent, match="the record is damaged"):
            store.commit(commit(2))
        assert path.read_bytes() == content[:length]


def test_a_newer_record_is_refused_in_words(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(commit(1))
    path = tmp_path / FOLDER / "record.json"
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), "schema": 2}))
    with pytest.raises(Permanent, match=r"written by a newer mailbot \(schema 2; this one knows 1\)"):
        store.load(REFERENCE)


def test_instants_stand_in_the_record_in_utc(tmp_path: Path) -> None:
    Store(tmp_path).commit(commit(1))
    record = orjson.loads((tmp_path / FOLDER / "record.json").read_bytes())
    assert record["tables"]["application"]["1"]["opened"] == "2026-11-23T10:00:00.000000Z"
    assert set(record["tables"]) == {"application", "messages", "intents", "history"}


def test_half_a_character_in_a_header_does_not_stop_the_letter(tmp_path: Path) -> None:
    odd = message(1)
    odd = replace(odd, filed=replace(odd.filed, subject="Отклик \udcd0"))
    Store(tmp_path).commit(Commit(REFERENCE, APPLICATION, (odd,)))
    assert Store(tmp_path).load(REFERENCE).messages[0].subject == "Отклик ?"


def test_cases_are_listed_by_year_and_what_has_no_record_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(replace(commit(1), reference="A-00001", application=replace(APPLICATION, opened=NOW.replace(year=2027))))
    store.commit(commit(1))
    store.commit(replace(commit(1), reference="office/2026-11", application=None))
    (tmp_path / "applications/2026/A-ZZZZZ/messages").mkdir(parents=True)
    (tmp_path / "applications/lost+found").mkdir()
    assert list(store.references()) == [REFERENCE, "A-00001"]
    assert list(store.offices()) == ["office/2026-11"]
    assert store.stamp("A-ZZZZZ") is None
    assert store.next_number("A-ZZZZZ") == 1


def test_a_stamp_changes_with_every_commit(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(commit(1))
    before = store.stamp(REFERENCE)
    store.commit(commit(2))
    assert before
    assert before.path == FOLDER
    assert store.stamp(REFERENCE) not in {None, before}
