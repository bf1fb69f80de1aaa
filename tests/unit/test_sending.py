"""The gate before SMTP: what may go now, what waits for its turn, what a person must look at, and what never goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mailbot.hiring.case import Intent
from mailbot.hiring.company import Limits
from mailbot.hiring.sending import ANSWERABLE_RULES, Counts, between_machines, has_room, may_send

LIMITS = Limits(
    message_bytes=1,
    attachment_bytes=1,
    address_per_day=3,
    thread_without_person=6,
    domain_per_hour=20,
    total_per_hour=60,
    relays_per_day=20,
    notices_per_day=40,
    provider_per_day=500,
    public_domains=("mail.ru", "Yandex.ru"),
)
NOTHING_SENT = Counts(address_last_day=0, thread_since_person=0, domain_last_hour=0, total_last_hour=0)
EVERYTHING_SENT = Counts(address_last_day=99, thread_since_person=99, domain_last_hour=99, total_last_hour=99)


def intent(**changes: Any) -> Intent:
    questions = Intent(
        id="aaaabbbbccccdddd",
        purpose="questions",
        audience="candidate",
        to="ivan@agency.example",
        message_id="<mb1.aaaabbbbccccdddd.00@up-advert.ru>",
        path="messages/0002.eml",
        decided=datetime(2026, 11, 23, 12, tzinfo=UTC),
        rule="D14",
        because="a first letter from a person",
    )
    return replace(questions, **changes)


@pytest.mark.parametrize(
    ("sent", "to", "verdict", "because"),
    [
        ({}, "ivan@agency.example", "send", "no cap is reached"),
        ({"address_last_day": 2}, "ivan@agency.example", "send", "no cap is reached"),
        ({"address_last_day": 3}, "ivan@agency.example", "hold", "this address has had 3 automatic messages in 24 hours"),
        ({"thread_since_person": 5}, "ivan@agency.example", "send", "no cap is reached"),
        ({"thread_since_person": 6}, "ivan@agency.example", "hold", "this application has had 6 automatic messages since a person wrote"),
        ({"domain_last_hour": 19}, "ivan@agency.example", "send", "no cap is reached"),
        ({"domain_last_hour": 20}, "ivan@agency.example", "wait", "this domain has had 20 automatic messages in an hour"),
        ({"domain_last_hour": 20}, "ivan@mail.ru", "send", "no cap is reached"),
        ({"domain_last_hour": 20}, "ivan@YANDEX.ru", "send", "no cap is reached"),
        ({"domain_last_hour": 20}, "ivan@fake-mail.ru", "wait", "this domain has had 20 automatic messages in an hour"),
        ({"total_last_hour": 59}, "ivan@mail.ru", "send", "no cap is reached"),
        ({"total_last_hour": 60}, "ivan@mail.ru", "wait", "60 automatic messages have gone out in an hour"),
        # What needs a person is said before what only needs time.
        (
            {"address_last_day": 3, "total_last_hour": 60},
            "ivan@agency.example",
            "hold",
            "this address has had 3 automatic messages in 24 hours",
        ),
    ],
)
def test_a_cap_of_n_lets_n_messages_through(sent: dict[str, int], to: str, verdict: str, because: str) -> None:
    permission = may_send(intent(to=to), replace(NOTHING_SENT, **sent), LIMITS)

    assert (permission.verdict, permission.because) == (verdict, because)


@pytest.mark.parametrize("rule", sorted(ANSWERABLE_RULES))
def test_an_answerable_rule_lets_a_machine_write(rule: str) -> None:
    assert may_send(intent(rule=rule), NOTHING_SENT, LIMITS).verdict == "send"


@pytest.mark.parametrize(
    "rule", ["D0", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "D10", "D12", "D13", "D17", "d14", "hint", "move", ""]
)
def test_any_other_rule_is_refused_whatever_was_sent(rule: str) -> None:
    permission = may_send(intent(rule=rule), NOTHING_SENT, LIMITS)

    assert permission.verdict == "refuse"
    assert (rule or "(none)") in permission.because
    assert may_send(intent(rule=rule), EVERYTHING_SENT, LIMITS).verdict == "refuse"


@pytest.mark.parametrize(
    "changes", [{"audience": "staff"}, {"audience": "staff", "rule": "D3"}, {"automatic": False}, {"automatic": False, "rule": "D17"}]
)
def test_staff_and_what_a_person_ordered_are_never_stopped(changes: dict[str, Any]) -> None:
    assert may_send(intent(**changes), EVERYTHING_SENT, LIMITS).verdict == "send"


@pytest.mark.parametrize("purpose", ["relay", "refused", "returned", "expired", "answered"])
def test_two_machines_that_talk_over_us_fall_silent(purpose: str) -> None:
    answer = intent(purpose=purpose, audience="candidate" if purpose == "relay" else "staff", automatic=False, rule="D9")
    assert may_send(answer, replace(NOTHING_SENT, alike_last_hour=9), LIMITS).verdict == "send"
    permission = may_send(answer, replace(NOTHING_SENT, alike_last_hour=10), LIMITS)
    assert (permission.verdict, permission.because.count("10")) == ("hold", 1)


@pytest.mark.parametrize(
    ("purpose", "count", "cap"),
    [
        ("relay", "alike_last_day", 20),
        *((purpose, "case_last_day", 40) for purpose in ("notice", "refused", "returned", "expired", "answered")),
    ],
)
def test_slow_machines_fall_silent_too(purpose: str, count: str, cap: int) -> None:
    message = intent(purpose=purpose, audience="candidate" if purpose == "relay" else "staff", automatic=False, rule="D9")
    assert may_send(message, replace(NOTHING_SENT, **{count: cap - 1}), LIMITS).verdict == "send"
    permission = may_send(message, replace(NOTHING_SENT, **{count: cap}), LIMITS)
    assert permission.verdict == "hold"
    assert between_machines(permission.because)
    assert str(cap) in permission.because


@pytest.mark.parametrize("purpose", ["hint", "escalation", "held", "undelivered", "alarm", "digest", "office_notice"])
def test_what_comes_once_is_not_counted_against_machines(purpose: str) -> None:
    everything = replace(EVERYTHING_SENT, alike_last_hour=99, alike_last_day=99, case_last_day=99)
    assert may_send(intent(purpose=purpose, audience="staff"), everything, LIMITS).verdict == "send"


def test_what_is_held_for_another_reason_is_no_talk_of_machines() -> None:
    assert not between_machines(may_send(intent(), EVERYTHING_SENT, LIMITS).because)


@pytest.mark.parametrize(
    ("purpose", "letter", "most"), [("questions", True, 200), ("notice", False, 225), ("relay", False, 225), ("alarm", False, 250)]
)
def test_letters_leave_room_for_people_and_everything_leaves_room_for_an_alarm(purpose: str, letter: bool, most: int) -> None:
    assert has_room(purpose, letter, most - 1, 1, LIMITS)
    assert not has_room(purpose, letter, most, 1, LIMITS)
    # The copy for the witness is another.
    assert not has_room(purpose, letter, most - 1, 2, LIMITS)


@pytest.mark.parametrize("allowed", [20, 21, 300, 10_000])
def test_even_the_smallest_allowance_has_room_for_each_and_no_half_is_exceeded(allowed: int) -> None:
    limits = replace(LIMITS, provider_per_day=allowed)
    for purpose, letter in (("questions", True), ("notice", False), ("alarm", False)):
        assert has_room(purpose, letter, 0, 2, limits)
        assert not has_room(purpose, letter, allowed // 2, 1, limits)


def test_notices_of_a_busy_hour_are_not_stopped() -> None:
    notice = intent(purpose="notice", audience="staff", to="anna@up-advert.ru")
    assert may_send(notice, replace(EVERYTHING_SENT, alike_last_hour=99), LIMITS).verdict == "send"
