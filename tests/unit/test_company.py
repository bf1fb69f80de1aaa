"""Who is who in the company: whose address counts as staff, and who answers for a position."""

from __future__ import annotations

import pytest
from hiring_facts import ANNA, BORIS, COMPANY, JOB, TRAINEE, N, company

from mailbot.hiring.company import Recruiter


def test_job_and_its_aliases_are_our_own_addresses() -> None:
    assert COMPANY.own_addresses == {JOB, "hr@up-advert.ru"}


def test_recruiters_and_n_are_staff() -> None:
    assert COMPANY.staff_addresses == {ANNA, BORIS, N}


@pytest.mark.parametrize(("address", "name"), [(ANNA, "Анна"), (BORIS, "Борис"), (N, "")])
def test_a_staff_member_is_found_by_the_address(address: str, name: str) -> None:
    found = COMPANY.staff(address)
    assert found is not None
    assert (found.address, found.name) == (address, name)


@pytest.mark.parametrize("address", ["ivan@mail.ru", JOB, ""])
def test_nobody_else_is_staff(address: str) -> None:
    assert COMPANY.staff(address) is None


def test_a_recruiter_who_reads_at_n_is_named() -> None:
    chief = Recruiter("Нина", N, ("manager",))
    assert company(recruiters=(chief,)).n == chief
    assert company(recruiters=(chief,)).staff(N) == chief


@pytest.mark.parametrize(
    ("position", "addresses"),
    [("trainee", [ANNA, BORIS]), ("manager", [BORIS]), ("", [ANNA, BORIS])],
)
def test_a_position_is_answered_for_by_those_listed_for_it_and_by_all_while_it_is_not_known(position: str, addresses: list[str]) -> None:
    assert [recruiter.address for recruiter in COMPANY.recruiters_for(position)] == addresses


def test_n_answers_for_a_position_that_nobody_is_listed_for() -> None:
    anna_alone = company(recruiters=COMPANY.recruiters[:1])
    assert [recruiter.address for recruiter in anna_alone.recruiters_for("manager")] == [N]


def test_a_position_is_found_by_its_id() -> None:
    assert COMPANY.position("trainee") == TRAINEE
    assert COMPANY.position("") is None
