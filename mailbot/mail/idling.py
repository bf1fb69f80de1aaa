"""What a server tells while it is in IDLE (RFC 2177), read line by line from imapclient's connection."""

from __future__ import annotations

import select
import ssl
from collections.abc import Sequence
from typing import Any

from imapclient import IMAPClient


def told(client: IMAPClient, seconds: float, read_timeout: float) -> bool:
    """Whether a message is announced within so many seconds, or was together with the "+" of IDLE. Raises if the connection has ended.

    imapclient's own `idle_check` reads without waiting and loses a line that comes in two packets (measured with pymap).
    """
    if not _at_hand(client, read_timeout):
        readable = select.poll()
        readable.register(client.socket(), select.POLLIN)
        # TLS may have something to read that is no word of the server's.
        if not readable.poll(seconds * 1000) or _at_hand(client, read_timeout) is None:
            return False
    lines = [client._imap._get_line()]
    while b"\n" in (_at_hand(client, read_timeout) or b""):
        lines.append(client._imap._get_line())
    return any(line.endswith(b" EXISTS") for line in lines)


def announces(said: Sequence[Sequence[Any]]) -> bool:
    """Whether a message is announced among the responses that imapclient has read."""
    return any(len(response) > 1 and response[1] == b"EXISTS" for response in said)


def _at_hand(client: IMAPClient, read_timeout: float) -> bytes | None:
    """What can be read now, and stays to be read; None for nothing, b"" also at the end of the connection."""
    connection = client.socket()
    connection.setblocking(False)
    try:
        content: bytes = client._imap.file.peek()
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    finally:
        connection.settimeout(read_timeout)
    return content
