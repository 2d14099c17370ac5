"""Random histories of collections, misses and faults: what is derived is true, and the ledger never passes ten."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clarity_assets import errors
from clarity_assets.clarity.pages import PageRule
from clarity_assets.clarity.rebuild import rebuild
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.clarity.status import read_status
from clarity_assets.demo.answers import answer
from clarity_assets.demo.site import SimulatedSite
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench, FakeApi, make_settings

SITE = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=4), days=16, sessions_per_day=50)
REQUESTS = {r.name: r for r in STANDARD_REQUESTS}
COUNTS = ("sessions", "bot_sessions", *(f"{s}_{x}" for s in ("dead_click", "rage_click", "quick_back", "script_error")
                                        for x in ("count", "pageviews", "sessions")))  # fmt: skip

FAULTS = ("500", "reset", "empty", "html", "cut", "dropped", "truncated", "not_sent", "429")

night = st.fixed_dictionaries({
    "hour": st.sampled_from([1, 1, 1, 1.1, 0.2, 4, 9, 15, 22]),
    "asked_back": st.lists(st.integers(0, 4), max_size=4),  # days before the newest one
    "requests": st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=6, unique=True),
    "faults": st.dictionaries(st.sampled_from(sorted(REQUESTS)), st.sampled_from(FAULTS), max_size=2),
    "pause_s": st.sampled_from([0, 3, 40]),
})  # fmt: skip


def fault(kind: str, api: FakeApi):
    """What the fake API does for a kind of fault."""
    if kind == "dropped":
        return lambda value: [
            b | {"information": [{k: v for k, v in r.items() if k not in ("Url", "Country", "Browser", "Source", "Device")}
                                 for r in b["information"]]} for b in value]  # fmt: skip
    if kind == "truncated":
        return lambda _: answer(
            SITE, start=api.now - timedelta(days=1), end=api.now, dimensions=("URL", "Device"), crowded=True
        )
    return {
        "500": errors.ServerFailed("HTTP 500", http_status=500),
        "reset": errors.ConnectionLost("reset"),
        "not_sent": errors.NotSent("refused"),
        "429": errors.RateLimited("429", http_status=429),
        "empty": b"",
        "html": b"<html>",
        "cut": b'[{"metric',
    }[kind]


def play(bench: Bench, nights: list[dict]) -> None:
    for i, plan in enumerate(nights):
        newest = FIRST_DAY + timedelta(days=i)
        bench.at(newest, hour=plan["hour"])
        bench.api.seconds_a_call = plan["pause_s"]
        bench.api.fail = {REQUESTS[n].dimensions: fault(k, bench.api) for n, k in plan["faults"].items()
                          if k != "truncated" or n == "url_device"}  # fmt: skip
        for back in plan["asked_back"]:
            for name in plan["requests"]:
                bench.collector_error(name, newest - timedelta(days=back))


def windows_of(bench: Bench) -> dict[str, tuple[datetime, datetime, bool, str | None]]:
    rows = bench.sql(
        "select answer_id, window_start, window_end, len(truncated_blocks) > 0, quarantine_reason from ops.clarity_answer"
    )
    return {i: (a.replace(tzinfo=UTC), b.replace(tzinfo=UTC), cut, bad) for i, a, b, cut, bad in rows}


def signed_truth(source: str, request: str, path: list[str], windows: dict) -> dict[tuple, Counter]:
    """The sum of the simulator's truth over the signed windows, in the request's keys."""
    keep = [REQUESTS[source].dimensions.index(d) for d in REQUESTS[request].dimensions]
    sums: dict[tuple, Counter] = {}
    for step in path:
        start, end, _, _ = windows[step[1:]]
        for key, fields in SITE.truth(start, end, REQUESTS[source].dimensions).items():
            key = tuple(PageRule().page(v) if d == "URL" and v else v
                        for v, d in zip(key, REQUESTS[source].dimensions, strict=True))  # fmt: skip
            total = sums.setdefault(tuple(key[i] for i in keep), Counter())
            for name in COUNTS:
                total[name] += fields[name] if step[0] == "+" else -fields[name]
    return sums


def check_truth(bench: Bench) -> None:
    windows = windows_of(bench)
    for name, day, source, path, refused in bench.sql(
        "select request, date, coalesce(rolled_up_from, request), answers, refused_keys from ops.clarity_day where status in ('measured', 'derived')"
    ):
        request = REQUESTS[name]
        assert len(set(step[1:] for step in path)) == len(path)
        for step in path:
            _, _, cut, bad = windows[step[1:]]
            assert bad is None
            assert not cut or len(path) == 1
        if any(windows[step[1:]][2] for step in path):
            continue  # a sample tells no truth; its rows are flagged
        expected = signed_truth(source, name, path, windows)
        rows = bench.sql(
            f"select {', '.join((*request.columns, *COUNTS))} from landing.clarity_{name} where date = ?", day
        )
        told = {r[: len(request.columns)]: r[len(request.columns) :] for r in rows}
        assert len(told) == len(rows)
        assert sum(values[0] is None for values in told.values()) == refused
        for key, total in expected.items():
            wanted = tuple(total[c] for c in COUNTS)
            if key not in told:
                assert all(v <= 0 for v in wanted), (name, day, key, wanted)
            elif told[key][0] is None:
                assert min(wanted) < 0, (name, day, key, wanted)
            else:
                assert told[key] == tuple(max(0, v) for v in wanted), (name, day, key)
        assert set(told) <= set(expected) | {()}


def check_ledger(bench: Bench) -> None:
    spent = bench.sql(
        "select reserved_at::date, count(*) from ops.api_request where outcome <> 'not_sent' group by all"
    )
    assert all(count <= 10 for _, count in spent), spent
    sent = Counter(now.date() for now, _, _ in bench.api.calls)
    given_back = Counter(
        d for (d,) in bench.sql("select reserved_at::date from ops.api_request where outcome = 'not_sent'")
    )
    assert {day: count for day, count in (sent - given_back).items()} == dict(spent)


def check_landing_matches_days(bench: Bench) -> None:
    days = {(r, d): n for r, d, n in bench.sql("select request, date, row_count from ops.clarity_day")}
    for name in REQUESTS:
        rows: list[tuple[date, int]] = bench.sql(f"select date, count(*) from landing.clarity_{name} group by all")
        assert {d: n for d, n in rows} == {d: n for (r, d), n in days.items() if r == name and n}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example takes a second: shrinking would take minutes
)  # fmt: skip
@given(st.lists(night, min_size=2, max_size=6))
def test_whatever_happened_derived_numbers_are_true_and_a_rebuild_gives_the_same_rows(nights):
    with TemporaryDirectory() as folder:
        bench = Bench(make_settings(Path(folder)), FakeApi(SITE))
        play(bench, nights)
        now = bench.settings.model_copy(update={"now": bench.api.now})
        read_status(now)  # settles what time alone has changed
        check_truth(bench)
        check_ledger(bench)
        check_landing_matches_days(bench)
        before, days = bench.landing(), sorted(bench.sql("select * exclude (cause) from ops.clarity_day"), key=repr)
        rebuild(now)
        assert bench.landing() == before
        after = sorted(bench.sql("select * exclude (cause) from ops.clarity_day"), key=repr)
        known = [row for row in days if row[3] in ("measured", "derived")]
        assert [row for row in after if row[3] in ("measured", "derived")] == known
