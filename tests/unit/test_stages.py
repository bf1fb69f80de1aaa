"""The process as data: a stage is found by its id, and the way leads from one to the next."""

from __future__ import annotations

import pytest
from hiring_facts import STAGES

from mailbot.hiring.stages import WITHDRAWN, following, stage


def test_a_stage_is_found_by_its_id() -> None:
    assert stage(STAGES, "review").title == "Проверка"


def test_a_stage_that_is_not_listed_is_an_error() -> None:
    with pytest.raises(KeyError, match="holiday"):
        stage(STAGES, "holiday")


def test_the_way_leads_from_each_stage_to_the_next_and_ends() -> None:
    way = ["questions"]
    while after := following(STAGES, way[-1]):
        way.append(after.id)
    assert way == ["questions", "test", "review", "interview", "hired"]


def test_the_ends_are_the_stages_that_wait_for_nobody_and_lead_nowhere() -> None:
    assert [there.id for there in STAGES if there.is_end] == ["hired", "rejected", WITHDRAWN, "silent"]
