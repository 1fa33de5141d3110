"""How a what-if looks on a page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from routecore.cli.terminal import Column
from routecore.showing.figures import count, percent, plural
from routecore.simulate.engines.names import ENGINES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routecore.cli.terminal import Page
    from routecore.simulate.engines.off_policy import OffPolicy
    from routecore.simulate.engines.validate import Validation
    from routecore.simulate.report.changes import Changes
    from routecore.simulate.report.report import Report

__all__ = ["show_changes", "show_estimates", "show_report", "show_validation"]

_SWEPT: Final = {
    "cost_per_request": "per 1,000",
    "ttft_p50": "first token p50",
    "ttft_p90": "p90",
    "total_p50": "total p50",
    "total_p90": "p90",
    "success_rate": "served",
}
"""Figures that a sweep's table has, with their headings."""
_IN_LINES: Final = frozenset({"rejections", "shares"})
"""Rows of the report's table that are lists, and read better one a line."""
_SHOWN_MOVES: Final = 12
_SHOWN_FAULTS: Final = 5
_SHOWN_EXAMPLES: Final = 5
"""Of each reason; the JSON has more."""


def show_report(report: Report, page: Page) -> None:  # noqa: PLR0912 - one heading after the other
    """Print what every policy came to, what is different from the baseline, what changed, and everything that was assumed."""
    from routecore.simulate.report.verdict import verdicts, warnings_of

    page.line(f"What if: {plural(report.expected, 'request')} of {report.trace['source']}", "bold")
    page.paragraph(ENGINES.get(report.engine, report.engine))
    if report.partial:
        page.fact("PARTIAL: it was stopped before its end; what is below speaks of the part that is done", style="bold yellow")
    page.line()
    if report.parameter is None:
        for name, sentence in verdicts(report):
            page.fact(f"{name}: {sentence}", hanging=2)
    else:
        _show_sweep(report, page)
    for warning in warnings_of(report):
        page.fact(f"! {warning}", hanging=2, style="yellow")
    if report.parameter is None:
        page.line()
        _show_figures(report, page)
    page.heading("Who served")
    for one in report.results:
        shares = ", ".join(f"{name} {percent(share)}" for name, share in one.summary.shares.items()) or "nobody"
        page.fact(f"{one.name}: {shares}", indent=2, hanging=4)
    if any(one.summary.rejections for one in report.results):
        page.heading("Endpoints rejected, summed over requests")
        for one in report.results:
            rules = sorted(one.summary.rejections.items(), key=lambda pair: -pair[1])
            page.fact(f"{one.name}: {', '.join(f'{rule} {count(round(one.a_run(number)))}' for rule, number in rules) or 'none'}", indent=2, hanging=4)
    for one in report.results:
        if one.changes is not None and one.changes.changed:
            page.heading(f"First choices that changed from {report.baseline.name} to {one.name}: {count(one.changes.changed)} of {count(one.changes.compared)}")
            page.pairs((reason, count(number)) for reason, number in one.changes.reasons.items())
    if report.trace["faults"]["examples"]:
        page.heading("Rows that could not be taken")
        for fault in report.trace["faults"]["examples"][:_SHOWN_FAULTS]:
            page.fact(f"{fault['file']}:{fault['line']}: {fault['reason']}", indent=4, hanging=6)
    page.heading("Where this comes from, and what it assumes")
    for text in (*report.sources, *report.assumptions):
        page.fact(f"- {text}", indent=2, hanging=4)


def _show_figures(report: Report, page: Page) -> None:
    """Print every figure of every policy: side by side where the page is wide enough, else below each other."""
    heading, *rows = report.table()
    figures = [row for row in rows if row[0] not in _IN_LINES]
    columns = [Column(heading[0]), *(Column(name, "right") for name in heading[1:])]
    # as many policies side by side as fit, the others in tables below
    start = 1
    while start < len(heading):
        stop = len(heading)
        while stop > start + 1 and not page.fits([columns[0], *columns[start:stop]], [[row[0], *row[start:stop]] for row in figures]):
            stop -= 1
        if start > 1:
            page.line()
        page.table([columns[0], *columns[start:stop]], [[row[0], *row[start:stop]] for row in figures])
        start = stop
    page.line()
    if len(report.results) > 1:
        base = report.baseline.name
        page.paragraph(
            f"Beside a value: the paired difference to {base} in percent, and in brackets in its unit, ± half of its interval. ~: the interval holds 0, so it may be nothing.",
            style="dim",
        )


def _show_sweep(report: Report, page: Page) -> None:
    """Print what each value of the swept parameter costs, and what it brings."""
    from routecore.simulate.report.figures import shown
    from routecore.simulate.report.summary import FIGURES

    rows = []
    for one in report.results:
        figures = one.figures()
        value = f"{one.value:g}" if isinstance(one.value, float) else str(one.value)
        rows.append([value, *(shown(figures[name], FIGURES[name][0], name) for name in _SWEPT)])
    page.table([Column(str(report.parameter)), *(Column(heading, "right") for heading in _SWEPT.values())], rows)
    page.line()
    page.paragraph("s: seconds. Intervals and all other figures: --json, or the page of --report.", style="dim")


def show_validation(found: Validation, page: Page) -> None:
    """Print a backtest: each figure's band, what was observed, in or out."""
    page.line(f"Backtest: fitted to {plural(found.fitted, 'request')}, predicting the {count(found.predicted)} after them", "bold")
    heading, *rows = found.table()
    page.table([Column(heading[0]), *(Column(one, "right") for one in heading[1:4]), Column("")], rows)
    page.line()
    for one in found.refused:
        page.fact(f"! {one.label}: what was observed lies outside of the band; no policies are ranked by it", hanging=2, style="yellow")
    for note in found.notes:
        page.fact(f"! {note}", hanging=2, style="yellow")
    page.heading("What was fitted")
    for text in found.world.sources:
        page.fact(f"- {text}", indent=2, hanging=4)


def show_changes(changes: Changes, before: str, after: str, page: Page) -> None:
    """Print how many first choices changed, for which reasons, from where to where, and examples of each reason."""
    from routecore.simulate.report.changes import REASONS

    page.line(f"{count(changes.changed)} of {count(changes.compared)} requests go elsewhere first under {after} than under {before}", "bold")
    if not changes.changed:
        return
    page.heading("Why")
    columns = [Column("reason"), Column("requests", "right"), Column("which means", wraps=True)]
    page.table(columns, ([reason, count(number), REASONS.get(reason, "")] for reason, number in changes.reasons.items()))
    page.heading("From where to where")
    moves = sorted(changes.moves.items(), key=lambda one: -one[1])
    for (old, new), number in moves[:_SHOWN_MOVES]:
        page.line(f"  {number:>9,}  {old or 'nobody'}  →  {new or 'nobody'}")
    if len(moves) > _SHOWN_MOVES:
        page.line(f"             … and {len(moves) - _SHOWN_MOVES} more kinds of moves; --json has the first 50")
    page.heading(f"Examples, at most {_SHOWN_EXAMPLES} of each reason")
    seen: Counter[str] = Counter()
    for one in changes.examples:
        seen[one["reason"]] += 1
        if seen[one["reason"]] > _SHOWN_EXAMPLES:
            continue
        page.fact(f"request {one['request']}: {one['before'] or 'nobody'} → {one['after'] or 'nobody'}: {one['reason']}: {one['detail']}", indent=2, hanging=6)


def show_estimates(estimates: Sequence[OffPolicy], page: Page) -> None:
    """Print what a log says of other policies: each estimator's value with its interval, or why there is none."""
    from routecore.simulate.engines.off_policy import ESTIMATORS

    page.line("Off-policy estimates: what each policy would have come to, from the log alone", "bold")
    for one in estimates:
        page.heading(f"{one.policy}: {one.reward}, from {count(one.used)} of {plural(one.requests, 'row')}")
        _, *rows = one.table()
        reasons = dict.fromkeys(estimate.reason for estimate in one.estimates.values() if estimate.reason is not None)
        # one reason usually stands against every estimator: it is told once, below
        cells = [[name, value, "–" if between in reasons else between, sample] for name, value, between, sample in rows]
        page.table([Column("estimator"), Column("a request", "right"), Column("95 % interval"), Column("effective sample", "right")], cells)
        for reason in reasons:
            page.fact(f"not identifiable: {reason}", indent=2, hanging=4)
        if one.unsupported and not reasons:
            page.fact(f"{percent(one.unsupported)} of the policy lies where the log never went", indent=2, hanging=4)
        if one.pinned:
            page.fact(f"{plural(one.pinned, 'row')} that a session's pin decided: taken as they were logged", indent=2, hanging=4)
        for warning in one.warnings:
            page.fact(warning, indent=2, hanging=4, style="yellow")
        for reason, number in one.skipped.items():
            page.fact(f"{plural(number, 'row')} left out: {reason}", indent=2, hanging=4)
    page.heading("The estimators")
    page.pairs(ESTIMATORS.items())
    page.heading("What this assumes")
    for text in dict.fromkeys(text for one in estimates for text in one.assumptions):
        page.fact(f"- {text}", indent=2, hanging=4)
