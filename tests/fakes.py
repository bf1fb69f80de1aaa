"""Fakes behind the ports of mailbot.mail: an IMAP server in memory with its mailbox sessions, and a submission that only remembers.

server = FakeImapServer();  user = server.new_user();  server.deliver(user, raw);  server.messages(user)      # as imap_server.ImapServer
mailbox = FakeMailbox(server, user)                        # behind MailboxPort; tests/contract/test_imap.py proves it alike
server.fail("append", Temporary("full"))                   # the next `append` of any session raises this; once
submission = FakeSubmission();  submission.sent            # [Sent(raw, sender, recipient)]
submission.script(Outcome("retry", 451, "later"))          # what the next `send` comes to; then "sent" again
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from imap_server import ImapServer, Stored

from mailbot.errors import MailbotError, Permanent, Temporary
from mailbot.mail.folders import Folder, Listed, with_roles
from mailbot.mail.mailbox import BATCH_BYTES, Abilities, Fetched, FolderState, Headline
from mailbot.mail.smtp import Outcome


@dataclass
class _FakeFolder:
    attributes: frozenset[str] = frozenset()
    uidvalidity: int = 1
    uidnext: int = 1
    stored: list[Stored] = field(default_factory=list)
    #: UIDs of what is listed and not given; True: not even its header.
    withheld: dict[int, bool] = field(default_factory=dict)


class FakeImapServer(ImapServer):
    """Folders in memory; names as people read them, so tests may say `Отправленные`."""

    def __init__(self) -> None:
        super().__init__(port=0)
        self.changed = threading.Condition()
        self._users: dict[str, dict[str, _FakeFolder]] = {}
        self._faults: dict[str, deque[MailbotError]] = defaultdict(deque)

    def new_user(self) -> str:
        name = super().new_user()
        self._users[name] = {"INBOX": _FakeFolder(), "Sent": _FakeFolder(frozenset({r"\Sent"})), "Junk": _FakeFolder(frozenset({r"\Junk"}))}
        return name

    def fail(self, method: str, *errors: MailbotError) -> None:
        """The next times that a session's `method` is called, it raises these in turn."""
        self._faults[method].extend(errors)

    def heal(self) -> None:
        """Forget what was to fail."""
        self._faults.clear()

    def fault(self, method: str) -> None:
        """Raise what is due; for the sessions."""
        if self._faults[method]:
            raise self._faults[method].popleft()

    def append(self, user: str, raw: bytes, at: datetime | None = None, folder: str = "INBOX", flags: tuple[str, ...] = ()) -> None:
        when = (at or datetime.now(UTC)).strftime("%d-%b-%Y %H:%M:%S %z")
        with self.changed:
            into = self.folder(user, folder)
            into.stored.append(Stored(into.uidnext, frozenset(flags), when, raw))
            into.uidnext += 1
            self.changed.notify_all()

    def create_folder(self, user: str, folder: str) -> None:
        self._users[user][folder] = _FakeFolder()

    def messages(self, user: str, folder: str = "INBOX") -> list[Stored]:
        return list(self.folder(user, folder).stored)

    def expunge(self, user: str, uid: int, folder: str = "INBOX") -> None:
        into = self.folder(user, folder)
        into.stored = [stored for stored in into.stored if stored.uid != uid]

    def withhold(self, user: str, uid: int, folder: str = "INBOX", *, header: bool = False) -> None:
        """From now on list a message and do not give it, nor its header if that is said too."""
        self.folder(user, folder).withheld[uid] = header

    def give(self, user: str, folder: str = "INBOX") -> None:
        """Give everything in a folder again."""
        self.folder(user, folder).withheld.clear()

    def renumber(self, user: str, folder: str = "INBOX") -> None:
        """Give the folder a new UIDVALIDITY and its messages new UIDs, as a server does that lost its index."""
        into = self.folder(user, folder)
        into.uidvalidity += 1
        into.withheld.clear()
        into.stored = [replace(stored, uid=uid) for uid, stored in enumerate(into.stored, 1)]
        into.uidnext = len(into.stored) + 1

    def folder(self, user: str, name: str) -> _FakeFolder:
        """The folder itself; Permanent if there is none. For the sessions."""
        try:
            return self._users[user][name]
        except KeyError:
            raise Permanent(f"there is no folder {name}") from None

    def listed(self, user: str) -> list[Listed]:
        """As LIST tells it; for the sessions."""
        return [Listed(folder.attributes, ".", name) for name, folder in self._users[user].items()]


class FakeMailbox:
    """One session; behind `mailbot.mail.mailbox.MailboxPort`."""

    def __init__(self, server: FakeImapServer, user: str) -> None:
        self._server = server
        self._user = user
        self._folder: _FakeFolder | None = None
        #: The first UID that `wait` would still call new.
        self._new = 1
        self._connected = False

    def connect(self) -> None:
        self._server.fault("connect")
        self._connected = True

    def abilities(self) -> Abilities:
        self._begin("abilities")
        return Abilities(idle=True, move=True, uidplus=True, special_use=True, condstore=False)

    def folders(self) -> tuple[Folder, ...]:
        self._begin("folders")
        return with_roles(self._server.listed(self._user))

    def open(self, folder: str) -> FolderState:
        self._begin("open")
        self._folder = self._server.folder(self._user, folder)
        self._new = self._folder.uidnext
        return FolderState(folder, self._folder.uidvalidity, self._folder.uidnext, len(self._folder.stored))

    def headlines(self, above_uid: int) -> tuple[Headline, ...]:
        folder = self._opened("headlines")
        self._new = folder.uidnext
        return tuple(_headline(stored) for stored in folder.stored if stored.uid > above_uid)

    def headlines_since(self, instant: datetime) -> tuple[Headline, ...]:
        folder = self._opened("headlines_since")
        found = (_headline(stored) for stored in folder.stored)
        return tuple(headline for headline in found if headline.arrived >= instant.replace(microsecond=0))

    def fetch(self, headlines: Sequence[Headline], batch_bytes: int = BATCH_BYTES) -> Iterator[Fetched]:
        folder = self._opened("fetch")
        for headline in headlines:
            for stored in folder.stored:
                if stored.uid == headline.uid and stored.uid not in folder.withheld:
                    yield Fetched(headline, stored.raw)
        if folder.withheld.keys() & {headline.uid for headline in headlines}:
            raise Temporary("NO [UNAVAILABLE]")

    def header(self, uid: int) -> bytes:
        folder = self._opened("header")
        if folder.withheld.get(uid):
            raise Temporary("NO [UNAVAILABLE]")
        found = (stored.raw for stored in folder.stored if stored.uid == uid)
        head, line, _ = next(found, b"").partition(b"\r\n\r\n")
        return head + line

    def message_ids(self, uids: Sequence[int]) -> Mapping[int, str]:
        folder = self._opened("message_ids")
        return {each.uid: _message_id(each.raw) for each in folder.stored if each.uid in uids and not folder.withheld.get(each.uid)}

    def wait(self, seconds: float, stop: Callable[[], bool]) -> bool:
        folder = self._opened("wait")
        end = time.monotonic() + seconds
        with self._server.changed:
            while folder.uidnext <= self._new and (left := end - time.monotonic()) > 0 and not stop():
                self._server.changed.wait(min(left, 0.05))
            arrived = folder.uidnext > self._new
            self._new = folder.uidnext
        return arrived

    def find(self, folder: str, message_id: str) -> tuple[int, ...]:
        self._begin("find")
        self.open(folder)
        return tuple(stored.uid for stored in self._opened("find").stored if _message_id(stored.raw) == message_id)

    def append(self, folder: str, raw: bytes, at: datetime) -> None:
        self._begin("append")
        self._server.append(self._user, raw, at, folder, (r"\Seen",))

    def noop(self) -> None:
        self._begin("noop")

    def close(self) -> None:
        self._connected = False
        self._folder = None

    def _begin(self, method: str) -> None:
        if not self._connected:
            raise Temporary("there is no connection")
        self._server.fault(method)

    def _opened(self, method: str) -> _FakeFolder:
        self._begin(method)
        if self._folder is None:
            raise Temporary("no folder is open")
        return self._folder


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that was submitted, whatever became of it."""

    raw: bytes
    sender: str
    recipient: str
    #: Who got a copy in the same transaction, "" for nobody.
    witness: str = ""


class FakeSubmission:
    """Takes every message; behind the port of `mailbot.mail.smtp.Submission`."""

    def __init__(self) -> None:
        #: What a real server would have: outcomes "sent" and "unknown".
        self.sent: list[Sent] = []
        self._outcomes: deque[Outcome] = deque()
        self._troubles: deque[MailbotError] = deque()

    def script(self, *outcomes: Outcome) -> None:
        """What the next messages come to, in turn; a "retry" or "failed" comes before the dot, so `commit` is not called."""
        self._outcomes.extend(outcomes)

    def clear(self) -> None:
        """From now on every message is taken."""
        self._outcomes.clear()

    def trouble(self, *errors: MailbotError) -> None:
        """What the next calls of `check` raise, in turn."""
        self._troubles.extend(errors)

    def send(self, raw: bytes, sender: str, recipient: str, commit: Callable[[], None], witness: str = "") -> Outcome:
        outcome = self._outcomes.popleft() if self._outcomes else Outcome("sent", 250, "2.0.0 taken")
        if outcome.state in {"sent", "unknown"}:
            commit()
            self.sent.append(Sent(raw, sender, recipient, witness))
        return outcome

    def check(self) -> tuple[str, ...]:
        if self._troubles:
            raise self._troubles.popleft()
        return ("8BITMIME", "PIPELINING")

    def close(self) -> None:
        """Nothing is held open."""


def _headline(stored: Stored) -> Headline:
    return Headline(stored.uid, len(stored.raw), parsedate_to_datetime(stored.internaldate))


def _message_id(raw: bytes) -> str:
    found = re.search(rb"^message-id:\s*(\S+)", raw.partition(b"\r\n\r\n")[0], re.IGNORECASE | re.MULTILINE)
    return found[1].decode("ascii", "replace") if found else ""
