"""A state out of a backup, and what stands in Sent: whoever got a message before does not get it again once a person has said resume."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, RECRUITER, Hands, N, met

from mailbot.errors import Temporary
from mailbot.mail.smtp import Outcome
from mailbot.records.outbox import Outbox
from mailbot.tasks.modes import leave_safe_mode, safe_mode


def saved(hands: Hands) -> Path:
    place = hands.settings.state_dir.with_name("backup")
    shutil.copytree(hands.settings.state_dir, place)
    return place


def restored(hands: Hands, place: Path) -> None:
    hands.desk.close()
    shutil.rmtree(hands.settings.state_dir)
    shutil.copytree(place, hands.settings.state_dir)
    hands.reopen()


def test_after_resume_nothing_goes_out_that_went_out_after_the_backup(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_files_sent=False)
    backup = saved(hands)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    restored(hands, backup)
    hands.turn()
    assert safe_mode(hands.desk)
    leave_safe_mode(hands.desk)
    hands.turn()
    hands.reopen()
    hands.turn()
    assert len(hands.sent_to(CANDIDATE)) == 1
    (case,) = hands.cases()
    assert {intent.outcome for intent in case.intents} == {"sent"}
    # The caps count what the backup did not know of.
    entry = next(entry for entry in hands.desk.outbox.entries() if entry.purpose == "questions")
    assert entry.committed_at


def test_nor_what_was_sent_and_filed_while_the_clock_was_behind(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_files_sent=False)
    hands.letter(SUBJECT, LETTER)
    hands.letter(SUBJECT, LETTER, sender="Анна Иванова <anna@mail.ru>")
    backup = saved(hands)
    hands.set_clock(hours=-50)
    hands.turn()
    hands.pass_time(minutes=1)
    hands.turn()
    assert len(hands.sent_to(CANDIDATE)) == len(hands.sent_to("anna@mail.ru")) == 1
    hands.set_clock(hours=50)
    restored(hands, backup)
    hands.turn()
    assert safe_mode(hands.desk)
    leave_safe_mode(hands.desk)
    for _ in range(3):
        hands.pass_time(minutes=1)
        hands.turn()
    assert len(hands.sent_to(CANDIDATE)) == len(hands.sent_to("anna@mail.ru")) == 1


def test_nor_if_mailbot_was_stopped_right_after_it_was_planned_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path, smtp_files_sent=False)
    backup = saved(hands)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    restored(hands, backup)
    record = Outbox.record

    def refused(*_: object, **__: object) -> None:
        monkeypatch.setattr(Outbox, "record", record)
        raise Temporary("the disk is full")

    monkeypatch.setattr(Outbox, "record", refused)
    with pytest.raises(Temporary):
        hands.turn()
    hands.reopen()
    hands.turn()
    leave_safe_mode(hands.desk)
    hands.turn()
    assert len(hands.sent_to(CANDIDATE)) == 1


def test_a_backup_from_right_before_the_sending_sends_nothing_again(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_files_sent=False)
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(Outcome("retry", 451, "4.7.1 greylisted"))
    hands.turn()
    backup = saved(hands)
    hands.pass_time(minutes=6)
    hands.turn()
    restored(hands, backup)
    hands.turn()
    assert len(hands.sent_to(CANDIDATE)) == 1
    hands.reopen()
    assert {intent.outcome for case in hands.cases() for intent in case.intents} == {"sent"}


@pytest.fixture
def answered(tmp_path: Path) -> Hands:
    """A candidate was answered after the backup that is in place now; the answer stands in Sent."""
    hands = met(tmp_path, smtp_files_sent=False)
    backup = saved(hands)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    restored(hands, backup)
    return hands


def withhold_sent(hands: Hands, *, header: bool) -> None:
    for stored in hands.server.messages(hands.user, "Sent"):
        hands.server.withhold(hands.user, stored.uid, "Sent", header=header)


def test_what_sent_lists_and_does_not_give_is_known_by_its_header(answered: Hands) -> None:
    withhold_sent(answered, header=False)
    answered.turn()

    assert len(answered.sent_to(CANDIDATE)) == 1
    assert safe_mode(answered.desk)
    assert answered.watch.is_fresh()


def test_while_sent_gives_not_even_headers_candidates_wait_and_staff_are_told(answered: Hands) -> None:
    before = len(answered.sent_to(RECRUITER))
    withhold_sent(answered, header=True)
    answered.turn()
    answered.pass_time(minutes=30)
    answered.turn()
    assert len(answered.sent_to(CANDIDATE)) == 1
    assert not answered.watch.is_fresh()
    assert not safe_mode(answered.desk)
    assert len(answered.sent_to(RECRUITER)) > before

    answered.server.give(answered.user, "Sent")
    answered.turn()

    assert len(answered.sent_to(CANDIDATE)) == 1
    assert answered.watch.is_fresh()


def test_what_is_never_given_is_safe_mode_after_a_while_and_a_person_decides(answered: Hands) -> None:
    withhold_sent(answered, header=True)
    for _ in range(4):
        answered.pass_time(minutes=20)
        answered.turn()
    assert "not even its header" in safe_mode(answered.desk)
    assert answered.sent_to(N)
    assert len(answered.sent_to(CANDIDATE)) == 1
    assert answered.watch.is_fresh()

    leave_safe_mode(answered.desk)
    answered.letter(SUBJECT, LETTER, sender="olga@mail.ru")
    answered.turn()

    assert len(answered.sent_to("olga@mail.ru")) == 1
    assert not safe_mode(answered.desk)


def test_a_persons_answer_that_is_never_given_is_shown_to_a_person(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_files_sent=False)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.letter("Re: Отклик", "Позвоним вам.", sender=JOB, to=CANDIDATE, answers=hands.sent_to(CANDIDATE)[-1], folder="Sent")
    withhold_sent(hands, header=False)
    hands.turn()
    assert not hands.watch.is_fresh()

    for _ in range(3):
        hands.pass_time(minutes=20)
        hands.turn()

    assert "quarantine" in hands.verdicts("Sent").values()
    assert hands.watch.is_fresh()
    assert not safe_mode(hands.desk)


def test_before_sent_was_read_nothing_goes_to_candidates_while_the_mailbox_is_not_to_be_reached(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_files_sent=False)
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(Outcome("retry", 451, "4.7.1 greylisted"))
    hands.turn()
    backup = saved(hands)
    hands.pass_time(minutes=6)
    hands.turn()
    restored(hands, backup)
    hands.server.fail("connect", Temporary("no route"))
    with pytest.raises(Temporary):
        hands.turn()
    # As the daemon does, which goes on sending.
    hands.watch.work()
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 1


def test_a_new_start_to_which_sent_gives_no_headers_is_safe_mode(tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    hands.letter("Здравствуйте", "Это не наше.", folder="Sent")
    withhold_sent(hands, header=True)
    hands.turn()

    assert "not even its header" in safe_mode(hands.desk)
