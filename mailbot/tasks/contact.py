"""Contact with a folder: the first one, the next one under UIDs that mean other messages, and what in it has no verdict."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from mailbot.mail.mailbox import FolderState, Headline, MailboxPort
from mailbot.tasks.damage import met_before
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import Role
from mailbot.tasks.modes import enter_safe_mode
from mailbot.tasks.withheld import header_of, in_words, our_message_id

#: How many of the newest messages of Sent are looked at on first contact, to tell a new mailbox from a lost state.
_LOOK_BACK = 50
LOST = "Sent holds a message of mailbot's that the state does not know: the state was lost, or is an old backup"

log = logging.getLogger(__name__)


def meet(desk: Desk, mailbox: MailboxPort, role: Role, state: FolderState) -> None:
    """Make first contact with a folder that was never read, or start anew in one whose UIDVALIDITY has changed."""
    cursor = desk.ledger.cursor(state.name)
    if cursor is None:
        before = met_before(desk)
        met = before or desk.clock()
        # Before the contact is noted: a stop in between must not make a lost state look like a new one.
        if role == "sent" and (reason := _lost(desk, mailbox, state)):
            enter_safe_mode(desk, reason)
        # What a damaged ledger has forgotten is read again: what the records know is no news, and the rest has waited.
        desk.ledger.first_contact(state.name, met, state.uidvalidity, 1 if before else state.uidnext, state.exists)
        if state.exists and role == "inbox" and not before:
            log.warning("first start: %d older messages left alone; see mailbot adopt", state.exists)
    elif cursor.uidvalidity != state.uidvalidity:
        _begin_anew(desk, state)
    elif desk.clock() < cursor.first_contact and not cursor.known_until and (cursor.first_uidnext > 1 or not cursor.count):
        log.warning("the clock was ahead at the first start: what came since is told by its UID")
        contact = (state.name, desk.clock(), state.uidvalidity, cursor.first_uidnext, cursor.count)
        desk.ledger.first_contact(*contact, by_uid=True)


def begun_anew(desk: Desk, state: FolderState, listed: Sequence[Headline]) -> bool:
    """Given a folder and some of its messages in the order of UIDs, begin anew where UIDs that have verdicts mean other messages now,
    though UIDVALIDITY is the same: the server was restored from a backup. Return whether that was so. Raise Temporary."""
    known = (desk.ledger.verdict_of(state.name, state.uidvalidity, headline.uid) for headline in reversed(listed))
    newest = next((row for row in known if row), None)
    # If any of them has gone to another message, the newest has.
    taken = newest is not None and any(headline.uid == newest.uid and headline.arrived != newest.arrived for headline in listed)
    went_back = state.uidnext <= desk.ledger.highest(state.name, state.uidvalidity)
    if taken or went_back:
        _begin_anew(desk, state)
    return taken or went_back


def _begin_anew(desk: Desk, state: FolderState) -> None:
    """UIDs mean nothing any more: all is read again, and what is known by its identity is no news."""
    log.warning("the server has renumbered a folder: it is read again")
    desk.ledger.new_validity(state.name, state.uidvalidity, desk.clock())


def _lost(desk: Desk, mailbox: MailboxPort, state: FolderState) -> str:
    """Why the state may have been lost, by the newest messages of Sent; "" if it was not."""
    withheld = ""
    for headline in mailbox.headlines(max(state.uidnext - 1 - _LOOK_BACK, 0)):
        header = header_of(mailbox, headline.uid)
        if header is None:
            withheld = in_words(desk, headline)
        elif our_message_id(desk, header):
            return LOST
    return withheld


def without_verdict(desk: Desk, mailbox: MailboxPort, state: FolderState) -> list[Headline]:
    """The messages of a folder, in the order of their UIDs, that are not old and have no verdict."""
    cursor = desk.ledger.cursor(state.name)
    assert cursor is not None  # first contact was made
    left_over = desk.ledger.unsettled(state.name, state.uidvalidity)
    # The newest that has a verdict is looked at too, for it may be another message now.
    lowest = max(min((max(cursor.highest, cursor.first_uidnext), *left_over)) - 1, 0)
    headlines = mailbox.headlines(lowest)
    if begun_anew(desk, state, headlines):
        return without_verdict(desk, mailbox, state)
    todo = []
    for headline in headlines:
        if desk.ledger.verdict_of(state.name, state.uidvalidity, headline.uid) is not None:
            continue
        desk.ledger.seen(state.name, state.uidvalidity, headline.uid, headline.arrived, desk.clock())
        # INTERNALDATE has whole seconds, so the instant of first contact is compared in them too.
        before = headline.arrived < cursor.first_contact.replace(microsecond=0)
        if headline.uid < cursor.first_uidnext or (before and not cursor.by_uid):
            desk.ledger.verdict(state.name, state.uidvalidity, headline.uid, "old", "", "", "", desk.clock())
        else:
            todo.append(headline)
    for uid in left_over:
        if uid not in {headline.uid for headline in headlines}:
            desk.ledger.gone(state.name, state.uidvalidity, uid, desk.clock())
    return todo


def first_contact(desk: Desk) -> datetime | None:
    """When mailbot first saw this mailbox: what came before is old, in whatever folder it lies. None before that."""
    contacts = (desk.ledger.cursor(name) for name in ("INBOX", *desk.settings.imap.folders))
    return min((cursor.first_contact for cursor in contacts if cursor), default=None)
