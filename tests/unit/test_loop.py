"""The loop of the daemon: no bug and no trouble ends it, and what does not need the mailbox goes on without it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, Hands, N, met

from mailbot import daemon
from mailbot.errors import MailbotError, Permanent, Temporary
from mailbot.service.signals import Signals, Stop
from mailbot.tasks import watch


@pytest.fixture
def hands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hands:
    monkeypatch.setattr(daemon, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(daemon, "LOGIN_PAUSE", 0.01)
    monkeypatch.setattr(daemon, "pause", lambda seconds: None)
    return met(tmp_path)


def run_until(hands: Hands, done: Callable[[], bool], turns: int = 2000) -> None:
    """Run the loop until `done`; a test that waits for ever fails instead."""
    signals = Signals()
    loop = daemon._Loop(hands.desk, hands.watch, signals, 1, hands.now)
    live, left = loop._live, iter(range(turns))

    def watched() -> None:
        live()
        if done() or next(left, None) is None:
            signals.stop = True

    loop._live = watched  # type: ignore[method-assign]
    with suppress(Stop):
        loop.run()
    assert done()


@pytest.mark.parametrize("trouble", [Temporary("gone"), Permanent("refused"), MailbotError("odd"), KeyError("stage")])
def test_no_trouble_of_one_turn_ends_the_loop(hands: Hands, monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    hands.letter(SUBJECT, LETTER)
    read, number = watch.Watch.read, iter(range(100))

    def troubled(self: watch.Watch) -> int:
        if next(number) == 0:
            raise trouble
        return read(self)

    monkeypatch.setattr(watch.Watch, "read", troubled)

    run_until(hands, lambda: bool(hands.sent_to(CANDIDATE)))


@pytest.mark.parametrize("trouble", [Temporary("the disk is full"), Permanent("damaged"), RuntimeError("a bug")])
def test_no_trouble_without_the_mailbox_ends_the_loop(hands: Hands, monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    hands.letter(SUBJECT, LETTER)
    hands.server.fail("open", Temporary("gone"))
    work, number = watch.Watch.work, iter(range(100))

    def troubled(self: watch.Watch) -> None:
        if next(number) == 0:
            raise trouble
        work(self)

    monkeypatch.setattr(watch.Watch, "work", troubled)

    run_until(hands, lambda: bool(hands.sent_to(CANDIDATE)))


def test_n_hears_once_that_the_mailbox_could_not_be_read_for_a_working_hour(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.server.fail("open", *[Temporary("gone")] * 500)
    count = iter(range(100000))

    def passing(seconds: float) -> None:
        hands.pass_time(minutes=1)
        next(count)

    monkeypatch.setattr(daemon, "pause", passing)

    run_until(hands, lambda: next(count) > 400)

    assert [message["To"] for message in hands.sent_to(N)] == [N]


@pytest.mark.parametrize(("trouble", "shortest", "longest"), [(Permanent("the login was refused"), 15, 31), (Temporary("gone"), 0, 10)])
def test_a_refused_login_is_tried_four_times_an_hour_and_a_server_that_is_away_every_ten_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: MailbotError, shortest: float, longest: float
) -> None:
    hands = met(tmp_path)
    hands.watch.disconnect()
    passing, tries = [10_000.0], [10_000.0]

    def refused() -> None:
        tries.append(passing[0])
        raise trouble

    def passes(seconds: float) -> None:
        passing[0] += 20

    monkeypatch.setattr(hands.watch.mailbox, "connect", refused)
    monkeypatch.setattr(time, "monotonic", lambda: passing[0])
    monkeypatch.setattr(daemon, "pause", passes)

    run_until(hands, lambda: passing[0] > 10_000 + 6 * 3600)

    minutes = [(after - before) / 60 for before, after in pairwise(tries[1:])]
    assert len(minutes) > 8
    assert shortest <= min(minutes)
    assert max(minutes) <= longest


def test_an_order_that_nobody_can_carry_out_is_answered(hands: Hands) -> None:
    left = hands.desk.requests.leave("move", {"no": "such arguments"})

    run_until(hands, lambda: not hands.desk.requests.waiting())

    answer = hands.desk.requests.await_answer(left, 0)
    assert answer
    assert not answer.ok
    assert "KeyError" in answer.text
