"""What every IMAP server of the tests offers: fresh users, delivery, and a look at its folders that does not go through mailbot."""

from __future__ import annotations

import imaplib
import os
import re
import shutil
import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Stored:
    """One message as the server holds it."""

    uid: int
    flags: frozenset[str]
    #: INTERNALDATE as the server writes it: "23-Nov-2026 10:00:00 +0500".
    internaldate: str
    raw: bytes


class ImapServer:
    """An IMAP server on loopback; every name that `new_user` gives is a new, empty mailbox."""

    def __init__(
        self, *, port: int, password: str = "secret", tls_port: int = 0, lmtp_port: int = 0, ca_file: str = "", introspection_port: int = 0
    ) -> None:
        #: The name that the certificate is good for.
        self.host = "localhost"
        #: Plain, with STARTTLS where the server has a certificate.
        self.port = port
        #: TLS from the first byte; 0 if it has none.
        self.tls_port = tls_port
        self.lmtp_port = lmtp_port
        self.ca_file = ca_file
        #: Where it asks about access tokens (`token_server.introspection`); 0 if it takes none.
        self.introspection_port = introspection_port
        #: Every user's.
        self.password = password
        #: The folder with a folder of Maildirs for each user, where that is how it keeps mail.
        self.homes: Path | None = None

    def new_user(self) -> str:
        return f"user-{uuid4().hex[:12]}"

    def home(self, user: str) -> Path:
        """The folder with the user's Maildir; there once somebody has logged in."""
        assert self.homes, "this server keeps no Maildirs"
        return self.homes / user

    def restore(self, saved: Path, user: str) -> None:
        """Give a new user a copy of a home."""
        home = self.home(user)
        shutil.copytree(saved, home)
        owner = home.parent.stat()
        for path in (home, *home.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)

    @contextmanager
    def login(self, user: str) -> Iterator[imaplib.IMAP4]:
        """A plain imaplib session of the user, logged in, no folder selected."""
        session = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        # A literal follows its command in a packet of its own, which would wait for the command to be acknowledged.
        session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            session.login(user, self.password)
            yield session
        finally:
            session.logout()

    def deliver(self, user: str, raw: bytes, sender: str = "somebody@candidates.example") -> None:
        """Put a message in the user's INBOX as a mail server does: by LMTP where there is one, else by APPEND, now, unread."""
        if not self.lmtp_port:
            self.append(user, raw)
            return
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as delivery:
            delivery.sendmail(sender, [user], raw)

    def append(self, user: str, raw: bytes, at: datetime | None = None, folder: str = "INBOX", flags: tuple[str, ...] = ()) -> None:
        """Put a message in a folder (name in ASCII or modified UTF-7) with that INTERNALDATE, the server's now if None.

        pymap keeps the zone of the date; Dovecot keeps the instant alone and shows it in its own zone.
        """
        date = imaplib.Time2Internaldate(at) if at else ""
        with self.login(user) as session:
            _ok(session.append(_quoted(folder), " ".join(flags), date, raw))

    def create_folder(self, user: str, folder: str) -> None:
        """Create a folder (name in ASCII or modified UTF-7)."""
        with self.login(user) as session:
            _ok(session.create(_quoted(folder)))

    def messages(self, user: str, folder: str = "INBOX") -> list[Stored]:
        """Every message of the folder in the order of UIDs; looking changes no flag."""
        return self.folders(user, (folder,))[folder]

    def folders(self, user: str, names: Sequence[str]) -> dict[str, list[Stored]]:
        """What `messages` gives of each of several folders, over one connection."""
        found: dict[str, list[Stored]] = {}
        with self.login(user) as session:
            for name in names:
                _ok(session.select(_quoted(name), readonly=True))
                answer = _ok(session.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])"))
                found[name] = [_stored(part[0], part[1]) for part in answer if isinstance(part, tuple)]
        return found

    def expunge(self, user: str, uid: int, folder: str = "INBOX") -> None:
        """Delete one message for good, as a person in another client does."""
        with self.login(user) as session:
            _ok(session.select(_quoted(folder)))
            _ok(session.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)"))
            _ok(session.expunge())


def _quoted(folder: str) -> str:
    return f'"{folder}"'


def _ok(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    status, lines = answer
    if status != "OK":
        raise AssertionError(f"the server of the tests answered {status} {lines}")
    return lines


def _stored(items: bytes, raw: bytes) -> Stored:
    text = items.decode("ascii")
    found = {
        name: _found(pattern, text) for name, pattern in (("uid", r"UID (\d+)"), ("flags", r"FLAGS \((.*?)\)"), ("at", r'DATE "(.*?)"'))
    }
    # \Recent belongs to the session that looks, not to the message (RFC 3501, 2.3.2).
    flags = frozenset(found["flags"].split()) - {r"\Recent"}
    return Stored(int(found["uid"]), flags, found["at"].strip(), raw)


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise AssertionError(f"no {pattern} in the answer {text}")
    return match[1]
