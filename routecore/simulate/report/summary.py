"""What a run comes to, as a value that adds up: exact sums, HDR histograms and counts.

``a.merge(b)`` is associative and commutative, so a trace cut between sessions and run in parts gives the summary of the whole. For the bootstrap, sums are kept for
each of 4,096 random groups of whole sessions (and histograms for each of 128): a session's group is a function of its key alone, so groups merge, and two policies are
resampled alike (``docs/decisions/312-random-groups.md``).
"""

from __future__ import annotations

from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.noise import mixed, poisson_weights
from routecore.simulate.report.durations import HIGHEST_US, Durations, buckets_of, edges_of
from routecore.simulate.report.intervals import clopper_pearson, enough_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["FIGURES", "REPLICATES", "Summary", "difference"]

REPLICATES: Final = 200
"""Bootstrap resamples."""
Z_95: Final = 1.959963984540054
_GROUPS: Final = 4_096
"""Sessions are resampled in so many random groups, whole sessions by their key: with fewer sessions than groups that is nearly each by itself."""
_FEW_GROUPS: Final = 128
"""Groups for the quantiles' replicates, which keep a histogram each."""
_COARSE: Final = 5
"""32 buckets an octave, 3 % wide, interpolated inside: what replicates keep of a distribution."""
_COARSE_SIZE: Final = int(buckets_of(np.array([HIGHEST_US]), _COARSE)[0]) + 1
_MOST_NANO: Final = 10**12
"""A request's cost in a replicate is cut at 1,000 USD: sums stay exact."""
_SUMS: Final = (
    "requests",
    "served",
    "first_served",
    "attempts",
    "charged_nano",
    "upstream_nano",
    "cache_saved_nano",
    "ttft_us",
    "total_us",
    "prompt",
    "cached",
)
_SPLIT: Final = 24

COUNTS: Final = (
    "requests", "served", "first_served", "failed", "no_endpoint", "unknown_model", "attempts", "prompt_tokens", "cached_tokens", "completion_tokens",
    "session_requests", "session_turns", "session_switches", "cache_hits", "pinned", "retries", "ttft_us", "total_us",
)  # fmt: skip
MONEY: Final = ("charged", "upstream", "cache_saved", "insured", "uncached")
"""Amounts in whole femtodollars: charged to the account; billed by providers; saved by prompt caches; billed by providers and not charged; charged without caches."""

FIGURES: Final = {
    "cost_total": ("USD", "charged for the whole trace"),
    "cost_per_request": ("USD", "charged a request"),
    "upstream_per_request": ("USD", "billed by providers a request, failed attempts too"),
    "cache_saved_per_request": ("USD", "saved by prompt caches a request"),
    "success_rate": ("share", "requests served at last"),
    "first_success_rate": ("share", "requests served at the first attempt"),
    "attempts_per_request": ("attempts", "attempts a request"),
    "cached_share": ("share", "prompt tokens read from a cache"),
    "ttft_mean": ("s", "time to first token, from arrival, failed attempts and waits included"),
    "ttft_p50": ("s", "half of the served requests have their first token by then"),
    "ttft_p90": ("s", "90 % of the served requests have their first token by then"),
    "ttft_p99": ("s", "99 % of the served requests have their first token by then"),
    "total_mean": ("s", "arrival to last token"),
    "total_p50": ("s", "half of the served requests are complete by then"),
    "total_p90": ("s", "90 % of the served requests are complete by then"),
    "total_p99": ("s", "99 % of the served requests are complete by then"),
}
"""Figure -> unit, meaning. Each has a confidence interval, of itself and of its difference to the baseline."""


RATES: Final = {"success_rate": "served", "first_success_rate": "first_served"}
"""Figures that are rates of requests -> what they count."""
_RARE: Final = 30
"""Below so many the normal approximation is not trusted."""


class EndpointRow(NamedTuple):
    """One endpoint in a summary: requests served, attempts, attempts that failed, first choices, and femtodollars charged. Rows add up."""

    served: int = 0
    attempts: int = 0
    failures: int = 0
    first_choices: int = 0
    charged: int = 0

    def plus(self, other: EndpointRow) -> EndpointRow:
        """Return the sums of both.

        >>> EndpointRow(served=1).plus(EndpointRow(2, 3))
        EndpointRow(served=3, attempts=3, failures=0, first_choices=0, charged=0)
        """
        return EndpointRow(*map(add, self, other))


_NOTHING: Final = EndpointRow()


class Summary:
    """Sums, counts and histograms of one policy's run. Made by the engines; merged with ``merge``; read with ``figures`` and ``to_dict``.

    ``counts`` are whole numbers, ``money`` whole femtodollars. ``by_endpoint``: endpoint id -> served, attempts, failures, first choices and charged femtodollars.
    ``over_time``: (bucket, endpoint id or "") -> served ("" counts failures), in buckets of ``bucket_s`` seconds. ``outcomes``: kind of outcome -> attempts.
    ``rejections``: rule -> endpoints that it removed, summed over requests.
    """

    __slots__ = ("bucket_s", "by_endpoint", "coarse", "counts", "money", "outcomes", "over_time", "rejections", "replicates", "sums", "total", "ttft")

    def __init__(self, *, bucket_s: float = 60.0, replicates: int = REPLICATES) -> None:
        self.bucket_s = bucket_s
        self.replicates = replicates
        self.counts: dict[str, int] = dict.fromkeys(COUNTS, 0)
        self.money: dict[str, int] = dict.fromkeys(MONEY, 0)
        self.by_endpoint: dict[str, EndpointRow] = {}
        self.over_time: dict[tuple[int, str], int] = {}
        self.outcomes: dict[str, int] = {}
        self.rejections: dict[str, int] = {}
        self.ttft = Durations()
        self.total = Durations()
        groups, few = (_GROUPS, _FEW_GROUPS) if replicates else (0, 0)
        self.sums: NDArray[np.int64] = np.zeros((groups, len(_SUMS)), np.int64)
        self.coarse: dict[str, NDArray[np.int64]] = {name: np.zeros((few, _COARSE_SIZE), np.int64) for name in ("ttft", "total")}

    # --- growing ------------------------------------------------------------------------------------------------------------------------------

    def add(self, columns: Mapping[str, Any], ids: Sequence[str]) -> None:
        """Take some finished requests, a column each; ``ids`` are what the codes in ``endpoint`` and ``first`` stand for.

        ``unit``: key of what is resampled together; ``at_s``: arrival; ``served``, ``first_served``: flags; ``attempts``; ``endpoint``: who served (-1 nobody); ``first``:
        first choice (-1 none); ``ttft_us``, ``total_us``; ``charged``, ``upstream``, ``cache_saved``, ``insured``, ``uncached``: femtodollars; ``prompt_tokens``,
        ``cached_tokens``, ``completion_tokens``.

        Args:
            columns: Column name to values, shape (n,).
            ids: Endpoint ids by code.
        """
        served = np.asarray(columns["served"], bool)
        rows = len(served)
        if not rows:
            return
        money = {name: _whole(columns[name]) for name in MONEY}
        for name, amounts in money.items():
            self.money[name] += _total(amounts)
        counts = self.counts
        first_served = np.asarray(columns["first_served"], bool)
        attempts = np.asarray(columns["attempts"], np.int64)
        ttft, total = np.asarray(columns["ttft_us"], np.int64), np.asarray(columns["total_us"], np.int64)
        counts["requests"] += rows
        counts["served"] += int(served.sum())
        counts["failed"] += rows - int(served.sum())
        counts["first_served"] += int(first_served.sum())
        counts["attempts"] += int(attempts.sum())
        counts["ttft_us"] += int(ttft[served].sum())
        counts["total_us"] += int(total[served].sum())
        for name in ("prompt_tokens", "cached_tokens", "completion_tokens"):
            counts[name] += int(np.asarray(columns[name], np.int64).sum())
        self.ttft.add_microseconds(ttft[served])
        self.total.add_microseconds(total[served])
        endpoint = np.asarray(columns["endpoint"], np.int64)
        self._add_endpoints(endpoint, np.asarray(columns["first"], np.int64), money["charged"], ids)
        self._add_time(np.asarray(columns["at_s"], np.float64), endpoint, ids)
        if self.replicates:
            self._resample(columns, money, served, first_served, attempts, ttft, total)

    def _add_endpoints(self, endpoint: NDArray[np.int64], first: NDArray[np.int64], charged: Any, ids: Sequence[str]) -> None:  # noqa: ANN401 - ints of any size
        served = np.bincount(endpoint + 1, minlength=len(ids) + 1)
        firsts = np.bincount(first + 1, minlength=len(ids) + 1)
        order = np.argsort(endpoint, kind="stable")
        starts = np.flatnonzero(np.concatenate(([True], np.diff(endpoint[order]) != 0)))
        high = np.add.reduceat((charged >> _SPLIT)[order], starts)
        low = np.add.reduceat((charged & ((1 << _SPLIT) - 1))[order], starts)
        amounts = {int(code): (int(a) << _SPLIT) + int(b) for code, a, b in zip(endpoint[order][starts], high, low, strict=True)}
        for code in np.flatnonzero((served + firsts)[1:]).tolist():
            row = EndpointRow(served=int(served[code + 1]), first_choices=int(firsts[code + 1]), charged=amounts.get(code, 0))
            self.by_endpoint[ids[code]] = self.by_endpoint.get(ids[code], _NOTHING).plus(row)

    def _add_time(self, at: NDArray[np.float64], endpoint: NDArray[np.int64], ids: Sequence[str]) -> None:
        width = len(ids) + 1
        keys, found = np.unique(np.floor(at / self.bucket_s).astype(np.int64) * width + endpoint + 1, return_counts=True)
        for key, count in zip(keys.tolist(), found.tolist(), strict=True):
            bucket, code = divmod(key, width)
            place = (bucket, ids[code - 1] if code else "")
            self.over_time[place] = self.over_time.get(place, 0) + count

    def _resample(
        self,
        columns: Mapping[str, Any],
        money: Mapping[str, Any],
        served: NDArray[np.bool_],
        first_served: NDArray[np.bool_],
        attempts: NDArray[np.int64],
        ttft: NDArray[np.int64],
        total: NDArray[np.int64],
    ) -> None:
        group = (np.asarray(columns["unit"], np.uint64) % np.uint64(_GROUPS)).view(np.int64)
        nano = [np.clip(money[name] // 1_000_000, -_MOST_NANO, _MOST_NANO) for name in ("charged", "upstream", "cache_saved")]
        values = [
            None, served, first_served, attempts, *nano,
            np.where(served, ttft, 0), np.where(served, total, 0), columns["prompt_tokens"], columns["cached_tokens"],
        ]  # fmt: skip
        for place, column in enumerate(values):
            # whole numbers far below 2**53: float sums of them are exact, in any order
            weights = None if column is None else np.asarray(column, np.float64)
            self.sums[:, place] += np.bincount(group, weights, minlength=_GROUPS).astype(np.int64)
        few = group[served] % _FEW_GROUPS
        for name, micro in (("ttft", ttft), ("total", total)):
            cells = few * _COARSE_SIZE + buckets_of(micro[served], _COARSE)
            self.coarse[name] += np.bincount(cells, minlength=_FEW_GROUPS * _COARSE_SIZE).reshape(_FEW_GROUPS, _COARSE_SIZE)

    def count_attempts(self, endpoint_id: str, attempts: int, failures: int) -> None:
        """Take attempts at an endpoint and how many of them failed.

        Args:
            endpoint_id: Whose attempts they are.
            attempts: How many.
            failures: How many of them failed.
        """
        self.by_endpoint[endpoint_id] = self.by_endpoint.get(endpoint_id, _NOTHING).plus(EndpointRow(attempts=attempts, failures=failures))

    # --- adding up ----------------------------------------------------------------------------------------------------------------------------

    def merge(self, other: Summary) -> Summary:
        """Return the summary of both parts. Raises ``SimulationError`` where their buckets or replicates differ."""
        if (self.bucket_s, self.replicates) != (other.bucket_s, other.replicates):
            raise SimulationError(
                [Fault("summary", (other.bucket_s, other.replicates), f"of the same bucket_s and replicates: {(self.bucket_s, self.replicates)}")]
            )
        found = Summary(bucket_s=self.bucket_s, replicates=self.replicates)
        for name in ("counts", "money", "outcomes", "rejections", "over_time"):
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(found, name, {key: mine.get(key, 0) + theirs.get(key, 0) for key in {**mine, **theirs}})
        found.by_endpoint = {
            key: self.by_endpoint.get(key, _NOTHING).plus(other.by_endpoint.get(key, _NOTHING)) for key in {**self.by_endpoint, **other.by_endpoint}
        }
        found.ttft, found.total = self.ttft.merge(other.ttft), self.total.merge(other.total)
        found.sums = self.sums + other.sums
        found.coarse = {name: self.coarse[name] + other.coarse[name] for name in self.coarse}
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Summary):
            return NotImplemented
        plain = ("bucket_s", "replicates", "counts", "money", "outcomes", "rejections", "over_time", "by_endpoint", "ttft", "total")
        return (
            all(getattr(self, name) == getattr(other, name) for name in plain)
            and np.array_equal(self.sums, other.sums)
            and all(np.array_equal(self.coarse[name], other.coarse[name]) for name in self.coarse)
        )

    __hash__ = None  # type: ignore[assignment] # it grows

    # --- reading ------------------------------------------------------------------------------------------------------------------------------

    def figures(self) -> dict[str, float | None]:
        """Return every figure of ``FIGURES``; ``None`` where nothing was served that could have one."""
        counts = self.counts
        whole = {
            "requests": counts["requests"], "served": counts["served"], "first_served": counts["first_served"], "attempts": counts["attempts"],
            "charged_nano": self.money["charged"] / 1e6, "upstream_nano": self.money["upstream"] / 1e6, "cache_saved_nano": self.money["cache_saved"] / 1e6,
            "ttft_us": counts["ttft_us"], "total_us": counts["total_us"], "prompt": counts["prompt_tokens"], "cached": counts["cached_tokens"],
        }  # fmt: skip
        found = {
            name: None if not np.isfinite(value) else float(value) for name, value in _ratios({key: np.float64(value) for key, value in whole.items()}).items()
        }
        for name in ("ttft", "total"):
            for label, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
                times = getattr(self, name)
                # a percentile that few samples lie beyond is their luck, and is not told
                found[f"{name}_{label}"] = times.at(share) if enough_for(share, times.count) else None
        return {name: found[name] for name in FIGURES}

    def resampled(self) -> dict[str, NDArray[np.float64]]:
        """Return every figure in each bootstrap replicate; NaN where a replicate has none."""
        sums = _group_weights(_GROUPS, self.replicates).T @ self.sums.astype(np.float64)
        found = _ratios({name: sums[:, place] for place, name in enumerate(_SUMS)})
        # of as many requests as there were: a replicate of whole groups has a few more or less, which says nothing of their cost
        found["cost_total"] = found["cost_per_request"] * self.counts["requests"]
        for name in ("ttft", "total"):
            filled = np.flatnonzero(self.coarse[name].any(axis=0))
            counts = np.zeros((_COARSE_SIZE, self.replicates), np.int64)
            counts[filled] = self.coarse[name][:, filled].T.astype(np.float64) @ _group_weights(_FEW_GROUPS, self.replicates)
            for label, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
                found[f"{name}_{label}"] = _quantiles(counts, share)
        return {name: found[name] for name in FIGURES}

    def intervals(self) -> dict[str, tuple[float, float] | None]:
        """Return each figure's 95 % interval: the figure, and 1.96 standard deviations of its replicates to either side."""
        replicas = self.resampled() if self.replicates else {}
        found = {name: _interval(value, replicas.get(name)) for name, value in self.figures().items()}
        for name, count in RATES.items():
            found[name] = rare_bounds(found[name], self.counts[count], self.counts["requests"]) if self.replicates else None
        return found

    @property
    def shares(self) -> dict[str, float]:
        """Each endpoint's share of the served requests, largest first."""
        total = max(self.counts["served"], 1)
        return {key: row.served / total for key, row in sorted(self.by_endpoint.items(), key=lambda one: (-one[1].served, one[0])) if row.served}

    @property
    def cache_hit_rate(self) -> float | None:
        """Share of the sessions' later turns that found their prompt cached."""
        return self.counts["cache_hits"] / self.counts["session_turns"] if self.counts["session_turns"] else None

    def to_dict(
        self,
        *,
        histograms: bool = False,
        figures: dict[str, float | None] | None = None,
        intervals: dict[str, tuple[float, float] | None] | None = None,
    ) -> dict[str, Any]:
        """Return everything as JSON can hold it: money as decimal text in USD, durations in seconds; ``histograms``: HdrHistogram V2 texts beside.

        ``figures`` and ``intervals`` are the summary's own, or those of the replications that it sums up.

        Args:
            histograms: Whether HdrHistogram V2 texts stand beside the percentiles.
            figures: Figures in place of the summary's own.
            intervals: Intervals in place of the summary's own.

        Returns:
            JSON.
        """
        from routecore.pricing.money import usd

        figures = self.figures() if figures is None else figures
        intervals = self.intervals() if intervals is None else intervals
        found: dict[str, Any] = {
            "figures": {name: {"value": value, "low": None if intervals[name] is None else intervals[name][0], "high": None if intervals[name] is None else intervals[name][1], "unit": FIGURES[name][0]} for name, value in figures.items()},  # type: ignore[index]
            "counts": {name: value for name, value in self.counts.items() if not name.endswith("_us")},
            "usd": {name: format(usd(value), "f") for name, value in self.money.items()},
            "endpoints": {
                key: {"served": row.served, "attempts": row.attempts, "failures": row.failures, "first_choices": row.first_choices, "charged_usd": format(usd(row.charged), "f"), "share": row.served / max(self.counts["served"], 1)}
                for key, row in sorted(self.by_endpoint.items(), key=lambda one: (-one[1].served, one[0]))
            },
            "outcomes": dict(sorted(self.outcomes.items())),
            "rejections": dict(sorted(self.rejections.items())),
            "cache_hit_rate": self.cache_hit_rate,
        }  # fmt: skip
        if histograms:
            found["hdr_microseconds"] = {"ttft": self.ttft.encoded(), "total": self.total.encoded()}
        return found

    def __repr__(self) -> str:
        return f"<Summary of {self.counts['requests']:,} requests, {self.money['charged'] / 1e15:.6g} USD>"


def difference(baseline: Summary, other: Summary) -> dict[str, dict[str, float | None]]:
    """Return each figure's difference with its 95 % interval, paired: both summaries are resampled alike, session by session.

    Args:
        baseline: The summary that is compared with.
        other: The other one, of the same requests.

    Returns:
        Of each figure ``value`` (``other`` minus ``baseline``), ``low`` and ``high``; ``None`` where it is not known.

    Example:
        >>> difference(Summary(), Summary())["cost_per_request"]
        {'value': None, 'low': None, 'high': None}
    """
    mine, theirs = baseline.figures(), other.figures()
    paired = baseline.replicates == other.replicates and baseline.replicates > 1
    before, after = (baseline.resampled(), other.resampled()) if paired else ({}, {})
    found: dict[str, dict[str, float | None]] = {}
    for name in FIGURES:
        a, b = mine[name], theirs[name]
        value = None if a is None or b is None else b - a
        between = _interval(value, after[name] - before[name]) if paired else None
        found[name] = {"value": value, "low": None if between is None else between[0], "high": None if between is None else between[1]}
    for name in RATES:
        found[name] = rare_difference(found[name], baseline.counts["requests"])
    return found


def rare_bounds(between: tuple[float, float] | None, happened: int, of: int) -> tuple[float, float] | None:
    """Return a rate's interval within 0 and 1, and no narrower than exact bounds where one outcome was rare: never ± 0.

    >>> rare_bounds((1.0, 1.0), 100, 100)[0] < 0.97
    True
    """
    if not of or between is None:
        return between
    low, high = between
    if min(happened, of - happened) < _RARE:
        exact = clopper_pearson(happened, of)
        low, high = min(low, exact[0]), max(high, exact[1])
    return max(low, 0.0), min(high, 1.0)


def rare_difference(change: dict[str, float | None], of: int) -> dict[str, float | None]:
    """Return the difference of two rates with an interval no narrower than what nothing in ``of`` requests leaves open (the rule of three)."""
    value, low, high = change["value"], change["low"], change["high"]
    if value is None or low is None or high is None or not of:
        return change
    least = 3.0 / of
    return {"value": value, "low": min(low, value - least), "high": max(high, value + least)}


@lru_cache(maxsize=4)
def _group_weights(groups: int, replicates: int) -> NDArray[np.float64]:
    """Return each group's weights: shape (``groups``, ``replicates``)."""
    return poisson_weights(mixed(np.arange(1, groups + 1, dtype=np.uint64)), replicates).astype(np.float64)


def _interval(value: float | None, replicas: NDArray[np.float64] | None) -> tuple[float, float] | None:
    if value is None or replicas is None:
        return None
    kept = replicas[np.isfinite(replicas)]
    if len(kept) < 2:
        return None
    half = Z_95 * float(kept.std(ddof=1))
    return value - half, value + half


def _ratios(sums: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures that are ratios of sums: of one run, or of all its replicates at once."""
    with np.errstate(divide="ignore", invalid="ignore"):
        n, served = sums["requests"], sums["served"]
        return {
            "cost_total": np.where(n > 0, sums["charged_nano"] / 1e9, np.nan),
            "cost_per_request": sums["charged_nano"] / n / 1e9,
            "upstream_per_request": sums["upstream_nano"] / n / 1e9,
            "cache_saved_per_request": sums["cache_saved_nano"] / n / 1e9,
            "success_rate": served / n,
            "first_success_rate": sums["first_served"] / n,
            "attempts_per_request": sums["attempts"] / n,
            "cached_share": sums["cached"] / sums["prompt"],
            "ttft_mean": sums["ttft_us"] / served / 1e6,
            "total_mean": sums["total_us"] / served / 1e6,
        }


def _quantiles(counts: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    """Return each replicate's quantile in seconds, interpolated inside its bucket."""
    if not counts.size:
        return np.full(counts.shape[1], np.nan)
    running = np.cumsum(counts, axis=0)
    total = running[-1]
    rank = np.maximum(np.ceil(share * total), 1)
    place = np.minimum((running < rank[None, :]).sum(axis=0), len(counts) - 1)
    column = np.arange(counts.shape[1])
    before = np.where(place > 0, running[np.maximum(place - 1, 0), column], 0)
    inside = (rank - before) / np.maximum(counts[place, column], 1)
    low, width = edges_of(place, _COARSE)
    found: NDArray[np.float64] = np.where(total > 0, (low + inside * width) / 1e6, np.nan)
    return found


def _whole(values: Any) -> Any:  # noqa: ANN401 - an array of ints of any size
    """Return amounts as an array of 64-bit integers, or of Python's where they do not fit."""
    if isinstance(values, np.ndarray) and values.dtype == np.int64:
        return values
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return np.array(values, object)


def _total(values: Any) -> int:  # noqa: ANN401 - as above
    return (int((values >> _SPLIT).sum()) << _SPLIT) + int((values & ((1 << _SPLIT) - 1)).sum())
