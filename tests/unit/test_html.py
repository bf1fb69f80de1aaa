"""HTML of strangers as plain text."""

from __future__ import annotations

import time

import pytest

from mailbot.mail.html import to_text


def test_blocks_are_lines_and_words_are_not_broken() -> None:
    assert to_text("<div>Инже<b>нер</b></div><div>по   продажам<br>в Перми</div>") == "Инженер\nпо продажам\nв Перми"


def test_numbered_lists_keep_their_numbers() -> None:
    assert to_text("<ol start=2><li>да<li>нет</ol><ul><li>и ещё</ul>") == "2. да\n3. нет\n\n- и ещё"


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display: none">СКРЫТО</div>',
        '<span style="font-size:0px">СКРЫТО</span>',
        "<p hidden>СКРЫТО</p>",
        "<style>СКРЫТО</style>",
        "<script>СКРЫТО</script>",
        "<!-- СКРЫТО -->",
        "<!--[if mso]>СКРЫТО<![endif]-->",
        '<div style="visibility:hidden"><div>СКРЫТО</div></div>',
    ],
)
def test_what_is_hidden_is_left_out_and_what_follows_is_not(hidden: str) -> None:
    assert to_text(f"<p>до</p>{hidden}<p>после</p>").split() == ["до", "после"]


def test_an_unclosed_head_or_comment_hides_no_letter() -> None:
    assert to_text("<body>письмо <!-- и дальше") == "письмо и дальше"
    assert to_text("<html><head><meta name=x><body>письмо") == "письмо"


def test_a_link_shows_where_it_leads() -> None:
    html = '<a href="https://hh.ru/resume/1">резюме</a>, <a href="https://vk.com/a">vk.com/a</a>, <a href="mailto:a@b.ru">почта</a>'
    assert to_text(html) == "резюме (https://hh.ru/resume/1), vk.com/a, почта"


def test_quotations_are_marked_by_depth_when_asked() -> None:
    html = '<p>да</p><blockquote type="cite">раз<blockquote>два</blockquote></blockquote>'
    assert to_text(html, quotes=True).split("\n") == ["да", "", "> раз", ">", "> > два"]
    assert ">" not in to_text(html)


def test_an_indent_of_gmail_is_no_quotation_and_a_bar_of_outlook_is_one() -> None:
    indent = '<blockquote style="margin:0 0 0 40px;border:none;padding:0px">отступ</blockquote>'
    bar = "<blockquote style='border:none;border-left:solid #CCCCCC 1.0pt'>цитата</blockquote>"
    assert to_text(indent, quotes=True) == "отступ"
    assert to_text(bar, quotes=True) == "> цитата"


def test_preformatted_lines_stay_lines() -> None:
    assert to_text("<pre>раз\n  два</pre>") == "раз\n  два"


def test_a_lone_bracket_is_text() -> None:
    assert to_text("<p>оклад < 50 т.р., опыт > 2 лет</p>") == "оклад < 50 т.р., опыт > 2 лет"


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "<!",
        "<?",
        "<",
        "<a ",
        "<div>",
        "</a ",
        "<script>",
        "&#",
        "<p a='",
        "<b><div><i>",
        "<blockquote>x",
        "<img src=data:",
        "<td>x",
        "a=1 ",
    ],
)
def test_hostile_html_costs_no_more_than_its_length(piece: str) -> None:
    # A quadratic reader needs minutes for what takes this one well under a second.
    before = time.process_time()
    to_text("<p " + piece * (200_000 // len(piece)), quotes=True)
    assert time.process_time() - before < 5
