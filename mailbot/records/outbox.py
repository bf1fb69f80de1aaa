"""The fate of every outgoing message: a journal whose line before the final dot divides "certainly not sent" from "nobody can know"."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailbot.codec import instant, instant_text, plain, typed
from mailbot.errors import Permanent
from mailbot.records.entry import Entry, Happening, State
from mailbot.records.journal import Journal
from mailbot.records.tally import Tally, counts

__all__ = ["KEPT", "Entry", "Happening", "Outbox", "State"]

#: An attempt that a power cut takes did not reach the dot; all else is on the disk before anybody acts on it.
_NOT_FSYNCED = frozenset({"attempt"})
_DONE: frozenset[State] = frozenset({"sent", "failed", "dropped"})
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: What is done stays readable in `outbox list` so long; the caps look back one day.
KEPT = timedelta(days=2)
#: What could not be put into a Sent folder for so long, because there is none, never will be.
_FILED_WITHIN = timedelta(days=14)


class Outbox:
    """The outbox in one file. Only the holder of the state's lock may write."""

    def __init__(self, path: Path, writer: bool = True) -> None:
        """Given the journal's path, read it. For the `writer` a message that was committed and has no outcome becomes "unknown", in the
        journal too; who only looks while a daemon is sending sees it "committed". Raise Permanent if it is damaged or newer, Temporary."""
        self._journal = Journal(path)
        self._read()
        if writer:
            self.doubt()

    def doubt(self) -> None:
        """What was committed and has no outcome is of unknown fate; to be said when nothing is being sent. Raise Temporary."""
        for entry in self.entries():
            if entry.state == "committed":
                self.record(entry.id, "unknown", entry.at, reason="mailbot stopped before it could note the server's reply")

    def planned(self, entry: Entry) -> None:
        """Take in a message that a record holds an intent for; one that is known already changes nothing, so it may be repeated at start.

        Not fsynced: the record has it. Raise Temporary.
        """
        if entry.id not in self._entries:
            self._write({"event": "planned", "entry": plain(entry)}, sync=False)

    def record(
        self, intent_id: str, event: Happening, at: datetime, *, reason: str = "", next: datetime | None = None, recipients: int = 1
    ) -> None:
        """Write what happened to a message; "commit" must return before the final dot is sent, and says to how many `recipients` it goes,
        the witness included. All but "attempt" is on the disk then.

        Raise Temporary if it could not be written: then it did not happen. Raise ValueError for what can not happen in the entry's state.
        """
        self._entries[intent_id].after(event, at, reason, next)
        line = {"event": event, "id": intent_id, "at": instant_text(at), "reason": reason, "next": plain(next)}
        if recipients > 1:
            line["recipients"] = recipients
        self._write(line, sync=event not in _NOT_FSYNCED)

    def person_wrote(self, reference: str, at: datetime) -> None:
        """A person has written in this thread: its cap counts from here. Not fsynced: forgetting it only makes mailbot more careful."""
        self._write({"event": "person", "reference": reference, "at": instant_text(at)}, sync=False)

    def filed(self, intent_id: str, at: datetime, *, by_server: bool) -> None:
        """A message stands in the Sent folder: put there by the server, or by us. Not fsynced: one that stands there is found again."""
        self._write({"event": "filed", "id": intent_id, "at": instant_text(at), "by_server": by_server}, sync=False)

    def server_does_not_file(self) -> None:
        """Remember, before mailbot files for the first time, that the server did not. On the disk when it returns: else what mailbot filed
        just before a stop would be taken for the server's work."""
        self._write({"event": "server", "by_server": False}, sync=True)

    def set_right(self, now: datetime) -> None:
        """The clock was wrong and stands at `now`: what was written ahead of it is brought down to it. On the disk when it returns."""
        if any(entry.set_right(now) != entry for entry in self._entries.values()):
            self._write({"event": "clock", "at": instant_text(now)}, sync=True)

    def unfiled(self) -> tuple[Entry, ...]:
        """Return what was sent and is not known to stand in the Sent folder."""
        return tuple(map(self._entries.__getitem__, self._unfiled))

    def server_files(self) -> bool | None:
        """Did the server put the last message into the Sent folder by itself? None before the first one."""
        return self._server_files

    def entries(self) -> tuple[Entry, ...]:
        """Return every entry that is kept, in the order of planning."""
        return tuple(self._entries.values())

    def get(self, intent_id: str) -> Entry | None:
        """Return one entry, None if it is not known (any more)."""
        return self._entries.get(intent_id)

    def due(self, now: datetime) -> tuple[Entry, ...]:
        """Return what is to be sent now (planned, retry) or to be looked for now (unknown), in the order of planning."""
        return tuple(entry for entry in map(self._entries.__getitem__, self._undone) if entry.due(now))

    def counts(self, entry: Entry, now: datetime) -> tuple[int, int, int, int]:
        """Return how many automatic messages to candidates have gone out beside `entry`: to its address in 24 hours, in its application
        since a person wrote there, to its domain in an hour, to all in an hour. What may have gone out counts."""
        itself = self._entries.get(entry.id, entry)
        own = itself.committed_at if counts(itself) else None
        hour, day = now - _HOUR, now - _DAY
        in_hour, in_day = bool(own and own > hour), bool(own and own > day)
        return (
            self._tally.counted_of_address(entry.address_hash, day) - in_day,
            self._since_person(entry.reference, self._besides(entry, self._tally.of_case(entry))),
            self._tally.counted_of_domain(entry.domain_hash, hour) - in_hour,
            self._tally.counted(hour) - in_hour,
        )

    def decided_since(self, since: datetime) -> int:
        """Return how many messages to candidates the machine has decided on after that instant, whatever became of them; without those for
        letters that had come long before."""
        return self._tally.decided(since)

    def alike(self, entry: Entry, now: datetime, of_one: Collection[str]) -> tuple[int, int, int]:
        """Return how many messages have gone out to its address: of its purpose in an hour, and in 24 hours, without what counts
        against the caps, and from its case with a purpose in `of_one` in 24 hours. All 0 for one that was let through before, or that a
        person has had sent again."""
        if entry.at != entry.planned_at:
            return 0, 0, 0
        of_case = map(self._entries.__getitem__, self._tally.of_case(entry))
        return (
            self._tally.alike(entry, now - _HOUR),
            self._tally.alike(entry, now - _DAY),
            sum(each.address_hash == entry.address_hash and each.purpose in of_one and _lately(each, now, _DAY) for each in of_case),
        )

    def went_out(self, since: datetime) -> int:
        """Return to how many recipients anything may have gone out after that instant: what a mail provider counts."""
        return self._tally.went_out(since)

    def compact(self, now: datetime, unsettled: Collection[str] = ()) -> None:
        """Drop what has been done for two days, but keep the numbers that the caps need, and the ids in `unsettled`: intents whose outcome
        their record has not learned yet; without their entry they would be sent again. Also, if half of the lines can go, keep one line an
        entry. Raise Temporary; then nothing is dropped."""
        done = {
            entry.id
            for entry in self._entries.values()
            if entry.state in _DONE and now - entry.at >= (KEPT if entry.filed or entry.state != "sent" else _FILED_WITHIN)
            if entry.id not in unsettled
        }
        if not done and self._lines < 2 * len(self._entries) + 1000:
            return
        kept = [entry for entry in self._entries.values() if entry.id not in done]
        dropped = [entry for entry in self._entries.values() if entry.id in done and counts(entry)]
        threads = {
            reference: (since, self._since_person(reference, dropped))
            for reference in {*self._threads, *(entry.reference for entry in dropped)}
            for since in (self._threads.get(reference, (None, 0))[0],)
        }
        try:
            self._journal.rewrite(_essence(kept, threads, self._server_files))
        finally:
            self._read()

    def close(self) -> None:
        self._journal.close()

    def _read(self) -> None:
        """Read the whole journal; if that fails, nothing that was known before is forgotten."""
        before = dict(vars(self))
        self._entries: dict[str, Entry] = {}
        #: reference -> (when a person last wrote, number of counted messages since then that were compacted away).
        self._threads: dict[str, tuple[datetime | None, int]] = {}
        self._server_files: bool | None = None
        #: Ids of what is not done: among thousands of entries these are asked for after every message.
        self._undone: dict[str, None] = {}
        #: Ids of what was sent and is not known to stand in the Sent folder.
        self._unfiled: dict[str, None] = {}
        self._tally = Tally()
        self._lines = 0
        try:
            for event in self._journal.read():
                self._apply(event)
        except (KeyError, ValueError) as error:
            vars(self).update(before)
            where = f"{self._journal.path}: an event can not be understood ({error})"
            raise Permanent(f"{where}. Upgrade mailbot, or restore the state from a backup") from error
        except BaseException:
            vars(self).update(before)
            raise

    def _since_person(self, reference: str, among: Collection[Entry]) -> int:
        since, carried = self._threads.get(reference, (None, 0))
        return carried + sum(
            1 for entry in among if entry.reference == reference and entry.committed_at and (since is None or entry.committed_at > since)
        )

    def _write(self, event: dict[str, Any], *, sync: bool) -> None:
        self._journal.append(event, sync)
        self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        """Take in one event. Raise KeyError, ValueError for one that is not understood or can not happen."""
        self._lines += 1
        match event["event"]:
            case "planned":
                entry = typed(Entry, event["entry"])
                if entry.id in self._entries:
                    raise ValueError("a message can not be planned twice")
                self._take(entry)
            case "person":
                self._threads[event["reference"]] = (instant(event["at"]), 0)
            case "thread":
                self._threads[event["reference"]] = (instant(event["since"]) if event["since"] else None, event["count"])
            case "filed":
                self._server_files = event["by_server"]
                self._take(replace(self._entries[event["id"]], filed=True))
            case "clock":
                for entry in self.entries():
                    self._take(entry.set_right(instant(event["at"])))
            case "server":
                self._server_files = event["by_server"]
            case happening:
                upcoming = instant(event["next"]) if event["next"] else None
                entry = self._entries[event["id"]]
                at, recipients = instant(event["at"]), event.get("recipients", 1)
                self._take(entry.after(happening, at, event["reason"], upcoming, recipients))

    def _besides(self, entry: Entry, ids: Collection[str]) -> list[Entry]:
        """What counts of these, without the entry itself."""
        return [each for each in map(self._entries.__getitem__, ids) if each.id != entry.id and counts(each)]

    def _take(self, entry: Entry) -> None:
        self._tally.take(entry, self._entries.get(entry.id))
        self._entries[entry.id] = entry
        self._undone[entry.id] = None
        if entry.state in _DONE:
            del self._undone[entry.id]
        self._unfiled[entry.id] = None
        if entry.state != "sent" or entry.filed:
            del self._unfiled[entry.id]


def _lately(entry: Entry, now: datetime, time: timedelta) -> bool:
    return entry.committed_at is not None and now - entry.committed_at < time


def _essence(entries: list[Entry], threads: dict[str, tuple[datetime | None, int]], server_files: bool | None) -> Iterator[dict[str, Any]]:
    """The events that say the same: an entry as it stands, a thread's count."""
    if server_files is not None:
        yield {"event": "server", "by_server": server_files}
    for reference, (since, count) in threads.items():
        if since or count:
            yield {"event": "thread", "reference": reference, "since": plain(since), "count": count}
    for entry in entries:
        yield {"event": "planned", "entry": plain(entry)}
