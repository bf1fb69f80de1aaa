"""What every proxy of the tests does: it takes connections on loopback, opens one to the server for each, and ends them all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self


class TcpProxy:
    """A proxy before the server on that port of 127.0.0.1; what passes in each direction is the subclass's."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def commands_pass(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the client says, until either end closes."""
        raise NotImplementedError

    def answers_pass(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the server says, until either end closes."""
        raise NotImplementedError

    def end_all(self) -> None:
        """End every connection."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def running(self) -> Iterator[Self]:
        self._start(self._accept)
        try:
            yield self
        finally:
            # A blocked accept ends with a shutdown, not with a close.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._threads[0].join(5)
            self.stop()
            for thread in self._threads:
                thread.join(5)
            for connection in (self._listener, *self._open):
                connection.close()

    def stop(self) -> None:
        """Called when the proxy goes."""
        self.end_all()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        # Whoever heals the proxy now joins what stands here.
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._upstream))
                except OSError:
                    # The server is just being started anew.
                    client.close()
                    continue
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [client, server]
                self._start(self.commands_pass, client, server)
                self._start(self.answers_pass, client, server)
