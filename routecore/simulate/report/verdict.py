"""What a report says first: one sentence a policy, and what to know before one acts on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from routecore.simulate.report.figures import change_shown, percent_shown, shown, unsure
from routecore.simulate.report.summary import FIGURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.simulate.report.report import Report, Result

__all__ = ["assumed_shares", "verdicts", "warnings_of"]

_WORTH_SAYING: Final = 0.005
"""Shares of traffic below this go unmentioned."""
_WORTH_WARNING: Final = 0.05
_THINGS: Final = {"latency": "latency", "throughput": "speed", "failures": "failures"}


def assumed_shares(report: Report, one: Result) -> dict[str, float]:
    """Return which share of a policy's served requests rests on assumed latency, throughput or failures."""
    served = max(one.summary.counts["served"], 1)
    found = dict.fromkeys(_THINGS, 0.0)
    for endpoint_id, row in one.summary.by_endpoint.items():
        for thing in report.assumed.get(endpoint_id, ()):
            found[thing] += row.served / served
    return {thing: share for thing, share in found.items() if share > 0}


def verdicts(report: Report) -> list[tuple[str, str]]:
    """Return (policy, sentence) pairs: the baseline's figures, the others' differences to it in percent and in points."""
    base = report.baseline
    figures = base.figures()
    found = []
    for one in report.results:
        if one is base:
            cost, last, first = (shown(figures[name], FIGURES[name][0], name) for name in ("cost_per_request", "total_mean", "first_success_rate"))
            sentence = f"{cost} per 1,000 requests, {last} to the last token, {first} served at the first attempt"
        else:
            change = report.differences().get(one.name)
            sentence = "stopped before the baseline's end: not compared" if change is None else _compared(change, figures)
        rests = {thing: share for thing, share in assumed_shares(report, one).items() if share >= _WORTH_SAYING}
        if rests:
            most = max(rests.values())
            things = " and ".join(_THINGS[thing] for thing, share in rests.items() if share > most / 2)
            sentence += f"; {most:.0%} of its traffic went to endpoints whose {things} {'are' if ' and ' in things or things == 'failures' else 'is'} assumed"
        found.append((one.name, sentence + "."))
    return found


def _compared(change: Mapping[str, Mapping[str, float | None]], base: Mapping[str, float | None]) -> str:
    parts = []
    for name, words in (("cost_per_request", "cost"), ("total_mean", "time to last token")):
        one, of = change[name], base[name]
        value = one["value"]
        if value is None or not of:
            parts.append(f"{words} refused or unknown")
        elif value == 0:
            parts.append(f"the same {words}")
        elif unsure(one):
            parts.append(f"no difference in {words} that can be told ({change_shown(one, of, FIGURES[name][0], name).removeprefix('~')})")
        else:
            parts.append(f"{percent_shown(value / of)} {words}")
    one = change["first_success_rate"]
    if one["value"] is not None:
        text = (
            "first-attempt success the same"
            if unsure(one)
            else f"first-attempt success {one['value'] * 100:+.1f} points".replace("-0.", "−0.").replace(" -", " −")
        )
        parts.append(text)
    return ", ".join(parts)


def warnings_of(report: Report) -> list[str]:
    """Return what to know before one acts: what is assumed, cold starts, few samples, one run, what was refused."""
    found = []
    if report.partial:
        found.append("Partial: the run was stopped before its end; the figures are of what was done.")
    for one in report.results:
        rests = {thing: share for thing, share in assumed_shares(report, one).items() if share >= _WORTH_WARNING}
        if rests:
            listed = ", ".join(f"{_THINGS[thing]} of {share:.0%}" for thing, share in rests.items())
            found.append(f"{one.name}: nobody measured {listed} of its traffic; figures that rest on it are guesses.")
    if report.spread == "one run":
        found.append("One run: what stands as ± is the spread of one run, no 95 % interval. Replications give one (replications=, --replications).")
    if report.cold:
        found.append("Cold start: the router began without statistics; the first minutes are its learning.")
    for one in report.results:
        missing = [name for name, value in one.figures().items() if value is None and name.startswith(("ttft_p", "total_p"))]
        if missing and one.summary.counts["served"]:
            found.append(f"{one.name}: too few served requests for {', '.join(sorted({name.rpartition('_')[2] for name in missing}))}.")
    found += [f"Refused: {one}" for one in report.refused]
    return [*found, *report.notes]
