"""The templates: every one can be filled in, reads neatly, and takes what a stranger wrote as data only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from mailbot.errors import ConfigProblem
from mailbot.hiring.actions import Fact
from mailbot.hiring.model import Language
from mailbot.hiring.relay import WRITE_ABOVE, leak
from mailbot.hiring.wishes import wants_erasure, withdraws
from mailbot.mail import samples
from mailbot.mail.templates import Templates

FOLDER = Path(__file__).parents[2] / "templates"
LANGUAGES: tuple[Language, ...] = get_args(Language)
TEMPLATES = Templates(FOLDER, ZoneInfo("Asia/Yekaterinburg"))
LETTERS = (
    *("questions", "position", "missing_questions", "test", "received", "interview", "final_interview"),
    *("test_week", "hired", "rejected", "withdrawn", "erasure", "reminder"),
)
OF_A_LETTER = ("notice", "hint", "escalation", "expired")
ANSWERABLE = (*OF_A_LETTER, "held")
ALL = [(language, name) for language in LANGUAGES for name in (*LETTERS, *sorted(samples.STAFF_TEMPLATES))]
PAYLOAD = "{{ 7 * 7 }}{% raw %}{# x #}{{ ''.__class__.__mro__ }}${7*7}<b>&amp;%s"


def changed(value: Fact, text: str) -> Fact:
    """The value with `text` in the place of every text in it."""
    if isinstance(value, str):
        return text
    if isinstance(value, Mapping):
        return {key: changed(inner, text) for key, inner in value.items()}
    return tuple(changed(inner, text) for inner in value) if isinstance(value, tuple) else value


def write(folder: Path, text: str, name: str = "notice") -> Templates:
    (folder / "ru").mkdir(exist_ok=True)
    (folder / "ru" / f"{name}.j2").write_text(text, encoding="utf-8")
    return Templates(folder)


def problem(folder: Path, text: str, facts: Mapping[str, Fact] | None = None) -> str:
    with pytest.raises(ConfigProblem) as raised:
        write(folder, text).render("ru", "notice", facts or {})
    return str(raised.value)


def test_each_template_stands_in_each_language() -> None:
    for language in LANGUAGES:
        assert set(TEMPLATES.names(language)) == {*LETTERS, *samples.STAFF_TEMPLATES}


def test_check_finds_nothing_wrong_with_the_templates() -> None:
    assert TEMPLATES.problems(LANGUAGES, LETTERS) == ()


@pytest.mark.parametrize(("language", "name"), ALL)
@pytest.mark.parametrize("facts", [samples.full, samples.sparse])
def test_each_template_reads_neatly(language: Language, name: str, facts: Callable[[str, Language], Mapping[str, Fact]]) -> None:
    rendered = TEMPLATES.render(language, name, facts(name, language))
    assert rendered.subject == " ".join(rendered.subject.split()) != ""
    assert rendered.text.endswith("\n")
    assert rendered.text == rendered.text.strip() + "\n"
    assert not re.search(r"\n\n\n|[ \t]\n|  \w+  |None|Undefined|\(\)|\{|\}", rendered.text)
    assert not re.search(r" [,.:!?]", rendered.text)


@pytest.mark.parametrize(("language", "name"), ALL)
def test_each_text_is_in_its_own_language(language: Language, name: str) -> None:
    text = TEMPLATES.render(language, name, samples.sparse(name, language)).text
    cyrillic, latin = len(re.findall("[а-яё]", text)), len(re.findall("[a-z]", text))
    assert cyrillic > latin if language == "ru" else cyrillic == 0


@pytest.mark.parametrize("name", LETTERS)
def test_a_russian_letter_guesses_at_no_gender(name: str) -> None:
    text = TEMPLATES.render("ru", name, samples.full(name, "ru")).text
    assert text.startswith("Здравствуйте, Мария Иванова!\n")
    assert not re.search(r"\([аая]\)|[Уу]важаем|\bрад[а]? |\bдолж(?:ен|на)\b", text)
    assert TEMPLATES.render("ru", name, samples.sparse(name, "ru")).text.startswith("Здравствуйте!\n")


@pytest.mark.parametrize("name", LETTERS)
def test_each_letter_says_that_a_person_can_be_reached(name: str) -> None:
    assert re.search(r"сотрудник|человек|ответьте", TEMPLATES.render("ru", name, samples.full(name, "ru")).text)
    assert re.search(r"one of us|person|answer this letter", TEMPLATES.render("en", name, samples.full(name, "en")).text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["questions", "position"])
def test_the_first_letter_tells_of_personal_data(language: Language, name: str) -> None:
    notice = "О персональных данных" if language == "ru" else "About personal data"
    full = TEMPLATES.render(language, name, samples.full(name, language)).text
    assert notice in full
    assert "https://example.ru/privacy" in full
    bare = TEMPLATES.render(language, name, samples.sparse(name, language)).text
    assert notice in bare
    assert "http" not in bare


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_assignment_tells_of_personal_data_only_where_it_is_the_first_letter(language: Language) -> None:
    notice = "О персональных данных" if language == "ru" else "About personal data"
    facts = dict(samples.full("test", language))
    assert notice not in TEMPLATES.render(language, "test", facts).text
    assert notice in TEMPLATES.render(language, "test", facts | {"questions": ()}).text


@pytest.mark.parametrize(("language", "promise"), [("ru", "Ответим не позднее четверга, 26 ноября."), ("en", "by Thursday, 26 November.")])
def test_the_acknowledgement_promises_a_day(language: Language, promise: str) -> None:
    assert promise in TEMPLATES.render(language, "received", samples.full("received", language)).text


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "Остался 1 вопрос, на который"), (2, "Осталось 2 вопроса, на которые"), (5, "Осталось 5 вопросов, на которые")],
)
def test_the_missing_questions_are_counted_in_good_russian(count: int, words: str) -> None:
    questions = tuple({"number": number, "text": "Когда?", "required": True} for number in range(3, 3 + count))
    text = TEMPLATES.render("ru", "missing_questions", {**samples.full("missing_questions", "ru"), "questions": questions}).text
    assert words in text
    assert "\n3. Когда?\n" in text


@pytest.mark.parametrize(("language", "name"), [(language, name) for language in LANGUAGES for name in sorted(samples.STAFF_TEMPLATES)])
def test_only_what_can_be_answered_opens_with_the_line(language: Language, name: str) -> None:
    facts = samples.full(name, language)
    text = TEMPLATES.render(language, name, facts).text
    assert text.startswith(f"{facts['line']}\n") == (name in ANSWERABLE)
    assert text.count(str(facts["line"])) == (name in ANSWERABLE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", OF_A_LETTER)
def test_a_notice_shows_all_that_one_needs_to_answer(language: Language, name: str) -> None:
    facts = samples.full(name, language)
    text = TEMPLATES.render(language, name, facts).text
    last_day = "26 ноября, 19:00" if language == "ru" else "26 November, 19:00"
    for shown in (
        *("A-7F3K9", "maria@example.ru", "job@example.ru", "Резюме.pdf", "184", "mailbot move A-7F3K9", last_day),
        *(str(facts["position"]), str(facts["stage"])),
    ):
        assert shown in text
    letter, answers = facts["letter"], facts["answers"]
    assert isinstance(letter, Mapping)
    assert isinstance(answers, tuple)
    assert all(f"> {line}".rstrip() in text.splitlines() for line in letter["text"].splitlines())
    for answer in answers:
        assert f"{answer['number']}. {answer['question']}\n" in text
        assert f"> {answer['answer']}\n" in text or not answer["answer"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["digest", "escalations", "office_notice"])
def test_what_can_not_be_answered_says_how_to_write(language: Language, name: str) -> None:
    text = TEMPLATES.render(language, name, samples.full(name, language)).text
    assert re.search(r"из общего ящика job@example\.ru|shared mailbox job@example\.ru", text)
    assert re.search(r"никому не уйдёт|goes to nobody", text)


@pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language in LANGUAGES for name in LETTERS if name not in {"erasure", "withdrawn"}]
)
def test_a_letter_of_ours_sent_back_without_marks_of_quotation_passes_for_no_wish(language: Language, name: str) -> None:
    text = TEMPLATES.render(language, name, samples.full(name, language)).text
    assert not withdraws(text)
    assert not wants_erasure(text)


@pytest.mark.parametrize(("language", "name"), ALL)
def test_template_code_in_a_fact_appears_literally(language: Language, name: str) -> None:
    facts = {fact: changed(value, PAYLOAD) for fact, value in samples.full(name, language).items()}
    rendered = TEMPLATES.render(language, name, facts)
    assert PAYLOAD in rendered.text
    assert "49" not in rendered.subject + rendered.text
    assert "class 'str'" not in rendered.subject + rendered.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_a_stranger_wrote_begins_a_line_of_its_own(language: Language) -> None:
    forged = "x\n\nFORGED\r\nFORGED\x0bFORGED\u2028FORGED"
    facts = dict(samples.full("notice", language))
    facts |= {"letter": changed(facts["letter"], forged), "candidate": {"name": forged, "addresses": ("maria@example.ru",)}}
    answers = facts["answers"]
    assert isinstance(answers, tuple)
    facts["answers"] = tuple({**answer, "answer": forged} for answer in answers)
    text = TEMPLATES.render(language, "notice", facts).text
    assert "FORGED" in text
    assert not any(line.startswith("FORGED") for line in text.splitlines())


def test_a_fact_that_is_not_given_is_named_with_file_and_line(tmp_path: Path) -> None:
    said = problem(tmp_path, "{% block subject %}x{% endblock %}\n{% block text %}\n\n{{ deadlin }}\n{% endblock %}")
    assert f"{tmp_path / 'ru' / 'notice.j2'}:4" in said
    assert "(found: deadlin)" in said


def test_a_fact_that_is_missing_in_a_fact_is_named_too(tmp_path: Path) -> None:
    said = problem(
        tmp_path, "{% block subject %}{{ company.nam }}{% endblock %}{% block text %}x{% endblock %}", {"company": {"name": "x"}}
    )
    assert "notice.j2:1" in said
    assert "(found: nam)" in said


def test_a_fault_in_a_part_is_told_of_the_part(tmp_path: Path) -> None:
    write(tmp_path, "\n{{ missing }}", "_part")
    said = problem(tmp_path, '{% block subject %}x{% endblock %}{% block text %}{% include "_part.j2" %}{% endblock %}')
    assert "_part.j2:2" in said
    assert "(found: missing)" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% block subject %}x{% endblock %}\n{% block text %}{% if %}{% endblock %}", "notice.j2:2"),
        ("{% block text %}x{% endblock %}", "the block 'subject' is missing"),
        ("{% block subject %}x{% endblock %}", "the block 'text' is missing"),
        ('{% block subject %}x{% endblock %}{% block text %}{% include "_no.j2" %}{% endblock %}', "no file _no.j2"),
        ("{% block subject %}x{% endblock %}\n{% block text %}{{ empty }}{% endblock %}", "notice.j2:2"),
        ("{% block subject %}x{% endblock %}\n{% block text %}{{ empty | day }}{% endblock %}", "notice.j2:2"),
        ("{% block subject %}x{% endblock %}{% block text %}{{ name | int(base=99) }}{{ 1 / 0 }}{% endblock %}", "ZeroDivisionError"),
        ("{% block subject %}x{% endblock %}{% block text %}{{ ''.__class__.__mro__ }}{% endblock %}", "notice.j2:1"),
    ],
)
def test_a_broken_template_is_told_in_words(tmp_path: Path, text: str, said: str) -> None:
    assert said in problem(tmp_path, text, {"empty": None, "name": "Мария"})


def test_a_template_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match=r"no file second_test\.j2"):
        Templates(tmp_path).render("ru", "second_test", {})


def test_every_broken_template_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "{% block subject %}x{% endblock %}{% block text %}{{ one }}{% endblock %}", "first")
    templates = write(tmp_path, "{% block subject %}x{% endblock %}{% block text %}{{ two }}{% endblock %}", "second")
    seen = {found.seen for found in templates.problems(LANGUAGES[:1], ("third",))}
    assert seen == {"one", "two", "no file third.j2", *(f"no file {name}.j2" for name in samples.NEEDED)}


def test_a_problem_never_tells_what_a_fact_holds(tmp_path: Path) -> None:
    said = problem(tmp_path, "{% block subject %}x{% endblock %}{% block text %}{{ [name].index(1) }}{% endblock %}", {"name": "Мария"})
    assert "ValueError" in said
    assert "Мария" not in said


def test_a_html_block_escapes_what_it_is_given_and_the_text_does_not(tmp_path: Path) -> None:
    templates = write(
        tmp_path,
        "{% block subject %}{{ x }}{% endblock %}{% block text %}{{ x }}{% endblock %}{% block html %}<p>{{ x }}</p>{% endblock %}",
    )
    rendered = templates.render("ru", "notice", {"x": "<b>&"})
    assert (rendered.subject, rendered.text, rendered.html) == ("<b>&", "<b>&\n", "<p>&lt;b&gt;&amp;</p>\n")


def test_instants_are_shown_in_the_zone_of_the_office(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "x.j2").write_text("{% block subject %}x{% endblock %}{% block text %}{{ at | instant }}{% endblock %}")
    facts = {"at": datetime(2026, 11, 25, 20, 30, tzinfo=UTC)}
    assert Templates(tmp_path, ZoneInfo("Asia/Yekaterinburg")).render("en", "x", facts).text == "Thursday, 26 November, 01:30\n"


def test_the_readme_names_every_template_and_every_fact() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in (*LETTERS, *samples.STAFF_TEMPLATES):
        assert f"`{name}`" in readme
        assert all(re.search(rf"`{fact}[.`\[]", readme) for fact in samples.full(name, "ru"))


def test_a_notice_that_is_sent_back_whole_never_reaches_the_candidate() -> None:
    for language in LANGUAGES:
        for name in ANSWERABLE:
            text = TEMPLATES.render(language, name, {**samples.full(name, language), "line": WRITE_ABOVE[language]}).text
            below = text.partition("\n")[2]
            assert leak(text, text, "", ())
            assert leak("Да.\n" + below, text, "", ())


def test_the_candidates_own_words_may_be_quoted_from_a_notice() -> None:
    facts = samples.full("notice", "ru")
    letter = facts["letter"]
    assert isinstance(letter, Mapping)
    text = TEMPLATES.render("ru", "notice", facts).text
    assert not leak("> Подскажите, пожалуйста, возможна ли работа из дома?\n\nДа, два дня в неделю.", text, letter["text"], ())


def test_every_reason_that_is_said_in_russian_is_one_that_the_code_gives() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (FOLDER.parent / "mailbot" / "hiring").glob("*.py"))
    said = dict(re.findall(r'^  "(.+)": "(.+)",$', (FOLDER / "ru" / "_reason.j2").read_text(encoding="utf-8"), re.MULTILINE))
    assert len(said) > 10
    assert [reason for reason in said if f'"{reason}"' not in sources] == []
    for reason, russian in said.items():
        text = TEMPLATES.render("ru", "returned", {**samples.full("returned", "ru"), "reason": reason}).text
        assert f"\nПричина: {russian}\n" in text


def test_every_reason_for_holding_a_relay_back_is_said_in_russian() -> None:
    source = (FOLDER.parent / "mailbot" / "hiring" / "relay.py").read_text(encoding="utf-8")
    for reason in re.findall(r'return "(it .+)"', source):
        text = TEMPLATES.render("ru", "returned", {**samples.full("returned", "ru"), "reason": reason}).text
        assert reason not in text
