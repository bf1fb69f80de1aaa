"""The moment of a decision: for which company, by which calendar, at which instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailbot.hiring.company import Company
from mailbot.hiring.worktime import Worktime


@dataclass(frozen=True, slots=True)
class Moment:
    """What every decision is given beside its matter; `now` is aware."""

    company: Company
    worktime: Worktime
    now: datetime
