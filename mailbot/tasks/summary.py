"""An application's case as its line in the catalogue: what `list` shows, when it wants attention, and what it is found by."""

from __future__ import annotations

from mailbot.hiring.case import Case
from mailbot.hiring.model import Application
from mailbot.hiring.moment import Moment
from mailbot.hiring.process import MACHINES, wake
from mailbot.hiring.stages import stage
from mailbot.records.catalogue import Row


def summarise(case: Case, application: Application, moment: Moment) -> Row:
    """Given a case and the application in it, return its line.

    Notices stand in `thread` beside the candidate's messages: staff answer them, and those answers are found by it.
    """
    ids = dict.fromkeys((*application.thread, *(message.message_id for message in case.messages if message.message_id)))
    return Row(
        reference=case.reference,
        position=application.position,
        stage=application.stage,
        waits_for=application.waits_for,
        since=application.since,
        due=application.due,
        hinted=application.hinted,
        escalated=application.escalated,
        name=application.name,
        addresses=application.addresses,
        language=application.language,
        opened=application.opened,
        last_message=application.last_message,
        open=not stage(moment.company.stages, application.stage).is_end,
        wake=wake(moment, application),
        machine_wrote=max((m.at for m in case.messages if m.direction == "in" and m.kind in MACHINES), default=None),
        open_intents=tuple(intent.id for intent in case.intents if intent.outcome in ("", "held")),
        thread=tuple(ids),
    )
