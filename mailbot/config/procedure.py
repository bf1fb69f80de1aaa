"""Can the process of config.toml be gone through: every stage leads somewhere, none in a ring, each with its template."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from mailbot.config.settings import StageSettings
from mailbot.config.values import nearest
from mailbot.errors import Problem
from mailbot.hiring.model import Language
from mailbot.hiring.stages import WITHDRAWN


def problems(listed: tuple[StageSettings, ...]) -> Iterator[Problem]:
    """Given the stages as listed, yield what keeps an application from going through them."""
    stages = {stage.id: stage for stage in listed}
    for stage in listed:
        yield from _stage(stage, stages)
    entry = listed[0]
    if entry.waits_for == "nobody" and not entry.next:
        yield Problem(
            f"stages[{entry.id}]",
            "an end",
            "must be the entry: the first stage waits for somebody or leads on",
            "Put the first stage first.",
        )
    end = stages.get(WITHDRAWN)
    if not end or end.waits_for != "nobody" or end.next:
        yield Problem(
            "stages",
            f"no end {WITHDRAWN}",
            f'must have an end with the id "{WITHDRAWN}"',
            'For example: id = "withdrawn", title = "Отозвано"',
        )
    yield from _cycle(stages)


def _stage(stage: StageSettings, stages: dict[str, StageSettings]) -> Iterator[Problem]:
    place = f"stages[{stage.id}]"
    if stage.next and stage.next not in stages:
        yield Problem(
            f"{place}.next",
            f'"{stage.next}"',
            "must be the id of a stage of this file",
            nearest(stage.next, stages, f"Ids: {', '.join(stages)}."),
        )
    silent = stages.get(stage.on_silence)
    if stage.on_silence and not silent:
        advice = nearest(stage.on_silence, stages, f"Ids: {', '.join(stages)}.")
        yield Problem(f"{place}.on_silence", f'"{stage.on_silence}"', "must be the id of a stage of this file", advice)
    if silent and (silent.waits_for != "nobody" or silent.next or silent.send):
        yield Problem(
            f"{place}.on_silence",
            f'"{silent.id}"',
            "must be an end that waits for nobody, leads nowhere and sends nothing: mailbot rejects nobody by itself",
            "Name such an end, for example silent.",
        )
    if stage.advance == "auto" and not (stage.waits_for == "candidate" and stage.next):
        yield Problem(
            f"{place}.advance",
            '"auto"',
            "must be where the candidate answers and a stage follows",
            'Write waits_for = "candidate" and next, or advance = "command".',
        )
    if stage.deadline_working_days is None:
        if stage.remind_after_working_days or stage.on_silence:
            yield Problem(f"{place}.deadline_working_days", "nothing", "must be there: reminders and on_silence count from it", "Add it.")
    else:
        if stage.waits_for != "candidate":
            yield Problem(
                f"{place}.deadline_working_days",
                f'waits_for = "{stage.waits_for}"',
                "is for a stage that waits for the candidate",
                "Remove it.",
            )
        for days in stage.remind_after_working_days:
            if days >= stage.deadline_working_days:
                yield Problem(
                    f"{place}.remind_after_working_days",
                    str(days),
                    f"must be before the deadline, {stage.deadline_working_days}",
                    "Write a smaller number.",
                )


def _cycle(stages: dict[str, StageSettings]) -> Iterator[Problem]:
    """One problem for each ring of stages, named by where it is first entered."""
    settled: set[str] = set()
    for start in stages:
        way: list[str] = []
        here = start
        while here in stages and here not in settled and here not in way:
            way.append(here)
            here = stages[here].next
        if here in way:
            ring = " -> ".join((*way[way.index(here) :], here))
            yield Problem(
                f"stages[{way[-1]}].next", ring, "must not lead back: the process would never end", "Let it lead forward, or to an end."
            )
        settled.update(way)


def missing_templates(stages: tuple[StageSettings, ...], templates: Path) -> Iterator[Problem]:
    """Given the stages and the folder of templates, yield the stages whose template is missing in a language."""
    if not templates.is_dir():
        yield Problem(
            "templates.dir",
            str(templates),
            "must be a folder with templates",
            "Correct the path, or leave the key out for those installed.",
        )
        return
    for stage in stages:
        wanted = [f"{language}/{stage.send}.j2" for language in get_args(Language)] if stage.send else []
        missing = [name for name in wanted if not (templates / name).is_file()]
        if missing:
            advice = nearest(stage.send, {path.stem for path in templates.glob("*/*.j2")}, f"Write {' and '.join(missing)} in {templates}.")
            yield Problem(f"stages[{stage.id}].send", f'"{stage.send}"', "must be the name of a template in every language", advice)
