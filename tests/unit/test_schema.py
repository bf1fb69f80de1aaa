"""The schema of the state: an older one is taken over after a backup, a newer one is refused, and nothing is half done."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from hands import CANDIDATE, Hands

from mailbot.errors import Permanent, Temporary
from mailbot.records.schema import SCHEMA, said, schema_of, upgrade
from mailbot.tasks.start import start

SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "states"
NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
BACKUP = "backup-1-2026-11-24"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state as the last mailbot without a mark wrote it: an application that was asked, and a notice of unknown fate."""
    state = tmp_path / "state"
    shutil.copytree(SAMPLES / "schema-1", state)
    for path in (state, *state.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return state


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_older_state_is_kept_whole_before_it_is_taken_over(state: Path) -> None:
    before = contents(state)
    del before["catalogue.jsonl"]
    assert said(state) == f"the state has schema 1; the next start makes a backup and brings it to {SCHEMA}"
    assert upgrade(state, NOW) == state / BACKUP
    assert said(state) == f"the state has schema {SCHEMA}"
    for journal in ("ledger.jsonl", "outbox.jsonl"):
        with (state / journal).open("ab") as file:
            file.write(b"what is written later\n")
    record = next(state.glob("applications/*/*/record.json"))
    record.rename(record.with_name("old"))
    assert contents(state / BACKUP) == before
    assert all(path.stat().st_mode & 0o077 == 0 for path in (state / BACKUP, *(state / BACKUP).rglob("*")))
    # It is made once.
    assert upgrade(state, NOW) is None


def test_the_state_of_the_mailbot_before_goes_on_under_this_one(tmp_path: Path, state: Path) -> None:
    hands = Hands(tmp_path / "other")
    hands.desk.close()
    hands.settings = replace(hands.settings, state_dir=state)
    hands.now = NOW
    desk = start(hands.settings, lambda: hands.now)
    (reference,) = desk.store.references()
    case = desk.store.load(reference)
    assert case.application is not None
    assert case.application.addresses == (CANDIDATE,)
    assert [entry.state for entry in desk.outbox.entries()] == ["sent", "unknown"]
    desk.close()
    assert schema_of(state) == SCHEMA
    assert (state / BACKUP).is_dir()


def test_a_newer_state_is_refused_in_words_and_nothing_is_touched(state: Path) -> None:
    (state / "version").write_text(f"{SCHEMA + 1}\n", encoding="ascii")
    before = contents(state)
    with pytest.raises(Permanent, match=rf"written by a newer mailbot \(schema {SCHEMA + 1}; this one knows {SCHEMA}\)"):
        start(replace(Hands(state.parent / "other").settings, state_dir=state), lambda: NOW)
    assert contents(state) == before


@pytest.mark.parametrize("mark", [b"", b"two\n", b"\0\0", b"-1"])
def test_a_damaged_mark_is_refused_in_words(state: Path, mark: bytes) -> None:
    (state / "version").write_bytes(mark)
    before = contents(state)
    with pytest.raises(Permanent, match="the mark of the state's version is damaged"):
        upgrade(state, NOW)
    assert contents(state) == before


def test_without_room_for_the_backup_nothing_is_changed(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(state)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4096))
    with pytest.raises(Temporary, match=r"needs \d+ kB, and 4 kB are free. Free some space; nothing was changed"):
        upgrade(state, NOW)
    assert contents(state) == before


@pytest.mark.parametrize("method", ["hardlink_to", "rename"])
def test_an_upgrade_that_the_disk_stops_is_begun_anew(state: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    before = contents(state)
    with monkeypatch.context() as patched:

        def full(*arguments: object) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr(Path, method, full)
        with pytest.raises(Temporary, match="the disk is full"):
            upgrade(state, NOW)
    assert contents(state) == before
    assert upgrade(state, NOW) == state / BACKUP


def test_where_links_can_not_be_made_files_are_copied(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(state)
    del before["catalogue.jsonl"]

    def refused(*arguments: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    upgrade(state, NOW)
    assert contents(state / BACKUP) == before


def test_a_new_state_bears_the_mark_and_needs_no_backup(tmp_path: Path) -> None:
    assert said(tmp_path / "state") == "there is no state yet"
    assert upgrade(tmp_path / "state", NOW) is None
    assert schema_of(tmp_path / "state") == SCHEMA
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["version"]
