"""Reading the documents: their code blocks, code spans, tables and links, and the commands that stand in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/recruiters.md", "docs/operations.md", "docs/promises.md", "CHANGELOG.md", "templates/README.md")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code: its language ("" for none), its text, and the last line of prose before it."""

    language: str
    text: str
    before: str


def text(page: str) -> str:
    """The whole of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """The part of a page beneath a heading, up to the next heading of the same or a higher level."""
    found = re.search(rf"(?ms)^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text(page))
    assert found, f"{page} has no section {title}"
    return found[2]


def blocks(page: str) -> Iterator[Block]:
    """Every fenced block of code of a page, in order."""
    for found in re.finditer(r"(?ms)^([^\n]*)\n+```(\w*)\n(.*?)^```$", text(page)):
        yield Block(found[2], found[3], found[1])


def prose(page: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```$", "", text(page))


def spans(markdown: str) -> list[str]:
    """Every code span; `\\|` stands for "|" in a table."""
    return [span.replace("\\|", "|") for span in re.findall(r"`([^`\n]+)`", markdown)]


def rows(markdown: str) -> list[list[str]]:
    """The rows of every table, without its head, cell by cell."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for number, row in enumerate(table) if not _rules(row) and not (number + 1 < len(table) and _rules(table[number + 1]))]


def _rules(row: list[str]) -> bool:
    return all(re.fullmatch(r":?-+:?", cell) for cell in row)


def commands(page: str) -> Iterator[list[str]]:
    """The arguments of every whole `mailbot` command in a page's blocks and code spans."""
    lines = [line for block in blocks(page) if not block.language for line in block.text.replace("\\\n", " ").splitlines()]
    for line in (*lines, *spans(prose(page))):
        # What a shell would do with the output is no argument.
        words = shlex.split(re.split(r"\s[>|]", line)[0], comments=True) if line.count("'") % 2 == 0 else []
        names = [place for place, word in enumerate(words) if word in ("mailbot", "/opt/mailbot/bin/mailbot")]
        if names and (names[0] == 0 or words[0] == "systemd-run"):
            yield words[names[-1] + 1 :]


def links(page: str) -> Iterator[str]:
    """The targets of every link that stays in the repository."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not target.startswith(("http://", "https://")):
            yield target


def anchors(page: str) -> set[str]:
    """The anchors that a page's headings make, as code hosts make them."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def differences(example: Any, real: Any, place: str = "") -> list[str]:
    """Where an example of JSON has other keys or other types than what the program has said; null and empty lists fit anything."""
    if example is None or real is None or example == [] or real == []:
        return []
    if isinstance(example, dict) and isinstance(real, dict):
        found = [f"{place}.{key}" for key in sorted(set(example) ^ set(real))]
        return found + [each for key in example.keys() & real.keys() for each in differences(example[key], real[key], f"{place}.{key}")]
    if isinstance(example, list) and isinstance(real, list):
        return differences(example[0], real[0], f"{place}[0]")
    numbers = isinstance(example, int | float) and isinstance(real, int | float)
    return [] if type(example) is type(real) or numbers else [f"{place}: {example!r}, not {real!r}"]
