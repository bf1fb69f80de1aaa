"""Withheld: what the server lists in Sent and does not give may have gone out after a backup was made, so it is not passed over."""

from __future__ import annotations

from contextlib import suppress

from mailbot.errors import BadMessage, Temporary
from mailbot.mail.mailbox import FolderState, Headline, MailboxPort
from mailbot.tasks.desk import Desk
from mailbot.tasks.found import OUR_FORM


def header_of(mailbox: MailboxPort, uid: int) -> bytes | None:
    """Given the UID of a message of the open folder, return its header; b"" if it is gone, None if the server does not give it.

    Raise Temporary if it is the connection that is gone.
    """
    try:
        return mailbox.header(uid)
    except Temporary:
        mailbox.noop()
        return None


def our_message_id(desk: Desk, header: bytes) -> str:
    """Given the header of a message, return its Message-ID if it has the form of ours, else ""."""
    with suppress(BadMessage):
        found = desk.reader.read(header).message.message_id
        if OUR_FORM.fullmatch(found):
            return found
    return ""


def all_is_given(desk: Desk, state: FolderState) -> bool:
    """Given Sent as it was just read, return whether every message seen in it has its verdict, so that it proves what has gone out."""
    return not desk.ledger.unsettled(state.name, state.uidvalidity)


def in_words(desk: Desk, headline: Headline) -> str:
    """Why a person must look at Sent: for safe mode, given the message of which nothing is known."""
    came = desk.worktime.local(min(headline.arrived, desk.clock()))
    return (
        f"the server lists a message in Sent (UID {headline.uid}, of {came:%Y-%m-%d %H:%M}) and does not give it, not even its header:"
        " after a restored backup what it says could go out a second time. Compare Sent with `mailbot outbox list`"
    )
