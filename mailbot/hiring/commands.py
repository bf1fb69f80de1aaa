"""Finds the command lines of a staff member's message: a command begins with `/` and stands at the top."""

from __future__ import annotations

#: What clients put before the first letter of a line without anybody seeing it.
_INVISIBLE = " \t\r\f\v\u00a0\u200b\u200c\u200d\u2060\ufeff"


def _lines(text: str) -> list[str]:
    return [line.strip(_INVISIBLE) for line in text.split("\n")]


def _top(lines: list[str]) -> int:
    """The number of lines before the first one that is neither empty nor a command."""
    return next((number for number, line in enumerate(lines) if line and not line.startswith("/")), len(lines))


def command_lines(text: str) -> tuple[str, ...]:
    """Given the new text of a message, return the lines at its top that begin with `/`; empty lines among them do not end the top."""
    lines = _lines(text)
    return tuple(line for line in lines[: _top(lines)] if line)


def stray_slash_lines(text: str) -> tuple[str, ...]:
    """Given the new text of a message, return the lines that begin with `/` but stand below other words.

    They are no commands, and whoever wrote them may believe that they are: such a message goes back to its writer.
    """
    lines = _lines(text)
    return tuple(line for line in lines[_top(lines) :] if line.startswith("/"))
