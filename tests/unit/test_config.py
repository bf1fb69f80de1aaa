"""config.toml: the one that comes with mailbot is complete and valid, and what is wrong with one is said in words, all at once."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mailbot import config
from mailbot.config.refusals import model_of, toml
from mailbot.config.settings import ConfigFile
from mailbot.errors import ConfigProblem, Problem

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config.toml"
BAD = sorted((ROOT / "tests/samples/bad_configs").glob("*.toml"))
TEXT = SHIPPED.read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with templates for one stage."""
    for language in ("ru", "en"):
        (tmp_path / "templates" / language).mkdir(parents=True)
        (tmp_path / "templates" / language / "questions.j2").touch()
    return tmp_path


def put(folder: Path, text: str, mode: int = 0o644) -> Path:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def loaded(folder: Path, text: str, environ: dict[str, str] | None = None) -> config.Settings:
    return config.load(put(folder, text), environ or {}, installed=folder / "templates")


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigProblem) as caught:
        loaded(folder, text)
    return caught.value.problems


def shipped(folder: Path) -> config.Settings:
    """config.toml as it comes, at the mode that an installer gives it, away from everything else that comes with mailbot."""
    return config.load(put(folder, TEXT), {}, installed=ROOT / "templates")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_configuration_is_refused_in_these_words(path: Path, folder: Path) -> None:
    text = path.read_text("utf-8")
    mode = re.match(r"# mode: (\d+)", text)
    bad = put(folder, text, int(mode[1], 8) if mode else 0o644)
    with pytest.raises(ConfigProblem) as caught:
        config.load(bad, {}, installed=folder / "templates")
    said = "".join(f"{problem}\n" for problem in caught.value.problems).replace(str(folder), "FOLDER")
    assert said == path.with_suffix(".expected").read_text("utf-8")


def test_no_problem_shows_a_secret_that_stands_in_the_file(folder: Path) -> None:
    text = TEXT.replace('password_env = "MAILBOT_IMAP_PASSWORD"', 'password = "correct horse"')
    assert "horse" not in repr(problems(folder, text))


def test_the_shipped_configuration_is_valid_and_warns_of_nothing(folder: Path) -> None:
    assert shipped(folder).warnings == ()


def test_the_shipped_configuration_is_the_company_of_the_posting(folder: Path) -> None:
    company = shipped(folder).company
    assert (company.job, company.escalation, company.language) == ("job@up-advert.ru", "n@up-advert.ru", "ru")
    assert (company.office.timezone, company.office.opens, company.office.closes) == ("Asia/Yekaterinburg", time(10), time(19))
    assert (company.reply_within_working_days, company.hint_after_working_days, company.relay_delay_minutes) == (3, 2, 0)
    limits = company.limits
    assert (limits.address_per_day, limits.thread_without_person, limits.domain_per_hour, limits.total_per_hour) == (3, 6, 20, 60)
    assert (limits.relays_per_day, limits.notices_per_day, limits.provider_per_day) == (20, 40, 500)
    assert {"mail.ru", "yandex.ru", "gmail.com"} <= set(limits.public_domains)
    ends = [stage.id for stage in company.stages if stage.is_end]
    assert [stage.id for stage in company.stages if stage.id not in ends] == [
        "questions", "test", "review", "interview", "final_interview", "test_week",
    ]  # fmt: skip
    assert ends == ["hired", "rejected", "withdrawn", "silent"]


@pytest.mark.parametrize("id", ["trainee", "manager"])
def test_each_shipped_position_has_questions_and_an_assignment(id: str, folder: Path) -> None:
    position = shipped(folder).company.position(id)
    assert position is not None
    assert 4 <= len(position.questions) <= 6
    assert {question.required for question in position.questions} == {True, False}
    assert position.assignment.text
    assert 10_000 < Path(position.assignment.file).stat().st_size < 100_000


def test_the_assignments_are_what_their_names_say(folder: Path) -> None:
    trainee, manager = (Path(position.assignment.file) for position in shipped(folder).company.positions)
    assert (trainee.suffix, trainee.read_bytes()[:4]) == (".docx", b"PK\x03\x04")
    assert (manager.suffix, manager.read_bytes()[:5]) == (".pdf", b"%PDF-")


def keys(model: type[BaseModel], table: str) -> list[tuple[str, str]]:
    """Every key of config.toml as (table, key)."""
    found = []
    for name, field in model.model_fields.items():
        below = model_of(field.annotation)
        # Tables in one line (questions, assignment, oauth) have a table of their own only at the top.
        found += keys(below, table or name) if below else []
        if table or not below:
            found.append((table, field.alias or name))
    return found


@pytest.mark.parametrize(("table", "key"), keys(ConfigFile, ""), ids=str)
def test_every_key_stands_in_the_shipped_configuration(table: str, key: str) -> None:
    sections = re.split(r"^(?:# )?\[\[?(\w+)\]\]?$", TEXT, flags=re.MULTILINE)
    section = " ".join(text for name, text in zip(sections[1::2], sections[2::2], strict=True) if name == table)
    assert re.search(rf"(?:^(?:# )?|[{{,] ){key} = ", section, re.MULTILINE)


def test_what_is_commented_out_in_the_shipped_configuration_is_valid_too(folder: Path) -> None:
    """Nobody who removes a "#" is told that the line is wrong; secrets have one place, so those of the examples give way."""
    lines = [line.removeprefix("# ") if re.match(r"# (\w+ = |\[)", line) else line for line in TEXT.splitlines()]
    text = re.sub(r"(?m)^(password_file|oauth|ca_file) = .*\n|^dir = \"templates\"\n", "", "\n".join(lines) + "\n")
    (folder / "templates/assignments").mkdir()
    for path in (ROOT / "templates").glob("*/*"):
        (folder / path.relative_to(ROOT)).touch()
    warned = loaded(folder, text).warnings
    assert [problem.place for problem in warned] == ["escalation_mailbox", "sources", "clamd", "report"]
    assert not any(problem.fatal for problem in warned)


def test_state_directory_of_systemd_takes_the_place_of_state_dir(folder: Path) -> None:
    assert loaded(folder, good()).state_dir == folder / "state"
    assert loaded(folder, good(), {"STATE_DIRECTORY": "/var/lib/mailbot:/var/lib/other"}).state_dir == Path("/var/lib/mailbot")


def test_relative_paths_count_from_the_configuration_file(folder: Path) -> None:
    (folder / "ca.pem").touch()
    text = good().replace("port = 993\n", 'port = 993\nca_file = "ca.pem"\n') + '[state]\ndir = "memory"\n[templates]\ndir = "templates"\n'
    settings = loaded(folder, text)
    assert (settings.imap.ca_file, settings.state_dir) == (folder / "ca.pem", folder / "memory")
    assert settings.templates_dir == folder / "templates"


def test_the_shipped_configuration_alone_in_a_folder_finds_the_assignments_that_come_with_mailbot(folder: Path) -> None:
    position = shipped(folder).company.positions[0]
    assert Path(position.assignment.file) == ROOT / "templates/assignments/trainee.docx"


def test_an_assignment_beside_the_configuration_is_taken_before_the_one_that_comes_with_mailbot(folder: Path) -> None:
    (folder / "templates/assignments").mkdir()
    own = folder / "templates/assignments/trainee.docx"
    own.touch()
    position = shipped(folder).company.positions[0]
    assert Path(position.assignment.file) == own


def test_values_come_as_the_house_has_them(folder: Path) -> None:
    text = good().replace('closes = "19:00"', 'closes = 19:30:00\nextra_days_off = [2026-12-31, "2027-01-11"]').replace("maria@", "Maria@")
    company = loaded(folder, text).company
    assert company.office.closes == time(19, 30)
    assert company.office.extra_days_off == (date(2026, 12, 31), date(2027, 1, 11))
    assert company.staff("maria@example.org") is not None
    assert company.positions[0].keywords == ("Менеджер",)


def test_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    assert loaded(folder, "\ufeff" + good()).company.name == "Пример"


def test_a_missing_file_is_said_to_be_missing(folder: Path) -> None:
    with pytest.raises(ConfigProblem, match="No such file or directory"):
        config.load(folder / "none.toml", {}, installed=folder)


def test_a_file_that_is_not_utf_8_is_refused_in_words(folder: Path) -> None:
    path = put(folder, "")
    path.write_bytes('name = "Пример"'.encode("cp1251"))
    with pytest.raises(ConfigProblem, match="UTF-8"):
        config.load(path, {}, installed=folder)


def test_what_this_version_does_not_act_on_is_named(folder: Path) -> None:
    text = good() + '\n[clamd]\nsocket = "/run/clamd.sock"\n'
    assert [(problem.place, problem.fatal) for problem in loaded(folder, text).warnings] == [("clamd", False)]


@pytest.mark.parametrize("witness", ["job@example.org", "job+outbox@example.org", ""])
def test_the_witness_is_an_address_of_our_own_mailbox(folder: Path, witness: str) -> None:
    text = good().replace("port = 465\n", f'port = 465\nwitness = "{witness}"\n')
    assert loaded(folder, text).smtp.witness == witness


def test_a_strangers_address_is_no_witness(folder: Path) -> None:
    text = good().replace("port = 465\n", 'port = 465\nwitness = "copy@elsewhere.example"\n')
    with pytest.raises(ConfigProblem, match=r"smtp\.witness.*mailbox that \[imap\] reads"):
        loaded(folder, text)


def test_a_position_without_a_recruiter_is_a_warning(folder: Path) -> None:
    text = re.sub(r"\[\[recruiters\]\]\n.*\n.*\n", "", good())
    assert [problem.place for problem in loaded(folder, text).warnings] == ["positions[manager]"]


def good() -> str:
    """A valid configuration: a bad one with its one fault mended."""
    return (ROOT / "tests/samples/bad_configs/01-unknown-key.toml").read_text("utf-8").replace("hots", "host")


def imap(folder: Path, keys: str) -> Any:
    return loaded(folder, good().replace('password_env = "IMAP_PASSWORD"\n', keys)).imap


def test_a_secret_comes_from_the_variable_that_is_named(folder: Path) -> None:
    assert config.secret(imap(folder, 'password_env = "IMAP_PASSWORD"\n'), {"IMAP_PASSWORD": "a"}) == "a"


def test_a_secret_comes_from_the_private_file_that_is_named(folder: Path) -> None:
    (folder / "password").write_text("тайна \n", "utf-8")
    (folder / "password").chmod(0o600)
    assert config.secret(imap(folder, 'password_file = "password"\n'), {}) == "тайна "


def test_a_secret_comes_from_the_credential_of_systemd(folder: Path) -> None:
    (folder / "imap-password").write_text("b", "utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    assert config.secret(imap(folder, ""), environ) == "b"
    assert config.secret(imap(folder, 'password_env = "IMAP_PASSWORD"\n'), environ) == "b"


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_secret_that_others_can_read_is_refused(mode: int, folder: Path) -> None:
    (folder / "password").write_text("a", "utf-8")
    (folder / "password").chmod(mode)
    with pytest.raises(ConfigProblem, match="readable by its owner alone"):
        config.secret(imap(folder, 'password_file = "password"\n'), {})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('password_env = "IMAP_PASSWORD"\n', "IMAP_PASSWORD is not set"),
        ('password_file = "none"\n', "No such file"),
        ("", "Set password_env or password_file"),
    ],
)
def test_a_secret_that_is_missing_is_named(keys: str, said: str, folder: Path) -> None:
    with pytest.raises(ConfigProblem, match=said):
        config.secret(imap(folder, keys), {})


def test_where_nobody_logs_in_no_secret_is_asked_for(folder: Path) -> None:
    text = good().replace('username = "job@example.org"\npassword_env = "SMTP_PASSWORD"', 'username = ""')
    assert config.secret(loaded(folder, text).smtp, {}) == ""


OAUTH = 'oauth = { token_url = "https://login.example.org/token", client_id = "mailbot" }\n'


def test_oauth_is_acted_on(folder: Path) -> None:
    settings = loaded(folder, good().replace('password_env = "IMAP_PASSWORD"\n', OAUTH).replace('password_env = "SMTP_PASSWORD"\n', OAUTH))
    assert settings.warnings == ()
    assert settings.imap.oauth is not None
    assert settings.smtp.oauth is not None


@pytest.mark.parametrize(("place", "table"), [("imap", "imap"), ("smtp", "smtp"), ("escalation-mailbox", "escalation_mailbox")])
def test_a_refresh_token_and_a_clients_secret_come_from_credentials_of_systemd(place: str, table: str, folder: Path) -> None:
    text = good().replace('password_env = "IMAP_PASSWORD"\n', OAUTH).replace('password_env = "SMTP_PASSWORD"\n', OAUTH)
    text += f'[escalation_mailbox]\nhost = "imap.example.org"\nport = 993\nusername = "n@example.org"\n{OAUTH}'
    server = getattr(loaded(folder, text), table)
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    (folder / f"{place}-password").write_text("a password is not asked for", "utf-8")
    with pytest.raises(ConfigProblem, match=f"systemd credential {place}-refresh-token"):
        config.secret(server, environ)
    (folder / f"{place}-refresh-token").write_text("refresh\n", "utf-8")
    assert (config.secret(server, environ), config.client_secret(server, environ)) == ("refresh", "")
    (folder / f"{place}-client-secret").write_text("secret\n", "utf-8")
    assert config.client_secret(server, environ) == "secret"


def test_a_refresh_token_and_a_clients_secret_come_from_private_files(folder: Path) -> None:
    server = imap(folder, OAUTH.replace(" }", ', refresh_token_file = "token", client_secret_file = "secret" }'))
    for name, read in (("token", config.secret), ("secret", config.client_secret)):
        (folder / name).write_text(f"the {name}\n", "utf-8")
        (folder / name).chmod(0o640)
        with pytest.raises(ConfigProblem, match=r"imap\.oauth\.\w+_file: must be readable by its owner alone"):
            read(server, {})
        (folder / name).chmod(0o600)
        assert read(server, {}) == f"the {name}"


@pytest.mark.parametrize(
    "url", ["http://login.example.org/token", "https://user:word@login.example.org/", "https:///token", "login.example.org"]
)
def test_tokens_are_asked_for_over_https_alone(url: str, folder: Path) -> None:
    with pytest.raises(ConfigProblem, match="must be the https address that gives tokens"):
        imap(folder, OAUTH.replace("https://login.example.org/token", url))


def test_a_token_needs_a_name_to_log_in_with(folder: Path) -> None:
    text = good().replace('username = "job@example.org"\npassword_env = "SMTP_PASSWORD"\n', f'username = ""\n{OAUTH}')
    with pytest.raises(ConfigProblem, match=r"smtp\.username: must be the name to log in with"):
        loaded(folder, text)


def test_every_example_in_the_shape_is_valid_toml() -> None:
    """The advice "For example: …" can be copied into the file."""
    for _, key, example in examples(ConfigFile):
        assert tomllib.loads(f"{key} = {toml(example)}") == {key: example}


def examples(model: type[BaseModel]) -> list[tuple[str, str, Any]]:
    found: list[tuple[str, str, Any]] = []
    for name, field in model.model_fields.items():
        below = model_of(field.annotation)
        found += examples(below) if below else []
        found += [(model.__name__, field.alias or name, example) for example in field.examples or ()]
    return found


def test_whatever_stands_at_a_key_it_is_taken_or_refused_in_words_without_the_secret_in_it(folder: Path) -> None:
    whole = tomllib.loads(good().replace("questions = [{", 'assignment = { file = "x" }\nquestions = [{'))
    whole |= {"clamd": {"socket": "/x"}, "report": {"to": "n@example.org"}, "escalation_mailbox": dict(whole["imap"], ca_file="x")}
    whole["sources"] = [{"sender": "a@example.org", "fields": {"name": {"label": "x"}}}]
    whole["limits"] = {"message_bytes": 10**8, "public_domains": ["example.org"]}
    values: tuple[Any, ...] = (5, True, "", "\0\n", "a" * 400, [[]], [{}], {"id": []}, {"password": "correct horse"})
    for way in ways(whole):
        for junk in values:
            said = refusal(folder, written(replaced(whole, way, junk)))
            assert "horse" not in repr(said)
            assert all(problem.place and problem.expected for problem in said)


def refusal(folder: Path, text: str) -> tuple[Problem, ...]:
    """What is wrong with the configuration; nothing if it is taken."""
    try:
        loaded(folder, text)
    except ConfigProblem as error:
        return error.problems
    return ()


def ways(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value, tables and arrays too."""
    if way:
        yield way
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from ways(part, (*way, key))


def replaced(value: Any, way: tuple[str | int, ...], junk: Any) -> Any:
    if not way:
        return junk
    changed = value.copy()
    changed[way[0]] = replaced(value[way[0]], way[1:], junk)
    return changed


def written(value: Any) -> str:
    """The value as TOML, on one line; a whole file at the top."""

    def inline(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key} = {inline(part)}" for key, part in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(inline, value)) + "]"
        return json.dumps(value)

    return "".join(f"{key} = {inline(part)}\n" for key, part in value.items())


@pytest.mark.parametrize("name", ["", "mx.example.org", "*.yandex.net"])
def test_the_server_that_authenticates_may_be_one_of_many(name: str, folder: Path) -> None:
    text = TEXT.replace('authserv_id = ""', f'authserv_id = "{name}"', 1)
    assert config.load(put(folder, text), {}, installed=ROOT / "templates").imap.authserv_id == name


@pytest.mark.parametrize("name", ["*", "*.", "mx.*.org", "mx example"])
def test_what_can_be_no_servers_name_is_refused(name: str, folder: Path) -> None:
    text = TEXT.replace('authserv_id = ""', f'authserv_id = "{name}"', 1)
    with pytest.raises(ConfigProblem) as caught:
        config.load(put(folder, text), {}, installed=ROOT / "templates")
    assert [problem.place for problem in caught.value.problems] == ["imap.authserv_id"]
