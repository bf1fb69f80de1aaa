"""The refresh token of an account: the newest one outlives the process, and a new one of the operator's begins anew."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailbot.errors import Temporary
from mailbot.records.refresh_token import RefreshToken

ISSUER = "https://login.example.org/token mailbot"


class Server:
    """Answers every refresh token with the next one of `following`, else with the same."""

    def __init__(self, *following: str) -> None:
        self.asked: list[str] = []
        self._following = list(following)

    def __call__(self, token: str) -> str:
        self.asked.append(token)
        return self._following.pop(0) if self._following else token


def asked_with(state: Path, given: str = "given", issuer: str = ISSUER) -> str:
    """The token that a process which starts now would use."""
    server = Server()
    RefreshToken(state, given, issuer).exchange(server)
    return server.asked[0]


def files(state: Path) -> list[Path]:
    return sorted(state.glob("*refresh*")) + sorted(state.glob(".*refresh*"))


def test_the_given_token_counts_while_the_server_leaves_it_and_nothing_is_written(tmp_path: Path) -> None:
    assert asked_with(tmp_path) == "given"
    assert files(tmp_path) == []


def test_a_rotated_token_wins_over_the_given_one_in_the_next_process_too(tmp_path: Path) -> None:
    server = Server("second", "third")
    token = RefreshToken(tmp_path / "state", "given", ISSUER)
    token.exchange(server)
    assert asked_with(tmp_path / "state") == "second"
    token.exchange(server)
    assert server.asked == ["given", "second"]
    assert asked_with(tmp_path / "state") == "third"


def test_it_is_one_private_file_whose_name_gives_nothing_away(tmp_path: Path) -> None:
    RefreshToken(tmp_path, "given", ISSUER).exchange(Server("second"))
    (path,) = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "given" not in path.name
    assert path.read_text() == "second\n"


def test_a_new_token_of_the_operator_wins_over_what_came_of_the_old_one(tmp_path: Path) -> None:
    RefreshToken(tmp_path, "given", ISSUER).exchange(Server("second"))
    assert asked_with(tmp_path, "given anew") == "given anew"


def test_what_came_of_a_token_is_not_shown_to_another_server(tmp_path: Path) -> None:
    RefreshToken(tmp_path, "given", ISSUER).exchange(Server("second"))
    assert asked_with(tmp_path, "given", "https://other.example.org/token mailbot") == "given"


def test_two_accounts_with_one_token_follow_the_same_rotation(tmp_path: Path) -> None:
    way_in, way_out = (RefreshToken(tmp_path, "given", ISSUER) for _ in range(2))
    server = Server("second", "third", "fourth")
    for one in (way_in, way_out, way_in):
        one.exchange(server)
    assert server.asked == ["given", "second", "third"]


def test_what_the_server_refuses_changes_nothing(tmp_path: Path) -> None:
    def refuse(_token: str) -> str:
        raise Temporary("later")

    with pytest.raises(Temporary, match="later"):
        RefreshToken(tmp_path, "given", ISSUER).exchange(refuse)
    assert asked_with(tmp_path) == "given"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Until it is called, nothing can be brought to the disk."""

    def fails(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        yield patch.undo


def test_a_token_that_the_disk_does_not_take_is_not_lost_and_no_further_one_is_asked_for(
    tmp_path: Path, full_disk: Callable[[], None]
) -> None:
    server = Server("second", "third")
    token = RefreshToken(tmp_path, "given", ISSUER)
    for _ in range(2):
        with pytest.raises(Temporary, match="disk is full"):
            token.exchange(server)
    assert server.asked == ["given"]
    full_disk()
    token.exchange(server)
    assert server.asked == ["given", "second"]
    assert asked_with(tmp_path) == "third"


def test_another_process_waits_until_the_exchange_is_over(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    server = Server()
    thread = threading.Thread(target=RefreshToken(tmp_path, "given", ISSUER).exchange, args=(server,))
    thread.start()
    thread.join(0.2)
    assert server.asked == []
    os.close(other)
    thread.join(5)
    assert server.asked == ["given"]
