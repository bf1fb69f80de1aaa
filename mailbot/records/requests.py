"""What the verbs ask of a running daemon: a request is a file, and so is its answer."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from mailbot.codec import plain, typed
from mailbot.pause import pause
from mailbot.records.files import in_words, make_folder, write_atomically

_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Request:
    """A verb and its arguments."""

    id: str
    verb: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a request: done or not, and the text that the verb prints."""

    ok: bool
    text: str


class Requests:
    """The requests in one folder: ID.request until the daemon has carried it out, ID.answer until the verb has read it.

    One that takes long has ID.progress meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def leave(self, verb: str, arguments: Mapping[str, str]) -> str:
        """Given a verb and its arguments, leave them for the daemon; return the request's id. Raise Temporary."""
        # Sorting ids sorts requests by their coming; a file's own time is too coarse for that.
        fresh = f"{time.time_ns():016x}{secrets.token_hex(4)}"
        make_folder(self._folder)
        write_atomically(self._request(fresh), orjson.dumps({"verb": verb, "arguments": dict(arguments)}))
        return fresh

    def waiting(self) -> tuple[Request, ...]:
        """Return the requests to be carried out, in the order they came; what is no request is left alone. Raise Temporary."""
        with in_words(self._folder):
            found = []
            for path in sorted(self._folder.glob("*.request")):
                # The verb may give up and take its request back at any moment.
                with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
                    content = orjson.loads(path.read_bytes())
                    if _ID.fullmatch(path.stem):
                        found.append(Request(path.stem, str(content["verb"]), dict(content["arguments"])))
        return tuple(found)

    def answer(self, id: str, ok: bool, text: str) -> None:
        """Given a request that was carried out, leave the answer. Raise Temporary."""
        write_atomically(self._answer(id), orjson.dumps(plain(Answered(ok, text))))
        with in_words(self._folder):
            self._request(id).unlink(missing_ok=True)
            self._progress(id).unlink(missing_ok=True)

    def note_progress(self, id: str, done: int, total: int) -> None:
        """Given a request that takes long, note how far it is. Raise Temporary."""
        write_atomically(self._progress(id), orjson.dumps([done, total]))

    def progress_of(self, id: str) -> tuple[int, int] | None:
        """Return how much of how much of a request is done; None if it has not begun. Raise Temporary."""
        with in_words(self._folder):
            try:
                done, total = orjson.loads(self._progress(id).read_bytes())
            except FileNotFoundError:
                return None
        return done, total

    def await_answer(self, id: str, seconds: float) -> Answered | None:
        """Given a request's id, wait so long for its answer and return it; None if none came. Raise Temporary."""
        until = time.monotonic() + seconds
        while True:
            with in_words(self._folder), suppress(FileNotFoundError):
                answer = typed(Answered, orjson.loads(self._answer(id).read_bytes()))
                self._answer(id).unlink()
                return answer
            if time.monotonic() >= until:
                return None
            pause(0.05)

    def withdraw(self, id: str) -> bool:
        """Given a request that nobody waits for any more, take it back; return False if it was carried out already. Raise Temporary."""
        with in_words(self._folder):
            try:
                self._request(id).unlink()
            except FileNotFoundError:
                return False
        return True

    def clear_answers(self) -> None:
        """Remove answers that nobody came for; for the daemon's start. Raise Temporary."""
        with in_words(self._folder):
            for path in (*self._folder.glob("*.answer"), *self._folder.glob("*.progress")):
                path.unlink(missing_ok=True)

    def _progress(self, id: str) -> Path:
        return self._folder / f"{id}.progress"

    def _request(self, id: str) -> Path:
        return self._folder / f"{id}.request"

    def _answer(self, id: str) -> Path:
        return self._folder / f"{id}.answer"
