"""The one table of a long run: a row for each kind of harm, whoever tried it, with what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import timedelta


@dataclass(frozen=True)
class Row:
    """What was tried and what came of it; None where a part does not count such a thing."""

    part: str
    tried: int = 0
    messages_in: int | None = None
    records: int | None = None
    messages_out: int | None = None
    duplicates: int | None = None
    lost: int | None = None
    held: int | None = None
    findings: int | None = None
    #: By the office's clock, from the harm until nothing waited any more.
    longest_recovery: timedelta | None = None

    def __add__(self, other: Row) -> Row:
        longest = [each for each in (self.longest_recovery, other.longest_recovery) if each is not None]
        return Row(
            self.part,
            self.tried + other.tried,
            _added(self.messages_in, other.messages_in),
            _added(self.records, other.records),
            _added(self.messages_out, other.messages_out),
            _added(self.duplicates, other.duplicates),
            _added(self.lost, other.lost),
            _added(self.held, other.held),
            _added(self.findings, other.findings),
            max(longest, default=None),
        )


def table(rows: Iterable[Row]) -> str:
    """Rows of one part are added up; parts stand in the order in which they came."""
    parts: dict[str, Row] = {}
    for row in rows:
        parts[row.part] = parts[row.part] + row if row.part in parts else row
    lines = [[field.name.replace("_", " ") for field in fields(Row)]]
    lines += [["-" if value is None else str(value) for value in astuple(row)] for row in parts.values()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    # The part at the left, figures at the right.
    return "\n".join("  ".join((line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:]))) for line in lines)


def _added(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
