"""Off-policy estimates as one page that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from routecore.simulate.engines.names import ENGINES
from routecore.simulate.report.page import check_charts, figure, script
from routecore.simulate.report.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.simulate.engines.off_policy import OffPolicy

__all__ = ["estimates_page"]


def estimates_page(estimates: Sequence[OffPolicy]) -> str:
    """Return the page of several policies' estimates: what each comes to, or why it cannot be told. Raises ``SimulationError`` without ``routecore[report]``."""
    check_charts()
    lines, tables, figures = [], [], []
    specs: list[dict[str, Any]] = []
    for one in estimates:
        _, *rows = one.table()
        lines.append(f"<li><b>{escape(one.policy)}</b>, {escape(one.reward)}: {escape(_verdict(one, rows))}</li>")
        notes = "".join(f'<p class="warn">{escape(text)}</p>' for text in one.warnings)
        skipped = "".join(f"<li>{count:,} rows left out: {escape(reason)}</li>" for reason, count in one.skipped.items())
        cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        head = "".join(f"<th>{name}</th>" for name in ("", "a request", "95 % interval, or why not", "effective sample"))
        title = f"{one.policy}: {one.reward}, from {one.used:,} of {one.requests:,} rows"
        tables.append(
            f'<h2>{escape(title)}</h2>{notes}<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table></div><ul>{skipped}</ul>'
        )
        spec = _spec(one)
        if spec is not None:
            figures.append(figure(len(specs), title, "Points and 95 % intervals; the log's own mean beside them.", spec))
            specs.append(spec)
    assumed = "".join(f"<li>{escape(text)}</li>" for text in dict.fromkeys(text for one in estimates for text in one.assumptions))
    body = (
        f'<h1>What if, from the log alone</h1><p class="soft">{escape(ENGINES["ope"])}</p><ul class="verdict">{"".join(lines)}</ul>'
        f'{"".join(tables)}<h2>Charts</h2><div class="plots">{"".join(figures)}</div><h2>What this assumes</h2><ul>{assumed}</ul>'
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>What if, from the log alone</title><style>{STYLE}</style></head><body>{body}{script(specs)}</body></html>\n"
    )


def _verdict(one: OffPolicy, rows: list[list[str]]) -> str:
    best = one.estimates["dr"]
    if best.value is None:
        return f"not identifiable: {best.reason}."
    told = next(row for row in rows if row[0] == "dr")
    return f"{told[1]} a request ({told[2]}), doubly robust; the log's own mean is {rows[0][1]}."


def _spec(one: OffPolicy) -> dict[str, Any] | None:
    rows = [
        {"estimator": name, "value": each.value, "low": each.low, "high": each.high}
        for name, each in (("logged", one.logged), *one.estimates.items())
        if each.value is not None and each.low is not None
    ]
    if len(rows) < 2:
        return None
    y = {"field": "estimator", "type": "nominal", "title": None, "sort": None}
    x = {"field": "value", "type": "quantitative", "title": f"{one.reward} a request", "scale": {"zero": False}}
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 3, "color": "#0072B2", "opacity": 0.6}, "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
        {"mark": {"type": "point", "filled": True, "size": 80, "color": "#0072B2"}, "encoding": {"y": y, "x": x, "tooltip": [{"field": "estimator"}, {"field": "value", "format": ".5~g"}]}},
    ]  # fmt: skip
    return {"data": {"values": rows}, "width": "container", "height": 150, "autosize": {"type": "fit", "contains": "padding"}, "layer": layers}
