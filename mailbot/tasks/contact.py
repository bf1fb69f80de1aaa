"""Contact with a folder: the first one, the next one under UIDs that mean other messages, and what in it has no verdict."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from mailbot.errors import Permanent
from mailbot.mail.mailbox import FolderState, Headline, MailboxPort
from mailbot.records.rows import Cursor, Row
from mailbot.tasks.alarms import alarm
from mailbot.tasks.damage import met_before
from mailbot.tasks.desk import Desk
from mailbot.tasks.found import note_found
from mailbot.tasks.gather import LATE, Role
from mailbot.tasks.modes import enter_safe_mode
from mailbot.tasks.withheld import header_of, in_words, our_message_id

#: How far back Sent is looked at on first contact, to tell a new mailbox from a lost state.
_LOOK_BACK = timedelta(days=30)
#: In another mailbox, what came so long before the one before it was read last is looked at too.
_GAP = timedelta(hours=1)
#: Set until n@ has been told that this is another mailbox.
_ANOTHER = "another mailbox"
_ANOTHER_WORDS = (
    "[imap] names another mailbox than before. It is met as at a first start: what lies in it is left alone, and what has come there since"
    " the one before was read last is shown to staff and not answered"
)
LOST = "Sent holds a message of mailbot's that the state does not know: the state was lost, or is an old backup"

log = logging.getLogger(__name__)


def enter(desk: Desk) -> None:
    """Note which mailbox it is that was just logged in to. Another one is met as at a first start, and n@ hears of it. Raise Temporary."""
    imap = desk.settings.imap
    mailbox = desk.key.hash(f"{imap.username} {imap.host}")
    if desk.ledger.mailbox() not in ("", mailbox):
        # First, for after a stop in between n@ is told all the same.
        desk.ledger.remember(_ANOTHER, desk.clock().isoformat(), desk.clock())
    desk.ledger.enter(mailbox, desk.clock())
    if since := desk.ledger.remembered(_ANOTHER):
        log.warning("%s", _ANOTHER_WORDS)
        try:
            alarm(desk, _ANOTHER_WORDS, f"mailbox/{since}")
        except Permanent as problem:
            log.error("n@ could not be told: %s", problem)
        desk.ledger.remember(_ANOTHER, "", desk.clock())


def meet(desk: Desk, mailbox: MailboxPort, role: Role, state: FolderState) -> None:
    """Make first contact with a folder that was never read, or start anew in one whose UIDVALIDITY has changed."""
    cursor = desk.ledger.cursor(state.name)
    if cursor is None:
        before = met_before(desk)
        met = before or desk.clock()
        # Before the contact is noted: a stop in between must not make a lost state look like a new one.
        if role == "sent":
            _look_for_lost(desk, mailbox, mailbox.headlines_since(desk.clock() - _LOOK_BACK))
        left = desk.ledger.left(state.name)
        shown_from = max(left - _GAP, met - LATE) if left else None
        if shown_from:
            # Perhaps it is the same mailbox under another name, and nobody has seen what came meanwhile.
            note_seen(desk, mailbox, state, mailbox.headlines_since(shown_from))
        # What a damaged ledger has forgotten is read again: what the records know is no news, and the rest has waited.
        contact = (state.name, met, state.uidvalidity, 1 if before else state.uidnext, state.exists)
        desk.ledger.first_contact(*contact, shown=shown_from)
        if state.exists and role == "inbox" and not before:
            log.warning("first start: %d older messages left alone; see mailbot adopt", state.exists)
    elif cursor.uidvalidity != state.uidvalidity:
        _begin_anew(desk, state)
    elif desk.clock() < cursor.first_contact and not cursor.known_until and (cursor.first_uidnext > 1 or not cursor.count):
        log.warning("the clock was ahead at the first start: what came since is told by its UID")
        contact = (state.name, desk.clock(), state.uidvalidity, cursor.first_uidnext, cursor.count)
        desk.ledger.first_contact(*contact, by_uid=True, shown=cursor.shown_from)


def note_seen(desk: Desk, mailbox: MailboxPort, state: FolderState, listed: Sequence[Headline]) -> None:
    """Given the folder that is open and some of its messages, remember those that are news, before any of them is read. Raise Temporary."""
    fresh = [headline for headline in listed if desk.ledger.is_news(state.name, state.uidvalidity, headline.uid)]
    message_ids = mailbox.message_ids([headline.uid for headline in fresh]) if fresh else {}
    for headline in fresh:
        message_id_hash = desk.key.hash(message_ids[headline.uid]) if headline.uid in message_ids else ""
        desk.ledger.seen(state.name, state.uidvalidity, headline.uid, headline.arrived, desk.clock(), message_id_hash)


def begun_anew(desk: Desk, mailbox: MailboxPort, state: FolderState, listed: Sequence[Headline]) -> bool:
    """Given the folder that is open and some of its messages in the order of UIDs, begin anew where UIDs that have verdicts mean other
    messages now, though UIDVALIDITY is the same: the server was restored from a backup. Return whether that was so. Raise Temporary."""
    known = ((headline, desk.ledger.verdict_of(state.name, state.uidvalidity, headline.uid)) for headline in reversed(listed))
    # If any of them has gone to another message, the newest has.
    taken = next((_is_another(desk, mailbox, headline, row) for headline, row in known if row), False)
    went_back = state.uidnext <= desk.ledger.highest(state.name, state.uidvalidity)
    if taken or went_back:
        _begin_anew(desk, state)
    return taken or went_back


def _is_another(desk: Desk, mailbox: MailboxPort, headline: Headline, row: Row) -> bool:
    """Whether a message is another one than that which had its UID."""
    if headline.arrived != row.arrived:
        return True
    # INTERNALDATE has whole seconds; in one of them a UID may be given, lost and given again.
    message_id = mailbox.message_ids([headline.uid]).get(headline.uid) if row.message_id_hash else None
    return message_id is not None and desk.key.hash(message_id) != row.message_id_hash


def _begin_anew(desk: Desk, state: FolderState) -> None:
    """UIDs mean nothing any more: all is read again, and what is known by its identity is no news."""
    log.warning("the server has renumbered a folder: it is read again")
    desk.ledger.new_validity(state.name, state.uidvalidity, desk.clock())


def _look_for_lost(desk: Desk, mailbox: MailboxPort, listed: Sequence[Headline]) -> None:
    """Given messages in Sent, which is open, enter safe mode if one shows that the state may have been lost. Raise Temporary."""
    given = mailbox.message_ids([headline.uid for headline in listed])
    lost, withheld = False, ""
    for headline in listed:
        found = given.get(headline.uid)
        if found is None:
            header = header_of(mailbox, headline.uid)
            found = our_message_id(desk, header) if header else ""
            withheld = in_words(desk, headline) if header is None else withheld
        # Each of them, for after `mailbot resume` none may go out again.
        lost |= note_found(desk, found)
    if reason := LOST if lost else withheld:
        enter_safe_mode(desk, reason)


def without_verdict(desk: Desk, mailbox: MailboxPort, role: Role, state: FolderState) -> list[Headline]:
    """The messages of a folder, in the order of their UIDs, that are not old and have no verdict."""
    cursor = desk.ledger.cursor(state.name)
    assert cursor is not None  # first contact was made
    left_over = desk.ledger.unsettled(state.name, state.uidvalidity)
    # The newest that has a verdict is looked at too, for it may be another message now.
    lowest = max(min((max(cursor.highest, cursor.first_uidnext), *left_over)) - 1, 0)
    headlines = mailbox.headlines(lowest)
    if begun_anew(desk, mailbox, state, headlines):
        return without_verdict(desk, mailbox, role, state)
    fresh = [each for each in headlines if desk.ledger.verdict_of(state.name, state.uidvalidity, each.uid) is None]
    old = [headline for headline in fresh if _is_old(cursor, headline)]
    todo = [headline for headline in fresh if not _is_old(cursor, headline)]
    if role == "sent" and old:
        # Under a clock that was behind, mailbot itself files what looks old.
        _look_for_lost(desk, mailbox, old)
    for headline in old:
        desk.ledger.seen(state.name, state.uidvalidity, headline.uid, headline.arrived, desk.clock())
        desk.ledger.verdict(state.name, state.uidvalidity, headline.uid, "old", "", "", "", desk.clock())
    note_seen(desk, mailbox, state, todo)
    for uid in left_over:
        if uid not in {headline.uid for headline in headlines}:
            desk.ledger.gone(state.name, state.uidvalidity, uid, desk.clock())
    return todo


def _is_old(cursor: Cursor, headline: Headline) -> bool:
    if headline.uid < cursor.first_uidnext:
        return cursor.shown_from is None or headline.arrived < cursor.shown_from
    # INTERNALDATE has whole seconds, so the instant of first contact is compared in them too.
    return headline.arrived < cursor.first_contact.replace(microsecond=0) and not cursor.by_uid


def first_contact(desk: Desk) -> datetime | None:
    """When mailbot first saw this mailbox: what came before is old, in whatever folder it lies. None before that."""
    contacts = (desk.ledger.cursor(name) for name in ("INBOX", *desk.settings.imap.folders))
    return min((cursor.first_contact for cursor in contacts if cursor), default=None)
