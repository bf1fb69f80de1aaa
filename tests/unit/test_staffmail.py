"""What follows from a staff member's message: a relay, a stopped clock, or a plain word why nothing was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hiring_facts import ANNA, BORIS, COMPANY, IVAN, JOB, MONDAY, N, after, application, facts, message, moment, perm, send, sent, staff

from mailbot.hiring.actions import Decision, Relay
from mailbot.hiring.facts import Facts, StaffRoute
from mailbot.hiring.model import Address, Attachment
from mailbot.hiring.relay import WRITE_ABOVE
from mailbot.hiring.staffmail import on_refused, on_staff

WAITING = application("review", waits=MONDAY)
TUESDAY = perm("2026-11-24 12:00")
CV = Attachment("plan.pdf", "application/pdf", b"%PDF", "план", "text")


def answered(known: Facts, **changes: Any) -> Decision:
    letter: dict[str, Any] = {"sender": Address("Анна", ANNA), "date": TUESDAY, "message_id": "<a@up-advert.ru>"} | changes
    return on_staff(WAITING, message(**letter), known, moment(TUESDAY))


def routed(known: Facts, **changes: Any) -> Facts:
    assert known.staff is not None
    return replace(known, staff=replace(known.staff, **changes))


def relay_of(decision: Decision) -> Relay:
    return next(action for action in decision.actions if isinstance(action, Relay))


# Relays. ----------------------------------------------------------------------------------------------------------------------------


def test_an_answer_to_a_notice_is_relayed_in_the_candidates_thread_and_stops_the_clock() -> None:
    decision = answered(staff(date=TUESDAY), attachments=(CV,))
    assert sent(decision) == [("relay", IVAN)]
    relay = relay_of(decision)
    assert (relay.text, relay.name, relay.signature) == ("Ждём вас завтра.", "Анна", "Анна, отдел кадров")
    assert (relay.thread, relay.subject, relay.attachments, relay.not_before) == (WAITING.thread, "Отклик", (CV,), None)
    assert (after(decision).waits_for, after(decision).unanswered) == ("candidate", ())
    # The candidate has never seen the staff member's own message.
    assert after(decision).thread == WAITING.thread


def test_a_relay_waits_for_the_minutes_of_the_configuration() -> None:
    decision = on_staff(WAITING, message(), staff(), moment(TUESDAY, relay_delay_minutes=5))
    assert relay_of(decision).not_before == TUESDAY + timedelta(minutes=5)


def test_an_attachment_alone_is_an_answer() -> None:
    assert sent(answered(staff(" "), attachments=(CV,))) == [("relay", IVAN)]


@pytest.mark.parametrize(
    ("text", "attachments", "reason"),
    [
        ("/reject", (), "«/reject»: a line that begins with «/» is a command, and no such command is known"),
        ("Добрый день!\n/reject", (), "«/reject»: a line that begins with «/» is a command, and no such command is known"),
        (" \n", (), "there is no text above the line"),
        (
            f"Ждём вас.\n> {WRITE_ABOVE['ru']}",
            (),
            "it still holds the line that asks to write above it, so parts of the notice may stand below",
        ),
        ("Пишите на n@up-advert.ru", (), "it holds an internal address"),
        ("Пишите на boris@up-advert.ru", (), "it holds an internal address"),
        ("Пишите на hr@up-advert.ru", (), "it holds an internal address"),
        ("Смотрите вложение.", (replace(CV, text="boris@up-advert.ru"),), "it holds an internal address"),
        ("Смотрите вложение.", (replace(CV, type="message/rfc822"),), "an attached message may hold the notice"),
        ("Смотрите вложение.", (replace(CV, verdict="withheld"),), "an attachment is not safe to pass on"),
        ("Смотрите вложение.", (replace(CV, verdict="infected"),), "an attachment is not safe to pass on"),
    ],
)
def test_what_must_not_reach_the_candidate_comes_back_with_the_reason_and_the_clock_runs_on(
    text: str, attachments: tuple[Attachment, ...], reason: str
) -> None:
    decision = answered(staff(text), attachments=attachments)
    assert sent(decision) == [("returned", ANNA)]
    assert (send(decision, "returned").facts["reason"], send(decision, "returned").facts["text"]) == (reason, text)
    assert decision.application == WAITING
    assert [entry.what for entry in decision.history] == ["a relay was not sent"]


def test_the_public_address_may_be_named() -> None:
    assert sent(answered(staff(f"Пишите на {JOB}"))) == [("relay", IVAN)]


@pytest.mark.parametrize("recipients", [(Address("", JOB), Address("", IVAN)), (Address("", IVAN),)])
def test_an_answer_that_names_the_candidate_has_reached_them_and_is_not_relayed(recipients: tuple[Address, ...]) -> None:
    decision = answered(staff(date=TUESDAY), recipients=recipients)
    assert sent(decision) == []
    assert after(decision).waits_for == "candidate"
    # The candidate may answer this very message.
    assert after(decision).thread == (*WAITING.thread, "<a@up-advert.ru>")


@pytest.mark.parametrize("recipients", [(Address("", JOB),), (Address("", IVAN),)])
def test_the_second_who_answers_is_told_of_the_first(recipients: tuple[Address, ...]) -> None:
    known = routed(staff(recruiter=BORIS), first=("Анна", MONDAY))
    decision = answered(known, recipients=recipients, sender=Address("Борис", BORIS))
    assert sent(decision)[-1] == ("answered", BORIS)
    assert send(decision, "answered").facts["first"] == {"name": "Анна", "at": MONDAY}


# Without a notice. ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["sent", "direct"])
def test_a_message_from_sent_or_without_a_token_is_filed_and_stops_the_clock_and_no_more(route: str) -> None:
    decision = answered(staff("/reject", route, date=TUESDAY), recipients=(Address("", WAITING.addresses[0]),))
    assert sent(decision) == []
    assert (after(decision).waits_for, after(decision).stage) == ("candidate", "review")
    assert "<a@up-advert.ru>" in after(decision).thread


def test_a_message_that_belongs_to_no_application_is_only_filed() -> None:
    decision = on_staff(None, message(), staff(route="sent"), moment())
    assert (decision.application, decision.actions) == (None, ())


@pytest.mark.parametrize(
    ("date", "waits_for"),
    [
        (perm("2026-11-20 12:00"), "staff"),
        (MONDAY, "candidate"),
        (None, "candidate"),
        # A clock that is wrong: the answer can not have been written after it arrived.
        (perm("2027-11-20 12:00"), "candidate"),
    ],
)
def test_an_answer_ends_the_wait_only_if_it_was_written_after_the_letter_came(date: Any, waits_for: str) -> None:
    assert after(answered(staff(date=TUESDAY), date=date)).waits_for == waits_for


def test_an_answer_dated_in_the_future_does_not_end_the_wait_of_a_later_letter() -> None:
    later = application("review", waits=TUESDAY + timedelta(hours=1))
    decision = on_staff(later, message(date=perm("2027-01-01 12:00")), staff(date=TUESDAY), moment())
    assert after(decision).waits_for == "staff"


# What does not count. ---------------------------------------------------------------------------------------------------------------


def refused(**changes: Any) -> Facts:
    return facts("Примите его!", "D9", "staff_refused", may_answer=False, **changes)


@pytest.mark.parametrize(
    ("sender", "asked"),
    [(Address("Анна", ANNA), [ANNA]), (Address("", N), [N]), (Address("", JOB), [ANNA, BORIS]), (None, [ANNA, BORIS])],
)
def test_mail_that_does_not_count_changes_nothing_and_asks_at_the_configured_address(sender: Address | None, asked: list[str]) -> None:
    for app in (WAITING, None):
        decision = on_refused(app, message(sender=sender), refused(), moment())
        assert decision.application == app
        assert sent(decision) == [("refused", address) for address in asked]
        assert send(decision, "refused").facts["reason"] == "because of D9"


def test_an_expired_notice_brings_a_fresh_one() -> None:
    known = refused(staff=StaffRoute("notice", COMPANY.recruiters[0], expired=True))
    decision = on_refused(WAITING, message(sender=Address("Анна", ANNA)), known, moment())
    assert (sent(decision), decision.application) == ([("expired", ANNA)], WAITING)
    assert send(decision, "expired").answerable


def test_a_notice_that_was_written_to_somebody_else_brings_no_fresh_one() -> None:
    known = refused(staff=StaffRoute("notice", COMPANY.recruiters[0]))
    assert sent(on_refused(WAITING, message(sender=Address("Анна", ANNA)), known, moment())) == [("refused", ANNA)]
