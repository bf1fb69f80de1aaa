"""The templates that people read, filled in with facts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import get_args

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import TemplateRuntimeError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailbot.errors import ConfigProblem, Problem, Temporary
from mailbot.hiring.actions import Fact
from mailbot.hiring.model import Language
from mailbot.mail import dates, samples


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template filled in; `html` is "" where the template has no such block."""

    subject: str
    text: str
    html: str


class Templates:
    """The templates of a folder: one folder a language, one file a message.

    `zone` is the zone that instants are shown in; None shows each in its own.
    """

    def __init__(self, folder: Path, zone: tzinfo | None = None) -> None:
        self._folder = folder
        languages: tuple[Language, ...] = get_args(Language)
        self._plain = {language: _environment(folder / language, language, zone, escaped=False) for language in languages}
        self._escaped = {language: _environment(folder / language, language, zone, escaped=True) for language in languages}

    def names(self, language: Language) -> tuple[str, ...]:
        """The templates there are in a language; a file that begins with "_" is a part of others, and no template."""
        return tuple(sorted(path.stem for path in (self._folder / language).glob("[!_]*.j2")))

    def render(self, language: Language, name: str, facts: Mapping[str, Fact]) -> Rendered:
        """Given the facts, return the message. They are only ever data: nothing in them is read as a template.

        Raise ConfigProblem, with file and line, if the template is missing, broken or names a fact that is not given,
        Temporary if the disk does not give it.
        """
        try:
            subject = _block(self._plain[language], name, "subject", facts)
            text = _block(self._plain[language], name, "text", facts)
            has_html = "html" in self._plain[language].get_template(f"{name}.j2").blocks
            html = _block(self._escaped[language], name, "html", facts) if has_html else ""
        # A template is a small program of the company's: whatever it does wrong is a fault in its file.
        except Exception as error:
            path = self._folder / language / f"{name}.j2"
            if isinstance(error, OSError) and not isinstance(error, TemplateNotFound | PermissionError):
                raise Temporary(f"{path}: the template can not be read ({error.strerror}); mailbot tries again") from error
            raise ConfigProblem((_problem(path, error),)) from error
        return Rendered(" ".join(subject.split()), _neat(text), _neat(html))

    def problems(self, languages: Collection[Language], wanted: Collection[str]) -> tuple[Problem, ...]:
        """Render every template that there is, that the process needs or that is wanted (by a stage), with sample facts.

        Return what is wrong, each once.
        """
        found: list[Problem] = []
        for language in languages:
            for name in sorted({*wanted, *samples.NEEDED, *self.names(language)}):
                for facts in (samples.full(name, language), samples.sparse(name, language)):
                    try:
                        self.render(language, name, facts)
                    except ConfigProblem as error:
                        found += error.problems
        return tuple(dict.fromkeys(found))


def _environment(folder: Path, language: Language, zone: tzinfo | None, *, escaped: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        autoescape=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printed,
    )
    environment.filters |= {
        "day": partial(dates.day, language=language, zone=zone),
        "until_day": partial(dates.day, language=language, case="genitive", zone=zone),
        "time": partial(dates.clock, zone=zone),
        "instant": partial(dates.instant, language=language, zone=zone),
        "plural": partial(dates.plural, language=language),
        "size": partial(dates.size, language=language),
        "quoted": _quoted,
        "oneline": _one_line,
    }
    return environment


def _printed(value: object) -> object:
    """What is printed for a value: itself, but never the word "None" in a letter."""
    if value is None:
        raise TemplateRuntimeError("a fact that may be empty is printed without asking whether it is")
    return value


def _block(environment: ImmutableSandboxedEnvironment, name: str, block: str, facts: Mapping[str, Fact]) -> str:
    template = environment.get_template(f"{name}.j2")
    if block not in template.blocks:
        raise TemplateRuntimeError(f"the block '{block}' is missing")
    return "".join(template.blocks[block](template.new_context(dict(facts))))


def _problem(path: Path, error: Exception) -> Problem:
    """The fault of a template, in words; an exception's own text is told only where it can hold no fact."""
    place, line = str(path), 0
    traceback = error.__traceback__
    while traceback:
        # Jinja2 leaves the template in the globals of the code it has made of it; the innermost frame wins.
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            place, line = str(template.filename), template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    if isinstance(error, TemplateSyntaxError):
        place, line = error.filename or place, error.lineno
    where = f"{place}:{line}" if line else place
    if isinstance(error, TemplateNotFound):
        return Problem(where, f"no file {error.name}", "a template", "Write it, or take its name out of config.toml.")
    if isinstance(error, UndefinedError):
        fact = re.findall(r"'([^']*)'", str(error))
        advice = "templates/README.md lists the facts of each template."
        return Problem(where, fact[-1] if fact else str(error), "only facts that this template is given", advice)
    seen = str(error) if isinstance(error, TemplateError | TypeError) else type(error).__name__
    return Problem(where, seen, "a template that can be filled in", "Mend the template at this line; `mailbot preview` shows it.")


def _neat(text: str) -> str:
    """The text without blanks at the ends of lines, without runs of blank lines, and with one newline at its end."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    neat = re.sub(r"\n{3,}", "\n\n", lines).strip("\n")
    return f"{neat}\n" if neat else ""


def _quoted(text: str) -> str:
    """A stranger's text with "> " before every line, so that nothing in it can pass for words of ours."""
    return "\n".join(f"> {line}".rstrip() for line in _neat(text).splitlines())


def _one_line(text: str) -> str:
    """A stranger's name, subject or file name on one line, so that it can not begin a line of its own."""
    return " ".join(text.split())
