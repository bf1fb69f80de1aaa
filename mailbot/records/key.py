"""The secret of one installation, and every name that is derived from it: identities, references, tokens, marks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mailbot.errors import Permanent
from mailbot.hiring.model import Message
from mailbot.records.files import FILE_MODE, in_words, make_folder, sync_folder, write_all
from mailbot.records.schema import is_used

_LENGTH = 32
_ADVICE = "Restore the key from a backup of this state. To begin anew on purpose, move all that is in {} to another place"
#: Crockford's base 32: no I, L, O, U, so that a reference can be read aloud.
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Key:
    """32 secret bytes. Every method is a keyed hash (HMAC-SHA256), separate for each purpose: the same input gives the same name."""

    secret: bytes = field(repr=False)

    def identity(self, message: Message) -> str:
        """Given a message, return 32 hex digits that are the same however often, and under whatever UID, it comes."""
        return self._digest(
            "identity",
            message.message_id.strip(),
            message.sender.address if message.sender else "",
            message.date.astimezone(UTC).isoformat() if message.date else "",
            " ".join(message.subject.split()),
            message.body_digest,
        ).hex()[:32]

    def raw_identity(self, raw: bytes) -> str:
        """Given the bytes of a message that can not be read, return 32 hex digits by which the same bytes are known again."""
        return self._digest("raw", hashlib.sha256(raw).hexdigest()).hex()[:32]

    def reference(self, identity: str, attempt: int = 0) -> str:
        """Given the identity of a first message, return the application's reference; `attempt` above 0 gives another where one is taken."""
        number = int.from_bytes(self._digest("reference", identity, str(attempt))[:4], "big")
        return "A-" + "".join(_CROCKFORD[number >> shift & 31] for shift in (20, 15, 10, 5, 0))

    def intent(self, case: str, purpose: str, to: str, cause: str) -> str:
        """Given what makes an outgoing message that one message, return its id: 16 letters and digits of lower-case base 32."""
        return base64.b32encode(self._digest("intent", case, purpose, to, cause)[:10]).decode("ascii").lower()

    def token(self, intent: str, reference: str, recipient: str, purpose: str, expires: datetime) -> str:
        """Return the K of a notice's Message-ID: 128 bits in hex, that only this installation can make."""
        return self._digest("token", intent, reference, recipient, purpose, expires.astimezone(UTC).isoformat()).hex()[:32]

    def is_token(self, value: str, intent: str, reference: str, recipient: str, *, purpose: str, expires: datetime) -> bool:
        """Is `value` the token of exactly this notice? Takes as long for a near miss as for a wild guess."""
        return _same(value, self.token(intent, reference, recipient, purpose, expires))

    def letter(self, intent: str) -> str:
        """Return the K of a Message-ID to a candidate: 128 bits in hex, that give no right to anything."""
        return self._digest("letter", intent).hex()[:32]

    def mark(self, intent: str) -> str:
        """Return the value of X-Mailbot, by which a message of ours is known even where a server rewrote its Message-ID."""
        return f"{intent}.{self._digest('mark', intent).hex()[:32]}"

    def is_mark(self, value: str) -> bool:
        """Is `value` an X-Mailbot that this installation wrote?"""
        return _same(value.strip(), self.mark(value.strip().partition(".")[0]))

    def hash(self, text: str) -> str:
        """Given an address or a domain, return 16 hex digits that stand for it in journals; case does not matter."""
        return self._digest("hash", text.lower()).hex()[:16]

    def _digest(self, purpose: str, *parts: str) -> bytes:
        mac = hmac.new(self.secret, purpose.encode("ascii"), hashlib.sha256)
        for part in parts:
            content = part.encode("utf-8", "surrogatepass")
            # The length first, so that no two lists of parts are the same bytes.
            mac.update(len(content).to_bytes(8, "big") + content)
        return mac.digest()


def open_key(state_dir: Path) -> Key:
    """Given the state folder, return its key; the first use makes one.

    Raise Permanent for a damaged key, and for a missing one of a state in use: with another key no message would be known again.
    """
    path = state_dir / "key"
    make_folder(state_dir)
    with in_words(path):
        if not path.exists():
            if is_used(state_dir):
                raise Permanent(f"{path}: the key is missing, but {state_dir} is in use. {_ADVICE.format(state_dir)}")
            _make(path)
        secret = path.read_bytes()
        if len(secret) != _LENGTH:
            raise Permanent(f"{path}: the key is damaged ({len(secret)} bytes, not {_LENGTH}). {_ADVICE.format(state_dir)}")
        if path.stat().st_mode & 0o077:
            path.chmod(FILE_MODE)
    return Key(secret)


def _make(path: Path) -> None:
    """Make a key under a name of its own, then link it: of two processes at once the first wins, and both read the same. Raise OSError."""
    fresh = path.with_name(f".key.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        write_all(descriptor, secrets.token_bytes(_LENGTH))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
    sync_folder(path.parent)


def _same(value: str, expected: str) -> bool:
    return hmac.compare_digest(value.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))
