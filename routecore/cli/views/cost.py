"""How the totals of a log look on a page: amounts that can be added up by hand, so nothing in them is rounded."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from routecore.cli.errors import fault_in_words
from routecore.cli.terminal import Column
from routecore.cost.view import aligned
from routecore.errors import FaultyInput
from routecore.showing.figures import count, exact, plural

if TYPE_CHECKING:
    from routecore.cli.terminal import Page
    from routecore.cost.log_totals import LogTotals
    from routecore.errors import RoutecoreError

__all__ = ["show_totals"]

_SHOWN_ROWS: Final = 1000


def show_totals(totals: LogTotals, page: Page) -> None:
    """Print a log's totals by model and provider, how they compare with what was reported, and every row that could not be priced."""
    told = totals.to_dict()
    total, unpriceable = told["total"], told["unpriceable"]
    rows_read = totals.requests + totals.folded + len(unpriceable)
    page.line(f"{exact(totals.cost)} USD charged for {count(totals.requests)} of {count(rows_read)} rows", "bold")
    if totals.folded:
        page.line(f"{plural(totals.folded, 'row')} told a response once more: each response is counted once")
    for text in _savings(total):
        page.line(text)
    if totals.requests:
        page.heading("By model and provider, the dearest first")
        rows = [
            [f"{row['model']}@{row['provider']}", *_counts(row), amount]
            for row, amount in zip(told["groups"], aligned([Decimal(row["cost"]) for row in told["groups"]]), strict=True)
        ]
        page.table([Column("model@provider"), *(Column(name, "right") for name in ("rows", "prompt", "cached", "compl.", "USD"))], rows)
        page.line()
        page.line("prompt, cached (of the prompt), compl.: tokens. USD: what the account is charged.", "dim")
    if told["reconciliation"]:
        page.heading("Against what the providers reported")
        page.table(
            [Column("cause of the difference"), Column("rows", "right"), Column("USD", "right")],
            [
                [cause.replace("_", " "), count(number), amount]
                for (cause, number), amount in zip(
                    told["reconciliation"].items(), aligned([Decimal(amount) for amount in told["differences"].values()]), strict=True
                )
            ],
        )
        page.line("  USD: reported − computed, summed over the rows.", "dim")
    if unpriceable:
        page.heading(f"Not priced: {plural(len(unpriceable), 'row')}")
        for row in totals.unpriceable[:_SHOWN_ROWS]:
            page.fact(f"line {row.line}: {_reason(row.error)}", indent=2, hanging=6)
        if len(unpriceable) > _SHOWN_ROWS:
            page.line(f"  … and {count(len(unpriceable) - _SHOWN_ROWS)} more; --json lists them all")


def _reason(error: RoutecoreError) -> str:
    return "; ".join(fault_in_words(fault.to_dict()) for fault in error.faults) if isinstance(error, FaultyInput) else error.message


def _counts(row: dict[str, Any]) -> list[str]:
    return [count(row[name]) for name in ("requests", "prompt_tokens", "cached_tokens", "completion_tokens")]


def _savings(total: dict[str, Any]) -> list[str]:
    texts = [f"list cost {total['list_cost']} USD; the caches saved {total['cache_savings']} USD"]
    if total["insured"]:
        texts.append(f"{plural(total['insured'], 'row')} without a completion, insured: {total['insured_cost']} USD were not charged")
    if total["anomalous"]:
        texts.append(
            f"{plural(total['anomalous'], 'row')} with something odd, such as counts that cannot be: routecore cost CASE.json says what was made of it"
        )
    return texts
