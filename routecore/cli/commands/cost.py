"""``routecore cost``: what one response cost, line by line; or a whole log, with totals and every row that could not be priced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from routecore.cli.errors import EXIT_FAULT, Failure, UnreadableFile, sourced
from routecore.cli.log_file import price_file
from routecore.cli.options import as_json, from_feed
from routecore.cli.reading import STDIN, load_catalog, read_json, shown_name
from routecore.cli.terminal import Page, print_json
from routecore.cli.views.cost import show_totals
from routecore.cost.calculate import calculate_cost
from routecore.cost.context import CostContext
from routecore.cost.view import show_breakdown
from routecore.usage.counts import Usage
from routecore.wire.cost_case import cost_case

if TYPE_CHECKING:
    from routecore.cost.breakdown import CostBreakdown

__all__ = ["cost"]

_AS_LOG: Final = "a log is priced with: routecore cost --usage {} --catalog catalog.json"


@click.command(
    short_help="Price one response, or a whole log.",
    epilog="\b\nExamples:\n  routecore cost case.json\n  routecore cost --usage log.jsonl --catalog catalog.json",
)
@click.argument("case", required=False, metavar="[CASE.json]")
@click.option(
    "--usage",
    "log",
    metavar="FILE.jsonl",
    help="A log: one JSON object a line, with usage, model and provider; or what Claude Code, Codex, OpenRouter or LiteLLM write.",
)
@click.option("--catalog", "catalog_file", metavar="FILE", help="The catalog with the prices of the log's endpoints; 'example' is the shipped one.")
@from_feed
@click.option("--strict", is_flag=True, help="Exit with 2 if any row of the log could not be priced.")
@as_json
def cost(case: str | None, log: str | None, catalog_file: str | None, feed: str, strict: bool, machine: bool) -> int:
    """Price one response (a CASE file with its prices and its usage), or a whole log against a catalog. '-' is standard input."""
    if case is not None and log is not None:
        raise click.UsageError(f"name a case ({case}) or a log (--usage {log}), not both")
    if case is None and log is None:
        raise click.UsageError("name a CASE file, or a log: routecore cost --usage log.jsonl --catalog catalog.json")
    if (log is None) != (catalog_file is None):
        raise click.UsageError(
            "a log needs --catalog, the prices of its endpoints"
            if log is not None
            else f"a case has its own prices; to price a log: routecore cost --usage {case} --catalog {catalog_file}"
        )
    if case is not None:
        _price_case(case, machine=machine)
        return 0
    assert log is not None
    assert catalog_file is not None
    if log == catalog_file == STDIN:
        raise click.UsageError("only one file can be '-', standard input")
    known, _ = load_catalog(catalog_file, feed)
    totals = price_file(log, known)
    if machine:
        print_json(totals.to_dict())
    else:
        show_totals(totals, Page())
    # a log of which nothing could be priced has told nothing
    return EXIT_FAULT if (strict and totals.unpriceable) or not totals.requests else 0


def _price_case(file: str, *, machine: bool) -> None:
    expected = "a cost case: JSON with 'pricing' and 'usage'"
    try:
        case = read_json(file, expected)
    except UnreadableFile as error:
        if not error.problem.endswith(": extra data"):
            raise
        # a first line that is JSON, and more after it
        raise UnreadableFile(shown_name(file), "is JSON line by line", expected, hint=_AS_LOG.format(file)) from error
    if isinstance(case, dict) and "pricing" not in case and "usage" in case:
        raise UnreadableFile(shown_name(file), "has no 'pricing'", expected, hint=f"if it is a row of a log: {_AS_LOG.format(file)}")
    answer = cost_case(case)
    if "error" in answer:
        raise Failure(answer, {"request": shown_name(file), "catalog": shown_name(file)})
    if machine:
        print_json(answer)
        return
    with sourced({"request": shown_name(file)}):
        show_breakdown(_breakdown(case), Page())


def _breakdown(case: dict[str, Any]) -> CostBreakdown:
    """Return the breakdown behind the answer to a case, for its lines."""
    context = CostContext.parse(case.get("context"))
    usage = Usage.parse(case.get("usage"), case.get("usage_format"), strict=context.strict)
    return calculate_cost(case["pricing"], usage, finish_reason=case.get("finish_reason"), context=context)
