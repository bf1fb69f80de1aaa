"""The house of the design, section 3: imports run one way only, modules stay small, and `hiring` touches nothing outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mailbot

HOME = Path(mailbot.__file__).parent
#: From the roof down: a room may use those on lower floors, and of its own floor only where nothing comes back.
FLOORS = (
    {"__main__", "demo_office"},
    {"cli", "stuck", "verbs"},
    {"daemon"},
    {"tasks", "service"},
    {"mail", "records", "config"},
    {"hiring"},
)
#: What every room may stand on, `hiring` excepted; it uses nothing of the house itself.
GROUND = {"__init__", "codec", "errors", "installed", "pause"}
#: Rooms of one floor that must not know each other.
STRANGERS = {"mail", "records", "config"}
#: What could let files, sockets, clocks, chance or logs into `hiring`.
OUTSIDE = {
    "os",
    "io",
    "pathlib",
    "shutil",
    "tempfile",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "asyncio",
    "time",
    "random",
    "secrets",
    "logging",
}
OUTSIDE_FUNCTIONS = {"open", "print", "input", "exec", "eval", "__import__"}
OUTSIDE_METHODS = {"now", "utcnow", "today", "fromtimestamp", "uuid4"}


@cache
def modules() -> dict[str, Path]:
    """Every module by its name without "mailbot.": "hiring.process", "config.__init__"."""
    return {".".join(path.relative_to(HOME).with_suffix("").parts): path for path in HOME.rglob("*.py")}


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


def module_of(dotted: str) -> str:
    """The module that a dotted name means: "mailbot.config" is its __init__; "" if it is the name of something in a module."""
    inner = dotted.partition(".")[2]
    package = f"{inner}.__init__" if inner else "__init__"
    return next((name for name in (inner, package) if name in modules()), "")


def imported(name: str) -> Iterator[str]:
    """The modules of the house that a module imports, wherever in it the import stands."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from (module_of(alias.name) for alias in node.names if alias.name.split(".")[0] == "mailbot")
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports by dots"
            base = node.module or ""
            if base.split(".")[0] == "mailbot":
                yield from (module_of(f"{base}.{alias.name}") or module_of(base) for alias in node.names)


def room(name: str) -> str:
    return name.partition(".")[0]


def floor(of: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if of in rooms)


@cache
def doors() -> frozenset[tuple[str, str]]:
    """Which module uses which."""
    return frozenset((name, used) for name in modules() for used in imported(name))


def test_the_imports_are_seen() -> None:
    assert {("cli", "verbs"), ("tasks.receive", "hiring.process"), ("hiring.process", "hiring.candidates")} <= doors()
    assert all(used in modules() for _, used in doors())


def test_every_module_has_its_floor() -> None:
    assert {room(name) for name in modules()} <= set().union(*FLOORS) | GROUND


def test_imports_run_one_way_only() -> None:
    wrong = {
        (name, used)
        for name, used in doors()
        if room(name) not in GROUND and room(used) not in GROUND and floor(room(used)) < floor(room(name))
    }
    assert not wrong


def test_two_rooms_of_one_floor_do_not_use_each_other() -> None:
    used = {(room(name), room(other)) for name, other in doors() if room(name) != room(other)}
    assert not {(one, other) for one, other in used if (other, one) in used}


def test_mail_records_and_config_do_not_know_each_other() -> None:
    assert not {(name, used) for name, used in doors() if {room(name), room(used)} <= STRANGERS and room(name) != room(used)}


def test_hiring_uses_nothing_of_the_house_but_itself() -> None:
    assert {room(used) for name, used in doors() if room(name) == "hiring"} == {"hiring"}


def test_the_ground_floor_uses_nothing_of_the_house() -> None:
    assert not {(name, used) for name, used in doors() if room(name) in GROUND}


def test_messages_are_submitted_at_one_place_behind_the_gate_and_by_the_check_of_ops() -> None:
    def calls(node: ast.AST) -> set[str]:
        return {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}

    functions = {
        f"{name}.{node.name}": calls(node) for name in modules() for node in ast.walk(tree(name)) if isinstance(node, ast.FunctionDef)
    }
    # `check --send` writes to our own address alone, and a start that failed to n@ alone.
    assert {name for name, called in functions.items() if "submission.send" in called} == {
        "tasks.deliver._deliver_one",
        "service.check._trial",
        "service.alarm._send",
    }
    assert "may_send" in functions["tasks.deliver._deliver_one"]
    # The demo plays the candidates.
    speaking = {name for name in modules() if "smtplib" in modules()[name].read_text(encoding="utf-8")}
    assert {name for name in speaking if not name.startswith("service.demo.")} == {"mail.smtp", "mail.smtp_session"}


def test_no_modules_import_each_other_in_a_ring() -> None:
    order = TopologicalSorter[str]()
    for name, used in doors():
        order.add(name, used)
    assert list(order.static_order())


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_is_short_and_says_what_it_is_for(name: str) -> None:
    lines = modules()[name].read_text(encoding="utf-8").splitlines()
    assert len(lines) < 300
    assert ast.get_docstring(tree(name)), "a module opens with one sentence on its purpose"


@pytest.mark.parametrize("name", sorted(name for name in modules() if room(name) == "hiring"))
def test_hiring_is_pure(name: str) -> None:
    foreign: set[str] = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            foreign |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            foreign.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call):
            assert getattr(node.func, "id", "") not in OUTSIDE_FUNCTIONS, f"line {node.lineno}"
            assert getattr(node.func, "attr", "") not in OUTSIDE_METHODS, f"line {node.lineno}"
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            pytest.fail(f"line {node.lineno} changes what lies outside the function")
    assert not foreign & OUTSIDE
