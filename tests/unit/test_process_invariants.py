"""Whatever letters, answers, hours and moves come in whatever order: what is always true of an application and of what is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from hiring_facts import IVAN, MONDAY, STAGES, TRAINEE, N, after, answers, facts, letter, message, moment, sent, staff
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.hiring.actions import Decision
from mailbot.hiring.facts import Facts
from mailbot.hiring.matching import Match
from mailbot.hiring.model import Address, Application
from mailbot.hiring.process import on_clock, on_message, on_move, wake
from mailbot.hiring.stages import WITHDRAWN, stage


@dataclass(frozen=True)
class Event:
    """What happens after so many hours: a letter, a staff member's message, a look at the clock, or a move to a stage."""

    hours: int
    what: Literal["letter", "staff", "clock", "move"]
    known: Facts | None = None
    to: str = ""
    #: Hours by which the letter arrived, or the answer was written, before it is seen.
    before: int = 0


def _letter(rule: str, kind: str, may_answer: bool, confirmed: bool, late: bool, asks: bool, later: bool, said: tuple[str, ...]) -> Facts:
    known = facts(rule=rule, kind=kind, may_answer=may_answer, asks_us=asks, postpones=later, late=late, answers=answers(*said))
    return replace(known, match=Match("A-7F3K9", "thread", confirmed), position=TRAINEE if asks else None)


KINDS = st.sampled_from(
    [("D15", "answer", True)] * 4
    + [("D11", "answer", True), ("D11", "erasure", True), ("D12", "answer", False), ("D13", "answer", False), ("D7", "junk", False)]
    + [("D5", "auto_reply", False), ("D6", "list", False), ("D8", "forwarded", False), ("D17", "other", False), ("D10", "duplicate", False)]
)
RARELY = st.sampled_from([False] * 5 + [True])
SAID = st.sampled_from([(), ("city",), ("city", "years"), ("why",), ("position",)])
LETTERS = st.builds(
    lambda kind, *rest: _letter(*kind, *rest), KINDS, st.sampled_from([True] * 5 + [False]), RARELY, st.booleans(), st.booleans(), SAID
)
HOURS = st.one_of(st.integers(0, 30), st.integers(0, 400))
EVENTS = st.one_of(
    st.builds(Event, HOURS, st.just("letter"), LETTERS, st.sampled_from(["", N]), st.integers(0, 100)),
    st.builds(Event, HOURS, st.just("clock")),
    st.builds(
        Event, HOURS, st.just("staff"), st.sampled_from([staff(), staff(route="sent"), staff("/reject")]), before=st.integers(0, 100)
    ),
    st.builds(Event, HOURS, st.just("move"), to=st.sampled_from([there.id for there in STAGES])),
)


def decide(app: Application, event: Event, now: datetime, number: int) -> Decision:
    seen = now - timedelta(hours=event.before)
    if event.what == "move":
        return on_move(app, event.to, moment(now), f"move {number}")
    if event.known is None:
        return on_clock(app, letter(), moment(now))
    known = replace(event.known, arrived=now if event.what == "staff" else seen, identity=f"identity {number}")
    recipients = (Address("", N),) if event.to == N else message().recipients
    return on_message(app, message(recipients=recipients, date=seen, message_id=f"<{number}@mail.ru>"), known, moment(now))


def check_wait(app: Application) -> None:
    here = stage(STAGES, app.stage)
    assert (app.waits_for == "staff") == bool(app.unanswered)
    if app.waits_for == "staff":
        assert app.since == min(waiting.arrived for waiting in app.unanswered)
    deadline = app.waits_for == "candidate" and here.waits_for == "candidate" and here.deadline_working_days is not None
    assert (app.due is not None) == (app.waits_for == "staff" or deadline)
    if app.waits_for != "staff":
        assert app.hinted is None
        assert app.escalated is None
    assert len({waiting.identity for waiting in app.unanswered}) == len(app.unanswered)
    assert app.addresses[-1] == IVAN


def check_clock(app: Application, now: datetime) -> None:
    """Asked twice it does nothing twice; it writes to the candidate nothing but reminders; it wakes when there is something to do."""
    once = on_clock(app, letter(), moment(now))
    twice = on_clock(after(once), letter(), moment(now))
    assert (twice.application, twice.actions) == (once.application, ())
    assert {template for template, to in sent(once) if to == IVAN} <= {"reminder"}
    woken = wake(moment(now), app)
    if woken is not None:
        assert moment().worktime.is_open(woken)
        assert on_clock(app, letter(), moment(woken)).application != app
    elif moment().worktime.is_open(now):
        assert once.application == app


def check_sent(before: Application, event: Event, decision: Decision) -> None:
    """A machine writes to a candidate only where it may, and not at all to one who has left."""
    to_candidate = [template for template, to in sent(decision) if to == IVAN]
    if event.what == "letter" and event.known is not None:
        known = event.known
        assert len(to_candidate) <= 1
        if not known.judgement.may_answer or known.late or not known.match.confirmed or before.stage == WITHDRAWN:
            assert not to_candidate
    assert before.stage != WITHDRAWN or event.what in ("move", "staff") or not to_candidate


@settings(max_examples=300)
@given(st.lists(EVENTS, max_size=15), st.sampled_from(["trainee", ""]))
def test_whatever_happens_the_clock_is_honest_and_a_machine_writes_only_where_it_may(events: list[Event], position: str) -> None:
    first = facts(rule="D14", kind="application", position=TRAINEE if position else None)
    app, now = after(on_message(None, message(), first, moment())), MONDAY
    escalated = False
    for number, event in enumerate(events):
        now += timedelta(hours=event.hours)
        decision = decide(app, event, now, number)
        check_sent(app, event, decision)
        # One escalation a wait: another only after a person has written or moved it, or the candidate has left.
        escalates = "escalation" in [template for template, _ in sent(decision)]
        assert not (escalated and escalates)
        new = after(decision)
        ended = event.what in ("staff", "move") or (new.stage == WITHDRAWN != app.stage)
        escalated = (escalated or escalates) and not ended
        app = new
        check_wait(app)
        check_clock(app, now)
