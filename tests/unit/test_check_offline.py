"""What `mailbot check --offline` finds wrong, and what it leaves alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot import config
from mailbot.errors import Problem
from mailbot.records.catalogue import Row
from mailbot.service import check
from mailbot.tasks.desk import open_desk

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
PASSWORDS = {"MAILBOT_IMAP_PASSWORD": "a", "MAILBOT_SMTP_PASSWORD": "b"}


@pytest.fixture
def settings(tmp_path: Path) -> config.Settings:
    """The shipped configuration with a company's own servers and recruiter in the place of the examples."""
    text = (ROOT / "config.toml").read_text("utf-8").replace("example.org", "up-advert.ru")
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    path.chmod(0o644)
    return config.load(path, {}, installed=tmp_path / "templates")


def places(settings: config.Settings, environ: dict[str, str] = PASSWORDS, now: datetime = NOW) -> list[tuple[str, bool]]:
    return [(problem.place, problem.fatal) for problem in check.offline(settings, environ, now)]


def test_a_configuration_in_order_has_no_problem(settings: config.Settings) -> None:
    assert check.offline(settings, PASSWORDS, NOW) == ()


def test_every_missing_password_is_named(settings: config.Settings) -> None:
    assert places(settings, {}) == [("imap.password_env", True), ("smtp.password_env", True)]


def test_examples_that_were_left_in_are_named(settings: config.Settings) -> None:
    left = replace(settings, company=replace(settings.company, job="job@example.org"))
    assert places(left) == [("addresses.job", False)]
    assert places(replace(settings, company=replace(settings.company, job="job@counterexample.org"))) == []


def test_warnings_of_the_configuration_are_repeated(settings: config.Settings) -> None:
    odd = Problem("clamd", "set", "is not acted on", "Leave it out.", fatal=False)
    assert check.offline(replace(settings, warnings=(odd,)), PASSWORDS, NOW) == (odd,)


def test_a_template_that_names_an_unknown_fact_is_a_problem(settings: config.Settings) -> None:
    template = settings.templates_dir / "ru/test.j2"
    template.write_text(template.read_text("utf-8").replace("{% block text %}", "{% block text %}{{ salary }}"), "utf-8")
    (found,) = check.offline(settings, PASSWORDS, NOW)
    assert "ru/test.j2" in found.place
    assert found.seen == "salary"


def test_a_stage_that_sends_a_template_made_for_something_else_is_a_problem(settings: config.Settings) -> None:
    stages = tuple(replace(stage, send="received") if stage.id == "interview" else stage for stage in settings.company.stages)
    assert places(replace(settings, company=replace(settings.company, stages=stages))) == [("stages[interview].send", True)] * 2


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (datetime(2027, 10, 15, tzinfo=UTC), []),
        (datetime(2027, 11, 15, tzinfo=UTC), [("office.country", False)]),
        (datetime(2028, 2, 1, tzinfo=UTC), [("office.country", False)]),
    ],
)
def test_a_calendar_that_is_not_known_to_be_official_is_a_warning(
    now: datetime, found: list[tuple[str, bool]], settings: config.Settings
) -> None:
    assert places(settings, now=now) == found


def used(settings: config.Settings) -> Path:
    settings.state_dir.mkdir(mode=0o700)
    for name in ("key", "ledger.jsonl"):
        (settings.state_dir / name).touch(0o600)
    return settings.state_dir


def test_a_private_state_is_in_order(settings: config.Settings) -> None:
    used(settings)
    assert places(settings) == []


@pytest.mark.parametrize(("name", "mode"), [(".", 0o750), ("key", 0o640), ("ledger.jsonl", 0o604)])
def test_a_state_that_others_can_read_is_a_problem(name: str, mode: int, settings: config.Settings) -> None:
    (used(settings) / name).chmod(mode)
    (found,) = check.offline(settings, PASSWORDS, NOW)
    assert (found.place, found.fatal) == ("state.dir", True)
    assert f"mode {mode:04o}" in found.seen


def test_a_state_that_was_never_used_may_be_as_the_repository_has_it(settings: config.Settings) -> None:
    settings.state_dir.mkdir()
    settings.state_dir.chmod(0o755)
    (settings.state_dir / ".gitkeep").touch()
    assert places(settings) == []


def test_a_file_in_the_place_of_the_state_is_a_problem(settings: config.Settings) -> None:
    settings.state_dir.touch()
    assert places(settings) == [("state.dir", True)]


def test_a_stage_that_an_application_stands_at_can_not_be_taken_away(settings: config.Settings, tmp_path: Path) -> None:
    used = replace(settings, state_dir=tmp_path / "state")
    desk = open_desk(used, lambda: NOW)
    row = Row("A-7F3K9", "trainee", "trial_day", "staff", NOW, NOW, None, None, "", (), "ru", NOW, NOW, open=True)
    desk.catalogue.put(row, None)
    desk.close()

    (problem,) = check.offline(used, PASSWORDS, NOW)

    assert (problem.place, problem.seen, problem.fatal) == ("stages", "trial_day", True)
    assert "mailbot list --stage trial_day" in problem.advice


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (NOW, "calendar RU: official until 2027; the coming year, 2027, is covered"),
        (NOW.replace(year=2027), "calendar RU: official until 2027; the coming year, 2028, is not known yet"),
        (NOW.replace(year=2028), "calendar RU: official until before this year; the coming year, 2029, is not known yet"),
    ],
)
def test_it_is_said_whether_the_calendar_covers_the_coming_year(now: datetime, said: str, settings: config.Settings) -> None:
    assert check.calendar_in_words(settings, now) == said
