"""Clock jumps: nothing is done because a wrong clock says that its time has come, and downtime is no jump."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, LIMITS, MONDAY, Hands, N, met

from mailbot.errors import Temporary
from mailbot.mail.smtp import Outcome
from mailbot.service.health import Pulse, health, in_words
from mailbot.tasks.clocks import Timekeeper, boottime
from mailbot.tasks.jumps import held_clock, look_at_clock, note_time
from mailbot.tasks.orders import carry_out_order


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    """Two applications: one waits for staff since Monday morning, one for the candidate."""
    hands = met(tmp_path)
    hands.letter(SUBJECT, f"{LETTER}\nА какая у вас зарплата?", sender="Иван <ivan@mail.ru>")
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.turn()
    return hands


def purposes(hands: Hands, address: str) -> list[str]:
    """What went out to an address, by the word it was for."""
    ids = [message["Message-ID"] for message in hands.sent_to(address)]
    return [entry.purpose for wanted in ids for entry in hands.desk.outbox.entries() if entry.message_id == wanted]


def resume(hands: Hands) -> str:
    return carry_out_order(hands.desk, "resume", {}, "order-1")


def test_the_boottime_clock_goes_on_and_is_not_the_wall_clock() -> None:
    first = boottime()
    assert 0 < first <= boottime()


@pytest.mark.parametrize(("set_by", "jump"), [(0, 0), (299, 299), (-3600, -3600)])
def test_a_jump_is_what_the_wall_clock_leaves_the_boottime_clock_by(set_by: float, jump: float) -> None:
    now, boot = [MONDAY], [1000.0]
    keeper = Timekeeper(lambda: now[0], lambda: boot[0])
    # An hour passes, or the machine sleeps for one.
    now[0] += timedelta(hours=1, seconds=set_by)
    boot[0] += 3600
    assert keeper.jump() == timedelta(seconds=jump)
    keeper.trust()
    assert keeper.jump() == timedelta()


@pytest.mark.parametrize("restart", [False, True])
def test_a_year_ahead_holds_escalations_and_reminders_until_a_person_resumes(hands: Hands, restart: bool) -> None:
    # On a Monday morning too, so that the office is open.
    hands.set_clock(days=364)
    if restart:
        hands.reopen()
    for _ in range(3):
        hands.turn()
        hands.pass_time(hours=1)
    assert purposes(hands, N) == ["alarm"]
    assert "364 days" in str(hands.sent_to(N)[0].get_content())
    assert purposes(hands, CANDIDATE) == ["questions"]

    hands.set_clock(days=-364)
    hands.pass_time(days=7)
    hands.turn()
    assert purposes(hands, N) == ["alarm"]
    assert resume(hands) == "the clock counts again"
    hands.turn()

    assert purposes(hands, N)[:2] == ["alarm", "escalation"]
    hands.reopen()
    assert held_clock(hands.desk) == ""


@pytest.mark.parametrize("restart", [False, True])
def test_a_day_back_holds_them_too(hands: Hands, restart: bool) -> None:
    hands.set_clock(days=-1)
    if restart:
        hands.reopen()
    hands.turn()

    assert "day" in held_clock(hands.desk) or "minutes" in held_clock(hands.desk)
    assert purposes(hands, N) == ["alarm"]


@pytest.mark.parametrize(("delta", "restart"), [({"minutes": 4.9}, False), ({"minutes": -4.9}, False), ({"minutes": -4.9}, True)])
def test_a_small_step_is_no_jump(hands: Hands, delta: dict[str, float], restart: bool) -> None:
    hands.set_clock(**delta)
    if restart:
        hands.reopen()
    hands.turn()

    assert held_clock(hands.desk) == ""


@pytest.mark.parametrize(("days", "held"), [(10, False), (59, False), (61, True)])
def test_downtime_of_up_to_sixty_days_is_no_jump(hands: Hands, days: int, held: bool) -> None:
    hands.pass_time(days=days)
    hands.reopen()

    assert bool(held_clock(hands.desk)) == held


def test_a_machine_that_slept_for_a_week_has_not_jumped(hands: Hands) -> None:
    hands.pass_time(days=7)
    hands.turn()

    assert "escalation" in purposes(hands, N)


def test_what_was_decided_before_the_jump_and_waits_for_the_server_is_held_as_well(hands: Hands) -> None:
    hands.pass_time(days=4)
    hands.submission.script(*[Outcome("retry", 451, "4.7.1 later")] * 10)
    hands.turn()
    assert [entry.state for entry in hands.desk.outbox.entries() if entry.purpose == "escalation"] == ["retry"]
    hands.set_clock(hours=3)
    hands.submission = type(hands.submission)()
    hands.reopen()
    assert held_clock(hands.desk) == ""
    hands.set_clock(hours=1)
    hands.turn()

    assert purposes(hands, N) == ["alarm"]


def test_a_jump_that_could_not_be_written_is_seen_again(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.set_clock(days=364)

    def full(*_: object, **__: object) -> None:
        raise Temporary("the disk is full")

    with monkeypatch.context() as trouble:
        trouble.setattr(hands.desk.ledger, "remember", full)
        with pytest.raises(Temporary):
            look_at_clock(hands.desk)
    hands.turn()

    assert held_clock(hands.desk)
    assert purposes(hands, N) == ["alarm"]


def test_a_quiet_mailbox_is_no_downtime(hands: Hands) -> None:
    for _ in range(100):
        hands.pass_time(days=1, seconds=1)
        note_time(hands.desk)
    hands.reopen()

    assert held_clock(hands.desk) == ""


def test_status_tells_of_a_held_clock(hands: Hands) -> None:
    assert health(hands.desk, Pulse(1, hands.now, hands.watch))["state"] == "ok"
    hands.set_clock(days=364)
    hands.turn()

    answer = health(hands.desk, Pulse(1, hands.now, hands.watch))
    assert answer["state"] == "degraded"
    assert "was set on by 364 days" in in_words(answer, "", held_clock(hands.desk))
    assert "mailbot resume" in in_words(answer, "", held_clock(hands.desk))


def test_letters_are_answered_while_the_clock_is_held(hands: Hands) -> None:
    hands.set_clock(days=364)
    hands.turn()
    hands.letter(SUBJECT, LETTER, sender="Пётр <peter@mail.ru>")
    hands.turn()

    assert purposes(hands, "peter@mail.ru") == ["questions"]


def test_who_mends_the_clock_and_resumes_at_once_is_not_alarmed_again(hands: Hands) -> None:
    hands.set_clock(days=364)
    hands.turn()
    hands.set_clock(days=-364)
    assert resume(hands) == "the clock counts again"
    hands.turn()

    assert held_clock(hands.desk) == ""
    assert purposes(hands, N) == ["alarm"]


def test_what_was_written_while_the_clock_was_a_year_ahead_waits_no_year(tmp_path: Path) -> None:
    hands = met(tmp_path, limits=replace(LIMITS, total_per_hour=2))
    hands.set_clock(days=365)
    hands.submission.script(Outcome("retry", 451, "4.7.1 greylisted"))
    for number in range(3):
        hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")
    hands.turn()
    hands.set_clock(days=-365)
    hands.turn()

    resume(hands)
    hands.letter(SUBJECT, LETTER, sender="Борис <boris@mail.ru>")
    for restart in (False, True, False):
        hands.turn()
        hands.pass_time(hours=1)
        if restart:
            hands.reopen()
    hands.turn()

    assert [len(hands.sent_to(f"maria{number}@mail.ru")) for number in range(3)] == [1, 1, 1]
    assert len(hands.sent_to("boris@mail.ru")) == 1


def test_a_damaged_office_keeps_nobody_from_starting_with_a_clock_that_was_set_back(hands: Hands) -> None:
    alarmed = len(hands.sent_to(N))
    hands.set_clock(days=60)
    hands.turn()
    assert len(hands.sent_to(N)) > alarmed
    for record in hands.settings.state_dir.glob("office/*/record.json"):
        record.write_bytes(b"{}")
    resume(hands)
    hands.set_clock(days=-60)

    hands.reopen()

    assert held_clock(hands.desk)
