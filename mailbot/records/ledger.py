"""What is known of every message ever seen in a mailbox: a journal on disk, and in memory only where in it each verdict stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailbot.codec import instant, instant_text, typed
from mailbot.errors import Permanent
from mailbot.records.journal import Journal
from mailbot.records.places import Places
from mailbot.records.rows import GONE, Cursor, FolderRows, Row, met
from mailbot.records.strikes import Open, counted


class Ledger:
    """The ledger in one file. `at` is the present instant everywhere; only the holder of the state's lock may write."""

    def __init__(self, path: Path) -> None:
        """Given the journal's path, read it. Raise Permanent if it is damaged or newer, Temporary if it can not be read."""
        self._journal = Journal(path)
        self._read()

    def cursor(self, folder: str) -> Cursor | None:
        """Given a folder, return how far it has been read, or None before first contact."""
        cursor = self._cursors.get(folder)
        return replace(cursor, highest=self._folder(folder, cursor.uidvalidity).highest) if cursor else None

    def first_contact(
        self, folder: str, at: datetime, uidvalidity: int, uidnext: int, count: int, by_uid: bool = False, shown: datetime | None = None
    ) -> None:
        """Remember what was there when mailbot first saw the folder; again, and `by_uid`, where that instant proves to have been wrong. On
        the disk when it returns. Raise Temporary."""
        shown_from = instant_text(shown) if shown else ""
        self._write("contact", folder, uidvalidity, at, uidnext=uidnext, count=count, by_uid=by_uid, shown_from=shown_from)

    def mailbox(self) -> str:
        """Return the mailbox that was entered last, "" for none yet."""
        return self._mailbox

    def enter(self, mailbox: str, at: datetime) -> None:
        """Remember which mailbox is read, by a name that hides it; where another was before, forget how far each folder was read.
        Identities stay. On the disk when it returns. Raise Temporary."""
        if mailbox != self._mailbox:
            self._write("mailbox", "", 0, at, mailbox=mailbox)

    def left(self, folder: str) -> datetime | None:
        """Return when a folder of this name was read last in the mailbox before this one; None if it was not."""
        return instant(self._left[folder]) if folder in self._left else None

    def new_validity(self, folder: str, uidvalidity: int, at: datetime) -> None:
        """Forget the folder's UIDs, for they mean other messages now (RFC 3501 2.3.1.1), also where the UIDVALIDITY is the same; identities
        stay. On the disk when it returns."""
        cursor = self.cursor(folder)
        newest = self.verdict_of(folder, cursor.uidvalidity, cursor.highest) if cursor else None
        self._write("validity", folder, uidvalidity, at, known_until=instant_text(min(newest.arrived, at)) if newest else "")

    def is_news(self, folder: str, uidvalidity: int, uid: int) -> bool:
        """Was such a message never seen?"""
        rows = self._folder(folder, uidvalidity)
        return uid not in rows.open and uid not in rows.settled

    def seen(self, folder: str, uidvalidity: int, uid: int, arrived: datetime, at: datetime, message_id_hash: str = "") -> None:
        """Remember that there is such a message, if that is news. Not fsynced: what a power cut takes is seen again."""
        if self.is_news(folder, uidvalidity, uid):
            more = {"arrived": instant_text(arrived), "message_id_hash": message_id_hash}
            self._write("seen", folder, uidvalidity, at, sync=False, uid=uid, **more)

    def attempt(self, folder: str, uidvalidity: int, uid: int, at: datetime) -> int:
        """Count one more try, before it is made, so that one which kills the process counts; return how many there were with it."""
        self._write("attempt", folder, uidvalidity, at, sync=False, uid=uid)
        return self.attempts(folder, uidvalidity, uid)

    def put_off(self, folder: str, uidvalidity: int, uid: int, at: datetime) -> None:
        """Take the last try back: it failed for a reason that does not lie in the message. Not fsynced. Raise Temporary."""
        self._write("put_off", folder, uidvalidity, at, sync=False, uid=uid)

    def attempts(self, folder: str, uidvalidity: int, uid: int) -> int:
        """Return how many tries there were without a verdict."""
        return self._folder(folder, uidvalidity).open.get(uid, Open("")).attempts

    def refusals(self, folder: str, uidvalidity: int, uid: int) -> int:
        """Return how often it was counted that the server did not give a message without a verdict."""
        return self._folder(folder, uidvalidity).open.get(uid, Open("")).refusals

    def refused(self, folder: str, uidvalidity: int, uid: int, at: datetime, pause: timedelta) -> int:
        """Count that the server does not give a message, once in so long; return how often it was counted. Not fsynced. Raise Temporary."""
        last = self._folder(folder, uidvalidity).open.get(uid, Open("")).refused
        # A clock that was set back counts too.
        if not last or abs(at - instant(last)) >= pause:
            self._write("refused", folder, uidvalidity, at, sync=False, uid=uid)
        return self.refusals(folder, uidvalidity, uid)

    def verdict(
        self,
        folder: str,
        uidvalidity: int,
        uid: int,
        verdict: str,
        identity: str,
        reference: str,
        rule: str,
        at: datetime,
        same_as: str = "",
    ) -> None:
        """Write the verdict on a message; of several the last one stands. On the disk when it returns. Raise Temporary."""
        seen = self._folder(folder, uidvalidity).open.get(uid, Open(instant_text(at)))
        if earlier := self.verdict_of(folder, uidvalidity, uid):
            seen = Open(instant_text(earlier.arrived), message_id_hash=earlier.message_id_hash)
        more = {"identity": identity, "reference": reference, "rule": rule, "same_as": same_as, "message_id_hash": seen.message_id_hash}
        self._write("verdict", folder, uidvalidity, at, sync=True, uid=uid, arrived=seen.arrived, verdict=verdict, **more)

    def gone(self, folder: str, uidvalidity: int, uid: int, at: datetime) -> None:
        """Write the verdict on a message that was seen and has left the folder before it was read."""
        self.verdict(folder, uidvalidity, uid, GONE, "", "", "", at)

    def verdict_of(self, folder: str, uidvalidity: int, uid: int) -> Row | None:
        """Return the row of a message, None without verdict. Reads one line of the journal. Raise Temporary, Permanent."""
        return self._row(self._folder(folder, uidvalidity).settled.last(uid))

    def recognise(self, identity: str, reference: str, arrived: datetime) -> None:
        """Make an identity known that stands in a record but has no row, or one as junk of another. Raise Temporary."""
        latest = self.latest_of(identity)
        if latest is None or (latest.verdict == "junk" and latest.reference != reference):
            known = {"arrived": instant_text(arrived), "verdict": "", "identity": identity, "reference": reference}
            self._write("recognised", "", 0, arrived, sync=True, uid=0, rule="", same_as="", **known)

    def row_of(self, identity: str) -> Row | None:
        """Given an identity, return the row as it stands now of the message that came first with it; None if it is not known."""
        row = self._row(self._identities.first(_number(identity))) if identity else None
        if row is None or row.identity != identity:
            return None
        now = self.verdict_of(row.folder, row.uidvalidity, row.uid)
        # The UID may have gone to another message since.
        return now if now and now.identity == identity else row

    def latest_of(self, identity: str) -> Row | None:
        """Given an identity, return the row that was written last for it, of whichever of its copies; None if it is not known."""
        row = self._row(self._identities.last(_number(identity))) if identity else None
        return row if row and row.identity == identity else None

    def reference_of(self, identity: str) -> str:
        """Given an identity, return the reference under which it was filed first; "" if it is not known."""
        row = self.row_of(identity)
        return row.reference if row else ""

    def arrival_of(self, identity: str) -> datetime | None:
        """Given an identity, return when it first arrived; None if it is not known."""
        row = self.row_of(identity)
        return row.arrived if row else None

    def highest(self, folder: str, uidvalidity: int) -> int:
        """Return the highest UID with a verdict, 0 for none."""
        return self._folder(folder, uidvalidity).highest

    def unsettled(self, folder: str, uidvalidity: int) -> tuple[int, ...]:
        """Return the UIDs that were seen and have no verdict, ascending."""
        return tuple(sorted(self._folder(folder, uidvalidity).open))

    def settled_uids(self, folder: str, uidvalidity: int) -> frozenset[int]:
        """Return the UIDs that have a verdict."""
        return frozenset(self._folder(folder, uidvalidity).settled)

    def remember(self, name: str, text: str, at: datetime) -> None:
        """Remember a text under a name, in the place of what was there: the day of the last digest, the reason of safe mode. On the disk
        when it returns. Raise Temporary."""
        self._write("remember", "", 0, at, name=name, text=text)

    def remembered(self, name: str) -> str:
        """Return what is remembered under a name, "" for nothing."""
        return self._remembered.get(name, "")

    def last_time(self) -> datetime | None:
        """Return the instant at which the last line was written, by the clock of then; None for an empty ledger."""
        return instant(self._last) if self._last else None

    def compact(self) -> bool:
        """Keep one line a message, if half of the lines can go; return whether it was done. Raise Temporary."""
        rows = self._past + sum(len(folder.settled) for folder in self._folders.values())
        if self._lines < 2 * rows + 1000:
            return False
        try:
            self._journal.rewrite(self._essence())
        finally:
            self._read()
        return True

    def close(self) -> None:
        self._journal.close()

    def _read(self) -> None:
        """Read the whole journal; if that fails, nothing that was known before is forgotten."""
        before = dict(vars(self))
        try:
            self._read_all()
        except BaseException:
            vars(self).update(before)
            raise

    def _read_all(self) -> None:
        self._cursors: dict[str, Cursor] = {}
        self._folders: dict[tuple[str, int], FolderRows] = {}
        self._identities = Places()
        self._remembered: dict[str, str] = {}
        self._mailbox = ""
        #: When something was written of each folder last, in this mailbox and in the one before.
        self._read_at: dict[str, str] = {}
        self._left: dict[str, str] = {}
        self._last = ""
        self._lines = 0
        #: How many rows there are, at most, of UIDs that mean other messages now.
        self._past = 0
        for place, event in self._journal.placed():
            self._apply(place, event)
        for places in (self._identities, *(folder.settled for folder in self._folders.values())):
            places.sort_in()

    def _write(self, word: str, folder: str, uidvalidity: int, at: datetime, *, sync: bool = True, **more: str | int) -> None:
        event = {"event": word, "at": instant_text(at), "folder": folder, "uidvalidity": uidvalidity, **more}
        self._apply(self._journal.append(event, sync), event)

    def _apply(self, place: int, event: dict[str, Any]) -> None:
        """Take in one event, from the journal or just written to it. Raise Permanent for one of a newer mailbot."""
        self._lines += 1
        self._last = self._last if event["event"] == "recognised" else event["at"]
        key = (event["folder"], event["uidvalidity"])
        folder = self._folders.get(key) or self._folders.setdefault(key, FolderRows())
        match event["event"]:
            case "verdict":
                uid, identity = event["uid"], event["identity"]
                folder.open.pop(uid, None)
                folder.settled.add(uid, place)
                folder.highest = max(folder.highest, uid)
                self._read_at[key[0]] = event["at"]
                if identity:
                    self._identities.add(_number(identity), place)
            case "recognised":
                self._identities.add(_number(event["identity"]), place)
            case "seen" | "attempt" | "put_off" | "refused":
                now = counted(folder.open.get(event["uid"]), event)
                if now and (event["event"] != "seen" or event["uid"] not in folder.settled):
                    folder.open[event["uid"]] = now
            case "contact":
                self._read_at[key[0]] = event["at"]
                self._cursors[key[0]] = met(event)
            case "validity":
                self._past += len(folder.settled)
                self._folders[key] = FolderRows()
                if contact := self._cursors.get(key[0]):
                    before = contact.known_until or contact.first_contact
                    until = max(before, instant(event["known_until"])) if event.get("known_until") else before
                    self._cursors[key[0]] = replace(contact, uidvalidity=key[1], first_uidnext=1, known_until=until)
            case "mailbox":
                if self._mailbox:
                    self._left, self._read_at = self._read_at, {}
                    self._past += sum(len(each.settled) for each in self._folders.values())
                    self._folders, self._cursors = {}, {}
                self._mailbox = event["mailbox"]
            case "remember":
                self._remembered[event["name"]] = event["text"]
            case word:
                raise Permanent(f'{self._journal.path}: the event "{word}" was written by a newer mailbot. Upgrade mailbot')

    def _essence(self) -> Iterator[dict[str, Any]]:
        """The events that say the same in one line a message."""
        open_now = {key: dict(folder.open) for key, folder in self._folders.items()}
        for place, event in self._journal.placed():
            key = (event["folder"], event["uidvalidity"])
            if event["event"] in {"contact", "validity", "mailbox", "recognised"} or (
                event["event"] == "verdict" and (self._folder(*key).settled.last(event["uid"]) == place or self._makes_known(place, event))
            ):
                yield event
        for name, text in self._remembered.items():
            yield {"event": "remember", "at": self._last, "folder": "", "uidvalidity": 0, "name": name, "text": text}
        for (name, uidvalidity), messages in open_now.items():
            for uid, message in messages.items():
                yield {"event": "seen", "at": self._last, "folder": name, "uidvalidity": uidvalidity, "uid": uid, **asdict(message)}

    def _makes_known(self, place: int, event: dict[str, Any]) -> bool:
        """Whether this is the first or the last word on an identity, whatever its UID means now."""
        number = _number(event["identity"]) if event["identity"] else None
        return number is not None and place in (self._identities.first(number), self._identities.last(number))

    def _folder(self, folder: str, uidvalidity: int) -> FolderRows:
        return self._folders.get((folder, uidvalidity)) or FolderRows()

    def _row(self, place: int | None) -> Row | None:
        if place is None:
            return None
        event = self._journal.at(place)
        return typed(Row, {name: value for name, value in event.items() if name != "event"})


def _number(identity: str) -> int:
    """The first 64 bits of an identity; that the rest fits is seen in the row."""
    return int(identity[:16], 16)
