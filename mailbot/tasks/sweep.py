"""The sweep: what has come in the last thirty days and has no verdict is found, wherever a person or a filter has put it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from mailbot.errors import Permanent, Temporary
from mailbot.mail.folders import Folder
from mailbot.mail.mailbox import FolderState, Headline, MailboxPort
from mailbot.tasks.broken import asked_again
from mailbot.tasks.contact import begun_anew, first_contact
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import Role
from mailbot.tasks.receive import take_in_all

#: How far back a sweep looks.
SWEPT = timedelta(days=30)

log = logging.getLogger(__name__)


def sweep(
    desk: Desk,
    mailbox: MailboxPort,
    folders: tuple[tuple[Folder, Role], ...],
    between: Callable[[], None],
    looked: Callable[[FolderState], None] = lambda state: None,
) -> int:
    """Given an open connection and the folders to look through, take in what came in the last thirty days, since mailbot first saw this
    mailbox, and has no verdict; return how many messages.

    A letter that a person moved before it was read is found so, and one that the server showed out of turn. What is known by its identity
    is no news. A folder that can not be read is left for the next sweep; `looked` is told of each other one. Raise Temporary where the
    connection or the disk fails.
    """
    taken = 0
    for folder, role in folders:
        try:
            state = mailbox.open(folder.name)
            found = unsettled(desk, mailbox, state)
        except (Temporary, Permanent) as problem:
            # Raises if it is the connection that is gone.
            mailbox.noop()
            log.warning("a folder can not be swept: %s", problem)
            continue
        taken += take_in_all(desk, mailbox, state, role, (*found, *asked_again(desk, state)), between)
        looked(state)
    return taken


def unsettled(desk: Desk, mailbox: MailboxPort, state: FolderState) -> tuple[Headline, ...]:
    """Given an open connection and the folder just opened on it, return what a sweep would take in. Raise Temporary."""
    listed = looked_through(desk, mailbox, state)
    if begun_anew(desk, mailbox, state, listed):
        listed = looked_through(desk, mailbox, state)
    settled = desk.ledger.settled_uids(state.name, state.uidvalidity)
    if desk.ledger.cursor(state.name):
        # What was begun and not ended is read again anyway.
        settled |= frozenset(desk.ledger.unsettled(state.name, state.uidvalidity))
    return tuple(headline for headline in listed if headline.uid not in settled)


def looked_through(desk: Desk, mailbox: MailboxPort, state: FolderState) -> tuple[Headline, ...]:
    """Given an open connection and the folder just opened on it, return what a sweep looks at. Raise Temporary."""
    met = first_contact(desk)
    if met is None:
        return ()
    cursor = desk.ledger.cursor(state.name)
    # What was there at first contact is old, though it came in the same second.
    lowest = cursor.first_uidnext if cursor else 1
    return tuple(headline for headline in mailbox.headlines_since(max(met, desk.clock() - SWEPT)) if headline.uid >= lowest)
