"""The instants of backups in, those to keep out: the newest of each of the last days, weeks and months."""

from collections.abc import Callable, Iterable
from datetime import datetime


def kept(made: Iterable[datetime], *, daily: int, weekly: int, monthly: int) -> set[datetime]:
    """Which backups stay: of the newest `daily` UTC days that have one the newest one each, and so of the newest
    `weekly` ISO weeks and `monthly` months. The newest of all always stays.

    Days without a backup do not count, so that a pause deletes nothing. Thinning after every backup keeps the same as
    thinning all of them at once.
    """
    newest_first = sorted(set(made), reverse=True)
    return (
        set(newest_first[:1])
        | _newest_of_each(newest_first, lambda at: at.date(), count=daily)
        | _newest_of_each(newest_first, lambda at: at.isocalendar()[:2], count=weekly)
        | _newest_of_each(newest_first, lambda at: (at.year, at.month), count=monthly)
    )


def _newest_of_each(newest_first: list[datetime], period: Callable[[datetime], object], *, count: int) -> set[datetime]:
    found: dict[object, datetime] = {}
    for instant in newest_first:
        found.setdefault(period(instant), instant)
    return set(list(found.values())[:count])
