"""The report as one page that needs nothing else: the verdict, what to know, figures, charts, changes, assumptions. For phones, the dark and paper too."""

from __future__ import annotations

import functools
import json
from html import escape
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, SimulationError
from routecore.simulate.engines.names import ENGINES
from routecore.simulate.report.changes import REASONS
from routecore.simulate.report.charts import charts_of
from routecore.simulate.report.figures import change_shown, label_of, shown, unsure
from routecore.simulate.report.style import DARK, LIGHT, SCRIPT, STYLE
from routecore.simulate.report.summary import FIGURES, EndpointRow
from routecore.simulate.report.verdict import verdicts, warnings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routecore.simulate.report.report import Report, Result

__all__ = ["check_charts", "figure", "page", "script"]

_SHOWN_CHANGES: Final = 12
_GROUPS: Final = {
    "Cost": ("cost_per_request", "cost_total", "upstream_per_request", "cache_saved_per_request", "cached_share"),
    "Time": ("ttft_mean", "ttft_p50", "ttft_p90", "ttft_p99", "total_mean", "total_p50", "total_p90", "total_p99"),
    "Success": ("first_success_rate", "success_rate", "attempts_per_request"),
}
_LESS_IS_BETTER: Final = frozenset({"cost_total", "cost_per_request", "upstream_per_request", "attempts_per_request", *_GROUPS["Time"]})
_NEUTRAL: Final = frozenset({"cache_saved_per_request", "cached_share"})
_SPREADS: Final = {
    "replications": "its 95 % interval over replications",
    "bootstrap": "its 95 % interval over sessions",
    "one run": "the spread of one run, which is no 95 % interval",
}


def check_charts() -> None:
    """Raise ``SimulationError`` where the library that draws charts is not installed: before a long run, not after."""
    try:
        import vl_convert  # noqa: F401 - only whether it is there
    except ImportError:
        raise SimulationError([Fault("report", "vl-convert-python is not installed", "a page with charts: pip install 'routecore[report]'")]) from None


def page(report: Report) -> str:
    """Return the whole page as HTML text. Everything that comes from outside is escaped. Raises ``SimulationError`` without the library that draws charts."""
    check_charts()
    results = report.results
    drawn = charts_of(report)
    trace = report.trace
    policies = "policies" if len(results) > 1 else "policy"
    subtitle = (
        f"{trace['requests']:,} requests of {trace['source']} · {len(results)} {policies} · {ENGINES.get(report.engine, report.engine)} · seed {report.seed}"
    )
    if report.baseline.runs is not None:
        subtitle += f" · {report.baseline.runs.count} replications of each"
    lines = "".join(f"<li><b>{escape(name)}</b>: {escape(text)}</li>" for name, text in verdicts(report))
    notes = "".join(f'<p class="warn">{escape(note)}</p>' for note in warnings_of(report))
    figures = "".join(figure(place, title, note, spec) for place, (title, note, spec) in enumerate(drawn))
    body = f"""<h1>{escape(report.title)}</h1>
<p class="soft">{escape(subtitle)}</p>
<ul class="verdict">{lines}</ul>
{notes}
<h2>Figures</h2>
{_table(report)}
<p class="soft">Below a value: its difference to <b>{escape(report.baseline.name)}</b>, paired, with {_SPREADS[report.spread]}. ~ and grey: the interval holds 0, so it may be nothing. Rows of nothing but zeros are left out.</p>
<h2>Charts</h2>
<div class="plots">{figures}</div>
<h2>What changed, and why</h2>
{_changes(report)}
<h2>Who served</h2>
{_endpoints(report)}
<h2>Where it comes from</h2>
{_sources(report)}
<h2>What this assumes</h2>
<ul>{"".join(f"<li>{escape(one)}</li>" for one in report.assumptions)}</ul>
<h2>The policies</h2>
{"".join(f"<details><summary>{escape(one.name)}</summary><code>{escape(json.dumps(one.policy, ensure_ascii=False))}</code></details>" for one in results)}
"""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body>{body}{script([spec for *_, spec in drawn])}</body></html>\n"
    )


def figure(place: int, title: str, note: str, spec: dict[str, Any]) -> str:
    """Return a chart's place, with a still picture of it until (or unless) the script draws it."""
    import vl_convert

    still = vl_convert.vegalite_to_svg({**spec, "width": 560, "config": {**LIGHT, "font": "sans-serif"}})
    return (
        f'<figure><b>{escape(title)}</b><div class="chart" id="chart-{place}" role="img" aria-label="{escape(title)}"><div class="still">{still}</div></div>'
        f"<figcaption>{escape(note)}</figcaption></figure>"
    )


def script(specs: list[dict[str, Any]]) -> str:
    """Return the elements that draw the charts: their data, and the library with it."""
    data = json.dumps({"specs": specs, "looks": {"light": LIGHT, "dark": DARK}}, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="charts">{data}</script><script type="module">{_library()}{SCRIPT}</script>'


@functools.cache
def _library() -> str:
    """Return the charts' library as one script. It is the same for every page, and bundling it takes three quarters of a page's time."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # the bundle holds regular expressions with </, which would end the element
    return bundle.replace("</script", "<\\/script")


def _table(report: Report) -> str:
    differences = report.differences()
    results = report.results
    figures = [one.figures() for one in results]
    intervals = report.baseline.intervals()
    head = "".join(f"<th>{escape(one.name)}{' <small>partial</small>' if one.partial else ''}</th>" for one in results)
    rows = []
    for group, names in _GROUPS.items():
        inside = []
        for name in names:
            if all(not one[name] for one in figures):
                continue
            unit, meaning = FIGURES[name]
            cells = []
            for place, one in enumerate(results):
                change, between, below = differences.get(one.name, {}).get(name), intervals[name], ""
                if change is not None and change["value"] is not None:
                    below = f'<small class="{_good_or_bad(name, change)}">{escape(change_shown(change, figures[0][name], unit, name))}</small>'
                elif place == 0 and between is not None:
                    below = f"<small>± {escape(shown((between[1] - between[0]) / 2, unit, name))}</small>"
                cells.append(f"<td>{escape(shown(figures[place][name], unit, name))}{below}</td>")
            inside.append(f'<tr><td title="{escape(meaning)}">{escape(label_of(name))}</td>{"".join(cells)}</tr>')
        inside += [
            f"<tr><td>{label}</td>{''.join(f'<td>{escape(told(one))}</td>' for one in results)}</tr>"
            for label, of, told in _COUNTED
            if of == group and any(told(one) not in _NOTHING for one in results)
        ]
        if inside:
            rows.append(f'<tr class="group"><th colspan="{len(results) + 1}">{group}</th></tr>{"".join(inside)}')
    return f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


_NOTHING: Final = frozenset({"0", "–", "$0.00", "0.0 %"})
_COUNTED: Final[tuple[tuple[str, str, Callable[[Result], str]], ...]] = (
    ("saved by insurance", "Cost", lambda one: shown(one.a_run(one.summary.money["insured"]) / 1e15, "USD")),
    ("cache hits of later turns", "Cost", lambda one: "–" if one.summary.cache_hit_rate is None else f"{one.summary.cache_hit_rate * 100:.1f} %"),
    ("session switches", "Success", lambda one: f"{one.a_run(one.summary.counts['session_switches']):,.0f}"),
    ("cooldowns", "Success", lambda one: "–" if one.coolings is None else f"{one.coolings:,}"),
    ("failed at last", "Success", lambda one: f"{one.a_run(one.summary.counts['failed']):,.0f}"),
)
"""What is counted and has no interval: its label, its group, how it is told."""


def _good_or_bad(name: str, change: dict[str, float | None]) -> str:
    value = change["value"]
    if not value or unsure(change) or name in _NEUTRAL:
        return "soft"
    return "good" if (value < 0) == (name in _LESS_IS_BETTER) else "bad"


def _changes(report: Report) -> str:
    found = []
    for one in report.results[1:]:
        changes = one.changes
        if changes is None:
            continue
        share = changes.changed / max(changes.compared, 1)
        reasons = "".join(
            f'<tr><td>{escape(name)}</td><td>{count:,}</td><td style="text-align:left;white-space:normal">{escape(REASONS[name])}</td></tr>'
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


def _endpoints(report: Report) -> str:
    results: Sequence[Result] = report.results
    ids = list(dict.fromkeys(name for one in results for name in one.summary.shares))
    rows = []
    for name in ids[:30]:
        cells = []
        for one in results:
            row = one.summary.by_endpoint.get(name, EndpointRow())
            failed = f", {row.failures / row.attempts:.1%} of attempts failed" if row.failures else ""
            cells.append(
                f"<td>{row.served / max(one.summary.counts['served'], 1):.1%}<small>{escape(shown(one.a_run(row.charged) / 1e15, 'USD'))}{failed}</small></td>"
            )
        guessed = report.assumed.get(name)
        mark = f"<small>assumed: {escape(', '.join(guessed))}</small>" if guessed else ""
        rows.append(f"<tr><td>{escape(name)}{mark}</td>{''.join(cells)}</tr>")
    head = "".join(f"<th>{escape(one.name)}</th>" for one in results)
    more = f'<p class="soft">and {len(ids) - 30} more endpoints</p>' if len(ids) > 30 else ""
    return f'<div class="wide"><table><thead><tr><th>share of served requests</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>{more}'


def _sources(report: Report) -> str:
    listed = "".join(f"<li>{escape(one)}</li>" for one in report.sources)
    composite = "<p><b>A composite</b>: these were not measured together, and no day was like this.</p>" if len(report.sources) > 1 else ""
    return f"{composite}<ul>{listed}</ul>"
