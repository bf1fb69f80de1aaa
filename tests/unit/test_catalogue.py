"""The catalogue: a cache that reads no record twice and may be lost at any time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.hiring.case import Case
from mailbot.hiring.model import Application
from mailbot.records.catalogue import Catalogue, Row
from mailbot.records.store import Commit, Store

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REFERENCES = ("A-00001", "A-00002", "A-00003")


class Summary:
    """Makes rows of cases and notes which were read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, case: Case) -> Row:
        self.read.append(case.reference)
        return row(case.reference, stage=case.application.stage if case.application else "")


def application(reference: str, stage: str = "questions") -> Application:
    return Application(reference, "trainee", stage, "Мария", ("maria@mail.example",), "ru", NOW, NOW, "Отклик", waits_for="candidate")


def row(reference: str, stage: str = "questions") -> Row:
    return Row(
        reference=reference,
        position="trainee",
        stage=stage,
        waits_for="candidate",
        since=NOW,
        due=NOW + timedelta(days=3),
        hinted=None,
        escalated=None,
        name="Мария Иванова",
        addresses=("maria@mail.example", f"{reference.lower()}@mail.example"),
        language="ru",
        opened=NOW,
        last_message=NOW,
        open=True,
        wake=NOW + timedelta(days=2),
        open_intents=("i1",),
        thread=(f"<1.{reference}@mail.example>", f"<2.{reference}@mail.example>"),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    for reference in REFERENCES:
        store.commit(Commit(reference, application(reference)))
    return store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.jsonl"


def test_the_first_refresh_reads_all_and_the_next_none(store: Store, path: Path) -> None:
    summary = Summary()
    assert sorted(Catalogue(path).refresh(store, summary).changed) == list(REFERENCES)
    assert sorted(summary.read) == list(REFERENCES)
    again = Catalogue(path)
    assert again.refresh(store, summary).changed == ()
    assert len(summary.read) == 3
    assert [each.reference for each in again.rows()] == list(REFERENCES)


def test_only_what_differs_is_read_again(store: Store, path: Path) -> None:
    summary = Summary()
    catalogue = Catalogue(path)
    catalogue.refresh(store, summary)
    summary.read.clear()
    store.commit(Commit("A-00002", application("A-00002", "test")))
    assert catalogue.refresh(store, summary).changed == ("A-00002",)
    assert summary.read == ["A-00002"]
    changed = Catalogue(path).get("A-00002")
    assert changed
    assert changed.stage == "test"


def test_a_row_that_was_put_needs_no_reading(store: Store, path: Path) -> None:
    catalogue = Catalogue(path)
    for reference in REFERENCES:
        catalogue.put(row(reference), store.stamp(reference))
    again = Catalogue(path)
    assert again.rows() == catalogue.rows()
    assert again.refresh(store, Summary()).changed == ()


def test_a_damaged_record_is_a_problem_and_the_others_are_served(store: Store, path: Path, tmp_path: Path) -> None:
    (tmp_path / "applications/2026/A-00002/record.json").write_bytes(b"{}")
    catalogue = Catalogue(path)
    refreshed = catalogue.refresh(store, Summary())
    assert len(refreshed.problems) == 1
    assert "A-00002/record.json: the record is damaged" in refreshed.problems[0]
    assert [each.reference for each in catalogue.rows()] == ["A-00001", "A-00003"]


def test_what_has_no_record_any_more_is_forgotten(store: Store, path: Path, tmp_path: Path) -> None:
    catalogue = Catalogue(path)
    catalogue.refresh(store, Summary())
    (tmp_path / "applications/2026/A-00002/record.json").unlink()
    assert catalogue.refresh(store, Summary()).changed == ("A-00002",)
    assert catalogue.get("A-00002") is None
    assert Catalogue(path).get("A-00002") is None


@pytest.mark.parametrize("damage", [b"", b"nonsense\n", b'{"sum":"00000000","event":{}}\n'])
def test_a_damaged_catalogue_is_made_anew(store: Store, path: Path, damage: bytes) -> None:
    Catalogue(path).refresh(store, Summary())
    whole = Catalogue(path).rows()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + damage + lines[2])
    summary = Summary()
    Catalogue(path).refresh(store, summary)
    assert summary.read == (["A-00002", "A-00003"] if damage else ["A-00002"])
    assert Catalogue(path).rows() == whole


def test_a_damaged_catalogue_takes_a_new_row_too(store: Store, path: Path) -> None:
    path.write_bytes(b"nonsense\n")
    Catalogue(path).put(row("A-00001"), store.stamp("A-00001"))
    assert Catalogue(path).get("A-00001") == replace(row("A-00001"), thread=(), stamp=store.stamp("A-00001"))
    assert Catalogue(path).by_message_id("<1.A-00001@mail.example>")


def test_applications_are_found_by_message_and_by_address(store: Store, path: Path) -> None:
    catalogue = Catalogue(path)
    catalogue.refresh(store, Summary())
    for each in (catalogue, Catalogue(path)):
        known = each.by_message_id("<2.A-00002@mail.example>")
        assert known == row("A-00002").known
        assert each.by_message_id("<3@mail.example>") is None
        assert sorted(known.reference for known in each.by_address("maria@mail.example")) == list(REFERENCES)
        assert [known.reference for known in each.by_address("a-00003@mail.example")] == ["A-00003"]
        assert each.by_address("nobody@mail.example") == ()


def test_a_row_put_again_is_found_by_its_new_names_alone(path: Path) -> None:
    catalogue = Catalogue(path)
    catalogue.put(row("A-00001"), None)
    catalogue.put(replace(row("A-00001"), addresses=("new@mail.example",), thread=("<new@mail.example>",)), None)
    assert catalogue.by_address("maria@mail.example") == ()
    assert catalogue.by_message_id("<new@mail.example>")
    assert len(catalogue.by_address("new@mail.example")) == 1


def test_what_is_removed_leaves_no_byte_in_the_file(store: Store, path: Path) -> None:
    catalogue = Catalogue(path)
    for reference in REFERENCES:
        catalogue.put(row(reference), store.stamp(reference))
    catalogue.remove("A-00002")
    assert b"A-00002" not in path.read_bytes()
    assert catalogue.by_message_id("<1.A-00002@mail.example>") is None
    assert catalogue.by_message_id("<1.A-00003@mail.example>")
    assert [each.reference for each in Catalogue(path).rows()] == ["A-00001", "A-00003"]


def test_the_file_stays_small_however_often_a_row_changes(store: Store, path: Path) -> None:
    catalogue = Catalogue(path)
    for _ in range(1100):
        catalogue.put(row("A-00001"), store.stamp("A-00001"))
    catalogue.refresh(store, Summary())
    assert path.read_bytes().count(b"\n") == 3
