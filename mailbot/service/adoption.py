"""The verb `adopt` beside a running daemon: it asks, shows in a terminal how far the daemon is, and waits as long as that goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import orjson

from mailbot.errors import Permanent, Temporary
from mailbot.records.requests import Requests
from mailbot.tasks.adopt import Progress, Wish

#: How long the daemon may take to begin, and how long one letter may take, in seconds.
_PATIENCE = 30
_A_LETTER = 300
_LOOK = 0.2


def ask(requests: Requests, wish: Wish) -> str:
    """Given what is to be adopted, have the running daemon do it; return what it says. Raise Temporary if it is silent, Permanent if it
    could not do it."""
    left = requests.leave("adopt", _arguments(wish))
    seen: tuple[int, int] | None = None
    heard = time.monotonic()
    with shown() as show:
        while (answer := requests.await_answer(left, _LOOK)) is None:
            now = requests.progress_of(left)
            if now and now != seen:
                seen, heard = now, time.monotonic()
                show(*now)
            if time.monotonic() - heard > (_A_LETTER if seen else _PATIENCE):
                requests.withdraw(left)
                end = (
                    f"it was at {seen[0]} of {seen[1]}; give the same order again, and it goes on from there"
                    if seen
                    else "nothing was done"
                )
                raise Temporary(f"the daemon has not answered within {_A_LETTER if seen else _PATIENCE} seconds: {end}")
    if not answer.ok:
        raise Permanent(answer.text)
    return answer.text


def wish_of(arguments: Mapping[str, str]) -> Wish:
    """Given the arguments of a request, return what it wishes for."""
    folders = tuple(orjson.loads(arguments.get("folders", "[]")))
    return Wish(datetime.fromisoformat(arguments["since"]), bool(arguments["answer"]), folders)


def _arguments(wish: Wish) -> Mapping[str, str]:
    named = orjson.dumps(wish.folders).decode()
    return {"since": wish.since.isoformat(), "answer": "yes" if wish.answer else "", "folders": named}


@contextmanager
def shown() -> Iterator[Progress]:
    """What is told how far it is within this context shows it as a bar, if a person sits at a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    # Only here, for it takes its time to load.
    from rich import progress  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    columns = (progress.TextColumn("older letters"), progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeRemainingColumn())
    with progress.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
