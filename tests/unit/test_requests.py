"""Requests: a verb asks, the daemon answers, and neither waits for a file that is half written."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mailbot.records.requests import Answered, Requests


@pytest.fixture
def requests(tmp_path: Path) -> Requests:
    return Requests(tmp_path / "requests")


def test_a_request_waits_until_it_is_answered(requests: Requests) -> None:
    asked = requests.leave("move", {"reference": "A-7F3K9", "stage": "test"})
    (request,) = requests.waiting()
    assert (request.id, request.verb, request.arguments) == (asked, "move", {"reference": "A-7F3K9", "stage": "test"})
    requests.answer(asked, True, "A-7F3K9: questions -> test")
    assert requests.waiting() == ()
    assert requests.await_answer(asked, 0) == Answered(True, "A-7F3K9: questions -> test")


def test_an_answer_is_read_once(requests: Requests, tmp_path: Path) -> None:
    asked = requests.leave("resume", {})
    requests.answer(asked, False, "nothing to resume")
    assert requests.await_answer(asked, 0)
    assert requests.await_answer(asked, 0) is None
    assert list((tmp_path / "requests").iterdir()) == []


def test_an_answer_is_awaited(requests: Requests) -> None:
    asked = requests.leave("resume", {})
    daemon = threading.Timer(0.02, requests.answer, (asked, True, "done"))
    daemon.start()
    assert requests.await_answer(asked, 5) == Answered(True, "done")
    daemon.join()


def test_requests_come_in_order(requests: Requests) -> None:
    ids = [requests.leave("resume", {"number": str(number)}) for number in range(5)]
    assert [request.id for request in requests.waiting()] == ids


def test_nobody_asks_where_there_is_no_folder(requests: Requests, tmp_path: Path) -> None:
    assert requests.waiting() == ()
    requests.clear_answers()
    assert list(tmp_path.iterdir()) == []


def test_what_is_taken_back_is_not_carried_out(requests: Requests) -> None:
    asked = requests.leave("resume", {})
    assert requests.withdraw(asked)
    assert requests.waiting() == ()
    assert not requests.withdraw(asked)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"verb":"move"}', b'{"verb":"move","arguments":[1]}'])
def test_what_is_no_request_does_not_stop_the_others(requests: Requests, tmp_path: Path, content: bytes) -> None:
    asked = requests.leave("resume", {})
    (tmp_path / "requests" / f"{'0' * 24}.request").write_bytes(content)
    (tmp_path / "requests" / "other.request").write_bytes(b'{"verb":"x","arguments":{}}')
    assert [request.id for request in requests.waiting()] == [asked]


def test_answers_that_nobody_came_for_are_cleared(requests: Requests) -> None:
    asked = requests.leave("resume", {})
    requests.answer(asked, True, "done")
    requests.clear_answers()
    assert requests.await_answer(asked, 0) is None


def test_requests_are_private(requests: Requests, tmp_path: Path) -> None:
    asked = requests.leave("forget", {"address": "maria@mail.example"})
    assert (tmp_path / "requests").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "requests" / f"{asked}.request").stat().st_mode & 0o777 == 0o600
