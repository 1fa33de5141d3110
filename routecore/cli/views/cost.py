"""How a bill looks on a page: every line can be checked by hand, so nothing in it is rounded."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from routecore.cli.errors import fault_in_words
from routecore.cli.figures import count, exact, plural, two_places
from routecore.cli.terminal import Column
from routecore.errors import FaultyInput
from routecore.pricing.rate import ONE

if TYPE_CHECKING:
    from routecore.cli.terminal import Page
    from routecore.cost.breakdown import CostBreakdown
    from routecore.cost.log_totals import LogTotals
    from routecore.errors import RoutecoreError
    from routecore.usage.report import Anomaly

__all__ = ["show_breakdown", "show_totals"]

_SHOWN_ROWS: Final = 1000


def show_breakdown(bill: CostBreakdown, page: Page) -> None:
    """Print one response's bill: each line as count × unit price = amount, with the key of the card that the price is from; then the sums."""
    lines = bill.lines
    page.line("The bill: count × unit price = amount, in USD, nothing rounded", "bold")
    page.line()
    if lines:
        rows = []
        for line, amount in zip(lines, _aligned([line.amount for line in lines] + [bill.list_cost])[:-1], strict=True):
            price = f"{two_places(line.unit_price.scaleb(6))}/Mtok" if line.unit == "token" else f"{exact(line.unit_price)}/{line.unit}"
            rows.append([line.what, count(line.count), "×", price, "=", amount, line.source if line.source != "no price" else "no price: not charged"])
        total = _aligned([line.amount for line in lines] + [bill.list_cost])[-1]
        rows.append(["list cost", "", "", "", "=", total, ""])
        columns = [
            Column("what"),
            Column("count", "right"),
            Column(""),
            Column("unit price", "right"),
            Column(""),
            Column("amount", "right"),
            Column("price from"),
        ]
        page.table(columns, rows, bold=[len(rows) - 1])
        page.line()
        page.line("Mtok: a million tokens. price from: the key of the case's pricing.", "dim")
    else:
        page.line("  nothing was used: 0")
    page.heading("From the list cost to what is charged")
    page.table([Column(""), Column("USD", "right"), Column("how", wraps=True)], _sums(bill))
    if bill.cards:
        page.heading("Price cards that applied")
        for card in bill.cards:
            page.line(f"  pricing.{card}")
    if bill.anomalies:
        page.heading("What was odd")
        for one in bill.anomalies:
            page.fact(_anomaly(one), indent=2, hanging=6)


def _aligned(amounts: list[Decimal]) -> list[str]:
    """Return exact amounts with their decimal points in one column, the places after them blank and not 0."""
    texts = [exact(amount) for amount in amounts]
    longest = max(len(text.partition(".")[2]) for text in texts)
    return [text + " " * (longest - len(text.partition(".")[2]) + (1 if longest and "." not in text else 0)) for text in texts]


def _sums(bill: CostBreakdown) -> list[list[str]]:
    context = bill.context
    rows: list[tuple[str, Decimal | None, str]] = [("list cost", bill.list_cost, "the lines added up")]
    if bill.uncached_list_cost is None:
        rows.append(("without a cache", None, "needs a price that is not known"))
    elif bill.cache_savings:
        rows.append(("without a cache", bill.uncached_list_cost, "list cost had nothing been read from a cache or written to one"))
        rows.append(("saved by the cache", bill.cache_savings, "without a cache − list cost"))
    if bill.discount_rate != 1:
        rows.append(("discounted", bill.discounted_cost, f"list cost × {exact(bill.discount_rate)} (endpoint's discount × account's)"))
    if bill.upstream_cost != bill.cost:
        own = "what the provider bills the owner of the key" if context.is_byok else "what the provider may bill"
        how = "list cost" if bill.pricing.rate == ONE else f"list cost × {exact(1 - bill.pricing.discount)}"
        rows.append(("upstream", bill.upstream_cost, f"{own}: {how}"))
    if bill.insured:
        how = "nothing: there was no completion, which is insured"
    elif context.is_byok:
        number, places = context.byok_fee_rate
        how = f"upstream × the fee rate {exact(Decimal(number).scaleb(-places))}, as the key is the caller's own"
    else:
        how = "list cost" if bill.discount_rate == 1 else "discounted"
    rows.append(("charged", bill.cost, how))
    texts = iter(_aligned([amount for _, amount, _ in rows if amount is not None]))
    return [[name, "?" if amount is None else next(texts), how] for name, amount, how in rows]


def _anomaly(one: Anomaly) -> str:
    """Return an oddity in words: what stood there, and what was taken in its place."""
    told = one.to_dict()
    code = told["code"].replace("_", " ")
    return f"{told['path']}: {code}: " + (f"{told['used']}" if told["value"] is None else f"{told['value']}, taken as {told['used']}")


def show_totals(totals: LogTotals, page: Page) -> None:
    """Print a log's totals by model and provider, how they compare with what was reported, and every row that could not be priced."""
    told = totals.to_dict()
    total, unpriceable = told["total"], told["unpriceable"]
    rows_read = totals.requests + len(unpriceable)
    page.line(f"{exact(totals.cost)} USD charged for {count(totals.requests)} of {count(rows_read)} rows", "bold")
    for text in _savings(total):
        page.line(text)
    if totals.requests:
        page.heading("By model and provider, the dearest first")
        rows = [
            [f"{row['model']}@{row['provider']}", *_counts(row), amount]
            for row, amount in zip(told["groups"], _aligned([Decimal(row["cost"]) for row in told["groups"]]), strict=True)
        ]
        page.table([Column("model@provider"), *(Column(name, "right") for name in ("rows", "prompt", "cached", "compl.", "USD"))], rows)
        page.line()
        page.line("prompt, cached (of the prompt), compl.: tokens. USD: what the account is charged.", "dim")
    if told["reconciliation"]:
        page.heading("Against what the providers reported")
        page.table(
            [Column("cause of the difference"), Column("rows", "right")],
            ([cause.replace("_", " "), count(number)] for cause, number in told["reconciliation"].items()),
        )
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
