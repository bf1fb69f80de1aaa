"""The hiring process as data: the stages that `config.toml` lists, and the way from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailbot.hiring.model import WaitsFor

#: The id of the end that a candidate's clear withdrawal leads to; every process has it.
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Stage:
    """One `[[stages]]` table; see design section 5."""

    id: str
    title: str
    #: Template that is sent on entering; "" sends nothing.
    send: str = ""
    #: "assignment" attaches the position's test assignment; "" attaches nothing.
    attach: str = ""
    waits_for: WaitsFor = "nobody"
    #: "auto": goes on when answered; "command": a person says so.
    advance: Literal["auto", "command"] = "command"
    #: Id of the stage after it; "" for an end.
    next: str = ""
    optional: bool = False
    #: Working days the candidate has; None for no deadline.
    deadline_working_days: int | None = None
    remind_after_working_days: tuple[int, ...] = ()
    #: Stage to go to when the deadline has passed without a word; "" stays.
    on_silence: str = ""

    @property
    def is_end(self) -> bool:
        """True where the process is over: nobody is waited for and nothing comes after."""
        return self.waits_for == "nobody" and not self.next


def stage(stages: tuple[Stage, ...], id: str) -> Stage:
    """Given the process and an id, return that stage. Raise KeyError if there is none."""
    for candidate in stages:
        if candidate.id == id:
            return candidate
    raise KeyError(id)


def following(stages: tuple[Stage, ...], id: str) -> Stage | None:
    """Given the process and a stage's id, return the stage after it, or None at an end."""
    after = stage(stages, id).next
    return stage(stages, after) if after else None
