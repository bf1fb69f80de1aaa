"""Steps of a pass by name, at which it is stopped where no system call says where that is: wrapped from outside, in the forked pass alone.

    install(lambda name, number, when: ...)      # "before" and "after" each named call, which has its number among its like

Nothing in mailbot knows of them. A row says which function is a step, and what the step is called; a name may hold one of the arguments.
"""

from __future__ import annotations

import functools
import smtplib
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mailbot.mail import extract, imap, reader, smtp
from mailbot.records import catalogue, files, journal, ledger, outbox, quarantine, store
from mailbot.tasks import adopt, carry, deliver, modes, receive, recover

#: Called with the step's name, the number of this call of it, and "before" or "after".
Met = Callable[[str, int, str], None]


@dataclass(frozen=True)
class Step:
    """A function of a module, or a method of a class, that is a step."""

    name: str
    owner: Any
    function: str


STEPS = (
    Step("tasks.recover", recover, "recover"),
    Step("catalogue.refresh", catalogue.Catalogue, "refresh"),
    Step("catalogue.put", catalogue.Catalogue, "put"),
    Step("journal.rewrite", journal.Journal, "rewrite"),
    Step("files.write", files, "write_files"),
    Step("files.replace", files, "replace"),
    Step("ledger.contact", ledger.Ledger, "first_contact"),
    Step("ledger.seen", ledger.Ledger, "seen"),
    Step("ledger.attempt", ledger.Ledger, "attempt"),
    Step("ledger.verdict", ledger.Ledger, "verdict"),
    Step("ledger.remember", ledger.Ledger, "remember"),
    Step("reader.answer", reader.Reader, "read"),
    Step("reader.document", extract, "_read_in_child"),
    Step("quarantine.put", quarantine.Quarantine, "put"),
    Step("tasks.safe_mode", modes, "enter_safe_mode"),
    Step("tasks.adopt", adopt, "adopt"),
    Step("tasks.decide", receive, "decide"),
    Step("tasks.carry_out", carry, "carry_out"),
    Step("store.commit", store.Store, "commit"),
    Step("store.settle", store.Store, "settle"),
    Step("tasks.settle", deliver, "settle"),
    Step("outbox.planned", outbox.Outbox, "planned"),
    # attempt, commit, sent, unknown, held, resend ...
    Step("outbox.{2}", outbox.Outbox, "record"),
    Step("outbox.filed", outbox.Outbox, "filed"),
    # MAIL, RCPT, DATA, RSET, QUIT.
    Step("smtp.{1}", smtplib.SMTP, "docmd"),
    Step("smtp.body", smtp.Submission, "_hand_over"),
    Step("smtp.dot", smtp.Submission, "_finish"),
    # Said and not yet heard, heard and nothing yet made of it; the one after the dot is among them.
    Step("smtp.reply", smtplib.SMTP, "getreply"),
    Step("imap.find", imap.Mailbox, "find"),
    Step("imap.append", imap.Mailbox, "append"),
)


def install(met: Met) -> None:
    """Wrap every step in this process, for good."""
    counts: Counter[str] = Counter()
    for step in STEPS:
        original = getattr(step.owner, step.function)
        wrapped = _wrapped(step.name, original, counts, met)
        for place in _places(step.owner, step.function, original):
            setattr(place, step.function, wrapped)


def _wrapped(name: str, original: Callable[..., Any], counts: Counter[str], met: Met) -> Callable[..., Any]:
    @functools.wraps(original)
    def step(*arguments: Any, **named: Any) -> Any:
        called = name.format(*arguments)
        counts[called] += 1
        number = counts[called]
        met(called, number, "before")
        try:
            return original(*arguments, **named)
        finally:
            met(called, number, "after")

    return step


def _places(owner: Any, function: str, original: object) -> list[Any]:
    """Where the function is known by its name: a method in its class, a function in every module that has imported it."""
    if isinstance(owner, type):
        return [owner]
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "mailbot"]
    return [module for module in modules if getattr(module, function, None) is original]
