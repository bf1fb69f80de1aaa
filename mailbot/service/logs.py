"""The log: one line an event, as journald likes it, and never a word of personal data."""

from __future__ import annotations

import json
import logging
import os
import re
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO

from mailbot.errors import MailbotError

#: What every record has; anything else was given with `extra=` and is printed as key=value.
_USUAL = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"))
#: sd-daemon(3): priorities of syslog before the line.
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
#: Addresses and Message-IDs, which hold tokens: no event should have one, and if one does, it is not told.
_ADDRESS = re.compile(r"[^\s<>\"'(),;:=]+@[^\s<>\"'(),;:]+")

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Line(logging.Formatter):
    """Formats a record as `what happened key=value …`; under journald with the priority in front, else with time and level."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        given = (f"{key}={_value(value)}" for key, value in vars(record).items() if key not in _USUAL)
        lines = [" ".join((" ".join(record.getMessage().splitlines()), *given))]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        if self._journal:
            before = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        else:
            before = f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')} {record.levelname.lower()} "
        # Every line has its own priority: journald takes each for an entry.
        return "\n".join(before + _ADDRESS.sub("…@…", _printable(line)) for line in lines)

    def formatException(self, ei: Raised) -> str:  # noqa: N802 - logging's name
        """The error's type and where it was raised. Not its words: those of foreign errors quote what a candidate wrote."""
        error = ei[1]
        lines: list[str] = []
        while error:
            words = f": {error}" if isinstance(error, MailbotError) else ""
            places = (f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__))
            lines += [f"{type(error).__qualname__}{words}", *(f"  {place}" for place in places)]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)


def start(stream: TextIO, environ: Mapping[str, str], level: int = logging.INFO) -> None:
    """Given where to write, the environment and the least level, have mailbot's own events written there, and nobody else's.

    What libraries log is left out: mail-parser and imapclient quote messages.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line(journal=_is_journal(stream, environ)))
    ours = logging.getLogger("mailbot")
    ours.handlers[:] = [handler]
    ours.setLevel(level)
    ours.propagate = False
    # Otherwise Python itself prints the warnings of libraries.
    logging.getLogger().handlers[:] = [logging.NullHandler()]


def _is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """True if the stream goes to journald: $JOURNAL_STREAM has its device and inode (systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM", "") == f"{status.st_dev}:{status.st_ino}"


def _value(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[\w.:/+-]+", text) else json.dumps(text, ensure_ascii=False)


def _printable(line: str) -> str:
    """The line without control characters, by which a terminal could be made to show something else."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)
