"""A session with an IMAP server (imapclient): fetch without a trace, wait, look up, file."""

from __future__ import annotations

import imaplib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Final

from imapclient import SEEN, IMAPClient, SocketTimeout

from mailbot.errors import Permanent, Temporary
from mailbot.mail import fetching
from mailbot.mail.folders import Folder, Listed, with_roles
from mailbot.mail.idling import announces, told
from mailbot.mail.imap_login import GARBLED, in_words, log_in, server_name, shut
from mailbot.mail.mailbox import BATCH_BYTES, Abilities, Account, Fetched, FolderState, Headline
from mailbot.pause import pause

__all__ = ["BATCH_BYTES", "Abilities", "Account", "Fetched", "Folder", "FolderState", "Headline", "Mailbox"]

# How soon `wait` notices that it should stop.
_STOP_SECONDS: Final = 0.5
# RFC 2177 allows 29 minutes; routers and some providers forget a silent connection sooner.
_IDLE_SECONDS: Final = 300.0
# How often a server without IDLE is asked.
_NOOP_SECONDS: Final = 5.0
# How many of the newest messages are looked through where the server will not search.
_RECENT_MESSAGES: Final = 500
_HEADER_BYTES: Final = 256 * 1024
_GOODBYE_SECONDS: Final = 2.0

# RFC 5530 and RFC 3501, 7.1.
_NO_SUCH_FOLDER: Final = ("[NONEXISTENT]", "[TRYCREATE]")


class Mailbox:
    """See `mailbox.MailboxPort` for what every method promises."""

    def __init__(self, account: Account, connect_timeout: float = 20, read_timeout: float = 60) -> None:
        self._account = account
        self._timeout = SocketTimeout(connect_timeout, read_timeout)
        self._client: IMAPClient | None = None

    def connect(self) -> None:
        self.close()
        self._client = log_in(self._account, self._timeout)

    def abilities(self) -> Abilities:
        with self._asking("CAPABILITY") as client:
            offered = {word.decode("ascii", "replace") for word in client.capabilities()}
        words = ("IDLE", "MOVE", "UIDPLUS", "SPECIAL-USE", "CONDSTORE")
        return Abilities(*(word in offered for word in words))

    def folders(self) -> tuple[Folder, ...]:
        with self._asking("LIST") as client:
            lines = client.list_folders()
        return with_roles(
            Listed(frozenset(word.decode("ascii", "replace") for word in attributes), (delimiter or b"").decode("ascii", "replace"), name)
            for attributes, delimiter, name in lines
        )

    def open(self, folder: str) -> FolderState:
        try:
            with self._asking("EXAMINE") as client:
                answer = client.select_folder(folder, readonly=True)
        except Temporary:
            # Dovecot and others refuse it without the code that would say why.
            if self._client is not None and folder.upper() != "INBOX" and folder not in {known.name for known in self.folders()}:
                raise Permanent(f"{server_name(self._account)}: there is no folder {folder}") from None
            raise
        if b"UIDVALIDITY" not in answer or b"UIDNEXT" not in answer:
            raise Permanent(f"{server_name(self._account)}: no UIDVALIDITY or UIDNEXT is given, so no message could be told from another")
        # It is in the state; what comes after it is news.
        self._news()
        return FolderState(folder, int(answer[b"UIDVALIDITY"]), int(answer[b"UIDNEXT"]), int(answer[b"EXISTS"]))

    def takes_keywords(self, folder: str) -> bool:
        """Whether the folder takes keywords of our own (RFC 3501, 7.1: PERMANENTFLAGS). Opened for writing, but nothing is written."""
        with self._asking("SELECT") as client:
            answer = client.select_folder(folder)
            client.unselect_folder() if client.has_capability("UNSELECT") else client.select_folder(folder, readonly=True)
        return b"\\*" in answer.get(b"PERMANENTFLAGS", ())

    def headlines(self, above_uid: int) -> tuple[Headline, ...]:
        # A server may show a session the folder as it was at its last answer. What is announced after this one is found by `wait`.
        self.noop()
        self._news()
        lines = self._fetch(f"{above_uid + 1}:*", "(UID RFC822.SIZE INTERNALDATE)")
        # "n:*" names the last message even if its UID is lower than n (RFC 3501, 6.4.8).
        return tuple(headline for headline in fetching.headlines(lines) if headline.uid > above_uid)

    def headlines_since(self, instant: datetime) -> tuple[Headline, ...]:
        self.noop()
        instant = instant.replace(microsecond=0)
        # SINCE disregards time and zone (RFC 3501, 6.4.4): a day earlier holds every zone.
        day = (instant - timedelta(days=1)).date()
        try:
            with self._asking("SEARCH SINCE") as client:
                uids = client.search(["SINCE", day])
        except Temporary:
            if self._client is None:
                raise
            # Yandex and Mail.ru refuse searches at times, and then are asked for everything.
            return tuple(headline for headline in self.headlines(0) if headline.arrived >= instant)
        found: list[Headline] = []
        for start in range(0, len(uids), fetching.BATCH_MESSAGES):
            lines = self._fetch(fetching.uid_set(uids[start : start + fetching.BATCH_MESSAGES]), "(UID RFC822.SIZE INTERNALDATE)")
            found.extend(fetching.headlines(lines))
        return tuple(sorted((headline for headline in found if headline.arrived >= instant), key=lambda headline: headline.uid))

    def fetch(self, headlines: Sequence[Headline], batch_bytes: int = BATCH_BYTES) -> Iterator[Fetched]:
        refusals: dict[int, Temporary] = {}
        for batch in fetching.batches(headlines, batch_bytes):
            bodies = self._bodies([headline.uid for headline in batch], refusals)
            for headline in batch:
                # Taken out, so that the message is not held longer than its reader holds it.
                body = bodies.pop(headline.uid, None)
                if body is not None and (body or not headline.size):
                    yield Fetched(headline, body)
                elif self._is_there(headline.uid):
                    refusals.setdefault(headline.uid, self._withheld())
                else:
                    refusals.pop(headline.uid, None)
        for refusal in refusals.values():
            raise refusal

    def header(self, uid: int) -> bytes:
        header = self._contents(str(uid), f"BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>", b"BODY[HEADER]").get(uid, b"")
        if not header and self._is_there(uid):
            raise self._withheld()
        return header

    def message_ids(self, uids: Sequence[int]) -> Mapping[int, str]:
        found: dict[int, str] = {}
        for start in range(0, len(uids), fetching.BATCH_MESSAGES):
            try:
                headers = self._message_ids(fetching.uid_set(uids[start : start + fetching.BATCH_MESSAGES]))
            except Temporary:
                # One that is damaged may cost the whole batch.
                if self._client is None:
                    raise
                continue
            found |= {uid: fetching.message_id(header) for uid, header in headers.items() if header}
        return found

    def wait(self, seconds: float, stop: Callable[[], bool]) -> bool:
        end = time.monotonic() + seconds
        once = self._idle if self.abilities().idle else self._poll
        # Told beside the answer to another command, where IDLE will not tell it again.
        arrived = self._news()
        while not arrived and time.monotonic() < end and not stop():
            try:
                arrived = once(end, stop)
            except Temporary:
                # The server may believe itself in IDLE still.
                self._drop()
                raise
        return arrived

    def find(self, folder: str, message_id: str) -> tuple[int, ...]:
        exists = self.open(folder).exists
        if not exists:
            return ()
        try:
            with self._asking("SEARCH HEADER") as client:
                uids = client.search(["HEADER", "Message-ID", message_id])
            # SEARCH finds parts of a header too, so what it finds is looked at.
            headers = self._message_ids(fetching.uid_set(uids[-_RECENT_MESSAGES:])) if uids else {}
        except Temporary:
            # A refusal is no "not found" (Yandex answers NO [UNAVAILABLE] at times): look with our own eyes while the connection holds.
            if self._client is None:
                raise
            headers = self._message_ids(f"{max(1, exists - _RECENT_MESSAGES + 1)}:*", by_uid=False)
        return tuple(sorted(uid for uid, header in headers.items() if fetching.message_id(header) == message_id))

    def append(self, folder: str, raw: bytes, at: datetime) -> None:
        with self._asking("APPEND") as client:
            client.append(folder, raw, flags=(SEEN,), msg_time=at)

    def noop(self) -> None:
        with self._asking("NOOP") as client:
            client.noop()

    def close(self) -> None:
        if self._client is not None:
            with suppress(OSError, imaplib.IMAP4.error, *GARBLED):
                self._client.socket().settimeout(_GOODBYE_SECONDS)
                self._client.logout()
        self._drop()

    def _connected(self) -> IMAPClient:
        if self._client is None:
            raise Temporary(f"{server_name(self._account)}: there is no connection")
        return self._client

    @contextmanager
    def _asking(self, command: str) -> Iterator[IMAPClient]:
        """The client for one command; whatever goes wrong leaves as one of our errors, and a broken connection is closed."""
        client = self._connected()
        try:
            yield client
        except (OSError, imaplib.IMAP4.abort, *GARBLED) as error:
            self._drop()
            # The causes are cut off: their texts may hold pieces of letters.
            raise Temporary(f"{server_name(self._account)}: {command}: {in_words(error, self._account)}") from None
        except imaplib.IMAP4.error as error:
            words = f"{server_name(self._account)}: {command}: {in_words(error, self._account)}"
            if any(code in str(error) for code in _NO_SUCH_FOLDER):
                raise Permanent(words) from None
            raise Temporary(words) from None
        except BaseException:
            # In the midst of a command: the next answer would be taken for another's.
            self._drop()
            raise

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            shut(client)

    def _fetch(self, messages: str, items: str, *, by_uid: bool = True) -> list[Any]:
        """The lines of one FETCH, which imapclient's own `fetch` does not give for a range "n:*" (4.1.0: ValueError)."""
        with self._asking("FETCH") as client:
            # Lines of an earlier FETCH that failed half-way, and what the server told of flags since.
            client._imap.untagged_responses.pop("FETCH", None)
            status, lines = client._imap.uid("FETCH", messages, items) if by_uid else client._imap.fetch(messages, items)
            if status != "OK":
                raise imaplib.IMAP4.error(str(lines[0], "utf-8", "replace"))
        return list(lines)

    def _contents(self, messages: str, item: str, name: bytes, *, by_uid: bool = True) -> dict[int, bytes]:
        lines = self._fetch(messages, f"(UID {item})", by_uid=by_uid)
        with self._asking("FETCH"):
            return fetching.contents(lines, name)

    def _message_ids(self, messages: str, *, by_uid: bool = True) -> dict[int, bytes]:
        return self._contents(messages, "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]", b"BODY[HEADER.FIELDS", by_uid=by_uid)

    def _bodies(self, uids: Sequence[int], refusals: dict[int, Temporary]) -> dict[int, bytes]:
        """The contents by UID; a message that is refused, or gone, adds to `refusals`."""
        try:
            return self._contents(fetching.uid_set(uids), "BODY.PEEK[]", b"BODY[]")
        except Temporary as refusal:
            if self._client is None:
                raise
            # A server may say no to the whole batch when one message of it is gone (RFC 2180, 4.1.2) or damaged.
            if len(uids) > 1:
                return {uid: raw for one in uids for uid, raw in self._bodies([one], refusals).items()}
            refusals[uids[0]] = refusal
            return {}

    def _withheld(self) -> Temporary:
        return Temporary(f"{server_name(self._account)}: FETCH: nothing is given of a message that is there")

    def _is_there(self, uid: int) -> bool:
        # Only NOOP and its like let a server say what was expunged (RFC 3501, 7.4.1).
        self.noop()
        return any(headline.uid == uid for headline in fetching.headlines(self._fetch(str(uid), "(UID RFC822.SIZE INTERNALDATE)")))

    def _news(self) -> bool:
        """Whether a new message was announced beside the answers since the last time this was asked."""
        return self._connected()._imap.untagged_responses.pop("EXISTS", None) is not None

    def _idle(self, end: float, stop: Callable[[], bool]) -> bool:
        """One IDLE command (RFC 2177); True as soon as a message is announced."""
        until = min(end, time.monotonic() + _IDLE_SECONDS)
        with self._asking("IDLE") as client:
            client.idle()
            arrived = False
            while not arrived and not stop() and (left := until - time.monotonic()) > 0:
                arrived = told(client, min(left, _STOP_SECONDS), self._timeout.read)
            _, said = client.idle_done()
        return self._news() or arrived or announces(said)

    def _poll(self, end: float, stop: Callable[[], bool]) -> bool:
        """One NOOP after a pause, for servers without IDLE."""
        until = min(end, time.monotonic() + _NOOP_SECONDS)
        while (left := until - time.monotonic()) > 0 and not stop():
            pause(min(left, _STOP_SECONDS))
        self.noop()
        return self._news()
