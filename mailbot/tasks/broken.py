"""Messages that could not be handled: kept byte for byte in quarantine, and shown to a person."""

from __future__ import annotations

import logging
from datetime import timedelta

from mailbot.errors import Temporary
from mailbot.hiring.process import on_broken
from mailbot.mail.mailbox import FolderState, Headline
from mailbot.records.quarantine import Quarantined
from mailbot.tasks.carry import carry_out
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import Role

#: A message that was begun, or refused by the server, this often goes to quarantine.
STRIKES = 3
#: Refusals in so short a time are one: a server in trouble is no fault of the message.
_REFUSAL_PAUSE = timedelta(minutes=15)

log = logging.getLogger(__name__)


def quarantine(desk: Desk, role: Role, state: FolderState, headline: Headline, raw: bytes, reason: str, attempts: int) -> None:
    """Given a message that could not be handled, keep its bytes, tell the staff, and give it its verdict."""
    identity = desk.key.raw_identity(raw)
    name = _name(desk, state.name, state.uidvalidity, headline.uid, identity)
    desk.quarantine.put(name, raw, reason, attempts, desk.clock(), role)
    _settle(desk, state, headline, name, reason, attempts, identity)


def known_poison(desk: Desk, raw: bytes) -> str:
    """The identity of a message of which the very same bytes lie in quarantine, whatever its UID; "" if there is none such."""
    identity = desk.key.raw_identity(raw)
    first = desk.ledger.row_of(identity)
    if first is None:
        return ""
    place = (first.folder, first.uidvalidity, first.uid)
    # An older mailbot named it by its place alone.
    return identity if any(desk.quarantine.holds(_name(desk, *place, which)) for which in (identity, "")) else ""


def not_given(desk: Desk, state: FolderState, headline: Headline, refusal: str) -> bool:
    """Given a message that stands in the folder and that the server does not give, count that; at the third time it is in quarantine,
    without its content, and staff are told where it is. Return whether it is there now."""
    refusals = desk.ledger.refused(state.name, state.uidvalidity, headline.uid, desk.clock(), _REFUSAL_PAUSE)
    if refusals < STRIKES:
        return False
    name = _name(desk, state.name, state.uidvalidity, headline.uid)
    came = desk.worktime.local(min(headline.arrived, desk.clock()))
    reason = (
        f"the mail server does not give it: folder {state.name}, UID {headline.uid}, arrived {came:%Y-%m-%d %H:%M}, "
        f"{headline.size} bytes by the server's count; look for it with a mail client ({refusal})"
    )
    desk.quarantine.put_missing(
        Quarantined(name, desk.clock(), refusals, reason, headline.size, "", state.name, state.uidvalidity, headline.uid, headline.arrived)
    )
    _settle(desk, state, headline, name, reason, refusals)
    return True


def asked_again(desk: Desk, state: FolderState) -> list[Headline]:
    """The messages of a folder whose content was missing, and that a person wants to be asked for once more."""
    again = []
    for entry in desk.quarantine.entries():
        if not entry.asked or (entry.folder, entry.uidvalidity) != (state.name, state.uidvalidity):
            continue
        row = desk.ledger.verdict_of(state.name, state.uidvalidity, entry.uid)
        if row and row.verdict == "quarantine" and entry.arrived:
            again.append(Headline(entry.uid, entry.size, entry.arrived))
        else:
            # It was taken in, or is gone.
            desk.quarantine.remove(entry.id)
    return again


def _settle(desk: Desk, state: FolderState, headline: Headline, name: str, reason: str, attempts: int, identity: str = "") -> None:
    log.error("message put in quarantine", extra={"id": name, "attempts": attempts})
    reference = ""
    try:
        reference = carry_out(desk, on_broken(name, reason, headline.size, desk.moment()))
    except Temporary:
        raise
    except Exception:
        # Its bytes are safe, and `status` counts it; a damaged record of the office or a broken template must not stop the next message.
        log.exception("nobody could be told of a message in quarantine", extra={"id": name})
    desk.ledger.verdict(state.name, state.uidvalidity, headline.uid, "quarantine", identity, reference, "D0", desk.clock())


def _name(desk: Desk, folder: str, uidvalidity: int, uid: int, identity: str = "") -> str:
    """By its place, and by its content as far as that is known: a server out of a backup gives one UID to two messages."""
    name = f"{uidvalidity}-{uid}-{desk.key.hash(folder)[:8]}"
    return f"{name}-{identity[:8]}" if identity else name
