"""What one FETCH asks for, and what stands in the lines of its answer (RFC 3501, 6.4.5 and 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from imapclient.response_parser import parse_fetch_response

from mailbot.mail.mailbox import Headline

_UID: Final = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_DATE: Final = re.compile(rb'\bINTERNALDATE "([^"]*)"', re.IGNORECASE)

# A date that can not be read must neither stop the other messages nor make the letter old; nobody counts an arrival as later than now.
_UNREADABLE: Final = datetime(9999, 1, 1, tzinfo=UTC)

# More messages in one command win nothing (measured), and some servers limit a command line to 8 KiB.
BATCH_MESSAGES: Final = 50


def uid_set(uids: Sequence[int]) -> str:
    """The UIDs as a command names them: "7,9,12"."""
    return ",".join(str(uid) for uid in uids)


def batches(messages: Sequence[Headline], batch_bytes: int) -> Iterator[tuple[Headline, ...]]:
    """The messages in their order, in groups of at most `batch_bytes` and BATCH_MESSAGES; a larger message is a group of its own."""
    batch: list[Headline] = []
    size = 0
    for message in messages:
        if batch and (size + message.size > batch_bytes or len(batch) == BATCH_MESSAGES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(message)
        size += message.size
    if batch:
        yield tuple(batch)


def headlines(lines: Sequence[Any]) -> Iterator[Headline]:
    """The headlines in the lines of `FETCH (UID RFC822.SIZE INTERNALDATE)`, by UID; lines that tell other things are passed over."""
    found = {headline.uid: headline for line in lines if isinstance(line, bytes) and (headline := _headline(line))}
    return (found[uid] for uid in sorted(found))


def contents(lines: Sequence[Any], item: bytes) -> dict[int, bytes]:
    """By UID, the content that the server names beginning with `item` (upper case), such as BODY[].

    Raises ValueError or imapclient's ProtocolError if the lines make no sense.
    """
    found: dict[int, bytes] = {}
    for uid, message in parse_fetch_response(list(lines), normalise_times=False, uid_is_key=True).items():
        for name, value in message.items():
            # NIL stands for a message that is gone (RFC 2180, 4.1.3).
            if name.startswith(item) and isinstance(value, bytes):
                found[uid] = value
    return found


def message_id(header: bytes) -> str:
    """The Message-ID in a header's lines, folded or not; "" if there is none."""
    name, _, value = header.partition(b":")
    return value.strip().decode("ascii", "replace") if name.strip().lower() == b"message-id" else ""


def _headline(line: bytes) -> Headline | None:
    uid, size, date = _UID.search(line), _SIZE.search(line), _DATE.search(line)
    if not (uid and size and date):
        return None
    return Headline(int(uid[1]), int(size[1]), _arrived(date[1].decode("ascii", "replace")))


def _arrived(text: str) -> datetime:
    try:
        arrived = parsedate_to_datetime(text)
    except ValueError:
        return _UNREADABLE
    # "-0000" is read as a time without zone.
    return arrived if arrived.tzinfo else arrived.replace(tzinfo=UTC)
