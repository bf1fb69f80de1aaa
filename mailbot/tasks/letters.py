"""The letter that waits: what a notice, a hint or an escalation shows of the case it is about."""

from __future__ import annotations

import logging

from mailbot.errors import BadMessage
from mailbot.hiring.case import Case
from mailbot.hiring.letters import Letter
from mailbot.hiring.model import Application
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import letter_of

log = logging.getLogger(__name__)


def oldest_letter(desk: Desk, case: Case, application: Application) -> tuple[int, Letter | None]:
    """The oldest letter that waits for a person, read anew from its bytes, with its number; (0, None) if none does.

    One that can be read no more is None: the person hears of the case without its words.
    """
    waiting = {unanswered.identity for unanswered in application.unanswered}
    filed = next((m for m in case.messages if m.direction == "in" and m.identity in waiting), None)
    if filed is None:
        return 0, None
    try:
        read = letter_of(desk, case, filed)
    except BadMessage as bad:
        log.error("a letter on file can not be read: %s", bad, extra={"case": case.reference})
        return filed.number, None
    message = read.message
    return filed.number, Letter(message.sender, message.subject, read.reply.new_text, filed.at, message.attachments)
