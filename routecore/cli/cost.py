"""``routecore cost``: what one response cost, line by line; or a whole log, with totals and every row that could not be priced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from routecore.cli import screen
from routecore.cli.files import UnreadableFile, read_catalog, read_object
from routecore.cost import calculate_cost, cost_case
from routecore.cost_context import CostContext
from routecore.cost_log import LogTotals, price_log
from routecore.errors import Fault, InvalidRequest, RoutecoreError
from routecore.pricing import Pricing
from routecore.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.cost import CostBreakdown


@click.command(epilog="Example: routecore cost --usage log.jsonl --catalog catalog.json")
@click.argument("case", required=False, metavar="[CASE.json]")
@click.option("--usage", "log", help="A log: one JSON object a line.", metavar="FILE.jsonl")
@click.option("--catalog", help="The catalog with the prices, or 'example'.", metavar="FILE")
@click.option("--from", "kind", type=click.Choice(["routecore", "openrouter"]), default="routecore", show_default=True, help="The catalog file's format.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def cost(case: str | None, log: str | None, catalog: str | None, kind: str, as_json: bool) -> None:
    """Price one response (a case file, '-' for standard input), or a whole log (--usage and --catalog)."""
    if (case is None) == (log is None) or (log is not None and catalog is None):
        raise click.UsageError("give a case file, or --usage together with --catalog")
    try:
        if log is not None and catalog is not None:
            totals = _price_log(log, catalog, kind)
            if as_json:
                screen.print_json(totals.to_dict())
            else:
                _show_totals(totals)
            return
        assert case is not None
        described = read_object(case)
        if as_json:
            answer = cost_case(described)
            screen.print_json(answer)
            if "error" in answer:
                raise SystemExit(screen.CALLER_FAULT)
            return
        _show_breakdown(_breakdown(described))
    except RoutecoreError as error:
        screen.fail(error, as_json=as_json)


def _breakdown(described: dict[str, Any]) -> CostBreakdown:
    pricing = Pricing.parse(described.get("pricing"))
    context = CostContext.parse(described.get("context"))
    usage = Usage.parse(described.get("usage"), described.get("usage_format"), strict=context.strict)
    return calculate_cost(pricing, usage, finish_reason=described.get("finish_reason"), context=context)


def _show_breakdown(made: CostBreakdown) -> None:
    screen.table(
        "Each line: count × unit price = amount, and the card the price came from",
        ("what", "count", "unit price, USD", "amount, USD", "item", "price from"),
        ((line.what, line.count, screen.usd(line.unit_price), screen.usd(line.amount), line.item, line.source) for line in made.lines()),
        right=(1, 2, 3),
    )
    answer = made.to_dict()
    rows = [("list cost", screen.usd(made.list_cost), "the lines added up")]
    rows.append(("discounted", screen.usd(made.discounted_cost), f"list cost × {screen.usd(made.discount_rate)}"))
    if made.is_byok:
        rows.append(("billed to the key's owner", screen.usd(made.byok_cost), "by the provider, for a key of one's own"))
    rows.append(("charged", screen.usd(made.cost), "zero-completion insurance: nothing is charged" if made.insured else "to the account"))
    rows.append(("uncached", screen.usd(made.uncached_list_cost), "list cost if nothing had been cached"))
    rows.append(("saved by the cache", screen.usd(made.cache_savings), "uncached − list cost"))
    screen.table("Sum", ("", "USD", ""), rows, right=(1,))
    if answer.get("anomalies"):
        screen.table("Odd in the usage", ("what",), ((screen.jsonl(one),) for one in answer["anomalies"]))


def _price_log(path: str, catalog: str, kind: str) -> LogTotals:
    known = read_catalog(catalog, kind)
    totals = LogTotals()
    try:
        size = Path(path).stat().st_size
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from error
    bar = Progress(
        TextColumn("pricing"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn(), console=screen.console(stderr=True), transient=True
    )
    with stream, bar:
        task = bar.add_task("", total=max(size, 1))

        def rows() -> Iterator[object]:
            for number, line in enumerate(stream):
                if number % 1024 == 0:
                    bar.update(task, completed=stream.tell() if stream.seekable() else 0)
                yield _row(line)

        for priced in price_log(rows(), known):
            totals.add(priced)
    return totals


def _row(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return InvalidRequest([Fault("row", line.decode("utf-8", "replace").strip(), f"a line of JSON ({error})")])


def _show_totals(totals: LogTotals) -> None:
    screen.table(
        "Totals by model and provider",
        ("model", "provider", "requests", "prompt", "cached", "completion", "charged, USD", "list, USD"),
        (
            (
                row["model"],
                row["provider"],
                row["requests"],
                row["prompt_tokens"],
                row["cached_tokens"],
                row["completion_tokens"],
                screen.usd(row["cost"]),
                screen.usd(row["list_cost"]),
            )
            for row in totals.rows()
        ),
        right=(2, 3, 4, 5, 6, 7),
    )
    screen.say(f"{totals.requests} rows priced: {screen.usd(totals.cost)} USD charged")
    if totals.causes:
        screen.say()
        screen.table("Against what the providers reported", ("cause", "rows"), sorted(totals.causes.items()), right=(1,))
    if totals.unpriceable:
        screen.say()
        screen.table(
            f"{len(totals.unpriceable)} rows could not be priced", ("line", "why"), ((row.line, row.error.message) for row in totals.unpriceable), right=(0,)
        )
