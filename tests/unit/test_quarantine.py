"""The quarantine: byte for byte, with the reason, until it is removed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.errors import Permanent
from mailbot.records.quarantine import Quarantine, Quarantined

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
RAW = bytes(range(256))


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine")


def test_a_message_is_kept_byte_for_byte(quarantine: Quarantine) -> None:
    quarantine.put("7-5-ab", RAW, "no sender", 3, NOW)
    assert quarantine.read("7-5-ab") == RAW
    assert quarantine.entries() == (Quarantined("7-5-ab", NOW, 3, "no sender", 256, "7-5-ab.eml"),)


def test_the_same_message_again_is_one(quarantine: Quarantine) -> None:
    quarantine.put("x", RAW, "no sender", 1, NOW)
    quarantine.put("x", RAW, "no sender", 2, NOW)
    assert [entry.attempts for entry in quarantine.entries()] == [2]


def test_the_oldest_comes_first(quarantine: Quarantine) -> None:
    quarantine.put("a", RAW, "", 1, NOW)
    quarantine.put("b", RAW, "", 1, NOW - timedelta(days=1))
    assert [entry.id for entry in quarantine.entries()] == ["b", "a"]


def test_what_is_removed_is_gone_and_may_be_removed_again(quarantine: Quarantine, tmp_path: Path) -> None:
    quarantine.put("x", RAW, "", 1, NOW)
    quarantine.remove("x")
    quarantine.remove("x")
    assert quarantine.entries() == ()
    assert list((tmp_path / "quarantine").iterdir()) == []


def test_a_message_speaks_only_once_its_bytes_are_there(quarantine: Quarantine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename
    done: list[str] = []

    def killed_at_the_second(source: str, target: str) -> None:
        if done:
            raise KeyboardInterrupt
        rename(source, target)
        done.append(Path(target).name)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            quarantine.put("x", RAW, "", 1, NOW)
    assert done == ["x.eml"]
    assert quarantine.entries() == ()
    quarantine.put("x", RAW, "", 1, NOW)
    assert len(quarantine.entries()) == 1


def test_nothing_there_is_said_in_words(quarantine: Quarantine) -> None:
    assert quarantine.entries() == ()
    quarantine.remove("x")
    with pytest.raises(Permanent, match="x: there is no such message in quarantine"):
        quarantine.read("x")


@pytest.mark.parametrize("id", ["../x", "", ".", "a/b", "a\0"])
def test_an_id_is_never_a_path(quarantine: Quarantine, id: str) -> None:
    with pytest.raises(Permanent, match="no id"):
        quarantine.read(id)
    with pytest.raises(Permanent, match="no id"):
        quarantine.put(id, RAW, "", 1, NOW)


def test_a_damaged_note_is_told_with_its_place(quarantine: Quarantine, tmp_path: Path) -> None:
    quarantine.put("x", RAW, "", 1, NOW)
    (tmp_path / "quarantine/x.json").write_bytes(b"{")
    with pytest.raises(Permanent, match=r"x\.json: the note is damaged"):
        quarantine.entries()
