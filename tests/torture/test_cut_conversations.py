"""A conversation cut, stalled or garbled behind every byte of it: afterwards nothing is lost, nothing went out twice, and nobody is unsure.

`conversations` says which there are. As densely as `STEPS` says with `TORTURE=1` (`make torture`), a few places of each kind without.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

import pytest
from conversations import CONVERSATIONS, Harmed, Outcome, ground, recorded, trial
from cutting_proxy import Direction, Harm
from dovecot_server import why_no_dovecot
from figures import Row

EVERY = "TORTURE" in os.environ
#: How far apart the places of a harm lie, beside the end of every line; 0: it is done from the first byte on.
STEPS: dict[Harm, int] = {"cut": 1, "garbage": 4, "stall": 8, "reset": 16, "half-open": 16, "one byte a packet": 0, "late": 0}
#: The same where the conversation is the letter's, but for a part of it.
OTHERWISE: dict[str, dict[Harm, int]] = {
    "witness": STEPS | {"stall": 16},
    "last look": STEPS | {"stall": 16},
    "idle": STEPS | {"garbage": 1, "stall": 1, "reset": 1, "half-open": 1},
    # Most of it is noise, in which no byte is like another.
    "login": STEPS | {"cut": 4, "garbage": 16, "stall": 32, "reset": 32, "half-open": 32},
}
#: Most of the time of a trial goes by between servers.
WORKERS = 2 * (os.cpu_count() or 1)
#: How many trials one process makes before it starts its servers anew.
BATCH = 200


@pytest.mark.parametrize("name", list(CONVERSATIONS))
def test_after_any_byte_nothing_is_lost_and_nothing_goes_out_twice(name: str, rows: list[Row]) -> None:
    if reason := why_no_dovecot():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    with ground(CONVERSATIONS[name]) as place:
        said = recorded(place)
    wanted = [where for harm in STEPS for where in places(name, said, harm)]
    begun = told = time.monotonic()
    tried: Counter[Harm] = Counter()
    problems: list[str] = []
    for outcomes in in_processes(name, wanted):
        for outcome in outcomes:
            rows.append(row(outcome))
            tried[outcome.where.harm] += 1
            problems += outcome.problems
            for words in outcome.problems:
                # At once, for who watches a long run.
                print(words, flush=True)
        if time.monotonic() - told >= 60:
            told = time.monotonic()
            print(f"{name}: {tried.total()} of {len(wanted)} places in {told - begun:.0f} s, {len(problems)} findings", flush=True)
    figures = ", ".join(f"{harm} {number}" for harm, number in tried.items())
    print(
        f"{name}: {sum(map(len, said.values()))} bytes; {figures}; {len(problems)} findings; {time.monotonic() - begun:.0f} s", flush=True
    )
    assert not problems, "\n".join(problems[:20])
    assert tried.total() == len(wanted)


def places(name: str, said: Mapping[tuple[str, Direction], bytes], harm: Harm) -> Iterator[Harmed]:
    """Where a harm is done to a conversation."""
    step = OTHERWISE.get(name, STEPS)[harm]
    for (server, direction), content in said.items():
        if not step:
            # What mailbot says is for the server to read.
            chosen: Sequence[int] = [0] if direction == "answers" else []
        elif EVERY:
            ends = {at + 1 for at, byte in enumerate(content) if byte == ord("\n")}
            chosen = sorted({*range(0, len(content), step), *ends} - {len(content)})
        else:
            chosen = [len(content) // 3] if direction == "answers" or harm == "cut" else []
        yield from (Harmed(server, direction, harm, after) for after in chosen)


def in_processes(name: str, wanted: Sequence[Harmed]) -> Iterator[list[Outcome]]:
    """Trials of all of them in several processes."""
    size = BATCH if EVERY else -(-len(wanted) // (os.cpu_count() or 1))
    batches = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    # Forked, a process would have our threads' locks and none of our threads.
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = [pool.submit(all_of, name, batch) for batch in batches]
        try:
            yield from (done.result() for done in as_completed(running))
        finally:
            pool.shutdown(cancel_futures=True)


def all_of(name: str, batch: Sequence[Harmed]) -> list[Outcome]:
    """Runs in a process of its own: trials between servers of their own."""
    # Warnings of mailbot and tracebacks of a server whose client is gone.
    logging.disable()
    with ground(CONVERSATIONS[name]) as place:
        return [trial(place, where) for where in batch]


def row(outcome: Outcome) -> Row:
    lost, twice = (sum(f": {word}: " in words for words in outcome.problems) for word in ("lost", "twice"))
    return Row(
        part=f"conversation: {outcome.where.harm}",
        tried=1,
        messages_in=outcome.messages_in,
        records=outcome.records,
        messages_out=outcome.messages_out,
        duplicates=twice,
        lost=lost,
        held=outcome.held,
        findings=len(outcome.problems) - lost - twice,
        longest_recovery=outcome.recovery,
    )
