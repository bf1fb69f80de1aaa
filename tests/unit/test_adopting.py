"""Adopting: old letters are taken in because a person wants it, nobody is answered unasked, and the clock starts now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, MONDAY, RECRUITER, Hands

from mailbot.errors import Permanent, Temporary
from mailbot.hiring.model import Application
from mailbot.mail.mailbox import Fetched, Headline
from mailbot.service.errands import run_errands
from mailbot.service.health import Pulse
from mailbot.service.signals import Stop
from mailbot.tasks.adopt import Wish
from mailbot.tasks.modes import safe_mode
from mailbot.tasks.watch import SWEEP_SECONDS

LONG_AGO = MONDAY - timedelta(days=60)


def put_earlier(
    hands: Hands, days: float, subject: str = SUBJECT, text: str = LETTER, *, folder: str = "INBOX", **more: str
) -> EmailMessage:
    """A message that came so many days before the office's present."""
    now = hands.now
    hands.now = now - timedelta(days=days)
    letter = hands.letter(subject, text, folder=folder, **more)  # type: ignore[arg-type]
    hands.now = now
    return letter


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    """Hands that have met a mailbox with three letters of candidates in it: of 40, 20 and 3 days ago."""
    hands = Hands(tmp_path)
    for days in (40, 20, 3):
        put_earlier(hands, days, sender=f"Кандидат <c{days}@mail.ru>")
    hands.turn()
    hands.pass_time(minutes=1)
    return hands


def adopt(hands: Hands, since: datetime = LONG_AGO, *, answer: bool = False) -> str:
    """The verb, and a turn of the daemon."""
    said = hands.watch.adopt(Wish(since, answer), lambda done, total: None)
    hands.turn()
    return said


def applications(hands: Hands) -> dict[str, Application]:
    return {case.application.addresses[0]: case.application for case in hands.cases() if case.application}


def test_what_came_since_that_day_is_recorded_and_shown_and_no_candidate_hears_of_it(hands: Hands) -> None:
    said = adopt(hands, MONDAY - timedelta(days=30))

    assert said.startswith("2 older letters taken in, 2 applications opened; no candidate is answered")
    assert set(applications(hands)) == {"c20@mail.ru", "c3@mail.ru"}
    assert {sent.recipient for sent in hands.submission.sent} == {RECRUITER}
    assert len(hands.sent_to(RECRUITER)) == 2
    assert hands.verdicts() == {1: "", 2: "application", 3: "application"}


def test_the_reply_clock_starts_at_the_moment_of_adopting(hands: Hands) -> None:
    adopt(hands)

    for application in applications(hands).values():
        assert (application.waits_for, application.since) == ("staff", hands.now)
        assert application.due == hands.desk.worktime.due(hands.now, 3)
        assert application.opened < MONDAY
    hands.pass_time(days=1)
    hands.turn()
    assert len(hands.sent_to(RECRUITER)) == 3


def test_with_answer_candidates_get_their_questions_however_old_their_letters_are(hands: Hands) -> None:
    adopt(hands, answer=True)

    assert [len(hands.sent_to(f"c{days}@mail.ru")) for days in (40, 20, 3)] == [1, 1, 1]
    assert {application.waits_for for application in applications(hands).values()} == {"candidate"}


@pytest.mark.parametrize("answer", [False, True])
def test_whom_somebody_has_written_to_since_has_been_answered(hands: Hands, *, answer: bool) -> None:
    put_earlier(hands, 19, "Re: отклик", "Приходите завтра.", sender=f"Анна <{JOB}>", to="c20@mail.ru", folder="Sent")
    put_earlier(hands, 45, "Другое", "Это было раньше.", sender=f"Анна <{JOB}>", to="c40@mail.ru", folder="Sent")
    away = {"Auto-Submitted": "auto-replied"}
    put_earlier(hands, 2, "Автоответ", "Я в отпуске.", sender=f"<{JOB}>", to="c3@mail.ru", folder="Sent", headers=away)  # type: ignore[arg-type]

    adopt(hands, answer=answer)

    assert hands.sent_to("c20@mail.ru") == []
    assert [len(hands.sent_to(f"c{days}@mail.ru")) for days in (40, 3)] == [int(answer)] * 2
    assert applications(hands)["c20@mail.ru"].unanswered == ()
    assert len(hands.sent_to(RECRUITER)) == 3


def test_letters_in_a_folder_that_a_person_names_are_taken_in_whenever_they_came(hands: Hands) -> None:
    hands.server.create_folder(hands.user, "Кандидаты")
    put_earlier(hands, 30, sender="Ольга <olga@mail.ru>", folder="Кандидаты")
    put_earlier(hands, 90, sender="Давний <long@mail.ru>", folder="Кандидаты")
    # This one was answered, and then sorted in there.
    hands.pass_time(minutes=1)
    known = hands.letter(SUBJECT, LETTER, sender="Пётр <petr@mail.ru>")
    hands.turn()
    hands.put(known, "Кандидаты")
    wish = Wish(LONG_AGO, answer=False, folders=("Кандидаты", "Кандидаты"))
    seen: list[tuple[int, int]] = []

    said = hands.watch.adopt(wish, lambda done, total: seen.append((done, total)))
    hands.turn()

    assert said.startswith("2 older letters taken in (1 of them known already), 1 applications opened; no candidate is answered")
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert set(applications(hands)) == {"olga@mail.ru", "petr@mail.ru"}
    assert hands.sent_to("olga@mail.ru") == []
    assert len(hands.sent_to("petr@mail.ru")) == 1
    assert hands.watch.adopt(wish, lambda done, total: None).startswith("0 older letters")


def test_from_the_archive_only_what_no_sweep_takes_in_is_adopted(tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    hands.server.create_folder(hands.user, "Archive")
    put_earlier(hands, 3, sender="Ольга <olga@mail.ru>", folder="Archive")
    hands.turn()
    hands.pass_time(minutes=1)
    hands.letter(SUBJECT, LETTER, sender="Новый <new@mail.ru>", folder="Archive")

    said = hands.watch.adopt(Wish(LONG_AGO, answer=False, folders=("Archive", "INBOX")), lambda done, total: None)
    hands.watch.swept_at = -SWEEP_SECONDS
    hands.turn()

    assert said.startswith("1 older letters taken in, 1 applications opened")
    assert hands.sent_to("olga@mail.ru") == []
    assert len(hands.sent_to("new@mail.ru")) == 1


@pytest.mark.parametrize(("name", "said"), [("Нет", "has no folder 'Нет'; it has INBOX, Junk, Sent"), ("Sent", "sent from here")])
def test_a_folder_that_is_not_there_or_is_sent_is_refused_in_words(hands: Hands, name: str, said: str) -> None:
    with pytest.raises(Permanent, match=said):
        hands.watch.adopt(Wish(LONG_AGO, answer=True, folders=("INBOX", name)), lambda done, total: None)
    assert applications(hands) == {}


def test_what_the_server_does_not_give_is_said_and_asked_for_by_the_same_order(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(headlines: Sequence[Headline]) -> Iterator[Fetched]:
        yield from ()
        raise Temporary("NO [SERVERBUG]")

    with monkeypatch.context() as trouble:
        trouble.setattr(hands.watch.mailbox, "fetch", refused)
        for _ in range(4):
            said = hands.watch.adopt(Wish(LONG_AGO, answer=False), lambda done, total: None)
            assert said.startswith("0 older letters")
            assert said.endswith("; 3 are gone, or not given by the server: the same order asks for them again")
            hands.pass_time(minutes=15)
    assert hands.desk.quarantine.entries() == ()
    assert adopt(hands).startswith("3 older letters")


def test_doing_it_twice_takes_in_only_what_is_left(hands: Hands) -> None:
    adopt(hands, MONDAY - timedelta(days=30), answer=True)
    sent = len(hands.submission.sent)
    assert adopt(hands, MONDAY - timedelta(days=30), answer=True).startswith("0 older letters")
    assert len(hands.submission.sent) == sent
    assert adopt(hands, answer=True).startswith("1 older letters")


def test_a_stop_in_the_middle_goes_on_where_it_was_and_answers_nobody_unasked(hands: Hands) -> None:
    order = hands.desk.requests.leave("adopt", {"since": LONG_AGO.isoformat(), "answer": ""})

    def stops() -> None:
        if hands.desk.requests.progress_of(order) == (2, 3):
            raise Stop

    hands.watch.between = stops
    with pytest.raises(Stop):
        run_errands(hands.desk, Pulse(1, hands.now, hands.watch))
    assert hands.desk.requests.progress_of(order) == (2, 3)

    hands.reopen()
    hands.watch.connect()
    run_errands(hands.desk, Pulse(1, hands.now, hands.watch))
    hands.turn()

    answer = hands.desk.requests.await_answer(order, 0)
    assert answer is not None
    assert answer.ok
    assert answer.text.startswith("1 older letters")
    assert hands.verdicts() == dict.fromkeys((1, 2, 3), "application")
    assert {sent.recipient for sent in hands.submission.sent} == {RECRUITER}
    assert hands.desk.requests.progress_of(order) is None


def test_a_lost_connection_in_the_middle_leaves_the_rest_old(hands: Hands) -> None:
    order = hands.desk.requests.leave("adopt", {"since": LONG_AGO.isoformat(), "answer": "yes"})
    hands.server.fail("fetch", Temporary("gone"))
    hands.server.fail("noop", Temporary("gone"))
    run_errands(hands.desk, Pulse(1, hands.now, hands.watch))
    answer = hands.desk.requests.await_answer(order, 0)
    assert answer is not None
    assert not answer.ok
    assert "goes on from there" in answer.text

    hands.turn()
    assert hands.submission.sent == []
    assert adopt(hands).startswith("3 older letters")


def test_the_daemon_does_it_when_the_mailbox_is_free_and_says_so_when_there_is_none(hands: Hands) -> None:
    pulse = Pulse(1, hands.now, hands.watch)
    first = hands.desk.requests.leave("adopt", {"since": LONG_AGO.isoformat(), "answer": ""})
    hands.watch.reading = True
    assert run_errands(hands.desk, pulse) is False
    assert hands.desk.requests.await_answer(first, 0) is None

    hands.watch.reading = False
    hands.watch.disconnect()
    run_errands(hands.desk, pulse)
    answer = hands.desk.requests.await_answer(first, 0)
    assert answer is not None
    assert not answer.ok
    assert "nothing was done" in answer.text


def test_a_mailbox_that_was_never_read_has_nothing_old(tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    hands.watch.connect()
    with pytest.raises(Permanent, match="start it once, then adopt"):
        hands.watch.adopt(Wish(LONG_AGO, answer=True), lambda done, total: None)


@pytest.mark.parametrize(
    ("sender", "headers", "kind"),
    [
        ("Новости <news@shop.example>", {"List-Id": "<n.shop.example>"}, "list"),
        (f"Рекрутер <{RECRUITER}>", {}, "staff_refused"),
        (f"Мы <{JOB}>", {}, "pretender"),
        ("Почта <mailer-daemon@mail.ru>", {}, "bounce"),
        ("Робот <robot@mail.ru>", {"Auto-Submitted": "auto-replied"}, "auto_reply"),
    ],
)
def test_old_mail_of_machines_and_of_staff_is_filed_without_a_word(tmp_path: Path, sender: str, headers: dict[str, str], kind: str) -> None:
    hands = Hands(tmp_path)
    put_earlier(hands, 5, "Привет", "Как дела?", sender=sender, headers=cast(str, headers))
    hands.turn()

    adopt(hands, answer=True)

    assert hands.verdicts() == {1: kind}
    assert hands.submission.sent == []


def test_what_a_known_candidate_wrote_before_joins_their_application(hands: Hands) -> None:
    hands.letter(SUBJECT, LETTER, sender="Кандидат <c3@mail.ru>")
    hands.turn()
    assert len(hands.sent_to("c3@mail.ru")) == 1

    adopt(hands)

    assert len(applications(hands)) == 3
    assert applications(hands)["c3@mail.ru"].waits_for == "staff"
    assert len(hands.sent_to("c3@mail.ru")) == 1


def test_after_a_lost_state_those_whom_mailbot_has_answered_are_not_answered_again(tmp_path: Path) -> None:
    before = Hands(tmp_path / "before")
    before.turn()
    before.pass_time(minutes=1)
    before.letter(SUBJECT, LETTER)
    before.turn()
    before.pass_time(minutes=1)
    before.turn()
    put_earlier(before, 0, sender="Кандидат <other@mail.ru>")
    hands = Hands(tmp_path / "after")
    hands.server, hands.user, hands.now = before.server, before.user, before.now + timedelta(minutes=5)
    hands.reopen()
    hands.turn()
    assert safe_mode(hands.desk)
    hands.desk.ledger.remember("safe", "", hands.now)

    adopt(hands, answer=True)

    assert hands.sent_to(CANDIDATE) == []
    assert len(hands.sent_to("other@mail.ru")) == 1
    assert not safe_mode(hands.desk)


def test_progress_is_told_letter_by_letter(hands: Hands) -> None:
    told: list[tuple[int, int]] = []
    hands.watch.adopt(Wish(LONG_AGO, answer=False), cast(Callable[[int, int], None], lambda *each: told.append(each)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
