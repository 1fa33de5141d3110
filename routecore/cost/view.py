"""How a bill looks on a sheet: every line can be checked by hand, so nothing in it is rounded."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from routecore.pricing.rate import ONE
from routecore.showing.figures import count, exact, two_places
from routecore.showing.sheet import Column

if TYPE_CHECKING:
    from routecore.cost.breakdown import CostBreakdown
    from routecore.showing.sheet import Sheet
    from routecore.usage.report import Anomaly

__all__ = ["aligned", "show_breakdown"]


def show_breakdown(bill: CostBreakdown, sheet: Sheet) -> None:
    """Set one response's bill: each line as count × unit price = amount, with the key of the card that the price is from; then the sums."""
    lines = bill.lines
    sheet.line("The bill: count × unit price = amount, in USD, nothing rounded", "bold")
    sheet.line()
    if lines:
        rows = []
        for line, amount in zip(lines, aligned([line.amount for line in lines] + [bill.list_cost])[:-1], strict=True):
            price = f"{two_places(line.unit_price.scaleb(6))}/Mtok" if line.unit == "token" else f"{exact(line.unit_price)}/{line.unit}"
            rows.append([line.what, count(line.count), "×", price, "=", amount, line.source if line.source != "no price" else "no price: not charged"])
        total = aligned([line.amount for line in lines] + [bill.list_cost])[-1]
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
        sheet.table(columns, rows, bold=[len(rows) - 1])
        sheet.line()
        sheet.line("Mtok: a million tokens. price from: the key of the case's pricing.", "dim")
    else:
        sheet.line("  nothing was used: 0")
    sheet.heading("From the list cost to what is charged")
    sheet.table([Column(""), Column("USD", "right"), Column("how", wraps=True)], _sums(bill))
    if bill.cards:
        sheet.heading("Price cards that applied")
        for card in bill.cards:
            sheet.line(f"  pricing.{card}")
    if bill.anomalies:
        sheet.heading("What was odd")
        for one in bill.anomalies:
            sheet.fact(_anomaly(one), indent=2, hanging=6)


def aligned(amounts: list[Decimal]) -> list[str]:
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
    texts = iter(aligned([amount for _, amount, _ in rows if amount is not None]))
    return [[name, "?" if amount is None else next(texts), how] for name, amount, how in rows]


def _anomaly(one: Anomaly) -> str:
    """Return an oddity in words: what stood there, and what was taken in its place."""
    told = one.to_dict()
    code = told["code"].replace("_", " ")
    return f"{told['path']}: {code}: " + (f"{told['used']}" if told["value"] is None else f"{told['value']}, taken as {told['used']}")
