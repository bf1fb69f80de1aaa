"""What a mailbox is to the rest of the house: its nouns, and the port that the IMAP session and the tests' fake stand behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

from mailbot.mail.folders import Folder
from mailbot.mail.oauth import Secret

Security = Literal["tls", "starttls", "none"]

#: A batch is held in memory whole, so it is bounded in bytes.
BATCH_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Account:
    """Where the mailbox is and how to enter it."""

    host: str
    port: int
    security: Security
    username: str
    secret: Secret = field(repr=False)
    #: A further authority to trust, beside the system's; "" for none.
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder as it was when it was opened."""

    name: str
    #: UIDs mean something only together with it (RFC 3501, 2.3.1.1).
    uidvalidity: int
    #: No message present then has this UID or a higher one.
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class Headline:
    """What is known of a message before its content is fetched."""

    uid: int
    #: RFC822.SIZE, bytes.
    size: int
    #: INTERNALDATE with the zone that the server gave.
    arrived: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    headline: Headline
    raw: bytes


@dataclass(frozen=True, slots=True)
class Abilities:
    """The extensions of the server that mailbot can make use of."""

    idle: bool
    move: bool
    uidplus: bool
    special_use: bool
    condstore: bool


class MailboxPort(Protocol):
    """One session with a mailbox. It never changes a flag and never deletes; all it adds is what `append` is given.

    Every method raises Temporary if the server can not be reached, breaks off or says no, and Permanent if trying again will not help.
    After a Temporary of the connection the session is closed; `connect` begins a new one. One thread at a time.
    """

    def connect(self) -> None:
        """Connect, encrypt, verify, log in. Permanent: refused login, certificate that can not be verified, no encryption to be had."""

    def abilities(self) -> Abilities: ...

    def folders(self) -> tuple[Folder, ...]: ...

    def open(self, folder: str) -> FolderState:
        """Open a folder for reading only (EXAMINE); the methods below speak of the folder opened last. Permanent if there is none."""

    def headlines(self, above_uid: int) -> tuple[Headline, ...]:
        """The messages whose UID is higher than `above_uid`, in the order of UIDs."""

    def headlines_since(self, instant: datetime) -> tuple[Headline, ...]:
        """The messages that arrived at `instant` (in whole seconds) or later, in the order of UIDs."""

    def fetch(self, headlines: Sequence[Headline], batch_bytes: int = BATCH_BYTES) -> Iterator[Fetched]:
        """Their content, byte for byte, in the order given; a message that is gone meanwhile is left out.

        So is one that is there and refused, or given empty; Temporary is raised for it after all the others.
        """

    def header(self, uid: int) -> bytes:
        """The first 256 KiB of the message's header, for one too large to be fetched; b"" if it is gone. Temporary if it is refused."""

    def message_ids(self, uids: Sequence[int]) -> Mapping[int, str]:
        """The Message-ID of each of these messages, "" for one that has none. What is gone, or not given, is left out."""

    def wait(self, seconds: float, stop: Callable[[], bool]) -> bool:
        """Wait for a new message in the open folder: True at once when one may have come, False after `seconds` or once `stop()` is."""

    def find(self, folder: str, message_id: str) -> tuple[int, ...]:
        """The UIDs of the messages in `folder` with this Message-ID. Opens the folder. Empty only if somebody has really looked."""

    def append(self, folder: str, raw: bytes, at: datetime) -> None:
        """File a message as read (\\Seen), dated `at`, for the Sent folder. Permanent if there is no such folder."""

    def noop(self) -> None:
        """Ask the server for a sign of life."""

    def close(self) -> None:
        """Log out if that is possible; never raises."""
