"""The watch: what counts as freshly read, which folders are read, and how long a server that says no is left alone."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, Hands, met

from mailbot.errors import Permanent, Temporary
from mailbot.mail.folders import Folder
from mailbot.mail.smtp import Outcome
from mailbot.service.health import Pulse, health
from mailbot.tasks import receive
from mailbot.tasks.folders import watched_folders
from mailbot.tasks.watch import FRESH_SECONDS, LOGIN_PAUSE

FOUND = (Folder("INBOX", "inbox"), Folder("Отправленные", "sent"), Folder("Клиенты", "other"))


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the watch; its one number may be changed."""
    now = [10_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_reading_is_fresh_for_a_quarter_of_an_hour_and_ends_with_the_connection(tmp_path: Path, passing: list[float]) -> None:
    hands = met(tmp_path)
    assert hands.watch.is_fresh()
    passing[0] += FRESH_SECONDS - 1
    assert hands.watch.is_fresh()
    passing[0] += 1
    assert not hands.watch.is_fresh()

    hands.turn()
    hands.watch.disconnect()
    assert not hands.watch.is_fresh()
    hands.watch.connect()
    assert not hands.watch.is_fresh()
    hands.watch.read_inbox()
    assert not hands.watch.is_fresh()
    hands.watch.read()
    assert hands.watch.is_fresh()


def test_a_refused_login_is_left_alone_for_a_quarter_of_an_hour_and_costs_no_message_anything(tmp_path: Path, passing: list[float]) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(Outcome("retry", 535, "5.7.8 no", account_fault=True))
    hands.turn()
    assert health(hands.desk, Pulse(1, hands.now, hands.watch))["state"] == "degraded"
    hands.pass_time(minutes=14)
    passing[0] += LOGIN_PAUSE - 1
    hands.turn()
    assert hands.submission.sent == []

    passing[0] += 1
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 1
    assert health(hands.desk, Pulse(1, hands.now, hands.watch))["state"] == "ok"


def test_what_came_between_reading_and_waiting_is_not_waited_for(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)

    assert hands.watch.wait(60, lambda: False)


def test_what_a_disk_left_half_done_is_finished_with_the_next_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)

    def full(entry: object) -> None:
        raise Temporary("the disk is full")

    with monkeypatch.context() as trouble:
        trouble.setattr(hands.desk.outbox, "planned", full)
        with pytest.raises(Temporary):
            hands.turn()
    hands.watch.disconnect()
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 1


def test_sent_is_read_first_and_inbox_is_known_by_its_role(tmp_path: Path) -> None:
    hands = Hands(tmp_path)

    assert [(folder.name, role) for folder, role in watched_folders(hands.desk, FOUND)] == [("Отправленные", "sent"), ("INBOX", "inbox")]


@pytest.mark.parametrize(("sent", "expected"), [("", ["INBOX", "Клиенты"]), ("Клиенты", ["Клиенты", "INBOX", "Клиенты"])])
def test_the_configuration_names_the_folders(tmp_path: Path, sent: str, expected: list[str]) -> None:
    hands = Hands(tmp_path)
    imap = hands.settings.imap.model_copy(update={"folders": ("INBOX", "Клиенты"), "sent": sent})
    desk = hands.desk.configured(replace(hands.settings, imap=imap))

    assert [folder.name for folder, _ in watched_folders(desk, FOUND)] == expected


def test_a_folder_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    imap = hands.settings.imap.model_copy(update={"folders": ("INBOX", "Kunden")})
    desk = hands.desk.configured(replace(hands.settings, imap=imap))

    with pytest.raises(Permanent, match=r"imap\.folders: the mailbox has no folder 'Kunden'; it has INBOX"):
        watched_folders(desk, FOUND)


def waiting(hands: Hands, count: int) -> None:
    """So many candidates whose questions wait, because the submission server did not answer."""
    hands.watch.resting_until = float("inf")
    for number in range(count):
        hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")
    hands.turn()
    assert hands.submission.sent == []
    hands.watch.resting_until = 0.0


def test_of_what_waits_only_some_is_sent_before_the_next_letter_is_read(tmp_path: Path) -> None:
    hands = met(tmp_path)
    waiting(hands, 30)
    gone: list[int] = []
    hands.letter("Вопрос", "Здравствуйте! Какой у вас график?", sender="a@mail.ru")
    hands.letter("Вопрос", "Здравствуйте! А удалённо можно?", sender="b@mail.ru")
    hands.pass_time(minutes=1)
    take_in = receive._take_in

    def taken_in(*arguments: Any, **named: Any) -> None:
        gone.append(len(hands.submission.sent))
        take_in(*arguments, **named)

    with patch.object(receive, "_take_in", taken_in):
        hands.watch.read()
    assert gone == [0, 10]
    hands.watch.work()
    assert all(hands.sent_to(f"maria{number}@mail.ru") for number in range(30))


def test_what_comes_while_much_is_sent_is_read_before_the_rest_goes_out(tmp_path: Path) -> None:
    hands = met(tmp_path)
    waiting(hands, 30)
    hands.pass_time(minutes=1)
    withdrawn = 0

    def between() -> None:
        nonlocal withdrawn
        if len(hands.submission.sent) == 5 and not withdrawn:
            withdrawn = max(n for n in range(30) if not hands.sent_to(f"maria{n}@mail.ru"))
            farewell = "Здравствуйте! Я нашла другую работу и снимаю свою кандидатуру. Спасибо!"
            hands.letter(f"Re: {SUBJECT}", farewell, sender=f"Мария Петрова <maria{withdrawn}@mail.ru>")

    hands.watch.between = between
    hands.watch.work()
    assert withdrawn
    assert [each.state for each in hands.desk.outbox.entries() if each.purpose == "questions"].count("dropped") == 1
