"""Carrying a decision out: its messages have their final bytes, all of it is committed at once, and doing it twice changes nothing."""

from __future__ import annotations

import email.policy
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, RECRUITER, Hands, met

from mailbot.errors import ConfigProblem
from mailbot.hiring.actions import Decision, Send
from mailbot.hiring.case import HistoryEntry
from mailbot.hiring.process import on_alarm
from mailbot.tasks.carry import TOKEN_DAYS, carry_out


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    return hands


def alarm(hands: Hands) -> Decision:
    return on_alarm("the mailbox can not be read", "unread/1", hands.desk.moment())


def test_the_same_decision_twice_is_one_message_and_one_line_of_history(hands: Hands) -> None:
    first = carry_out(hands.desk, alarm(hands))
    before = hands.desk.store.load(first)
    hands.pass_time(hours=1)

    assert carry_out(hands.desk, alarm(hands)) == first

    assert hands.desk.store.load(first) == before
    assert len([entry for entry in hands.desk.outbox.entries() if entry.purpose == "alarm"]) == 1


def test_what_is_on_the_record_are_the_bytes_that_go_out(hands: Hands) -> None:
    (case,) = hands.cases()
    filed = {message.message_id: hands.desk.store.read(case.reference, message.path) for message in case.messages}

    assert [filed[str(message["Message-ID"])] for message in hands.sent_to(CANDIDATE)] == [
        sent.raw for sent in hands.submission.sent if sent.recipient == CANDIDATE
    ]
    assert all(intent.message_id in filed for intent in case.intents)


def test_a_notice_carries_a_token_in_its_references_and_a_letter_to_the_candidate_none(hands: Hands) -> None:
    (case,) = hands.cases()
    questions, notice = case.intents
    (shown,) = hands.sent_to(RECRUITER)
    (asked,) = hands.sent_to(CANDIDATE)

    assert notice.expires == notice.decided + timedelta(days=TOKEN_DAYS)
    assert questions.expires is None
    assert str(shown["References"]).split()[0] == notice.message_id
    assert "mb1." not in str(asked["References"])


def test_a_template_that_can_not_be_rendered_leaves_nothing_behind(hands: Hands) -> None:
    (case,) = hands.cases()
    assert case.application
    decision = alarm(hands)
    (send,) = decision.actions
    assert isinstance(send, Send)
    broken = replace(decision, application=replace(case.application, stage="test"), actions=(send, replace(send, template="nowhere")))

    with pytest.raises(ConfigProblem):
        carry_out(hands.desk, broken)

    assert hands.cases() == [case]
    assert all(entry.purpose != "alarm" for entry in hands.desk.outbox.entries())


def test_a_decision_that_sends_nothing_is_still_in_the_record(hands: Hands) -> None:
    (case,) = hands.cases()
    assert case.application
    entry = HistoryEntry(hands.now, "moved to silent", "silence", "no answer")
    carry_out(hands.desk, Decision(replace(case.application, stage="silent"), (), "silence", "no answer", (entry,)))

    (after,) = hands.cases()
    assert after.application
    assert (after.application.stage, after.history[-1]) == ("silent", entry)
    row = hands.desk.catalogue.get(case.reference)
    assert row
    assert row.stage == "silent"


def test_attachments_keep_their_bytes_under_safe_names(tmp_path: Path) -> None:
    hands = met(tmp_path)
    letter = message_from_bytes(b"", policy=email.policy.default)
    letter["From"], letter["To"], letter["Subject"] = CANDIDATE, "job@up-advert.ru", SUBJECT
    letter["Message-ID"] = "<one@candidates.example>"
    letter.set_content(LETTER)
    letter.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="../../etc/passwd")
    hands.put(letter)
    hands.turn()

    (case,) = hands.cases()
    (attachment,) = case.messages[0].attachments
    assert attachment.name == "../../etc/passwd" or "/" not in attachment.name
    assert attachment.path.startswith("attachments/0001-01-")
    assert ".." not in attachment.path
    assert hands.desk.store.read(case.reference, attachment.path) == b"\x00\x01"
