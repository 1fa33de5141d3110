"""What an import gives, and the rows it is made of: the same for every feed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.adapters.policy_table import PolicyTable, read_policy_table
from routecore.catalog.catalog import Catalog
from routecore.errors import CatalogError, Fault
from routecore.reading.checks import NAME_EXPECTED, OBJECT_EXPECTED, is_name, lower

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.adapters.oddities import Oddities, Oddity

__all__ = ["ImportResult", "Names", "Rows", "read_canonical"]

_NO_POLICY: Final = "nothing is known of what is done with prompts, so 'zdr' and 'data_collection: deny' leave none of these; join a table with policies="


@attrs.frozen
class ImportResult:
    """What a feed gave: rows in the catalog's wire form, statistics in the scenario's, all oddities, and what could not be read.

    ``rows_read`` counts the feed's rows; each is a row of ``catalog_mapping``, has a fault in ``refused`` (where also stand answers that are none), or an oddity
    that says why it was left out or whose alias it is. ``aliases`` maps other names that the feed has for a model to the catalog's.
    """

    catalog_mapping: dict[str, Any]
    stats: dict[str, Any]
    oddities: tuple[Oddity, ...]
    refused: tuple[Fault, ...]
    rows_read: int
    aliases: dict[str, str] = attrs.field(factory=dict)

    def catalog(self) -> Catalog:
        """Return the catalog."""
        return Catalog.from_mapping(self.catalog_mapping)

    def summary(self) -> dict[str, Any]:
        """Return counts: rows read, endpoints, models, what was refused, endpoints with statistics, oddities by field and what was done.

        ``data_policies`` says of how many endpoints a data policy is known, and what follows where it is not. Every single oddity, with its path and value,
        is in ``oddities``.
        """
        endpoints = self.catalog_mapping["endpoints"]
        counted = Counter((one.field, one.done) for one in self.oddities)
        unknown = sum(row.get("data_policy") is None for row in endpoints)
        policies: dict[str, Any] = {"known": len(endpoints) - unknown, "unknown": unknown}
        if unknown:
            policies["note"] = _NO_POLICY
        return {
            "rows_read": self.rows_read,
            "endpoints": len(endpoints),
            "models": len({row["model"] for row in endpoints}),
            "aliases": len(self.aliases),
            "refused": [fault.to_dict() for fault in self.refused],
            "with_statistics": len(self.stats),
            "data_policies": policies,
            "oddities": [{"field": field, "done": done, "rows": rows} for (field, done), rows in sorted(counted.items(), key=lambda item: (-item[1], item[0]))],
        }


class Names:
    """Names endpoints the way the catalog does: model, slug in lower case, twins numbered in the order of the feed."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def slug(self, model: str, tag: str) -> tuple[str, int]:
        """Return the slug of the next endpoint of this model and tag, and how many of its name there are so far.

        >>> names = Names()
        >>> names.slug("a/b", "P/fp8"), names.slug("a/b", "p/fp8")
        (('p/fp8', 1), ('p/fp8#2', 2))
        """
        slug = lower(tag)
        endpoint = f"{model}@{slug}"
        self._seen[endpoint] += 1
        times = self._seen[endpoint]
        return (slug if times == 1 else f"{slug}#{times}"), times


def read_canonical(canonical: object) -> dict[str, str]:
    """Return a table of names, feed's name -> the catalog's. Raises ``CatalogError`` with every entry that is none.

    >>> read_canonical({"deepseek-ai/DeepSeek-V3": "deepseek/deepseek-v3"})["deepseek-ai/DeepSeek-V3"]
    'deepseek/deepseek-v3'
    """
    if canonical is None:
        return {}
    if not isinstance(canonical, dict):
        raise CatalogError([Fault("canonical", canonical, f"{OBJECT_EXPECTED}: the feed's name of a model -> the catalog's")])
    faults = [Fault(f"canonical.{name}", value, NAME_EXPECTED) for name, value in canonical.items() if not is_name(value)]
    if faults:
        raise CatalogError(faults)
    return {str(name): value for name, value in canonical.items()}


class Rows:
    """The rows of one import as they are collected: names made canonical, twins numbered, data policies joined, bad rows refused one by one.

    >>> from routecore.adapters.oddities import Oddities
    >>> rows = Rows(Oddities(), {"B": "b"}, {"p": {"trains": False, "retains": False}})
    >>> rows.add("models.B", {"model": rows.name("B"), "provider": "p", "slug": "p/eu"})
    'b@p/eu'
    >>> rows.result(rows_read=1).catalog_mapping["endpoints"][0]["data_policy"]
    {'trains': False, 'retains': False}
    """

    def __init__(self, odd: Oddities, canonical: object = None, policies: object = None, *, slug_field: str = "slug") -> None:
        self.odd = odd
        self._slug_field = slug_field
        self.canonical = read_canonical(canonical)
        self.policies: PolicyTable | None = None if policies is None else read_policy_table(policies)
        self.refused: list[Fault] = []
        self.stats: dict[str, Any] = {}
        self.aliases: dict[str, str] = {}
        self._names = Names()
        self._rows: list[dict[str, Any]] = []
        self._paths: list[str] = []

    def name(self, *stated: str) -> str:
        """Return the catalog's name of a model: the table's for the first of ``stated`` that it has, else the last of them."""
        return next((self.canonical[one] for one in stated if one in self.canonical), stated[-1])

    def add(self, where: str, row: dict[str, Any]) -> str:
        """Take one row, which has a model, a provider and a slug; return its endpoint's id."""
        slug, times = self._names.slug(row["model"], row["slug"])
        if times > 1:
            self.odd.note(where, self._slug_field, row["slug"], "a twin of an earlier endpoint: numbered")
        row = {**row, "slug": slug}
        stated = None if self.policies is None else self.policies.of(slug)
        if stated is not None:
            row["data_policy"] = {**(row.get("data_policy") or {}), **stated}
        self._rows.append(row)
        self._paths.append(where)
        return f"{row['model']}@{slug}"

    def ids(self) -> set[str]:
        """Return the ids of the rows so far."""
        return {f"{row['model']}@{row['slug']}" for row in self._rows}

    def result(self, *, rows_read: int) -> ImportResult:
        """Return what was read; rows that the catalog itself would refuse are refused here, each by its place in the feed.

        Raises ``CatalogError`` if everything was refused.
        """
        rows, refused = self._rows, self.refused
        try:
            Catalog.from_mapping({"endpoints": rows})
        except CatalogError as error:
            bad = set()
            for fault in error.faults:
                place, _, field = fault.path.removeprefix("endpoints[").partition("]")
                bad.add(int(place))
                refused.append(Fault(f"{self._paths[int(place)]}{field}", fault.value, fault.expected))
            rows = [row for index, row in enumerate(rows) if index not in bad]
        if refused and not rows:
            raise CatalogError(refused)
        kept = {f"{row['model']}@{row['slug']}" for row in rows}
        models = {row["model"] for row in rows}
        stats = {endpoint: measured for endpoint, measured in self.stats.items() if endpoint in kept}
        aliases: Mapping[str, str] = {alias: model for alias, model in self.aliases.items() if model in models}
        return ImportResult({"endpoints": rows}, stats, tuple(self.odd.noted), tuple(refused), rows_read, dict(aliases))
