"""Charsets, encoded words, parameters and transfer encodings, as real mail has them."""

from __future__ import annotations

from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.mail import charsets, decode

RUSSIAN = "Добрый день! Прилагаю резюме и жду вашего ответа."


def raw(text: str, codec: str) -> str:
    """`text` as the parser keeps raw bytes of a header."""
    return text.encode(codec).decode("ascii", "surrogateescape")


@pytest.mark.parametrize("codec", ["cp1251", "koi8_r", "cp866", "mac_cyrillic", "iso8859_5"])
@pytest.mark.parametrize("declared", ["", "us-ascii", "iso-8859-1", "x-unknown", "utf-8"])
def test_russian_is_read_whatever_charset_it_claims(codec: str, declared: str) -> None:
    assert charsets.decode(RUSSIAN.encode(codec), declared) == (RUSSIAN, True)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("win-1251", "cp1251"),
        ("x-cp1251", "cp1251"),
        ("KOI8R", "koi8_r"),
        ('"windows-1251;"', "cp1251"),
        ("3Dkoi8-r", "koi8_r"),
        ("utf8", "utf-8"),
    ],
)
def test_a_charset_is_known_by_the_names_that_mail_gives_it(declared: str, codec: str) -> None:
    assert charsets.decode(RUSSIAN.encode(codec), declared) == (RUSSIAN, False)


@pytest.mark.parametrize("text", ["Frösche und Bäume über Äcker", "déjà vu à l'été", "Señor Núñez"])
def test_a_declared_latin_text_stays_latin(text: str) -> None:
    assert charsets.decode(text.encode("cp1252"), "iso-8859-1") == (text, False)


def test_a_wrong_russian_charset_is_put_right() -> None:
    assert charsets.decode(RUSSIAN.encode("koi8_r"), "windows-1251") == (RUSSIAN, True)
    assert charsets.decode(RUSSIAN.encode("cp1251"), "koi8-r") == (RUSSIAN, True)


def test_utf8_is_believed_before_the_declaration() -> None:
    assert charsets.decode(RUSSIAN.encode(), "koi8-r") == (RUSSIAN, True)
    assert charsets.decode(RUSSIAN.encode(), "") == (RUSSIAN, False)


@pytest.mark.parametrize("codec", ["zip", "base64", "rot13", "unicode_escape", "idna", "", "nul\x00", "../x"])
def test_what_is_no_charset_is_not_used_as_one(codec: str) -> None:
    assert charsets.known(codec) == ""


@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_become_text_that_can_be_written(content: bytes, declared: str) -> None:
    charsets.decode(content, declared).text.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=?utf-8?B?0J/RgA==?= =?utf-8?B?0LjQstC10YI=?=", "Привет"),
        ("=?utf-8?B?0J/RgA==?==?utf-8?B?0LjQstC10YI=?=", "Привет"),
        # A letter is split between two words.
        ("=?utf-8?B?0A==?= =?utf-8?B?n9GA?=", "Пр"),
        ("=?koi8-r?q?=f0=d2=c9=d7=c5=d4?= (2)", "Привет (2)"),
        ("Re: =?utf-8?Q?=D0=94=D0=B0_?=!", "Re: Да !"),
        ("=?utf-8?Q?так бывает?=", "так бывает"),
        ("=?broken", "=?broken"),
        ("=?utf-8?B?!!!?=", ""),
        ("a\r\n\tb", "a b"),
    ],
)
def test_encoded_words_are_read_tolerantly(value: str, expected: str) -> None:
    assert decode.header(value) == expected


def test_raw_bytes_within_an_encoded_word_are_read() -> None:
    assert decode.header("=?koi8-r?Q?" + raw("Привет", "koi8_r") + "?=") == "Привет"


def test_raw_bytes_of_a_header_are_read_in_the_charset_of_the_body() -> None:
    assert decode.header(raw("Отклик", "koi8_r"), "koi8-r") == "Отклик"


def test_a_header_never_keeps_a_line_end_that_was_encoded() -> None:
    assert decode.header("=?utf-8?q?Evil=0D=0ABcc=3A_v=40x?=") == "Evil Bcc: v@x"


@given(st.text(max_size=200))
def test_no_header_makes_the_decoder_raise_or_break_the_line(value: str) -> None:
    read = decode.header(value)
    assert "\n" not in read
    assert "\r" not in read
    read.encode("utf-8")


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('attachment; filename="a;b.pdf"', "a;b.pdf"),
        ("attachment; filename=Резюме Иван.pdf", "Резюме Иван.pdf"),
        ('attachment; filename*0="дли"; filename*1="нное.pdf"', "длинное.pdf"),
        ("attachment; filename*=koi8-r'ru'%F2%C5%DA.pdf", "Рез.pdf"),
        ('attachment; filename="100% готово.pdf"', "100% готово.pdf"),
        ('attachment; filename="..\\\\..\\\\windows\\\\cv.pdf"', "cv.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="cv\u202efdp.exe"', "cvfdp.exe"),
        ('attachment; filename=".."', ""),
    ],
)
def test_a_file_name_is_read_and_is_never_a_path(field: str, name: str) -> None:
    assert decode.file_name(decode.parameters(field), {}) == name


def test_an_endless_file_name_is_cut_before_its_extension() -> None:
    name = decode.file_name({"filename": "я" * 5000 + ".pdf"}, {})
    assert len(name) <= 200
    assert name.endswith(".pdf")


@pytest.mark.parametrize(
    ("encoding", "content", "expected"),
    [
        ("base64", b"0JTQsA", "Да"),
        ("BASE64;", b"0JT\n  Q s A==", "Да"),
        ("base64", b"0JTQsA=", "Да"),
        ("base64", b"0JTQsA==x", "Да"),
        ("quoted-printable", b"=D0=94=D0=B0=", "Да"),
        ("8-bit", "Да".encode(), "Да"),
        ("", "Да".encode(), "Да"),
    ],
)
def test_a_broken_transfer_encoding_is_read_all_the_same(encoding: str, content: bytes, expected: str) -> None:
    part = message_from_bytes(b"Content-Transfer-Encoding: " + encoding.encode() + b"\n\n" + content)
    assert decode.content(part).decode() == expected
    # Reading a part twice gives the same.
    assert decode.content(part).decode() == expected
