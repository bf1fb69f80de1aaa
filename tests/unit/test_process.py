"""Each kind of message to its decision; what became of our own messages; a move by hand; quarantine and alarms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hiring_facts import (
    ANNA,
    BORIS,
    COMPANY,
    IVAN,
    MONDAY,
    N,
    after,
    application,
    facts,
    first,
    message,
    moment,
    perm,
    send,
    sent,
    staff,
)

from mailbot.hiring.kinds import TABLE
from mailbot.hiring.matching import Match
from mailbot.hiring.model import Application, Kind, Report
from mailbot.hiring.process import MACHINES, REPORTS, Fate, on_alarm, on_broken, on_delivery, on_message, on_move

APP = application("test")
NOTICES = [("notice", ANNA), ("notice", BORIS)]
OFFICE = [("office_notice", ANNA), ("office_notice", BORIS)]
RULES: dict[str, str] = {row.kind: row.rule for row in reversed(TABLE)}


def judged(kind: Any, **changes: Any) -> Any:
    """What is known of a message of this kind that a machine must not answer."""
    return facts(rule=RULES.get(kind, "D17"), kind=kind, may_answer=False, **changes)


# Kinds. -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", [APP, None])
@pytest.mark.parametrize("kind", ["ours", "duplicate", *(sorted(MACHINES - {"junk"}))])
def test_what_machines_write_changes_nothing_and_tells_nobody(kind: str, app: Application | None) -> None:
    decision = on_message(app, message(), judged(kind), moment())
    assert (decision.application, decision.actions, decision.because) == (app, (), f"because of {decision.rule}")


@pytest.mark.parametrize("kind", ["list", "no_reply", "calendar", "forwarded", "other", "junk", "broken", "erasure", "answer", "form"])
def test_no_kind_that_a_machine_must_not_answer_sends_the_candidate_anything(kind: str) -> None:
    for app in (APP, None):
        decision = on_message(app, message(), judged(kind), moment())
        assert IVAN not in [to for _, to in sent(decision)]


@pytest.mark.parametrize("kind", ["list", "no_reply", "forwarded", "other", "broken", "junk"])
def test_in_a_known_thread_it_waits_for_a_person(kind: str) -> None:
    decision = on_message(APP, message(), judged(kind), moment())
    assert (sent(decision), after(decision).waits_for, after(decision).stage) == (NOTICES, "staff", "test")
    assert send(decision, "notice").facts["because"] == decision.because


@pytest.mark.parametrize(("confirmed", "unconfirmed"), [(True, False), (False, True)])
def test_the_notice_says_whether_the_address_is_known(confirmed: bool, unconfirmed: bool) -> None:
    decision = on_message(APP, message(), judged("other", match=Match("A-7F3K9", "thread", confirmed)), moment())
    assert send(decision, "notice").facts["unconfirmed"] == unconfirmed


@pytest.mark.parametrize("kind", ["list", "no_reply", "forwarded", "other", "broken", "answer", "erasure", "form", "job_board"])
def test_what_belongs_to_no_application_goes_to_the_office(kind: str) -> None:
    decision = on_message(None, message(), judged(kind), moment())
    assert (sent(decision), decision.application) == (OFFICE, None)
    assert (send(decision, "office_notice").facts["kind"], send(decision, "office_notice").facts["reference"]) == (kind, "")


def test_an_office_notice_goes_to_those_who_answer_for_the_position_and_shows_the_whole_text_where_nothing_is_new() -> None:
    decision = on_message(None, message(text="> всё"), judged("other", position=COMPANY.positions[1]), moment())
    assert sent(decision)[0] == ("office_notice", BORIS)
    assert send(decision, "office_notice").facts["letter"]["text"] == "Здравствуйте!"  # type: ignore[index]
    empty = on_message(None, message(text="> всё"), replace(judged("other"), reply=replace(facts().reply, new_text="")), moment())
    assert send(empty, "office_notice").facts["letter"]["text"] == "> всё"  # type: ignore[index]


def test_a_first_letter_opens_an_application() -> None:
    assert after(on_message(None, message(), first(), moment())).reference == "A-7F3K9"


@pytest.mark.parametrize("kind", ["answer", "erasure"])
def test_a_candidates_letter_is_followed(kind: Any) -> None:
    rule = {"answer": "D15", "erasure": "D11"}[kind]
    decision = on_message(APP, message(), facts(rule=rule, kind=kind), moment())
    assert (IVAN in [to for _, to in sent(decision)], decision.rule) == (True, rule)


def test_staff_mail_that_counts_is_relayed_and_other_is_asked_about() -> None:
    assert sent(on_message(APP, message(), staff(), moment())) == [("relay", IVAN)]
    assert sent(on_message(APP, message(), judged("staff_refused"), moment())) == [("refused", ANNA), ("refused", BORIS)]
    assert sent(on_message(None, message(), judged("pretender"), moment())) == [("refused", ANNA), ("refused", BORIS)]


def test_every_kind_has_a_decision_with_and_without_an_application() -> None:
    for kind in get_args(Kind):
        known = staff() if kind == "staff" else judged(kind)
        for app in (APP, None):
            assert on_message(app, message(), known, moment()).rule == known.judgement.rule


# What came back. --------------------------------------------------------------------------------------------------------------------

BOUNCE = Report("delivery-status", IVAN, "failed", "5.1.1", "<mb1.x@up-advert.ru>")


def bounced(app: Application | None, report: Report | None, purpose: str = "test") -> Any:
    return on_message(app, message(report=report, sender=None), judged("bounce", returned_purpose=purpose), moment())


def test_a_message_that_came_back_is_told_to_the_recruiters_and_to_nobody_else() -> None:
    decision = bounced(APP, BOUNCE)
    assert sent(decision) == [("undelivered", ANNA), ("undelivered", BORIS)]
    told = send(decision, "undelivered")
    assert (told.facts["address"], told.facts["purpose"], told.facts["reason"]) == (IVAN, "test", "5.1.1 failed")
    # One message that came back twice is told once: the cause makes the identity.
    assert told.cause == "<mb1.x@up-advert.ru>"
    assert (decision.application, decision.rule) == (APP, "D3")


def test_a_bounce_without_a_report_is_told_as_well() -> None:
    told = send(bounced(APP, None), "undelivered")
    assert (told.facts["address"], told.facts["reason"], told.cause) == (IVAN, "the message came back", "identity-1")


def test_a_persons_own_message_that_came_back_is_told() -> None:
    assert send(bounced(APP, BOUNCE, purpose=""), "undelivered").facts["purpose"] == "message"


def test_a_message_of_the_office_that_came_back_is_told_to_those_it_was_not_written_to() -> None:
    decision = bounced(None, replace(BOUNCE, address=ANNA), purpose="digest")
    assert (sent(decision), send(decision, "undelivered").facts["reference"]) == ([("undelivered", BORIS)], "")
    assert send(bounced(None, None, purpose="digest"), "undelivered").facts["address"] == ""


def test_a_bounce_of_what_is_not_ours_is_only_filed() -> None:
    assert bounced(None, BOUNCE, purpose="").actions == ()


@pytest.mark.parametrize("purpose", sorted(REPORTS))
def test_a_report_that_came_back_is_not_reported(purpose: str) -> None:
    assert bounced(APP, replace(BOUNCE, address=ANNA), purpose).actions == ()


# What became of our own messages. ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "template"), [("failed", "undelivered"), ("held", "held")])
def test_what_did_not_go_out_is_told_to_the_recruiters(state: str, template: str) -> None:
    decision = on_delivery(APP, Fate("test", IVAN, state, "550 no such user", "cause"), moment())
    assert sent(decision) == [(template, ANNA), (template, BORIS)]
    assert [(entry.what, entry.because) for entry in decision.history] == [(f"test {state}", "550 no such user")]
    assert decision.application == APP


@pytest.mark.parametrize(
    ("position", "to", "readers"),
    [
        ("trainee", ANNA, [BORIS]),
        # Boris alone answers for the manager's position: n@ has to hear that he can not be reached.
        ("manager", BORIS, [N]),
        ("trainee", N, [ANNA, BORIS]),
    ],
)
def test_what_does_not_reach_a_staff_member_is_told_to_others(position: str, to: str, readers: list[str]) -> None:
    decision = on_delivery(replace(APP, position=position), Fate("notice", to, "failed", "550", "cause"), moment())
    assert [address for _, address in sent(decision)] == readers


def test_nobody_is_told_where_n_alone_reads_and_can_not_be_reached() -> None:
    decision = on_delivery(None, Fate("notice", N, "failed", "550", "cause"), moment(recruiters=()))
    assert sent(decision) == []


# By hand. ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "templates", "waits_for"),
    [
        ("questions", ["questions"], "candidate"),
        ("interview", ["interview"], "candidate"),
        ("rejected", ["rejected"], "nobody"),
        ("review", [], "staff"),
        ("silent", [], "nobody"),
    ],
)
def test_a_move_by_hand_enters_the_stage_and_ends_every_wait(to: str, templates: list[str], waits_for: str) -> None:
    now = perm("2026-11-25 12:00")
    decision = on_move(application("test", waits=MONDAY), to, moment(now), "move")
    moved = after(decision)
    assert [(action.template, action.automatic) for action in decision.actions] == [(template, False) for template in templates]  # type: ignore[union-attr]
    assert (moved.stage, moved.waits_for, decision.rule) == (to, waits_for, "move")
    assert [waiting.arrived for waiting in moved.unanswered] == ([now] if waits_for == "staff" else [])
    assert [entry.what for entry in decision.history] == [f"moved to {to}"]


@pytest.mark.parametrize(
    ("stage", "to", "reopens"),
    [("test", "silent", "test"), ("interview", "silent", "interview"), ("test", "rejected", "")],
)
def test_a_letter_after_silence_by_hand_reopens_the_stage_too(stage: str, to: str, reopens: str) -> None:
    silent = after(on_move(application(stage), to, moment(), "move"))
    assert silent.silent_from == reopens
    again = after(on_move(silent, to, moment(), "move"))
    assert again.silent_from == reopens


def test_a_move_out_of_silence_forgets_what_was_silent() -> None:
    silent = after(on_move(application("test"), "silent", moment(), "move"))
    assert after(on_move(silent, "review", moment(), "move")).silent_from == ""


def test_a_move_to_a_stage_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        on_move(APP, "holiday", moment(), "move")


# About mailbot itself. --------------------------------------------------------------------------------------------------------------


def test_what_could_not_be_handled_is_told_with_the_place_where_it_lies() -> None:
    decision = on_broken("q-1", "it has no end", 12, moment())
    assert (sent(decision), decision.application, decision.rule) == (OFFICE, None, "D0")
    assert decision.because == "it could not be handled and lies in quarantine as q-1, 12 bytes: it has no end"


def test_an_alarm_goes_to_n() -> None:
    decision = on_alarm("the mailbox can not be read", "unread", moment())
    assert (sent(decision), send(decision, "alarm").facts["reason"]) == ([("alarm", N)], "the mailbox can not be read")
