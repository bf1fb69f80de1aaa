"""Adopting: letters that were there before mailbot are taken in because a person wants it, and answered only if they say so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from mailbot.errors import BadMessage, Permanent
from mailbot.hiring.automatic import auto_reply
from mailbot.mail.folders import Folder
from mailbot.mail.mailbox import FolderState, Headline, MailboxPort
from mailbot.tasks.contact import first_contact
from mailbot.tasks.desk import Desk
from mailbot.tasks.found import OUR_FORM
from mailbot.tasks.gather import Gathered, Role
from mailbot.tasks.receive import take_in_all
from mailbot.tasks.sweep import unsettled

#: Told how many of how many letters have been taken in.
Progress = Callable[[int, int], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which letters are to be adopted, and whether their senders are to be answered."""

    since: datetime
    answer: bool
    #: The folders to take them from; none: those that are watched.
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """The old letters of one folder."""

    state: FolderState
    headlines: tuple[Headline, ...]


def adopt(
    desk: Desk,
    mailbox: MailboxPort,
    folders: tuple[tuple[Folder, Role], ...],
    swept: tuple[tuple[Folder, Role], ...],
    wish: Wish,
    progress: Progress,
    between: Callable[[], None],
) -> str:
    """Given an open connection and the folders that are watched and swept, take in the letters that came since an instant and were left
    alone as old; return in words what was done. They are taken from the folders that the wish names, else from those that are watched.

    Each ends in a record and is shown to staff; their reply clock starts now. Who has been written to from our mailbox since their letter
    came has been answered. Doing it twice, or going on after a stop, takes in only what is left. `between`: as for `read_folder`.
    Raise Permanent, in words, if the mailbox has never been read or has no such folder; Temporary where the server or the disk fails.
    """
    if first_contact(desk) is None:
        raise Permanent("mailbot has not read this mailbox yet, so nothing in it is old: start it once, then adopt")
    watched = tuple(folder for folder, role in folders if role == "inbox")
    ours = {folder.name for folder, role in folders if role == "sent"}
    wanted = _named(mailbox.folders(), wish.folders, ours) if wish.folders else watched
    written = _written_to(desk, mailbox, folders, wish.since)
    looked_at = {folder.name for folder, _ in swept}
    found = [
        _old(desk, mailbox, folder, wish.since)
        if folder in watched
        else _elsewhere(desk, mailbox, folder, wish.since, swept=folder.name in looked_at)
        for folder in wanted
    ]
    total = sum(len(each.headlines) for each in found)
    before = frozenset(row.reference for row in desk.catalogue.rows())
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        progress(done, total)
        between()

    def as_adopted(gathered: Gathered) -> Gathered:
        message, facts = gathered.message, gathered.facts
        answered = written.get(message.sender.address) if message.sender else None
        application = gathered.application
        if application and answered:
            application = replace(application, answered=max(application.answered or answered, answered))
        adopted = replace(facts, adopted=desk.clock(), answering=wish.answer, late=False, answered=_later(facts.answered, answered))
        return replace(gathered, facts=adopted, application=application)

    progress(0, total)
    for each in found:
        # Between two folders another may have been opened.
        state = mailbox.open(each.state.name)
        if state.uidvalidity == each.state.uidvalidity:
            take_in_all(desk, mailbox, state, "inbox", each.headlines, one_more, as_adopted, strikes=False)
    opened = sum(1 for row in desk.catalogue.rows() if row.reference not in before)
    log.info("adopted %d older messages", done)
    known = sum(_is_known(desk, each.state, headline) for each in found for headline in each.headlines)
    besides = f" ({known} of them known already)" if known else ""
    left = f"; {total - done} are gone, or not given by the server: the same order asks for them again" if total > done else ""
    told = "candidates are answered as if their letters came now" if wish.answer else "no candidate is answered"
    return (
        f"{done} older letters taken in{besides}, {opened} applications opened; {told}, and staff have their notices in office hours{left}"
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at), default=None)


def _named(found: tuple[Folder, ...], names: tuple[str, ...], ours: Collection[str]) -> tuple[Folder, ...]:
    """The folders with these names, each once. Raise Permanent for one that is not there, or that is Sent, which `ours` names."""
    by_name = {folder.name: folder for folder in found}
    chosen = []
    for name in dict.fromkeys(names):
        folder = next((each for each in found if each.role == "inbox"), None) if name.upper() == "INBOX" else by_name.get(name)
        if folder is None:
            raise Permanent(f"--folder: the mailbox has no folder {name!r}; it has {', '.join(sorted(by_name))}")
        if folder.name in ours:
            raise Permanent(f"--folder: {name} holds what was sent from here, and no letters of candidates")
        chosen.append(folder)
    return tuple(chosen)


def _elsewhere(desk: Desk, mailbox: MailboxPort, folder: Folder, since: datetime, *, swept: bool) -> _Found:
    """What lies since then in a folder that is not watched and has no verdict there; what a sweep is about to take in is left to it."""
    state = mailbox.open(folder.name)
    found = mailbox.headlines_since(since)
    settled = desk.ledger.settled_uids(state.name, state.uidvalidity)
    if swept:
        settled |= {headline.uid for headline in unsettled(desk, mailbox, state)}
    return _Found(state, tuple(headline for headline in found if headline.uid not in settled))


def _is_known(desk: Desk, state: FolderState, headline: Headline) -> bool:
    """Whether a letter was in the records before, under another UID."""
    row = desk.ledger.verdict_of(state.name, state.uidvalidity, headline.uid)
    return row is not None and row.verdict in ("duplicate", "ours")


def _old(desk: Desk, mailbox: MailboxPort, folder: Folder, since: datetime) -> _Found:
    """What lies in a folder since then, was there at first contact or came before it, and was never taken in."""
    state = mailbox.open(folder.name)
    cursor = desk.ledger.cursor(folder.name)
    if cursor is None or cursor.uidvalidity != state.uidvalidity:
        raise Permanent(f"{folder.name} has not been read yet as it is now: try again in a minute")
    contact = cursor.first_contact.replace(microsecond=0)

    def is_old(headline: Headline) -> bool:
        row = desk.ledger.verdict_of(state.name, state.uidvalidity, headline.uid)
        if row is not None:
            return row.verdict == "old"
        return headline.uid < cursor.first_uidnext or headline.arrived < contact

    return _Found(state, tuple(headline for headline in mailbox.headlines_since(since) if is_old(headline)))


def _written_to(desk: Desk, mailbox: MailboxPort, folders: tuple[tuple[Folder, Role], ...], since: datetime) -> Mapping[str, datetime]:
    """Address -> when it was last written to from our own mailbox: by a person, or by a mailbot whose state is lost."""
    written: dict[str, datetime] = {}
    for folder in (folder for folder, role in folders if role == "sent"):
        mailbox.open(folder.name)
        for headline in mailbox.headlines_since(since):
            with suppress(BadMessage):
                message = desk.reader.read(mailbox.header(headline.uid)).message
                if auto_reply(message) and not OUR_FORM.fullmatch(message.message_id):
                    # An absence message has answered nobody.
                    continue
                for recipient in message.recipients:
                    written[recipient.address] = max(headline.arrived, written.get(recipient.address, headline.arrived))
    return written
