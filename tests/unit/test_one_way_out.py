"""One place reaches SMTP (design section 6): who may speak the protocol at all; the gate before it is in test_house."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import mailbot

HOME = Path(mailbot.__file__).parent
#: What could reach a mail server beside our own submission.
_WAYS_OUT = {"smtplib", "aiosmtplib", "sendmail"}


@cache
def trees() -> dict[str, ast.Module]:
    return {path.relative_to(HOME).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in HOME.rglob("*.py")}


def imported(tree: ast.Module) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def submits(node: ast.AST) -> bool:
    """Whether it is a call of `send` of what is named a submission."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "send"):
        return False
    return "submission" in ast.unparse(node.func.value).lower()


def test_two_modules_speak_smtp() -> None:
    assert {name for name, tree in trees().items() if imported(tree) & _WAYS_OUT} == {"mail/smtp.py", "mail/smtp_session.py"}


def test_one_module_opens_sessions_and_three_make_submissions() -> None:
    users = {name for name, tree in trees().items() if "mailbot.mail.smtp_session" in imported(tree)}
    makers = {
        name
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Submission"
    }
    assert users == {"mail/smtp.py"}
    # The daemon, its alarm where it can not start, and the trial message of `mailbot check --send` to the job address itself.
    assert makers == {"daemon.py", "service/alarm.py", "service/check.py"}


def test_the_trial_message_goes_to_the_job_address_alone() -> None:
    (call,) = (node for node in ast.walk(trees()["service/check.py"]) if submits(node) and isinstance(node, ast.Call))
    assert [ast.unparse(argument) for argument in call.args[1:3]] == ["job", "job"]


def test_the_alarm_of_a_start_that_failed_goes_to_n_alone() -> None:
    tree = trees()["service/alarm.py"]
    (call,) = (node for node in ast.walk(tree) if submits(node) and isinstance(node, ast.Call))
    assert [ast.unparse(argument) for argument in call.args[1:3]] == ["job", "n"]
    assert "on_alarm(" in ast.unparse(tree)
