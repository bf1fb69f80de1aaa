"""A small proxy between mailbot and a real IMAP server, that makes the faults which no healthy server makes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class ImapProxy:
    """Passes lines on, unless told otherwise; one at a time for each direction. Unencrypted."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        #: Every line of the client's.
        self.commands: list[bytes] = []
        #: Given the client's line, the answer to give in the server's place; None to pass the line on.
        self.instead: Callable[[bytes], bytes | None] = lambda _line: None
        #: Given the server's line, what to pass on: packets, with a pause between them.
        self.packets: Callable[[bytes], tuple[bytes, ...]] = lambda line: (line,)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def cut(self) -> None:
        """End every connection."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def running(self) -> Iterator[ImapProxy]:
        self._start(self._accept)
        try:
            yield self
        finally:
            # A blocked accept ends with a shutdown, not with a close.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._threads[0].join(5)
            self.cut()
            for thread in self._threads:
                thread.join(5)
            for connection in (self._listener, *self._open):
                connection.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._upstream))
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [client, server]
                self._start(self._commands, client, server)
                self._start(self._answers, client, server)

    def _commands(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), client.makefile("rb") as lines:
            for line in lines:
                self.commands.append(line)
                answer = self.instead(line)
                if answer is None:
                    server.sendall(line)
                else:
                    client.sendall(answer)
        self._end(client, server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
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
