"""A state out of a backup, and what stands in Sent: whoever got a message before does not get it again once a person has said resume."""

from __future__ import annotations

import shutil
from pathlib import Path

from applicants import LETTER, SUBJECT
from hands import CANDIDATE, Hands, met

from mailbot.mail.smtp import Outcome
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
