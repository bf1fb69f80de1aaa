"""Append-only journals: one event a line, a checksum a line, and a last line that a crash may have torn."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from mailbot.errors import Permanent
from mailbot.records.files import FILE_MODE, in_words, replace, sync_folder, write_all

Event = Mapping[str, Any]

# {"sum":"1c291ca3","event":{...}}: fixed places, so that the checksum is taken over the bytes as they stand.
_HEAD, _MIDDLE, _TAIL = b'{"sum":"', b'","event":', b"}\n"
_SUM = slice(len(_HEAD), len(_HEAD) + 8)
_BODY = slice(_SUM.stop + len(_MIDDLE), -len(_TAIL))


class Journal:
    """A journal in one file. A line counts once its newline is written; what stands after the last newline was never acknowledged, is
    ignored when reading, and is cut off before the next line is appended. Only the holder of the state's lock may append or rewrite."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._end = 0
        #: True once fsync(2) has failed: the kernel may have dropped what earlier lines have written.
        self._doubtful = False

    def append(self, event: Event, sync: bool = True) -> int:
        """Given an event, write it as one line and return the line's place; with `sync` it is on the disk when this returns.

        Raise Temporary if it could not be written; then the journal is as before.
        """
        line = _line(event)
        if self._doubtful:
            # To repeat the fsync would prove nothing: what can still be read is written into a new file.
            self._write_anew()
        with in_words(self.path):
            descriptor = self._writable()
            place = self._end
            try:
                write_all(descriptor, line)
                if sync:
                    self._doubtful = True
                    os.fsync(descriptor)
                    self._doubtful = False
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, place)
                raise
        self._end = place + len(line)
        return place

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the events, oldest first. Raise Permanent for a damaged line, Temporary if the file can not be read."""
        return (event for _, event in self.placed())

    def placed(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (place, event), oldest first, as `read` does."""
        with in_words(self.path):
            try:
                file = self.path.open("rb")
            except FileNotFoundError:
                return
            with file:
                place = 0
                for number, line in enumerate(file, start=1):
                    if not line.endswith(b"\n"):
                        return
                    yield place, self._event(line, f"line {number}")
                    place += len(line)

    def sound(self) -> Iterator[dict[str, Any] | None]:
        """Yield the events, oldest first, and None for each line that is damaged. Raise Temporary if the file can not be read."""
        with in_words(self.path):
            try:
                file = self.path.open("rb")
            except FileNotFoundError:
                return
            with file:
                for line in file:
                    if line.endswith(b"\n"):
                        yield _event(line)

    def at(self, place: int) -> dict[str, Any]:
        """Given a place that `append` or `placed` named, return its event. Raise Permanent, Temporary as `read` does."""
        with in_words(self.path), self.path.open("rb") as file:
            file.seek(place)
            return self._event(file.readline(), f"byte {place}")

    def rewrite(self, events: Iterable[Event]) -> None:
        """Put these events in the place of all there were, atomically; they may be read from this journal meanwhile.

        Raise Temporary: then either all the old ones are there or all the new ones, and places are to be asked for anew.
        """
        # The open file would be the old one from here on.
        self.close()
        replace(self.path, map(_line, events))

    def _write_anew(self) -> None:
        self.close()
        with in_words(self.path):
            whole = self.path.read_bytes()
        replace(self.path, (whole[: whole.rfind(b"\n") + 1],))
        self._doubtful = False

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _writable(self) -> int:
        """The open file, holding whole lines only. Raise OSError."""
        if self._descriptor is None:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            try:
                # Nothing is acknowledged in a file whose name may yet be lost.
                sync_folder(self.path.parent)
                self._end = _after_last_newline(descriptor)
            except OSError:
                os.close(descriptor)
                raise
            self._descriptor = descriptor
        if os.fstat(self._descriptor).st_size != self._end:
            os.ftruncate(self._descriptor, self._end)
        return self._descriptor

    def _event(self, line: bytes, where: str) -> dict[str, Any]:
        event = _event(line)
        if event is None:
            raise Permanent(f"{self.path}, {where}: the line is damaged. A start of mailbot sets the file aside and goes on in safe mode")
        return event


def _event(line: bytes) -> dict[str, Any] | None:
    """The event of a whole line, None for a damaged one."""
    body = line[_BODY]
    if line != b"%b%08x%b%b%b" % (_HEAD, zlib.crc32(body), _MIDDLE, body, _TAIL):
        return None
    event = orjson.loads(body)
    return event if isinstance(event, dict) else None


def _line(event: Event) -> bytes:
    body = orjson.dumps(event)
    return _HEAD + b"%08x" % zlib.crc32(body) + _MIDDLE + body + _TAIL


def _after_last_newline(descriptor: int, block: int = 65536) -> int:
    """Given an open file, return how many bytes of it are whole lines."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - block)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
