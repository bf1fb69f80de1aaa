"""How mail clients write an answer: the new text, and the message it answers quoted beneath in each client's own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html import escape
from types import MappingProxyType


def plain(answered: EmailMessage, text: str) -> str:
    """Thunderbird: plain text, the quotation marked line by line."""
    quotation = "\n".join(f"> {line}".rstrip() for line in _lines(answered))
    return f"{text}\n\n{_at(answered):%d.%m.%Y %H:%M}, АП-Адверт пишет:\n{quotation}\n"


def plain_unmarked(answered: EmailMessage, text: str) -> str:
    """Outlook set to plain text: the quotation stands there without any mark, below a block of headers."""
    head = (
        f"От: АП-Адверт <job@up-advert.ru>\nОтправлено: {_at(answered):%d.%m.%Y %H:%M}\nКому: {answered['To']}\nТема: {answered['Subject']}"
    )
    return f"{text}\n\n-----Исходное сообщение-----\n{head}\n\n" + "\n".join(_lines(answered))


def gmail(answered: EmailMessage, text: str) -> str:
    return (
        f'<div dir="auto">{_html(text)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f"пн, {_at(answered):%d} нояб. 2025 г. в {_at(answered):%H:%M}, АП-Адверт "
        '&lt;<a href="mailto:job@up-advert.ru">job@up-advert.ru</a>&gt;:<br></div>'
        '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">'
        f"{_html(_whole(answered))}</blockquote></div>"
    )


def iphone(answered: EmailMessage, text: str) -> str:
    quotation = "".join(f"<span>{escape(line)}</span><br>" for line in _lines(answered))
    return (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body dir="auto">'
        f'{_html(text)}<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">Отправлено с iPhone</div><div dir="ltr"><br>'
        f'<blockquote type="cite">{_at(answered):%d} нояб. 2025 г., в {_at(answered):%H:%M}, АП-Адверт &lt;job@up-advert.ru&gt; написал(а):'
        f'<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">\ufeff{quotation}</div></blockquote></body></html>'
    )


def outlook_mobile(answered: EmailMessage, text: str) -> str:
    return (
        f'<html><body><div dir="ltr" style="font-family: Aptos, Calibri, sans-serif; font-size: 12pt;">{_html(text)}</div>'
        '<div id="ms-outlook-mobile-signature"><div><br></div><div>Получите <a href="https://aka.ms/o0ukef">Outlook для iOS</a></div></div>'
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">'
        '<font face="Calibri, sans-serif" style="font-size:11pt" color="#000000"><b>От:</b> АП-Адверт &lt;job@up-advert.ru&gt;<br>'
        f"<b>Отправлено:</b> {_at(answered):%d} ноября 2025 г. {_at(answered):%H:%M}<br><b>Кому:</b> {escape(answered['To'])}<br>"
        f"<b>Тема:</b> {escape(answered['Subject'])}</font><div>&nbsp;</div></div>"
        f'<div class="BodyFragment"><font size="2"><div class="PlainText">{_html(_whole(answered))}</div></font></div></body></html>'
    )


def mail_ru(answered: EmailMessage, text: str) -> str:
    return (
        f"<HTML><BODY>{_html(text)}<br><br>--<br>Отправлено из мобильной Почты Mail<br><br>"
        f"понедельник, {_at(answered):%d} ноября 2025 г., {_at(answered):%H:%M} +05:00 от АП-Адверт "
        '<a href="mailto:job@up-advert.ru">job@up-advert.ru</a>:<br>'
        '<blockquote id="mail-app-auto-quote" style="border-left:1px solid #005FF9;margin:0 0 0 10px;padding:0 0 0 10px">'
        f"{_html(_whole(answered))}</blockquote></BODY></HTML>"
    )


def yandex(answered: EmailMessage, text: str) -> str:
    quotation = "".join(f"<p>{escape(line)}</p>" for line in _lines(answered))
    return (
        f"<div>{_html(text)}</div><div><br /></div><div>Отправлено из мобильной Яндекс Почты</div><div><br /></div>"
        f"<div>{_at(answered):%H:%M}, {_at(answered):%d} ноября 2025 г., АП-Адверт &lt;job@up-advert.ru&gt;:<br /></div>"
        f'<blockquote style="border-left:1px solid #000;margin:0 0 0 10px;padding:0 0 0 10px">{quotation}</blockquote>'
    )


#: Phones that send HTML alone.
PHONES: Mapping[str, Callable[[EmailMessage, str], str]] = MappingProxyType(
    {"gmail": gmail, "iphone": iphone, "outlook_mobile": outlook_mobile, "mail_ru": mail_ru, "yandex": yandex}
)


def between_the_lines(answered: EmailMessage, answers: Mapping[str, str]) -> str:
    """HTML of a client in which each answer was written beneath the quoted line that begins so: `{"1. ": "Люблю людей"}`."""
    parts = ["<div>Здравствуйте! Отвечаю ниже.</div><br>23 ноября 2025 г., 10:32, АП-Адверт &lt;job@up-advert.ru&gt; написал(а):<br>"]
    for line in _lines(answered):
        parts.append(f'<blockquote type="cite">{escape(line) or "<br>"}</blockquote>')
        parts += [f"<div>{escape(answer)}</div>" for beginning, answer in answers.items() if line.startswith(beginning)]
    return f"<html><body>{''.join(parts)}</body></html>"


def _at(answered: EmailMessage) -> datetime:
    return parsedate_to_datetime(answered["Date"])


def _whole(answered: EmailMessage) -> str:
    part = answered.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def _lines(answered: EmailMessage) -> list[str]:
    return _whole(answered).splitlines()


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")
