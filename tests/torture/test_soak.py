"""A soak, long with `TORTURE=1` (`make torture`) and short without, and what it would call grown."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from dovecot_server import why_no_dovecot
from figures import Row
from soak import soak
from soak_measures import Sample, growing, growth_across, growth_within, sample, slower

EVERY = "TORTURE" in os.environ
MANY, FEW = 20_000, 100
MB = 1_000_000


def lives(*, kept: int, levels: tuple[int, ...] = (60, 61, 60, 62), messages: int = 3000, files: int = 0) -> list[Sample]:
    """Four processes; each keeps so many bytes a message, and the memory of each goes up and down by a megabyte besides."""
    return [
        Sample(
            life=life,
            known=life * messages + since,
            since=since,
            memory=level * MB + kept * since + (since // 50 % 2) * MB,
            files=12 + since // 50 % 3 + files * (life * messages + since) // 1000,
            threads=1,
            worked=0.0,
        )
        for life, level in enumerate(levels)
        for since in range(0, messages + 1, 50)
    ]


@pytest.mark.skipif(bool(why_no_dovecot()) and os.environ.get("CI") != "true", reason=why_no_dovecot())
def test_messages_with_faults_and_restarts_are_taken_in_once_each_and_answered_once(rows: list[Row], tables: dict[str, object]) -> None:
    figures = soak(MANY if EVERY else FEW)
    tables["soak"] = figures
    row = Row(
        "soak: faults and restarts",
        tried=figures.kills + figures.terms + sum(figures.struck.values()),
        messages_in=figures.messages,
        messages_out=figures.out,
        duplicates=sum("twice" in words for words in figures.wrong),
        lost=sum(words.startswith(("lost", "without a verdict", "called sent and never taken")) for words in figures.wrong),
        held=figures.held,
        longest_recovery=timedelta(seconds=round(figures.recovery)),
    )
    rows.append(replace(row, findings=len(figures.wrong) - (row.duplicates or 0) - (row.lost or 0)))
    assert figures.wrong == ()
    assert figures.out > figures.messages / 3
    assert figures.kills + figures.terms
    assert figures.struck or not EVERY


def test_a_daemon_that_keeps_ten_kilobytes_of_each_message_is_not_flat() -> None:
    assert list(growing(lives(kept=10_000))) == ["memory grows while a process runs"]
    assert growth_within(lives(kept=10_000)) == pytest.approx(10_000, abs=300)


def test_one_that_keeps_some_hundred_bytes_and_goes_up_and_down_is_flat() -> None:
    assert not list(growing(lives(kept=800)))


def test_levels_of_different_processes_are_no_growth_of_one() -> None:
    assert abs(growth_within(lives(kept=0, levels=(60, 90, 120, 150)))) < 300


def test_what_every_start_reads_back_in_more_than_it_should_is_growth_too() -> None:
    samples = lives(kept=0, levels=(60, 90, 120, 150))
    assert growth_across(samples) == pytest.approx(10_000, abs=10)
    assert list(growing(samples)) == ["memory grows from process to process"]


def test_files_and_threads_that_stay_open_are_seen() -> None:
    assert list(growing(lives(kept=0, files=2))) == ["open files grow"]
    samples = lives(kept=0)
    assert list(growing([*samples[:-1], replace(samples[-1], threads=2)])) == ["threads grow"]


def test_a_file_that_stays_open_is_counted_and_one_that_was_open_for_a_moment_is_not() -> None:
    opens = (
        "import time; kept = open('/dev/null'); gone = open('/dev/null'); print(flush=True); time.sleep(0.3); gone.close(); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", opens], stdout=subprocess.PIPE) as opener:
        try:
            assert opener.stdout
            opener.stdout.readline()
            assert sample(opener.pid, 0, 0, 0, usual=5).files == 5
            assert sample(opener.pid, 0, 0, 0, usual=3).files == 4
        finally:
            opener.kill()


def test_messages_that_take_longer_and_longer_are_seen() -> None:
    assert not slower([20, 22, 19, 21, 20, 24])
    assert slower([20, 25, 30, 35, 40, 45])
