"""The backlog of escalations: what downtime has let pile up is told to n@ in one list, once, whatever stops us in between."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mailbot.errors import Permanent
from mailbot.hiring.backlog import belong_together, is_due, listed, one_list
from mailbot.hiring.case import Case
from mailbot.hiring.model import Application
from mailbot.tasks.carry import carry_out
from mailbot.tasks.desk import Desk
from mailbot.tasks.letters import oldest_letter

#: What is remembered from before the list is written until each application in it counts as escalated: when, and which.
_LIST = "escalations"

log = logging.getLogger(__name__)


def escalate_together(desk: Desk) -> int:
    """Write n@ one list if more than a few escalations are belated, or finish one that a stop has left half done; return how many
    applications were escalated by it. Raise Temporary if the disk does not let us."""
    moment = desk.moment()
    when, *references = desk.ledger.remembered(_LIST).split() or ("",)
    due = _due(desk, references or _awake(desk))
    if not when:
        if not belong_together(moment, [application for _, application in due]):
            return 0
        when = moment.now.isoformat()
        desk.ledger.remember(_LIST, " ".join((when, *(application.reference for _, application in due))), moment.now)
    if due:
        waiting = [(application, oldest_letter(desk, case, application)[1]) for case, application in due]
        # With the same cause it is written once, whoever has been answered since.
        carry_out(desk, one_list(moment, waiting, f"escalations/{when}"))
    for _, application in due:
        carry_out(desk, listed(moment, application))
    desk.ledger.remember(_LIST, "", moment.now)
    return len(due)


def _awake(desk: Desk) -> tuple[str, ...]:
    """The applications that may be due, as the catalogue has them."""
    now = desk.clock()
    return tuple(
        row.reference for row in desk.catalogue.rows() if row.wake and row.wake <= now and row.waits_for == "staff" and not row.escalated
    )


def _due(desk: Desk, references: Sequence[str]) -> list[tuple[Case, Application]]:
    """Those of these applications that are to be escalated now; a damaged record is told of when it is asked for by itself."""
    moment = desk.moment()
    found: list[tuple[Case, Application]] = []
    for reference in references:
        try:
            case = desk.store.load(reference)
        except Permanent as problem:
            log.error("%s", problem)
            continue
        if case.application and is_due(moment, case.application):
            found.append((case, case.application))
    return found
