"""The Sent folder: each message of ours stands there once, and one whose fate is unknown is looked for there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from mailbot.errors import Permanent
from mailbot.hiring.case import Intent
from mailbot.hiring.model import Message
from mailbot.hiring.process import Fate
from mailbot.mail.mailbox import MailboxPort
from mailbot.records.outbox import Entry
from mailbot.tasks.deliver import settle, tell
from mailbot.tasks.desk import Desk
from mailbot.tasks.found import OUR_FORM

#: When a message of unknown fate is looked for, in minutes after its last dot.
_LOOKS = (1, 5, 15, 60)
#: After a first look that came later than the last one was due.
_ONCE_MORE = timedelta(minutes=5)
#: A message to staff goes out so often at most while nobody can know whether it did.
_TIMES = 3
#: Who could not be asked for so many working hours is no excuse any more: a person hears of it.
_UNSEARCHED_HOURS = 1.0
#: How long a server may take to file a message by itself, before it is taken for one that does not.
_SERVER_FILES_WITHIN = timedelta(seconds=10)

log = logging.getLogger(__name__)


def file_sent(desk: Desk, mailbox: MailboxPort, folder: str, called_away: Callable[[int], bool]) -> int:
    """Given an open connection and the Sent folder, file every message that went out and does not stand there yet.

    With `files_sent = "auto"` the first real message shows whether the server files by itself. Before every APPEND the
    Message-ID is looked for, which takes long in a large folder: between two of them `called_away` is told how many were seen to, and the
    rest stays for the next time where it says so. Return how many were filed. Raise Temporary where the server fails: it is tried again.
    """
    setting = desk.settings.smtp.files_sent
    filed = 0
    for seen, entry in enumerate(desk.outbox.unfiled()):
        if seen and called_away(seen):
            break
        if desk.outbox.get(entry.id) is None:
            # Compacted away meanwhile.
            continue
        by_server = desk.outbox.server_files() if setting == "auto" else setting
        # What was in doubt and is proved by its answer may have been taken without being filed.
        if (by_server and not entry.doubts) or mailbox.find(folder, entry.message_id):
            # Where the server is known not to file, it was mailbot that did, just before it was stopped.
            desk.outbox.filed(entry.id, desk.clock(), by_server=by_server is not False)
            continue
        if by_server is not False and desk.clock() < entry.at + _SERVER_FILES_WITHIN:
            continue
        if by_server is None:
            desk.outbox.server_does_not_file()
        try:
            mailbox.append(folder, desk.store.read(entry.reference, _intent(desk, entry).path), entry.at)
            filed += 1
        except Permanent as problem:
            # The candidate has the message all the same; ops read the reason, and the next one is tried.
            log.warning("a sent message could not be filed: %s", problem)
        desk.outbox.filed(entry.id, desk.clock(), by_server=bool(by_server))
    return filed


def look_for_unknown(desk: Desk, mailbox: MailboxPort, folder: str, copies: Sequence[str] = ()) -> int:
    """Given an open connection, the Sent folder ("" if there is none) and the folders in which the witness's copies arrive, look for every
    message whose fate is unknown. Return of how many it is known now what becomes of them: something may be to be sent.

    Found: it was sent. Not found at the last look, nor at one before it: held, and a person decides; what goes to staff may repeat.
    A search that the server did not answer raises Temporary and is no evidence.
    """
    decided = 0
    for entry in desk.outbox.due(desk.clock()):
        if entry.state != "unknown":
            continue
        try:
            _look_for(desk, mailbox, folder, copies, entry)
        except Permanent as problem:
            # A damaged record costs nobody else.
            log.error("%s", problem)
        after = desk.outbox.get(entry.id)
        decided += not after or after.state != "unknown"
    return decided


def _look_for(desk: Desk, mailbox: MailboxPort, folder: str, copies: Sequence[str], entry: Entry) -> None:
    now = desk.clock()
    looks = [entry.at + timedelta(minutes=minutes) for minutes in _LOOKS]
    if now < looks[0]:
        return
    in_sent = bool(folder and mailbox.find(folder, entry.message_id))
    # The server took both or none, so the copy proves that the other was taken.
    if in_sent or any(mailbox.find(each, entry.message_id) for each in copies):
        reason = "found in Sent" if in_sent else "found by the copy of the witness"
        desk.outbox.record(entry.id, "sent", now, reason=reason)
        if in_sent:
            desk.outbox.filed(entry.id, now, by_server=True)
        settle(desk, entry.reference, _intent(desk, entry), "sent", reason)
    elif now < looks[-1] or entry.next is None:
        # Who looks for the first time after an hour, because the mailbox was not to be reached, looks once more.
        following = next((look for look in looks if look > now), now + _ONCE_MORE)
        desk.outbox.record(entry.id, "unknown", entry.at, reason=entry.reason, next=following)
    elif entry.audience == "staff" and entry.doubts < _TIMES:
        desk.outbox.record(entry.id, "retry", now, reason="its fate is unknown; a notice may come twice", next=now)
    else:
        where = "neither in Sent nor as the copy of the witness" if copies else "not in Sent"
        reason = f"the connection broke after the last byte, and it was found {where} within an hour"
        desk.outbox.record(entry.id, "held", now, reason=reason)
        settle(desk, entry.reference, _intent(desk, entry), "held", reason)


def tell_of_unsearched(desk: Desk) -> None:
    """Tell the recruiters of what is of unknown fate and could not be looked for, because the server searches nothing; it is looked for
    further, and they may decide before."""
    now = desk.clock()
    for entry in desk.outbox.entries():
        if entry.state == "unknown" and entry.audience == "candidate" and desk.worktime.working_hours(entry.at, now) > _UNSEARCHED_HOURS:
            intent = _intent(desk, entry)
            reason = "the connection broke after the last byte, and the mail server does not let mailbot look whether it stands in Sent"
            fate = Fate(intent.purpose, intent.to, "held", reason, f"{intent.id}/unsearched/{entry.at.isoformat()}")
            tell(desk, desk.store.load(entry.reference), intent, fate)


def take_as_evidence(desk: Desk, message: Message, *, in_sent: bool) -> None:
    """Given a message in Sent, or one in another folder that is not of our own writing, end the doubt about the message of ours that it is
    or answers: a server that rewrites Message-IDs leaves the mark, and who answers or sends back has had it."""
    if in_sent:
        for mark in filter(desk.key.is_mark, message.all("x-mailbot")):
            entry = desk.outbox.get(mark.strip().partition(".")[0])
            if entry:
                # Under its own Message-ID it may be mailbot itself that has filed it, just before a stop.
                _prove_sent(desk, entry, "found in Sent by its mark", filed=message.message_id != entry.message_id)
        return
    for message_id in (*message.in_reply_to, *((message.report.message_id,) if message.report else ())):
        form = OUR_FORM.fullmatch(message_id)
        entry = desk.outbox.get(form["intent"]) if form else None
        if entry and entry.message_id == message_id:
            _prove_sent(desk, entry, "an answer to it, or a report on it, has come", filed=False)


def _prove_sent(desk: Desk, entry: Entry, reason: str, *, filed: bool) -> None:
    """Nothing happens to one that was not in doubt; `filed`: the server has put it into Sent."""
    if entry.state == "unknown" or (entry.state == "held" and entry.committed_at):
        desk.outbox.record(entry.id, "sent", desk.clock(), reason=reason)
        settle(desk, entry.reference, _intent(desk, entry), "sent", reason)
    if filed and any(each.id == entry.id for each in desk.outbox.unfiled()):
        desk.outbox.filed(entry.id, desk.clock(), by_server=True)


def _intent(desk: Desk, entry: Entry) -> Intent:
    """Raise Permanent where the record is damaged or does not know it."""
    for intent in desk.store.load(entry.reference).intents:
        if intent.id == entry.id:
            return intent
    raise Permanent(f"{entry.reference}: its record knows no outgoing message {entry.id}")
