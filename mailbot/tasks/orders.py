"""The orders that people give by a verb: each changes something, says what it did, and is carried out between two messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from mailbot.errors import Permanent
from mailbot.hiring.actions import Send
from mailbot.hiring.process import on_move
from mailbot.hiring.stages import stage
from mailbot.tasks.breaker import close_breaker
from mailbot.tasks.carry import carry_out
from mailbot.tasks.damage import forget_met
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import Role, gather
from mailbot.tasks.held import drop, resend
from mailbot.tasks.jumps import release_clock
from mailbot.tasks.modes import leave_safe_mode
from mailbot.tasks.receive import decide

Arguments = Mapping[str, str]


def carry_out_order(desk: Desk, verb: str, arguments: Arguments, id: str) -> str:
    """Given a verb, its arguments and the id of this order, do it and return what was done, in words for a person.

    The same order again, which a stop before its answer brings, writes nobody a second time. Raise Permanent, in words, for what can not
    be done; then nothing has been done.
    """
    orders: Mapping[str, Callable[[Desk, Arguments], str]] = {
        "move": partial(_move, id=id),
        "resume": _resume,
        "quarantine retry": _retry,
        "outbox resend": _resend,
        "outbox drop": _drop,
        "breaker close": _close_breaker,
    }
    if verb not in orders:
        raise Permanent(f"{verb}: no such order; is the daemon of another version?")
    return orders[verb](desk, arguments)


def _move(desk: Desk, arguments: Arguments, id: str) -> str:
    reference, to = arguments["reference"], arguments["stage"]
    row = desk.catalogue.get(reference)
    case = desk.store.load(reference) if row else None
    if case is None or case.application is None:
        raise Permanent(f"{reference}: there is no such application; see mailbot list")
    if to not in {here.id for here in desk.company.stages}:
        raise Permanent(f"{to}: there is no such stage; there are {', '.join(here.id for here in desk.company.stages)}")
    if stage(desk.company.stages, to).attach == "assignment" and not case.application.position:
        raise Permanent(f"{reference}: its position is not known, so there is no assignment to send")
    moment = desk.moment()
    decision = on_move(case.application, to, moment, f"move/{id}")
    desk.outbox.person_wrote(reference, moment.now)
    carry_out(desk, decision)
    letters = ", ".join(action.template for action in decision.actions if isinstance(action, Send))
    sent = f"{letters} goes to the candidate" if letters else "nothing is sent"
    return f"{reference}: {case.application.stage} -> {to}; {sent}"


def _resume(desk: Desk, arguments: Arguments) -> str:
    released = release_clock(desk)
    forget_met(desk)
    over = ["safe mode is over"] * leave_safe_mode(desk) + ["the clock counts again"] * released
    return "; ".join(over) or "there was nothing to resume"


def _retry(desk: Desk, arguments: Arguments) -> str:
    """Take a message out of quarantine as if it came now; it stays there if it fails again."""
    name = arguments["id"]
    entry = next((entry for entry in desk.quarantine.entries() if entry.id == name), None)
    if entry is None:
        raise Permanent(f"{name}: there is no such message in quarantine; see mailbot quarantine list")
    if not entry.path:
        desk.quarantine.ask_again(name)
        return f"{name}: the mail server is asked for it anew at the next reading; it stays in quarantine until it is given"
    raw = desk.quarantine.read(name)
    # What lay in junk is taken for no junk by whoever has it retried.
    role: Role = "sent" if entry.role == "sent" else "inbox"
    gathered = gather(desk, desk.reader.read(raw), role=role, arrived=entry.at)
    if gathered.facts.judgement.kind in ("ours", "duplicate"):
        desk.quarantine.remove(name)
        return f"{name}: {gathered.facts.judgement.because}; it was filed before"
    facts = gathered.facts
    taken_in = decide(desk, gathered, raw, lambda reference: desk.ledger.recognise(facts.identity, reference, facts.arrived))
    desk.quarantine.remove(name)
    return f"{name}: taken in as {taken_in}"


def _resend(desk: Desk, arguments: Arguments) -> str:
    resend(desk, arguments["id"])
    return f"{arguments['id']}: will be sent again"


def _drop(desk: Desk, arguments: Arguments) -> str:
    drop(desk, arguments["id"])
    return f"{arguments['id']}: will not be sent"


def _close_breaker(desk: Desk, arguments: Arguments) -> str:
    return "the breaker is closed, and what waited goes out" if close_breaker(desk) else "the breaker was closed already"
