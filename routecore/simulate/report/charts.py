"""The report's charts, as Vega-Lite: what is drawn, in data; how it looks is the page's (``docs/decisions/323-charts.md``).

Colours mean one thing each: policies have Okabe and Ito's, providers Tol's light ones, both told apart by the colour-blind; lines differ in dashes and width too.
"""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.simulate.report.report import Report, Result

__all__ = ["charts_of"]

POLICIES: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#9A6324")
PROVIDERS: Final = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#44BB99", "#99DDFF", "#BBCC33")
OTHERS, FAILED = "others", "failed"
_GREY: Final = "#B8BEC5"
_RED: Final = "#A3123A"
_DASHES: Final = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (1, 3), (10, 4), (4, 1), (3, 5))
_MOST_POLICIES: Final = 8
_HEIGHT: Final = 280
_LABEL_HEIGHT: Final = 15.0


def charts_of(report: Report) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (title, what to see in it, Vega-Lite specification) of every chart that there is something for."""
    results = report.results[:_MOST_POLICIES] if report.parameter is None else report.results
    providers = _leading(report.results)
    found = [_frontier(report, results)]
    found += [_shares(one, providers) for one in results[:6]]
    found += [_latencies(results, "ttft", "Time to first token"), _latencies(results, "total", "Time to last token")]
    found += [_money(results, providers), _changes(results), _calibration(report)]
    return [one for one in found if one is not None]


def _spec(values: list[dict[str, Any]], height: int = _HEIGHT, **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - Vega-Lite
    return {"data": {"values": values}, "width": "container", "height": height, "autosize": {"type": "fit", "contains": "padding"}, **parts}


def _colours(names: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    return {"domain": list(names), "range": [colours[place % len(colours)] for place in range(len(names))]}


def _frontier(report: Report, results: Sequence[Result]) -> tuple[str, str, dict[str, Any]] | None:
    rows: list[dict[str, Any]] = []
    for one in results:
        figures, between = one.figures(), one.intervals()
        cost, wait = figures["cost_per_request"], figures["total_mean"]
        if cost is not None and wait is not None:
            low, high = between["cost_per_request"] or (cost, cost)
            early, late = between["total_mean"] or (wait, wait)
            name = one.name if one.value is None else (f"{one.value:g}" if isinstance(one.value, float) else str(one.value))
            rows.append(
                {
                    "policy": name,
                    "cost": cost * 1000,
                    "low": max(low, 0) * 1000,
                    "high": high * 1000,
                    "wait": wait,
                    "early": max(early, 0),
                    "late": late,
                    "place": len(rows),
                }
            )
    if not rows:
        return None
    across, up = _domain(rows, "cost", "low", "high"), _domain(rows, "wait", "early", "late")
    _place_labels(rows, across, up)
    colour = {"field": "policy", "type": "nominal", "scale": _colours([row["policy"] for row in rows], POLICIES), "legend": None}
    x = {"field": "cost", "type": "quantitative", "title": "USD per 1,000 requests", "scale": {"zero": False, "nice": False, "domain": across}}
    y = {"field": "wait", "type": "quantitative", "title": "seconds to last token, mean", "scale": {"zero": False, "nice": False, "domain": up}}
    tooltip = [
        {"field": "policy"},
        {"field": "cost", "title": "USD per 1,000", "format": ".4~g"},
        {"field": "low", "title": "from", "format": ".4~g"},
        {"field": "high", "title": "to", "format": ".4~g"},
        {"field": "wait", "title": "seconds", "format": ".3~g"},
        {"field": "early", "title": "from", "format": ".3~g"},
        {"field": "late", "title": "to", "format": ".3~g"},
    ]
    shared = {"x": x, "y": y, "color": colour}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.55, "clip": True},
            "encoding": {**shared, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.55, "clip": True},
            "encoding": {**shared, "y": {**y, "field": "early"}, "y2": {"field": "late"}},
        },
        {"mark": {"type": "point", "filled": True, "size": 110, "opacity": 1}, "encoding": {**shared, "tooltip": tooltip}},
    ]
    if report.parameter is not None:
        line = {"mark": {"type": "line", "strokeDash": [4, 3], "color": _GREY}, "encoding": {"x": x, "y": y, "order": {"field": "place"}}}
        layers.insert(0, line)
    layers += [
        {
            "transform": [{"filter": f"datum.place === {row['place']}"}],
            "mark": {"type": "text", "align": row["align"], "dx": row["dx"], "dy": row["dy"], "fontWeight": 600, "limit": 190},
            "encoding": {**shared, "text": {"field": "policy"}},
        }
        for row in rows
    ]
    title = "Cost against time" if report.parameter is None else f"Cost against time over {report.parameter}"
    note = "Down and to the left is better. Bars: intervals of each by itself; differences in the table are paired, and sharper."
    return title, note, _spec(rows, 320, layer=layers)


def _domain(rows: list[dict[str, Any]], name: str, low: str, high: str) -> list[float]:
    """Return the stretch of an axis: all points with room around them, and of intervals what fits into it; wider ones run off the edge."""
    values = [row[name] for row in rows]
    room = max(max(values) - min(values), 0.1 * max(map(abs, values)), 1e-12)
    first = max(min(row[low] for row in rows), min(values) - 0.6 * room)
    last = min(max(row[high] for row in rows), max(values) + 0.6 * room)
    return [max(min(first, min(values) - 0.15 * room), 0.0), max(last, max(values) + 0.15 * room)]


def _place_labels(rows: list[dict[str, Any]], x_domain: list[float], y_domain: list[float]) -> None:
    """Give each point's label a side and a height at which it meets no other, as far as there is room, on the narrowest of screens."""
    wide, high = 280.0, 250.0
    taken: list[tuple[float, float, float]] = []
    for row in sorted(rows, key=lambda one: -one["wait"]):  # from the top
        x = (row["cost"] - x_domain[0]) / (x_domain[1] - x_domain[0]) * wide
        y = (y_domain[1] - row["wait"]) / (y_domain[1] - y_domain[0]) * high
        row["align"] = "right" if x > wide / 2 else "left"
        row["dx"] = -10 if x > wide / 2 else 10
        length = 7.0 * min(len(row["policy"]), 27) + 12
        left = x - length if x > wide / 2 else x
        place = y - 9.0
        while any(abs(place - other) < _LABEL_HEIGHT and left < right and begin < left + length for begin, right, other in taken):
            place += _LABEL_HEIGHT / 3
        taken.append((left, left + length, place))
        row["dy"] = round(place - y)


def _leading(results: Sequence[Result]) -> list[str]:
    """Return the providers that serve most over all policies: one colour each, in every chart."""
    totals: dict[str, int] = {}
    for one in results:
        for endpoint_id, row in one.summary.by_endpoint.items():
            totals[_provider(endpoint_id)] = totals.get(_provider(endpoint_id), 0) + row.served
    return [name for name in sorted(totals, key=lambda name: (-totals[name], name)) if totals[name]][: len(PROVIDERS)]


def _provider(endpoint_id: str) -> str:
    return endpoint_id.partition("@")[2].partition("/")[0] or endpoint_id


def _provider_colours(providers: Sequence[str]) -> dict[str, Any]:
    names = [*providers, OTHERS, FAILED]
    return {"domain": names, "range": [*PROVIDERS[: len(providers)], _GREY, _RED]}


def _shares(one: Result, providers: Sequence[str]) -> tuple[str, str, dict[str, Any]] | None:
    counts: dict[tuple[int, str], int] = {}
    for (bucket, endpoint_id), count in one.summary.over_time.items():
        name = _provider(endpoint_id) if endpoint_id else FAILED
        name = name if name in providers or name == FAILED else OTHERS
        counts[bucket, name] = counts.get((bucket, name), 0) + count
    if not counts:
        return None
    width = one.summary.bucket_s
    buckets = sorted({bucket for bucket, _ in counts})
    span = (buckets[-1] - buckets[0] + 1) * width
    unit, seconds = ("hours", 3600.0) if span > 7200 else ("minutes", 60.0) if span > 120 else ("seconds", 1.0)
    rows = []
    for bucket in buckets:
        # stacked here: a rectangle for each, and none where nobody asked
        whole, below = sum(count for (at, _), count in counts.items() if at == bucket), 0.0
        for name in [*providers, OTHERS, FAILED]:
            count = counts.get((bucket, name), 0)
            if count:
                share = count / whole
                row = {"from": bucket * width / seconds, "to": (bucket + 1) * width / seconds, "provider": name, "requests": round(one.a_run(count), 1)}
                rows.append({**row, "share": share, "low": below, "high": below + share})
                below += share
    seen = [name for name in [*providers, OTHERS, FAILED] if any(row["provider"] == name for row in rows)]
    scale = _provider_colours(providers)
    keep = [scale["range"][scale["domain"].index(name)] for name in seen]
    encoding = {
        "x": {"field": "from", "type": "quantitative", "title": f"{unit} into the trace", "scale": {"nice": False, "zero": False}},
        "x2": {"field": "to"},
        "y": {"field": "low", "type": "quantitative", "title": "share of requests", "axis": {"format": "%"}, "scale": {"domain": [0, 1]}},
        "y2": {"field": "high"},
        "color": {
            "field": "provider",
            "type": "nominal",
            "scale": {"domain": seen, "range": keep},
            "legend": {"title": None, "orient": "bottom", "columns": 4},
        },
        "tooltip": [
            {"field": "provider"},
            {"field": "share", "format": ".1%"},
            {"field": "requests", "format": ",.4~g"},
            {"field": "from", "title": unit, "format": ".4~g"},
        ],
    }
    note = "Who served, stretch by stretch; where nothing is drawn nobody asked."
    return f"Shares over time: {one.name}", note, _spec(rows, mark={"type": "rect", "strokeWidth": 0}, encoding=encoding)


def _latencies(results: Sequence[Result], metric: str, title: str) -> tuple[str, str, dict[str, Any]] | None:
    rows = []
    for place, one in enumerate(results):
        curve = [(seconds, share) for seconds, share in getattr(one.summary, metric).curve() if seconds > 0]
        rows += [{"policy": one.name, "seconds": seconds, "share": share, "place": place} for seconds, share in curve]
    if not rows:
        return None
    names = [one.name for one in results if any(row["policy"] == one.name for row in rows)]
    colour = {
        "field": "policy",
        "type": "nominal",
        "scale": _colours(names, POLICIES),
        "legend": {"title": None, "orient": "bottom", "columns": 3, "symbolType": "stroke"},
    }
    pick = {"name": "picked", "select": {"type": "point", "fields": ["policy"]}, "bind": "legend"}
    # the first is broad and those after it ever thinner: lines that coincide show each other
    widths = [8.0, 4.5, 2.5, 1.5, 1.5, 1.5, 1.5, 1.5]
    low, high = min(row["seconds"] for row in rows), max(row["seconds"] for row in rows)
    encoding = {
        "x": {"field": "seconds", "type": "quantitative", "title": "seconds", "scale": {"type": "log", "nice": False, "domain": [low * 0.9, max(high, low * 1.5) * 1.1]}, "axis": {"values": _decades(low, high), "format": "~g"}},
        "y": {"field": "share", "type": "quantitative", "title": "share of served requests", "axis": {"format": "%"}, "scale": {"domain": [0, 1]}},
        "color": colour,
        "strokeWidth": {"field": "policy", "type": "nominal", "scale": {"domain": names, "range": widths[: len(names)]}, "legend": None},
        "strokeDash": {"field": "policy", "type": "nominal", "scale": {"domain": names, "range": [list(one) for one in _DASHES[: len(names)]]}},
        "opacity": {"condition": {"param": "picked", "value": 0.9}, "value": 0.12},
        "tooltip": [{"field": "policy"}, {"field": "share", "format": ".1%"}, {"field": "seconds", "format": ".3~g"}],
    }  # fmt: skip
    note = "Share of served requests done by then, failed attempts and waits included. A click on a name picks it out."
    return title, note, _spec(rows, params=[pick], mark={"type": "line", "interpolate": "monotone", "clip": True}, encoding=encoding)


def _decades(low: float, high: float) -> list[float]:
    found = [base * 10.0**power for power in range(int(log10(low)) - 2, int(log10(high)) + 2) for base in (1, 2, 5)]
    inside = [one for one in found if low * 0.9 <= one <= high * 1.1]
    return inside if len(inside) <= 9 else [one for one in inside if f"{one:e}"[0] == "1"]


def _money(results: Sequence[Result], providers: Sequence[str]) -> tuple[str, str, dict[str, Any]] | None:
    rows = []
    for one in results:
        amounts: dict[str, float] = {}
        for endpoint_id, row in one.summary.by_endpoint.items():
            name = _provider(endpoint_id)
            name = name if name in providers else OTHERS
            amounts[name] = amounts.get(name, 0.0) + row.charged / 1e15
        asked = max(one.summary.counts["requests"], 1)
        rows += [
            {"policy": one.name, "provider": name, "usd": amount / asked * 1000, "order": [*providers, OTHERS].index(name)}
            for name, amount in amounts.items()
            if amount > 0
        ]
    if not rows:
        return None
    scale = _provider_colours(providers)
    seen = [name for name in [*providers, OTHERS] if any(row["provider"] == name for row in rows)]
    encoding = {
        "y": {"field": "policy", "type": "nominal", "title": None, "sort": [one.name for one in results], "axis": {"labelLimit": 130}},
        "x": {"field": "usd", "type": "quantitative", "title": "USD per 1,000 requests, by provider", "stack": "zero"},
        "color": {
            "field": "provider",
            "type": "nominal",
            "scale": {"domain": seen, "range": [scale["range"][scale["domain"].index(name)] for name in seen]},
            "legend": {"title": None, "orient": "bottom", "columns": 4},
        },
        "order": {"field": "order"},
        "tooltip": [{"field": "policy"}, {"field": "provider"}, {"field": "usd", "title": "USD per 1,000", "format": ".4~g"}],
    }
    return "Where the money went", "Charged to the account, by who served.", _spec(rows, 60 + 34 * len(results), mark="bar", encoding=encoding)


def _changes(results: Sequence[Result]) -> tuple[str, str, dict[str, Any]] | None:
    from routecore.simulate.report.changes import REASONS

    rows = [
        {"policy": one.name, "reason": reason, "share": count / max(one.changes.compared, 1), "requests": count, "means": REASONS[reason]}
        for one in results
        if one.changes is not None
        for reason, count in one.changes.reasons.items()
    ]
    if not rows:
        return None
    names = [one.name for one in results]
    encoding = {
        "y": {"field": "reason", "type": "nominal", "title": None, "sort": list(REASONS)},
        "yOffset": {"field": "policy", "type": "nominal", "sort": names},
        "x": {"field": "share", "type": "quantitative", "title": "share of requests with another first choice", "axis": {"format": "%"}},
        "color": {"field": "policy", "type": "nominal", "scale": _colours(names, POLICIES), "legend": {"title": None, "orient": "bottom", "columns": 3}},
        "tooltip": [{"field": "policy"}, {"field": "reason"}, {"field": "means"}, {"field": "requests", "format": ","}, {"field": "share", "format": ".1%"}],
    }
    reasons = len({row["reason"] for row in rows})
    return (
        "What changed, and why",
        "First choices against the baseline's, by the first reason that holds.",
        _spec(rows, 60 + 46 * reasons, mark="bar", encoding=encoding),
    )


def _calibration(report: Report) -> tuple[str, str, dict[str, Any]] | None:
    if report.calibration is None:
        return None
    rows = [
        {
            "figure": one.label,
            "low": one.low / one.observed,
            "high": one.high / one.observed,
            "predicted": one.predicted / one.observed,
            "in": "inside" if one.holds else "outside",
        }
        for one in report.calibration
        if one.observed and one.low is not None and one.high is not None and one.predicted is not None
    ]
    if not rows:
        return None
    colour = {"field": "in", "type": "nominal", "scale": {"domain": ["inside", "outside"], "range": ["#0072B2", "#D55E00"]}, "legend": {"title": "observed"}}
    y = {"field": "figure", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 190}}
    x = {"field": "low", "type": "quantitative", "title": "predicted, as a multiple of what was observed", "scale": {"zero": False}}
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 6, "opacity": 0.5}, "encoding": {"y": y, "x": x, "x2": {"field": "high"}, "color": colour}},
        {"mark": {"type": "point", "filled": True, "size": 70}, "encoding": {"y": y, "x": {**x, "field": "predicted"}, "color": colour}},
        {"data": {"values": [{"one": 1}]}, "mark": {"type": "rule", "strokeDash": [4, 3]}, "encoding": {"x": {"field": "one", "type": "quantitative"}}},
    ]
    return (
        "Calibration",
        "Bands predicted from the first part of the log; the dashed line is what its second part showed.",
        _spec(rows, 60 + 26 * len(rows), layer=layers),
    )
