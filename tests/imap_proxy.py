"""A small proxy between mailbot and a real IMAP server, that makes the faults which no healthy server makes."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tcp_proxy import TcpProxy


class ImapProxy(TcpProxy):
    """Passes lines on, unless told otherwise; one at a time for each direction. Unencrypted."""

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream)
        #: Every line of the client's.
        self.commands: list[bytes] = []
        #: Given the client's line, the answer to give in the server's place; None to pass the line on.
        self.instead: Callable[[bytes], bytes | None] = lambda _line: None
        #: Given the client's line, what to say in the server's place before the connection ends; None to let it live.
        self.says_last: Callable[[bytes], bytes | None] = lambda _line: None
        #: Given the server's line, what to pass on: packets, with a pause between them.
        self.packets: Callable[[bytes], tuple[bytes, ...]] = lambda line: (line,)

    def cut(self) -> None:
        """End every connection."""
        self.end_all()

    def commands_pass(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), client.makefile("rb") as lines:
            for line in lines:
                self.commands.append(line)
                if (last := self.says_last(line)) is not None:
                    client.sendall(last)
                    break
                answer = self.instead(line)
                if answer is None:
                    server.sendall(line)
                else:
                    client.sendall(answer)
        self._end(client, server)

    def answers_pass(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), server.makefile("rb") as lines:
            for line in lines:
                first, *others = self.packets(line)
                client.sendall(first)
                for packet in others:
                    time.sleep(0.05)
                    client.sendall(packet)
        self._end(client, server)

    def _end(self, *connections: socket.socket) -> None:
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def imap_proxy(upstream: int) -> Iterator[ImapProxy]:
    """A proxy before the server on that port of 127.0.0.1; gone afterwards."""
    with ImapProxy(upstream).running() as proxy:
        yield proxy
