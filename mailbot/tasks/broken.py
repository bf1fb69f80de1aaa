"""Messages that could not be handled: kept byte for byte in quarantine, and shown to a person."""

from __future__ import annotations

import logging

from mailbot.errors import Temporary
from mailbot.hiring.process import on_broken
from mailbot.mail.mailbox import Headline
from mailbot.tasks.carry import carry_out
from mailbot.tasks.desk import Desk

log = logging.getLogger(__name__)


def quarantine(desk: Desk, folder: str, uidvalidity: int, headline: Headline, raw: bytes, reason: str, attempts: int) -> None:
    """Given a message that could not be handled, keep its bytes, tell the staff, and give it its verdict."""
    name = f"{uidvalidity}-{headline.uid}-{desk.key.hash(folder)[:8]}"
    desk.quarantine.put(name, raw, reason, attempts, desk.clock())
    log.error("message put in quarantine", extra={"id": name, "attempts": attempts})
    reference = ""
    try:
        reference = carry_out(desk, on_broken(name, reason, headline.size, desk.moment()))
    except Temporary:
        raise
    except Exception:
        # Its bytes are safe, and `status` counts it; a damaged record of the office or a broken template must not stop the next message.
        log.exception("nobody could be told of a message in quarantine", extra={"id": name})
    desk.ledger.verdict(folder, uidvalidity, headline.uid, "quarantine", "", reference, "D0", desk.clock())
