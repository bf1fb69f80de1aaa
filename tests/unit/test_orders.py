"""Orders: what a person wants done is done once, answered in words, and wrong orders change nothing."""

from __future__ import annotations

from email.policy import SMTP
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, Hands, met

from mailbot.errors import Permanent
from mailbot.mail.smtp import Outcome
from mailbot.tasks.modes import enter_safe_mode
from mailbot.tasks.orders import carry_out_order


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    """An application that was sent its questions."""
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    return hands


def reference(hands: Hands) -> str:
    (case,) = hands.cases()
    return case.reference


def test_an_order_to_move_that_comes_again_after_a_stop_writes_the_candidate_once(hands: Hands) -> None:
    arguments = {"reference": reference(hands), "stage": "interview"}
    carry_out_order(hands.desk, "move", arguments, "order-1")
    hands.turn()
    hands.reopen()
    hands.pass_time(minutes=1)

    carry_out_order(hands.desk, "move", arguments, "order-1")
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 2


def test_two_orders_to_move_there_are_two_letters(hands: Hands) -> None:
    arguments = {"reference": reference(hands), "stage": "interview"}
    carry_out_order(hands.desk, "move", arguments, "order-1")
    carry_out_order(hands.desk, "move", arguments, "order-2")
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 3


@pytest.mark.parametrize(
    ("verb", "arguments", "words"),
    [
        ("move", {"reference": "A-00000", "stage": "test"}, "there is no such application"),
        ("move", {"reference": "../etc", "stage": "test"}, "there is no such application"),
        ("outbox resend", {"id": "nothing"}, "there is no such message in the outbox"),
        ("outbox drop", {"id": "nothing"}, "there is no such message in the outbox"),
        ("quarantine retry", {"id": "nothing"}, "there is no such message in quarantine"),
        ("dance", {}, "no such order"),
    ],
)
def test_what_can_not_be_done_is_refused_in_words(hands: Hands, verb: str, arguments: dict[str, str], words: str) -> None:
    with pytest.raises(Permanent, match=words):
        carry_out_order(hands.desk, verb, arguments, "order-1")


def test_a_stage_that_is_not_there_is_refused_with_those_that_are(hands: Hands) -> None:
    with pytest.raises(Permanent, match="dancing: there is no such stage; there are questions, test"):
        carry_out_order(hands.desk, "move", {"reference": reference(hands), "stage": "dancing"}, "order-1")


def test_what_went_out_can_neither_be_dropped_nor_sent_again(hands: Hands) -> None:
    sent = hands.desk.outbox.entries()[0].id

    for verb in ("outbox drop", "outbox resend"):
        with pytest.raises(Permanent, match="it is sent"):
            carry_out_order(hands.desk, verb, {"id": sent}, "order-1")


def test_what_failed_goes_out_when_a_person_says_so_and_not_when_it_was_dropped(tmp_path: Path) -> None:
    hands = met(tmp_path)
    for number in (1, 2):
        hands.submission.script(Outcome("failed", 550, "5.1.1 nobody"))
        hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")
        hands.turn()
    first, second = (entry.id for entry in hands.desk.outbox.entries() if entry.state == "failed")

    assert carry_out_order(hands.desk, "outbox resend", {"id": first}, "order-1") == f"{first}: will be sent again"
    assert carry_out_order(hands.desk, "outbox drop", {"id": second}, "order-2") == f"{second}: will not be sent"
    hands.turn()

    assert [len(hands.sent_to(f"maria{number}@mail.ru")) for number in (1, 2)] == [1, 0]
    assert {case.intents[0].outcome for case in hands.cases()} == {"sent", "dropped"}


def test_a_message_out_of_quarantine_is_taken_in_as_if_it_came_now_and_only_once(tmp_path: Path) -> None:
    hands = met(tmp_path)
    letter = hands.letter(SUBJECT, LETTER)
    hands.desk.quarantine.put("1-1-abc", letter.as_bytes(policy=SMTP), "mailbot failed on it", 3, hands.now)
    hands.server.expunge(hands.user, 1)

    words = carry_out_order(hands.desk, "quarantine retry", {"id": "1-1-abc"}, "order-1")
    hands.put(letter)
    hands.turn()

    assert words.startswith(f"1-1-abc: taken in as {reference(hands)}, a first letter")
    assert hands.desk.quarantine.entries() == ()
    assert list(hands.verdicts().values()) == ["duplicate"]
    assert len(hands.sent_to(CANDIDATE)) == 1


def test_a_letter_of_a_stranger_in_the_thread_stays_unconfirmed_out_of_quarantine(hands: Hands) -> None:
    questions = hands.sent_to(CANDIDATE)[0]
    letter = hands.letter(f"Re: {SUBJECT}", "Добрый день! Это моё второе письмо.", sender="other@mail.ru", answers=questions)
    hands.desk.quarantine.put("1-2-abc", letter.as_bytes(policy=SMTP), "mailbot failed on it", 3, hands.now)

    carry_out_order(hands.desk, "quarantine retry", {"id": "1-2-abc"}, "order-1")

    (case,) = hands.cases()
    assert [message.confirmed for message in case.messages if message.direction == "in"] == [True, False]


def test_safe_mode_ends_when_a_person_says_so(hands: Hands) -> None:
    assert carry_out_order(hands.desk, "resume", {}, "order-1") == "there was nothing to resume"
    enter_safe_mode(hands.desk, "Sent holds a message that is not known")
    hands.letter(SUBJECT, LETTER, sender="other@mail.ru")
    hands.turn()
    assert hands.sent_to("other@mail.ru") == []

    assert carry_out_order(hands.desk, "resume", {}, "order-2") == "safe mode is over"
    hands.turn()

    assert len(hands.sent_to("other@mail.ru")) == 1
