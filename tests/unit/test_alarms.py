"""An alarm that the disk refuses: what it tells of holds at once, and n@ is told as soon as it can be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hands import Hands, N, met

from mailbot.errors import Temporary
from mailbot.records.store import Commit, Store
from mailbot.tasks.breaker import breaker, obey_limit
from mailbot.tasks.modes import enter_safe_mode, safe_mode
from mailbot.tasks.recover import recover


def refuse_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next commit is refused, and no other."""
    commit = Store.commit

    def refused(store: Store, what: Commit) -> None:
        monkeypatch.setattr(Store, "commit", commit)
        raise Temporary("the disk is full")

    monkeypatch.setattr(Store, "commit", refused)


def told(hands: Hands) -> int:
    return sum(entry.purpose == "alarm" for entry in hands.desk.outbox.entries())


def test_safe_mode_holds_at_once_and_is_told_when_the_disk_lets_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    refuse_once(monkeypatch)
    with pytest.raises(Temporary):
        enter_safe_mode(hands.desk, "the state is an old backup")
    assert safe_mode(hands.desk)
    assert told(hands) == 0
    recover(hands.desk)
    recover(hands.desk)
    assert told(hands) == 1
    hands.turn()
    assert len(hands.sent_to(N)) == 1


def test_so_does_the_breaker_and_both_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    refuse_once(monkeypatch)
    with pytest.raises(Temporary):
        obey_limit(hands.desk, "too many messages")
    assert breaker(hands.desk.ledger).open
    refuse_once(monkeypatch)
    with pytest.raises(Temporary):
        enter_safe_mode(hands.desk, "the state is an old backup")
    hands.reopen()
    assert told(hands) == 2
