"""Pages of plain text and JSON for those who ask by a verb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson


def as_json(value: object, *, pretty: bool = True) -> str:
    """Any value of the views as JSON; on one line if not `pretty`."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 if pretty else 0).decode()


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A plain table for a terminal or a pipe; what strangers wrote has no power over the terminal."""
    lines = [tuple(head), *(tuple(printable(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def printable(cell: object) -> str:
    """Any value as one line for a terminal, on which control characters and marks that turn the direction of writing are blanks."""
    return "".join(character if character.isprintable() else " " for character in str(cell))


def page(view: Mapping[str, object]) -> str:
    """One application for a person: its facts, then its messages and its history."""
    lines = [f"{key.replace('_', ' ')}: {printable(_inline(value))}" for key, value in view.items() if not _is_list_of_things(value)]
    for key, value in view.items():
        if _is_list_of_things(value):
            assert isinstance(value, list)
            lines += ["", key] + [f"  {printable(_inline(list(each.values())))}" for each in value]
    return "\n".join(lines)


def _is_list_of_things(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _inline(value: object) -> str:
    if isinstance(value, list):
        return "  ".join(_inline(each) for each in value if each not in (None, ""))
    return "" if value is None else str(value)
