"""The refresh token of an account, which its server may replace at any use: the newest is kept in the state folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailbot.records.files import in_words, make_folder, write_atomically


class RefreshToken:
    """The token that the operator gave until the server replaced it, then the newest that the server gave.

    Its file is named after the token that was given, so accounts that were given the same one share what comes of it (some servers
    withdraw all tokens when an old one is used), and whoever is given a new one starts anew with that.
    """

    def __init__(self, state_dir: Path, given: str, issuer: str) -> None:
        """Given the state folder, the operator's token, and whose it is (the token server and the client); nothing is read yet."""
        self._folder = state_dir
        self._given = given
        # The token is long and random, so its hash gives nothing away.
        origin = hashlib.sha256(f"{issuer}\0{given}".encode()).hexdigest()
        self._path = state_dir / f"refresh-token-{origin[:16]}"
        self._unwritten = ""

    def exchange(self, ask: Callable[[str], str]) -> None:
        """Call `ask` with the token that counts now, and keep the one that it returns, durably, if it is another.

        Another process that wants the same waits meanwhile. Raise what `ask` raises, and Temporary if the disk does not let us; a token
        that could not be written is kept in memory, and no further one is asked for before it is on the disk.
        """
        make_folder(self._folder)
        with _alone(self._folder):
            if self._unwritten:
                self._write(self._unwritten)
            token = self._read() or self._given
            fresh = ask(token)
            if fresh != token:
                self._unwritten = fresh
                self._write(fresh)

    def _read(self) -> str:
        with in_words(self._path):
            try:
                return self._path.read_text("ascii", "replace").strip()
            except FileNotFoundError:
                return ""

    def _write(self, token: str) -> None:
        write_atomically(self._path, f"{token}\n".encode("ascii"))
        self._unwritten = ""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process is in here with the same folder. The system opens the door when a process dies."""
    with in_words(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # `mailbot check` may run beside the daemon. An exchange is short, so this wait is too.
        with in_words(folder):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
