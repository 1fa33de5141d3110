"""The report as one page: figures, plots as inline SVG, changes, assumptions. No network, no script; for phones and for the dark too."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any, Final

from routecore.simulate.engines.names import ENGINES
from routecore.simulate.report.figures import shown
from routecore.simulate.report.summary import FIGURES, EndpointRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routecore.simulate.report.report import Report, Result

__all__ = ["page"]

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 22, 40
_COLOURS: Final = 8
_MOST_PROVIDERS: Final = 7
_OTHERS: Final = "others"
_FAILED: Final = "failed"
_SHOWN_CHANGES: Final = 12

_STYLE: Final = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#5b6570;--line:#d8dee4;--card:#f6f8fa;--good:#1a7f37;--bad:#b42318;
--c0:#2563c9;--c1:#d9730d;--c2:#1f8a5b;--c3:#b5308f;--c4:#8a6d1d;--c5:#0e8a9c;--c6:#7048c6;--c7:#8b949e}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--fg:#e6edf3;--soft:#9aa5b1;--line:#30363d;--card:#171c23;--good:#4cc38a;--bad:#ff8f7e;
--c0:#6ea8fe;--c1:#ffa657;--c2:#56d39b;--c3:#f58ad2;--c4:#e0c15b;--c5:#5ccfe0;--c6:#b79cff;--c7:#8b949e}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1060px;padding:1rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.1rem;margin:1.8rem 0 .5rem}p{margin:.4rem 0}.soft,figcaption,small{color:var(--soft)}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:8px}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}tr:last-child td,tr:last-child th{border-bottom:0}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--bg)}thead th{background:var(--card)!important}
td small{display:block}.good{color:var(--good)}.bad{color:var(--bad)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:1rem}figure{margin:0;padding:.6rem;border:1px solid var(--line);border-radius:8px;min-width:0}
figcaption{font-size:.85rem}svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font:12px system-ui,sans-serif}svg .axis{stroke:var(--line)}
.key{display:flex;flex-wrap:wrap;gap:.1rem .9rem;margin:.3rem 0 0;padding:0;list-style:none;font-size:.85rem}.key i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em}
.warn{border-left:4px solid var(--bad);background:var(--card);padding:.5rem .8rem;border-radius:4px}ul{padding-left:1.2rem}li{margin:.2rem 0;overflow-wrap:anywhere}
.stat{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.6rem}.stat div{background:var(--card);border-radius:8px;padding:.6rem .8rem}.stat b{display:block;font-size:1.25rem}
details{margin:.4rem 0}code{font-size:.9em;overflow-wrap:anywhere}
"""
_LESS_IS_BETTER: Final = frozenset(
    {"cost_total", "cost_per_request", "upstream_per_request", "attempts_per_request"}
    | {f"{a}_{b}" for a in ("ttft", "total") for b in ("mean", "p50", "p90", "p99")}
)
_NEUTRAL: Final = frozenset({"cache_saved_per_request", "cached_share"})


def page(report: Report) -> str:
    """Return the whole page as HTML text. Everything that comes from outside is escaped."""
    results = report.results
    partial = "".join(f'<p class="warn">{escape(note)}</p>' for note in report.notes)
    if report.partial:
        partial = f'<p class="warn"><b>Partial.</b> The run was stopped before its end: the figures are of what was done.</p>{partial}'
    plots = [_frontier(report)]
    providers = _leading(results)
    plots += [_shares(one, providers) for one in results[:6]]
    plots += [_latencies(results, "ttft", "Time to first token"), _latencies(results, "total", "Time to last token"), _money(results, providers)]
    body = f"""<h1>{escape(report.title)}</h1>
<p class="soft">{report.trace["requests"]:,} requests of {escape(str(report.trace["source"]))} · {len(results)} {"policies" if len(results) > 1 else "policy"} · {escape(ENGINES.get(report.engine, report.engine))} · seed {report.seed}</p>
{partial}
<h2>Figures</h2>
{_figures(report)}
<p class="soft">Below a value: its difference to <b>{escape(report.baseline.name)}</b> with its 95 % interval, paired. Grey: the interval holds 0, so it may be nothing.</p>
<h2>Plots</h2>
<div class="plots">{"".join(plots)}</div>
<h2>What changed, and why</h2>
{_changes(report)}
<h2>Who served</h2>
{_endpoints(results)}
<h2>What this assumes</h2>
<ul>{"".join(f"<li>{escape(one)}</li>" for one in report.assumptions)}</ul>
<h2>Where it comes from</h2>
{_sources(report)}
<h2>The policies</h2>
{"".join(f"<details><summary>{escape(one.name)}</summary><code>{escape(str(one.policy))}</code></details>" for one in results)}
"""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


# --- tables -----------------------------------------------------------------------------------------------------------------------------------


def _figures(report: Report) -> str:
    differences = report.differences()
    figures = [one.summary.figures() for one in report.results]
    intervals = report.baseline.summary.intervals()
    head = "".join(f"<th>{escape(one.name)}{' <small>partial</small>' if one.partial else ''}</th>" for one in report.results)
    rows = []
    for name, (unit, meaning) in FIGURES.items():
        cells = []
        for place, one in enumerate(report.results):
            below = ""
            change = differences.get(one.name, {}).get(name)
            between = intervals[name]
            if change is not None and change["value"] is not None:
                below = f'<small class="{_verdict(name, change)}">{_plus(change["value"], unit)}{_give_or_take(change, unit)}</small>'
            elif place == 0 and between is not None:
                below = f"<small>± {escape(shown((between[1] - between[0]) / 2, unit))}</small>"
            cells.append(f"<td>{escape(shown(figures[place][name], unit))}{below}</td>")
        rows.append(f'<tr><td title="{escape(meaning)}">{escape(name.replace("_", " "))}</td>{"".join(cells)}</tr>')
    for label, read in _COUNTED:
        rows.append(f"<tr><td>{label}</td>{''.join(f'<td>{escape(read(one))}</td>' for one in report.results)}</tr>")
    return f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


_COUNTED: Final[tuple[tuple[str, Callable[[Result], str]], ...]] = (
    ("cache hits of later turns", lambda one: "–" if one.summary.cache_hit_rate is None else f"{one.summary.cache_hit_rate:.1%}"),
    ("session switches", lambda one: f"{one.summary.counts['session_switches']:,}"),
    ("saved by caches", lambda one: shown(one.summary.money["cache_saved"] / 1e15, "USD")),
    ("saved by insurance", lambda one: shown(one.summary.money["insured"] / 1e15, "USD")),
    ("cooldowns", lambda one: "–" if one.coolings is None else f"{one.coolings:,}"),
    ("failed at last", lambda one: f"{one.summary.counts['failed']:,}"),
    (
        "rejections",
        lambda one: ", ".join(f"{rule} {count:,}" for rule, count in sorted(one.summary.rejections.items(), key=lambda pair: -pair[1])[:3]) or "none",
    ),
)


def _verdict(name: str, change: dict[str, float | None]) -> str:
    value, low, high = change["value"], change["low"], change["high"]
    if value is None or (low is not None and high is not None and low <= 0 <= high) or value == 0 or name in _NEUTRAL:
        return "soft"
    return "good" if (value < 0) == (name in _LESS_IS_BETTER) else "bad"


def _plus(value: float, unit: str) -> str:
    return escape(("+" if value >= 0 else "") + shown(value, unit))


def _give_or_take(change: dict[str, float | None], unit: str) -> str:
    low, high = change["low"], change["high"]
    return "" if low is None or high is None else f" ± {escape(shown((high - low) / 2, unit))}"


def _changes(report: Report) -> str:
    from routecore.simulate.report.changes import REASONS

    found = []
    for one in report.results[1:]:
        changes = one.changes
        if changes is None:
            continue
        share = changes.changed / max(changes.compared, 1)
        reasons = "".join(
            f'<tr><td title="{escape(REASONS[name])}">{escape(name)}</td><td>{count:,}</td><td style="text-align:left;white-space:normal">{escape(REASONS[name])}</td></tr>'
            for name, count in sorted(changes.reasons.items(), key=lambda pair: -pair[1])
        )
        picked = [example for name in changes.reasons for example in [row for row in changes.examples if row["reason"] == name][:3]][:_SHOWN_CHANGES]
        rows = "".join(
            f"<tr><td>{row['request']:,}</td><td>{escape(_slug(row['before']))}</td><td>{escape(_slug(row['after']))}</td><td style='white-space:normal;text-align:left'>{escape(row['reason'])}: {escape(str(row['detail']))}</td></tr>"
            for row in picked
        )
        examples = f'<details><summary>Examples</summary><div class="wide"><table><thead><tr><th>request</th><th>before</th><th>after</th><th>why</th></tr></thead><tbody>{rows}</tbody></table></div></details>'
        table = f'<div class="wide"><table><tbody>{reasons}</tbody></table></div>{examples}' if changes.changed else ""
        found.append(f"<p><b>{escape(one.name)}</b>: another first choice for {changes.changed:,} of {changes.compared:,} requests ({share:.1%}).</p>{table}")
    return "".join(found) or '<p class="soft">First choices were not compared.</p>'


def _slug(endpoint_id: str | None) -> str:
    return "nobody" if endpoint_id is None else endpoint_id.partition("@")[2] or endpoint_id


def _endpoints(results: Sequence[Result]) -> str:
    ids = list(dict.fromkeys(name for one in results for name in one.summary.shares))
    rows = []
    for name in ids[:30]:
        cells = []
        for one in results:
            row = one.summary.by_endpoint.get(name, EndpointRow())
            failed = f"{row.failures:,} of {row.attempts:,} attempts failed" if row.attempts else ""
            cells.append(
                f"<td>{row.served / max(one.summary.counts['served'], 1):.1%}<small>{escape(shown(row.charged / 1e15, 'USD'))}{', ' if failed else ''}{failed}</small></td>"
            )
        rows.append(f"<tr><td>{escape(name)}</td>{''.join(cells)}</tr>")
    head = "".join(f"<th>{escape(one.name)}</th>" for one in results)
    more = f'<p class="soft">and {len(ids) - 30} more endpoints</p>' if len(ids) > 30 else ""
    return f'<div class="wide"><table><thead><tr><th>share of served requests</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>{more}'


def _sources(report: Report) -> str:
    listed = "".join(f"<li>{escape(one)}</li>" for one in report.sources)
    composite = "<p><b>A composite</b>: these were not measured together, and no day was like this.</p>" if len(report.sources) > 1 else ""
    return f"{composite}<ul>{listed}</ul>"


# --- plots ------------------------------------------------------------------------------------------------------------------------------------


def _colour(place: int) -> str:
    return f"var(--c{place % _COLOURS})"


def _figure(title: str, drawing: str, key: Sequence[tuple[str, str]] = (), note: str = "", height: int = _HEIGHT) -> str:
    listed = "".join(f'<li><i style="background:{colour}"></i>{escape(name)}</li>' for name, colour in key)
    legend = f'<ul class="key">{listed}</ul>' if key else ""
    return (
        f'<figure><b>{escape(title)}</b><svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">{drawing}</svg>{legend}'
        f"<figcaption>{escape(note)}</figcaption></figure>"
    )


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers from ``low`` to ``high``."""
    if not high > low:
        return [low]
    step = 10.0 ** floor(log10((high - low) / count))
    step = next(one * step for one in (1, 2, 5, 10) if (high - low) / (one * step) <= count)
    first = ceil(low / step)
    return [place * step for place in range(first, floor(high / step + 1e-9) + 1)]


class _Axes:
    """A plot's frame: turns values into places, and draws the grid."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], *, log_x: bool = False) -> None:
        self.x, self.y, self.log_x = x, y, log_x

    def at(self, x: float, y: float) -> tuple[float, float]:
        return round(self.across(x), 1), round(self.up(y), 1)

    def across(self, x: float) -> float:
        low, high = self.x
        share = (log10(x / low) / log10(high / low)) if self.log_x else (x - low) / ((high - low) or 1)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def up(self, y: float) -> float:
        low, high = self.y
        return _HEIGHT - _BOTTOM - (y - low) / ((high - low) or 1) * (_HEIGHT - _TOP - _BOTTOM)

    def grid(self, x_label: str, y_label: str, x_text: Callable[[float], str], y_text: Callable[[float], str]) -> str:
        parts = []
        for value in _ticks(*self.y):
            y = round(self.up(value), 1)
            parts.append(
                f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/><text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{escape(y_text(value))}</text>'
            )
        ticks = _decades(*self.x) if self.log_x else _ticks(*self.x)
        for value in ticks:
            x = round(self.across(value), 1)
            parts.append(
                f'<line class="axis" x1="{x}" x2="{x}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/><text x="{x}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{escape(x_text(value))}</text>'
            )
        parts.append(f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
        if y_label:
            parts.append(f'<text x="6" y="12">{escape(y_label)}</text>')
        return "".join(parts)


def _decades(low: float, high: float) -> list[float]:
    found = [base * 10.0**power for power in range(floor(log10(low)), ceil(log10(high)) + 1) for base in (1, 2, 5)]
    inside = [one for one in found if low <= one <= high]
    return inside if len(inside) <= 9 else [one for one in inside if f"{one:e}"[0] == "1"]


def _span(values: Sequence[float], room: float = 0.12) -> tuple[float, float]:
    low, high = min(values), max(values)
    gap = (high - low) * room or abs(high) * 0.1 or 1.0
    return max(low - gap, 0.0) if low >= 0 else low - gap, high + gap


def _frontier(report: Report) -> str:
    """Cost against latency, a point a policy, with intervals as whiskers; a sweep's points are joined."""
    points = []
    for place, one in enumerate(report.results):
        figures, between = one.summary.figures(), one.summary.intervals()
        cost, wait = figures["cost_per_request"], figures["total_mean"]
        if cost is not None and wait is not None:
            points.append((place, one, cost * 1000, wait, between["cost_per_request"], between["total_mean"]))
    if not points:
        return ""
    xs = [cost for _, _, cost, *_ in points] + [edge * 1000 for *_, between, _ in points if between for edge in between]
    ys = [wait for _, _, _, wait, *_ in points] + [edge for *_, between in points if between for edge in between]
    axes = _Axes(_span(xs), _span(ys))
    drawing = axes.grid("USD per 1,000 requests", "seconds to last token (mean)", lambda value: f"{value:.4g}", lambda value: f"{value:.3g}")
    if report.parameter is not None:
        line = " ".join(f"{x},{y}" for x, y in (axes.at(cost, wait) for _, _, cost, wait, *_ in points))
        drawing += f'<polyline points="{line}" fill="none" stroke="var(--soft)" stroke-dasharray="4 3"/>'
    for place, one, cost, wait, cost_between, wait_between in points:
        x, y = axes.at(cost, wait)
        colour = "var(--c0)" if report.parameter is not None else _colour(place)
        if cost_between:
            drawing += f'<line x1="{axes.at(cost_between[0] * 1000, wait)[0]}" x2="{axes.at(cost_between[1] * 1000, wait)[0]}" y1="{y}" y2="{y}" stroke="{colour}" opacity=".5"/>'
        if wait_between:
            drawing += (
                f'<line x1="{x}" x2="{x}" y1="{axes.at(cost, wait_between[0])[1]}" y2="{axes.at(cost, wait_between[1])[1]}" stroke="{colour}" opacity=".5"/>'
            )
        label = one.name if one.value is None else str(one.value)
        anchor, shift = ("end", -8) if x > _WIDTH * 0.6 else ("start", 8)
        drawing += f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"><title>{escape(one.name)}: {cost:.4g} USD per 1,000, {wait:.3g} s</title></circle>'
        drawing += f'<text x="{x + shift}" y="{y - 7}" text-anchor="{anchor}">{escape(label[:34])}</text>'
    note = "Down and to the left is better. Whiskers: 95 % intervals, each by itself; the table's differences are paired, and sharper."
    title = "Cost against latency" if report.parameter is None else f"Cost against latency over {report.parameter}"
    return _figure(title, drawing, note=note)


def _leading(results: Sequence[Result]) -> list[str]:
    """Return the providers that serve most over all policies: one colour each, in every plot."""
    totals: dict[str, int] = {}
    for one in results:
        for endpoint_id, row in one.summary.by_endpoint.items():
            name = _provider(endpoint_id)
            totals[name] = totals.get(name, 0) + row.served
    return [name for name in sorted(totals, key=lambda name: (-totals[name], name)) if totals[name]][:_MOST_PROVIDERS]


def _shares(one: Result, providers: Sequence[str]) -> str:
    """Who served, over time, as stacked areas."""
    totals: dict[str, int] = {}
    buckets: dict[int, dict[str, int]] = {}
    for (bucket, endpoint_id), count in one.summary.over_time.items():
        name = _provider(endpoint_id) if endpoint_id else _FAILED
        totals[name] = totals.get(name, 0) + count
        row = buckets.setdefault(bucket, {})
        row[name] = row.get(name, 0) + count
    if not buckets:
        return ""
    rest = [name for name in totals if name not in providers and name != _FAILED]
    bands = [(name, [name], _colour(place)) for place, name in enumerate(providers) if name in totals]
    if rest:
        bands.append((_OTHERS, rest, "var(--c7)"))
    if _FAILED in totals:
        bands.append((_FAILED, [_FAILED], "var(--bad)"))
    width = one.summary.bucket_s
    first, last = min(buckets), max(buckets)
    unit, seconds = ("h", 3600.0) if (last - first + 1) * width > 7200 else ("min", 60.0) if (last - first + 1) * width > 120 else ("s", 1.0)
    axes = _Axes((first * width / seconds, (last + 1) * width / seconds), (0.0, 1.0))
    drawing = axes.grid(f"{unit} into the trace", "", lambda value: f"{value:.4g}", lambda value: f"{value:.0%}")
    places = sorted(buckets)
    lower = dict.fromkeys(places, 0.0)
    for _, names, colour in bands:
        top, bottom = [], []
        for bucket in places:
            whole = sum(buckets[bucket].values())
            high = lower[bucket] + sum(buckets[bucket].get(name, 0) for name in names) / whole
            for edge in (bucket, bucket + 1):
                top.append(axes.at(edge * width / seconds, high))
                bottom.append(axes.at(edge * width / seconds, lower[bucket]))
            lower[bucket] = high
        path = " ".join(f"{x},{y}" for x, y in (*top, *reversed(bottom)))
        drawing += f'<polygon points="{path}" fill="{colour}" shape-rendering="crispEdges"/>'
    key = [(f"{name} {totals_of / sum(totals.values()):.0%}", colour) for name, names, colour in bands for totals_of in [sum(totals[one] for one in names)]]
    return _figure(f"Shares over time: {one.name}", drawing, key)


def _provider(endpoint_id: str) -> str:
    return endpoint_id.partition("@")[2].partition("/")[0] or endpoint_id


def _latencies(results: Sequence[Result], metric: str, title: str) -> str:
    """The cumulative distribution of a time, a line a policy, on a logarithmic axis."""
    curves = [(place, one, getattr(one.summary, metric).curve()) for place, one in enumerate(results[:_COLOURS])]
    curves = [(place, one, curve) for place, one, curve in curves if curve]
    if not curves:
        return ""
    xs = [x for _, _, curve in curves for x, _ in curve if x > 0]
    if not xs:
        return ""
    low, high = min(xs), max(xs)
    axes = _Axes((low * 0.9, max(high, low * 1.5) * 1.1), (0.0, 1.0), log_x=True)
    drawing = axes.grid("seconds", "share of served requests", lambda value: f"{value:g}", lambda value: f"{value:.0%}")
    for place, one, curve in curves:
        points = " ".join(f"{x},{y}" for x, y in (axes.at(max(x, low), y) for x, y in curve))
        drawing += f'<polyline points="{points}" fill="none" stroke="{_colour(place)}" stroke-width="2"><title>{escape(one.name)}</title></polyline>'
    return _figure(
        title, drawing, [(one.name, _colour(place)) for place, one, _ in curves], "Share of served requests done by then, failed attempts and waits included."
    )


def _money(results: Sequence[Result], providers: Sequence[str]) -> str:
    """Where the money went: a bar a policy, a colour a provider; what caches saved stands behind it, in outline."""
    spent = []
    for one in results:
        amounts: dict[str, float] = {}
        for endpoint_id, row in one.summary.by_endpoint.items():
            name = _provider(endpoint_id)
            amounts[name] = amounts.get(name, 0.0) + row.charged / 1e15
        spent.append(amounts)
    leading = list(providers)
    others = any(amount > 0 and name not in leading for amounts in spent for name, amount in amounts.items())
    most = max((sum(amounts.values()) + max(one.summary.money["cache_saved"] / 1e15, 0.0) for one, amounts in zip(results, spent, strict=True)), default=0.0)
    if most <= 0:
        return ""
    row_height, left = 34, 8
    height = len(results) * (row_height + 18) + 16
    scale = (_WIDTH - left - 90) / most
    drawing = ""
    for place, (one, amounts) in enumerate(zip(results, spent, strict=True)):
        y = place * (row_height + 18) + 18
        drawing += f'<text x="{left}" y="{y - 4}">{escape(one.name)}</text>'
        x = float(left)
        parts = [(name, amounts.get(name, 0.0), _colour(order)) for order, name in enumerate(leading)]
        parts.append((_OTHERS, sum(amount for name, amount in amounts.items() if name not in leading), "var(--c7)"))
        for name, amount, colour in parts:
            if amount > 0:
                drawing += f'<rect x="{x:.1f}" y="{y}" width="{amount * scale:.1f}" height="{row_height - 10}" fill="{colour}"><title>{escape(name)}: {escape(shown(amount, "USD"))}</title></rect>'
                x += amount * scale
        saved = one.summary.money["cache_saved"] / 1e15
        if saved > 0:
            drawing += f'<rect x="{x:.1f}" y="{y + 0.5}" width="{saved * scale:.1f}" height="{row_height - 11}" fill="none" stroke="var(--soft)" stroke-dasharray="3 3"><title>saved by caches: {escape(shown(saved, "USD"))}</title></rect>'
            x += saved * scale
        drawing += f'<text x="{x + 6:.1f}" y="{y + 16}">{escape(shown(one.summary.money["charged"] / 1e15, "USD"))}</text>'
    key = [(name, _colour(order)) for order, name in enumerate(leading)]
    return _figure(
        "Where the money went",
        drawing,
        [*key, (_OTHERS, "var(--c7)")] if others else key,
        "Charged to the account, by provider. Dashed: what prompt caches saved.",
        height,
    )


def swept(report: Report) -> list[dict[str, Any]]:
    """Return a sweep's frontier as rows: the parameter's value, cost a request, mean time, success rate."""
    rows = []
    for one in report.results:
        figures = one.summary.figures()
        rows.append({"value": one.value, **{name: figures[name] for name in ("cost_per_request", "ttft_mean", "total_mean", "success_rate")}})
    return rows
