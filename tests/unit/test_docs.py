"""The documents are true: what they name is there, what they show is what the program says, and what they tell to type can be typed."""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, get_args

import handbook
import pytest
from handbook import PAGES, ROOT
from pydantic import BaseModel

import mailbot
from mailbot import cli, config
from mailbot.config.refusals import model_of
from mailbot.config.settings import ConfigFile
from mailbot.hiring import kinds
from mailbot.hiring.model import Kind, Verdict
from mailbot.hiring.process import on_message
from mailbot.hiring.relay import WRITE_ABOVE
from mailbot.mail import extract, samples
from mailbot.mail.templates import Templates
from mailbot.records.outbox import State
from mailbot.tasks.carry import TOKEN_DAYS, Arrival, carry_out
from mailbot.tasks.desk import open_desk
from mailbot.tasks.gather import gather

NOW = datetime(2026, 11, 23, 5, 31, tzinfo=UTC)
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "mailbot").rglob("*.py")))
UNIT = (ROOT / "deploy/mailbot.service").read_text(encoding="utf-8")


# What is named is there


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in handbook.links(page):
        path, _, anchor = target.partition("#")
        other = str(((ROOT / page).parent / path).resolve().relative_to(ROOT)) if path else page
        assert (ROOT / other).exists(), target
        assert not anchor or anchor in handbook.anchors(other), target


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_is_named_exists(page: str) -> None:
    named = re.compile(r"(?:mailbot|tests|templates|docs|deploy|bench)/[\w./-]+")
    missing = [span for span in handbook.spans(handbook.prose(page)) if named.fullmatch(span) and not (ROOT / span).exists()]
    assert missing == []


def _tests(path: Path) -> Iterator[str]:
    """What can be run in a file of tests: its functions, classes, and the classes' functions."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef))


def test_every_test_that_is_said_to_hold_a_promise_exists() -> None:
    named = [span.split("::", 1) for span in handbook.spans(handbook.text("docs/promises.md")) if "::" in span]
    assert len(named) > 100
    assert [name for path, name in named if not (ROOT / path).is_file() or name not in set(_tests(ROOT / path))] == []
    # A name that pytest would not run holds nothing.
    assert [name for _, name in named if not name.split("::")[-1].startswith(("test_", "Test"))] == []


def test_every_promise_is_held_by_a_test_or_says_why_it_is_not() -> None:
    rows = handbook.rows(handbook.text("docs/promises.md"))
    assert [int(row[0]) for row in rows] == [*range(1, 31), *range(56, 65)]
    for number, _, said, tests in rows:
        is_held, _, why = said.partition("**.")
        assert is_held.strip("*") in {"held", "held in part", "not held"}, number
        assert "::" in tests if is_held.strip("*") == "held" else why, number


def test_the_map_of_the_house_names_every_room_and_no_other() -> None:
    house = next(block for block in handbook.blocks("README.md") if block.text.startswith("mailbot/\n"))
    named = {line.split()[0].rstrip("/") for line in house.text.splitlines() if line.startswith("  ")}
    there = {path.stem if path.is_dir() else path.name for path in (ROOT / "mailbot").iterdir()} - {
        "__init__.py",
        "__main__.py",
        "__pycache__",
    }
    assert named == there
    around = [line.split()[0] for line in house.text.splitlines() if not line.startswith(" ")]
    assert [name for name in around if not (ROOT / name).exists()] == []


def test_every_function_on_the_way_of_a_message_exists() -> None:
    named = [
        span for span in handbook.spans(handbook.section("README.md", "The way of one message")) if re.fullmatch(r"[a-z]+(\.\w+){2,}", span)
    ]
    assert len(named) > 30
    for name in named:
        parts = f"mailbot.{name}".split(".")
        thing: Any = importlib.import_module(".".join(parts[:3]))
        for part in parts[3:]:
            thing = getattr(thing, part)
        assert callable(thing), name


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_exists(page: str) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", handbook.text(page))) <= targets


def test_the_packages_that_the_tests_install_are_named() -> None:
    packages = re.search(r"(?m)^PACKAGES := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert packages
    assert set(packages[1].split()) <= set(handbook.spans(handbook.text("README.md").split("\n## ")[0]))


def test_operations_speaks_of_the_unit_as_it_is() -> None:
    page = handbook.text("docs/operations.md")
    assert [given for given in re.findall(r"--property=(\S+)", page) if given not in UNIT.splitlines()] == []
    for path in set(re.findall(r"/(?:etc|opt)/mailbot/[\w./-]*[\w]", page)) - {"/opt/mailbot/bin/pip", "/opt/mailbot/bin/python"}:
        assert path in UNIT, path
    assert "StateDirectory=mailbot" in UNIT
    assert "/var/lib/mailbot" in (ROOT / "deploy/mailbot.sysusers").read_text(encoding="utf-8")


def test_the_lines_of_the_log_and_of_troubles_are_what_mailbot_says() -> None:
    troubles = [row[0] for row in handbook.rows(handbook.section("README.md", "When something goes wrong"))]
    lines = [row[0] for row in handbook.rows(handbook.section("README.md", "Operate"))]
    said = [part.strip(" .:") for span in handbook.spans("\n".join((*troubles, *lines))) for part in re.split(r"…|\bN\b|\d+ seconds", span)]
    # A text that the code puts together from two strings stands in it with a break between them.
    unbroken = re.sub(r'"\s*\n?\s*f?"', "", SOURCE)
    assert [part for part in said if len(part) > 10 and not part.startswith("mailbot ") and part not in unbroken] == []


def test_every_line_of_prose_can_be_read_in_a_window() -> None:
    wide = [(page, line) for page in PAGES for line in handbook.prose(page).splitlines() if len(line) > 120 and not line.startswith("|")]
    assert wide == []


# Verbs


def _verbs() -> dict[str, argparse.ArgumentParser]:
    (parts,) = (action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(parts.choices)


def test_the_table_of_verbs_has_every_verb_with_all_its_options() -> None:
    forms = [handbook.spans(row[0])[0].split(maxsplit=2) for row in handbook.rows(handbook.section("README.md", "Verbs"))]
    assert [form[1] for form in forms] == list(_verbs())
    for _, name, *rest in forms:
        options = {option for action in _verbs()[name]._actions for option in action.option_strings if option.startswith("--")}
        assert set(re.findall(r"--[a-z-]+", " ".join(rest))) == options - {"--help", "--config"}, name
        choices = next((set(action.choices) for action in _verbs()[name]._actions if action.choices and not action.option_strings), set())
        assert choices <= set(re.findall(r"[a-z]+", " ".join(rest))), name


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_shown_can_be_typed(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    forms = {handbook.spans(row[0])[0] for row in handbook.rows(handbook.section("README.md", "Verbs"))}
    for words in handbook.commands(page):
        # The forms of the table have a test of their own; a verb alone is only spoken of; "mailbot is running" is no command.
        if not words or "mailbot " + " ".join(words) in forms or words in [[name] for name in _verbs()] or words[0] == "is":
            continue
        try:
            cli.parser().parse_args(words)
        except SystemExit:
            pytest.fail(f"{page}: mailbot {' '.join(words)}: {capsys.readouterr().err}")


@pytest.mark.parametrize("name", list(_verbs()))
def test_every_verb_says_in_its_help_what_it_does(name: str) -> None:
    assert len(_verbs()[name].description or "") > 40
    assert max(map(len, _verbs()[name].format_help().splitlines())) <= 120


@pytest.mark.parametrize("name", list(_verbs()))
def test_the_examples_in_the_help_can_be_typed(name: str) -> None:
    for line in (_verbs()[name].epilog or "").splitlines():
        if line.startswith("  mailbot "):
            words = re.split(r"\s{2,}|\s>", line.strip())[0].split()[1:]
            assert cli.parser().parse_args(words), line


# Configuration


def _keys(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """Every key of a table and of the tables in it, with its default; `...` where it must be given."""
    for name, field in model.model_fields.items():
        yield field.alias or name, ... if field.is_required() else field.get_default(call_default_factory=True)
        below = model_of(field.annotation)
        if below:
            yield from _keys(below)


def _documented() -> dict[str, list[str]]:
    table = handbook.rows(handbook.section("README.md", "Configure"))
    return {handbook.spans(row[0])[0].strip("[]"): handbook.spans(row[1]) for row in table}


def test_the_table_of_configuration_has_every_table() -> None:
    assert list(_documented()) == list(ConfigFile.model_fields)


@pytest.mark.parametrize("table", [name for name in ConfigFile.model_fields if name != "escalation_mailbox"])
def test_the_table_of_configuration_has_every_key_with_its_default(table: str) -> None:
    model = model_of(ConfigFile.model_fields[table].annotation)
    assert model is not None
    known = list(_keys(model))
    named = [re.split(r"[?… ]", span)[0] for span in _documented()[table]]
    assert sorted(named) == sorted(name for name, _ in known)
    for span in _documented()[table]:
        name = re.split(r"[?… ]", span)[0]
        # `text` stands in two tables of a position.
        defaults = [list(value) if isinstance(value, tuple) else value for key, value in known if key == name]
        if "=" in span:
            (written,) = tomllib.loads(span).values()
            assert written in defaults, span
        elif span.endswith("?"):
            assert any(value is None or isinstance(value, BaseModel) for value in defaults), span
        else:
            assert ... in defaults or span.endswith("…"), span


def test_every_key_of_the_table_stands_in_the_shipped_configuration() -> None:
    shipped = handbook.text("config.toml")
    for spans in _documented().values():
        for name in (re.split(r"[?… ]", span)[0] for span in spans):
            assert re.search(rf"(?m)^(?:# )?{name} =|[{{ ,]{name} =", shipped), name


# Where to add things


@pytest.fixture
def extended(tmp_path: Path) -> config.Settings:
    """The shipped configuration and templates with the README's examples added."""
    part = handbook.section("README.md", "Where to add things")
    found = dict(re.findall(r"(?ms)^\*\*A[n]? (\w+)\*\*.*?^```\w+\n(.*?)^```$", part))
    written = (ROOT / "config.toml").read_text(encoding="utf-8").replace('next = "final_interview"', 'next = "trial_day"')
    path = tmp_path / "config.toml"
    path.write_text("\n".join((written, found["stage"], found["position"])), encoding="utf-8")
    path.chmod(0o644)
    templates = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", templates)
    for language in ("ru", "en"):
        (templates / language / "trial_day.j2").write_text(found["text"], encoding="utf-8")
    return config.load(path, {}, installed=templates)


def test_the_example_of_a_stage_is_a_stage(extended: config.Settings) -> None:
    stages = {stage.id: stage for stage in extended.company.stages}
    assert stages["interview"].next == "trial_day"
    assert stages["trial_day"].next == "test_week"


def test_the_example_of_a_text_is_rendered(extended: config.Settings) -> None:
    rendered = Templates(extended.templates_dir).render("ru", "trial_day", samples.full("", "ru"))
    assert rendered.subject.startswith("Пробный день")
    assert "Приглашаем" in rendered.text


def test_the_example_of_a_position_is_answered_for(extended: config.Settings) -> None:
    position = extended.company.position("designer")
    assert position is not None
    assert position.questions
    assert extended.company.recruiters_for("designer") == extended.company.recruiters


def test_the_examples_of_rows_are_rows() -> None:
    attachment, kind = (block.text.strip().rstrip(",") for block in handbook.blocks("README.md") if block.language == "python")
    assert isinstance(eval(attachment, vars(extract)), extract.FileType)
    row = eval(kind, vars(kinds))
    assert (row.rule, row.kind) in {(each.rule, each.kind) for each in kinds.TABLE}


# JSON


Ask = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks a verb for JSON, of a state that holds one application with an attachment, and one message in quarantine."""
    path = tmp_path / "config.toml"
    path.write_bytes((ROOT / "config.toml").read_bytes())
    path.chmod(0o644)
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = "Мария Петрова <maria.petrova@mail.ru>", "job@up-advert.ru", "<5208@mail.ru>"
    letter["Subject"], letter["Date"] = "Отклик на вакансию Аккаунт-менеджер", NOW
    letter.set_content("Здравствуйте! Хочу работать у вас.\n")
    letter.add_attachment("Пять лет в рекламе.\n", filename="Резюме.txt")
    (tmp_path / "letter.eml").write_bytes(letter.as_bytes())
    desk = open_desk(config.load(path, {}, installed=ROOT / "templates"), lambda: NOW)
    found = gather(desk, desk.reader.read(letter.as_bytes()), role="inbox", arrived=NOW)
    decision = on_message(None, found.message, found.facts, desk.moment())
    carry_out(desk, decision, Arrival(found.message, letter.as_bytes(), found.facts.judgement.kind, found.facts.identity, NOW))
    desk.quarantine.put("1794547-12-5f0c2d11", b"?", "mailbot failed on it: ValueError", 3, NOW)
    reference = desk.catalogue.rows()[0].reference
    desk.close()
    monkeypatch.chdir(tmp_path)

    def asked(*words: str) -> Any:
        cli.main([reference if word == "A-7F3K9" else word for word in words])
        return json.loads(capsys.readouterr().out)

    return asked


EXAMPLES = {block.before: json.loads(block.text) for block in handbook.blocks("README.md") if block.language == "json"}


@pytest.mark.parametrize("before", EXAMPLES)
def test_an_example_of_json_has_the_keys_that_the_program_gives(before: str, ask: Ask) -> None:
    example = EXAMPLES[before]
    real = ask(*handbook.spans(before)[0].split()[1:])
    if "status" in before:
        # The outbox of the status counts messages by their state.
        assert set(example.pop("outbox")) | set(real.pop("outbox")) <= set(get_args(State))
    assert real
    assert handbook.differences(example, real) == []


def test_every_verb_that_prints_json_has_an_example() -> None:
    printing = {name for name, verb in _verbs().items() if any("--json" in action.option_strings for action in verb._actions)}
    assert printing == {handbook.spans(before)[0].split()[1] for before in EXAMPLES}


@pytest.mark.parametrize(
    ("begins", "words"), [("`kind` is one of", Kind), ("attachment's `verdict` is", Verdict), ("`state` is `planned`", State)]
)
def test_every_word_that_json_may_have_is_named(begins: str, words: Any) -> None:
    part = " ".join(handbook.section("README.md", "JSON").split())
    sentence = part[part.index(begins) :].split(". ")[0]
    assert set(handbook.spans(sentence)) - {"kind", "verdict", "state"} == set(get_args(words))


# Recruiters and changes


@pytest.mark.parametrize("language", ["ru", "en"])
def test_recruiters_are_told_to_write_above_the_very_line(language: Any) -> None:
    assert any(block.text.strip() == WRITE_ABOVE[language] for block in handbook.blocks("docs/recruiters.md"))


def test_recruiters_are_told_the_same_in_both_languages() -> None:
    russian, english = handbook.text("docs/recruiters.md").split("\n---\n")
    assert len(re.findall(r"(?m)^\*\*.+?\*\*", russian)) == len(re.findall(r"(?m)^\*\*.+?\*\*", english)) > 8
    assert len(re.findall(r"(?m)^- ", russian)) == len(re.findall(r"(?m)^- ", english))
    for part in (russian, english):
        assert str(TOKEN_DAYS) in part
        assert "mailbot move A-7F3K9 interview" in part


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("ru/returned.j2", "Ваш ответ кандидату не отправлен"),
        ("ru/office_notice.j2", "Письмо без отклика"),
        ("en/returned.j2", "Your answer was not sent"),
        ("en/office_notice.j2", "Letter without an application"),
    ],
)
def test_subjects_that_recruiters_are_told_of_are_those_of_the_templates(template: str, words: str) -> None:
    assert words in handbook.text(f"templates/{template}")
    assert words in " ".join(handbook.text("docs/recruiters.md").split())


def test_the_changelog_has_this_version() -> None:
    assert re.search(rf"(?m)^## \[{re.escape(mailbot.__version__)}\] - \d{{4}}-\d\d-\d\d$", handbook.text("CHANGELOG.md"))
