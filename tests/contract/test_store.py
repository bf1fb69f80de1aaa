"""What every store of cases must do; run on one instance, and on one that is opened anew before every call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from mailbot.errors import Permanent
from mailbot.hiring.case import Case, FiledAttachment, FiledMessage, HistoryEntry, Intent
from mailbot.hiring.model import Application, AskedQuestion, Unanswered
from mailbot.records.store import Commit, NewMessage, Store

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REFERENCE = "A-7F3K9"


class StorePort(Protocol):
    def load(self, reference: str) -> Case: ...
    def commit(self, commit: Commit) -> Case: ...
    def settle(self, reference: str, intent_id: str, outcome: str, entry: HistoryEntry, application: Application | None = None) -> Case: ...
    def read(self, reference: str, path: str) -> bytes: ...
    def next_number(self, reference: str) -> int: ...


class Reopened:
    """A store that remembers nothing between two calls but what is on the disk."""

    def __init__(self, opened: Callable[[], Store]) -> None:
        self._opened = opened

    def load(self, reference: str) -> Case:
        return self._opened().load(reference)

    def commit(self, commit: Commit) -> Case:
        return self._opened().commit(commit)

    def settle(self, reference: str, intent_id: str, outcome: str, entry: HistoryEntry, application: Application | None = None) -> Case:
        return self._opened().settle(reference, intent_id, outcome, entry, application)

    def read(self, reference: str, path: str) -> bytes:
        return self._opened().read(reference, path)

    def next_number(self, reference: str) -> int:
        return self._opened().next_number(reference)


APPLICATION = Application(
    reference=REFERENCE,
    position="trainee",
    stage="questions",
    name="Мария Иванова",
    addresses=("maria@mail.example",),
    language="ru",
    opened=NOW,
    last_message=NOW,
    subject="Отклик на вакансию",
    waits_for="candidate",
    since=NOW,
    due=NOW + timedelta(days=5),
    questions=(AskedQuestion("why", "Почему мы?", True, "answered", "Потому что"), AskedQuestion("when", "Когда?", False)),
    unanswered=(Unanswered("ab" * 16, NOW),),
    thread=("<1@mail.example>",),
)


def letter(number: int, identity: str = "") -> NewMessage:
    path = f"attachments/{number:04d}-cv.pdf"
    filed = FiledMessage(
        number=number,
        direction="in",
        kind="application",
        sender="maria@mail.example",
        to="job@office.example",
        subject="Отклик",
        message_id=f"<{number}@mail.example>",
        at=NOW,
        path=f"messages/{number:04d}.eml",
        identity=identity or f"{number:032x}",
        rule="D14",
        attachments=(FiledAttachment("Резюме.pdf", "application/pdf", 4, "text", path),),
    )
    return NewMessage(filed, b"Subject: %d\r\n\r\n" % number, ((path, b"%PDF"),))


def answer(number: int) -> tuple[NewMessage, Intent]:
    path = f"messages/{number:04d}.eml"
    intent = Intent(
        id=f"intent{number:010d}",
        purpose="questions",
        audience="candidate",
        to="maria@mail.example",
        message_id=f"<mb1.{number}@office.example>",
        path=path,
        decided=NOW,
        rule="D14",
        because="a first letter",
    )
    filed = FiledMessage(number, "out", "questions", "job@office.example", intent.to, "Re: Отклик", intent.message_id, NOW, path, intent.id)
    return NewMessage(filed, b"answer"), intent


def first_commit() -> Commit:
    message, intent = answer(2)
    return Commit(REFERENCE, APPLICATION, (letter(1), message), (intent,), (HistoryEntry(NOW, "opened", "D14", "a first letter"),))


class StoreContract:
    @pytest.fixture
    def store(self, tmp_path: Path) -> StorePort:
        raise NotImplementedError

    def test_what_is_committed_is_loaded_again(self, store: StorePort) -> None:
        commit = first_commit()
        expected = Case(REFERENCE, APPLICATION, tuple(m.filed for m in commit.messages), commit.intents, commit.history)
        assert store.commit(commit) == expected
        assert store.load(REFERENCE) == expected
        assert store.read(REFERENCE, "messages/0001.eml") == b"Subject: 1\r\n\r\n"
        assert store.read(REFERENCE, "attachments/0001-cv.pdf") == b"%PDF"

    def test_a_case_that_is_not_there_is_permanent(self, store: StorePort) -> None:
        with pytest.raises(Permanent, match="no such application"):
            store.load(REFERENCE)

    def test_numbers_go_on_after_the_last_message(self, store: StorePort) -> None:
        assert store.next_number(REFERENCE) == 1
        store.commit(first_commit())
        assert store.next_number(REFERENCE) == 3

    def test_a_second_commit_adds_to_the_first(self, store: StorePort) -> None:
        first = store.commit(first_commit())
        moved = replace(APPLICATION, stage="test")
        after = store.commit(Commit(REFERENCE, moved, (letter(3),), (), (HistoryEntry(NOW, "answered", "D15", "all questions"),)))
        assert after.application == moved
        assert [message.number for message in after.messages] == [1, 2, 3]
        assert after.intents == first.intents
        assert [entry.what for entry in after.history] == ["opened", "answered"]
        assert store.load(REFERENCE) == after

    def test_the_same_commit_again_changes_nothing_however_the_case_went_on(self, store: StorePort) -> None:
        store.commit(first_commit())
        store.commit(Commit(REFERENCE, replace(APPLICATION, stage="test"), (letter(3),)))
        before = store.load(REFERENCE)
        assert store.commit(first_commit()) == before
        assert store.load(REFERENCE) == before

    def test_a_message_is_known_by_its_identity_even_under_another_number(self, store: StorePort) -> None:
        store.commit(first_commit())
        again = Commit(REFERENCE, None, (letter(3, identity=letter(1).filed.identity),))
        assert [message.number for message in store.commit(again).messages] == [1, 2]

    def test_a_commit_without_application_leaves_it_as_it_is(self, store: StorePort) -> None:
        store.commit(first_commit())
        assert store.commit(Commit(REFERENCE, None, (letter(3),))).application == APPLICATION

    def test_a_move_by_hand_needs_no_message(self, store: StorePort) -> None:
        store.commit(first_commit())
        moved = replace(APPLICATION, stage="interview")
        entry = HistoryEntry(NOW, "moved", "move", "a person said so")
        assert store.commit(Commit(REFERENCE, moved, history=(entry,))).application == moved
        assert store.load(REFERENCE).history[-1] == entry

    def test_an_outcome_is_settled_once(self, store: StorePort) -> None:
        store.commit(first_commit())
        sent = HistoryEntry(NOW, "sent", "", "250 queued")
        once = store.settle(REFERENCE, answer(2)[1].id, "sent", sent)
        assert once.intents[0].outcome == "sent"
        assert once.history[-1] == sent
        assert store.load(REFERENCE) == once
        assert store.settle(REFERENCE, answer(2)[1].id, "sent", replace(sent, at=NOW + timedelta(hours=1))) == once

    def test_an_outcome_may_move_the_application(self, store: StorePort) -> None:
        store.commit(first_commit())
        waits = replace(APPLICATION, waits_for="staff")
        entry = HistoryEntry(NOW, "failed", "", "550 no such user")
        assert store.settle(REFERENCE, answer(2)[1].id, "failed", entry, waits).application == waits
        assert store.load(REFERENCE).application == waits

    def test_an_unknown_intent_can_not_be_settled(self, store: StorePort) -> None:
        store.commit(first_commit())
        with pytest.raises(Permanent, match="knows no outgoing message"):
            store.settle(REFERENCE, "nothing", "sent", HistoryEntry(NOW, "sent", "", ""))

    def test_the_office_has_cases_without_application(self, store: StorePort) -> None:
        case = store.commit(Commit("office/2026-11", None, (letter(1),)))
        assert case.application is None
        assert store.load("office/2026-11") == case

    def test_two_messages_never_share_a_file(self, store: StorePort) -> None:
        store.commit(first_commit())
        with pytest.raises(ValueError, match="same path"):
            store.commit(Commit(REFERENCE, None, (letter(1, identity="cd" * 16),)))

    @pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "", "record.json"])
    def test_a_file_never_leaves_the_case_or_takes_the_place_of_the_record(self, store: StorePort, path: str) -> None:
        new = letter(1)
        with pytest.raises(ValueError, match="path"):
            store.commit(Commit(REFERENCE, APPLICATION, (replace(new, files=((path, b"x"),)),)))

    @pytest.mark.parametrize("reference", ["../../etc", "A-7F3K", "office/../x", "A-7F3KI", ""])
    def test_what_is_no_reference_is_refused(self, store: StorePort, reference: str) -> None:
        with pytest.raises(ValueError, match="not a reference"):
            store.load(reference)


class TestStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> StorePort:
        return Store(tmp_path)


class TestStoreReopened(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> StorePort:
        return Reopened(lambda: Store(tmp_path))
