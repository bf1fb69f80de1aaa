"""The morning digest: what is still open, what fell silent, how many machines wrote, and who reads which of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hiring_facts import ANNA, BORIS, MONDAY, N, moment

from mailbot.hiring.company import Recruiter
from mailbot.hiring.digest import OpenCase, morning_digest

OPEN = OpenCase("A-00001", "trainee", "review", "Иван", MONDAY, MONDAY, escalated=True, silent=False)
SILENT = replace(OPEN, reference="A-00002", stage="silent", escalated=False, silent=True)
YOUNG = replace(OPEN, reference="A-00003", escalated=False)


def read(*cases: OpenCase, machines: int = 0) -> dict[str, tuple[list[str], list[str]]]:
    """Who reads which references: what waits, and what fell silent."""
    return {
        send.to: ([line["reference"] for line in facts["cases"]], [line["reference"] for line in facts["silent"]])
        for send in morning_digest(cases, machines, moment(), MONDAY.date())
        for facts in [dict[str, Any](send.facts)]
    }


@pytest.mark.parametrize(
    ("cases", "machines", "readers"),
    [
        ((), 0, {}),
        # Nothing has been escalated yet.
        ((YOUNG,), 0, {}),
        ((OPEN,), 0, {N: (["A-00001"], []), ANNA: (["A-00001"], []), BORIS: (["A-00001"], [])}),
        # Anna does not answer for the manager's position.
        ((replace(OPEN, position="manager"),), 0, {N: (["A-00001"], []), BORIS: (["A-00001"], [])}),
        # Silence is read by the recruiters, not by n@.
        ((SILENT,), 0, {ANNA: ([], ["A-00002"]), BORIS: ([], ["A-00002"])}),
        # Machines are news to recruiters alone.
        ((), 3, {ANNA: ([], []), BORIS: ([], [])}),
        ((OPEN, SILENT), 3, {N: (["A-00001"], []), ANNA: (["A-00001"], ["A-00002"]), BORIS: (["A-00001"], ["A-00002"])}),
    ],
)
def test_everybody_reads_what_is_theirs_and_nobody_gets_an_empty_digest(
    cases: tuple[OpenCase, ...], machines: int, readers: dict[str, tuple[list[str], list[str]]]
) -> None:
    assert read(*cases, machines=machines) == readers


def test_a_line_names_position_stage_and_recruiters() -> None:
    send, *_ = morning_digest((OPEN, replace(OPEN, position="")), 0, moment(), MONDAY.date())
    facts: Any = send.facts
    known, unknown = facts["cases"]
    assert (known["position"], known["stage"], known["recruiter"]) == ("Стажёр", "Проверка", "Анна, Борис")
    assert unknown["position"] == ""


def test_a_recruiter_without_a_name_is_named_by_the_address() -> None:
    send, *_ = morning_digest((OPEN,), 0, moment(recruiters=(Recruiter("", ANNA),)), MONDAY.date())
    facts: Any = send.facts
    assert facts["cases"][0]["recruiter"] == ANNA


def test_there_is_one_digest_a_day_for_each_reader() -> None:
    sends = morning_digest((OPEN,), 2, moment(), MONDAY.date())
    assert {send.cause for send in sends} == {"digest/2026-11-23"}
    assert all(send.facts["unanswered_machines"] == 2 for send in sends)
