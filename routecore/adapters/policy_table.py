"""A table of data policies, to be joined to feeds that state none: what each provider does with prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import CatalogError, Fault
from routecore.reading.checks import BOOL_EXPECTED, OBJECT_EXPECTED, SLUG_EXPECTED, is_slug, lower

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PolicyTable", "read_policy_table"]

_STATEMENTS: Final = ("trains", "retains")


@attrs.frozen
class PolicyTable:
    """What is stated of each slug; a provider's own entry covers its variants, and a variant's goes before it."""

    stated: Mapping[str, Mapping[str, bool]]

    def of(self, slug: str) -> dict[str, bool] | None:
        """Return what is stated of an endpoint's slug, or ``None``.

        >>> table = read_policy_table({"azure": {"retains": True}, "azure/eu": {"retains": False}})
        >>> table.of("azure/eu"), table.of("azure/eu/priority"), table.of("azure"), table.of("openai")
        ({'retains': False}, {'retains': False}, {'retains': True}, None)
        """
        part = slug.partition("#")[0]
        while True:
            found = self.stated.get(part)
            if found is not None:
                return dict(found)
            part, cut, _ = part.rpartition("/")
            if not cut:
                return None


def read_policy_table(table: object) -> PolicyTable:
    """Return a table of data policies: ``{slug: {"trains": bool, "retains": bool}}``, or such an object under ``policies``.

    A statement that is left out, or ``null``, stays unknown. Raises ``CatalogError`` with every entry that is none.

    >>> read_policy_table({"policies": {"openai": {"trains": "no"}}})
    Traceback (most recent call last):
        ...
    routecore.errors.CatalogError: 1 fault in the catalog: policies.openai.trains: 'no' is not true or false
    """
    rows = table.get("policies") if isinstance(table, dict) and isinstance(table.get("policies"), dict) else table
    if not isinstance(rows, dict):
        raise CatalogError([Fault("policies", rows, f"{OBJECT_EXPECTED}: provider slug -> 'trains' and 'retains'")])
    faults: list[Fault] = []
    stated: dict[str, dict[str, bool]] = {}
    for slug, policy in rows.items():
        path = f"policies.{slug}"
        if not is_slug(slug):
            faults.append(Fault(path, slug, SLUG_EXPECTED))
        elif not isinstance(policy, dict):
            faults.append(Fault(path, policy, "an object with 'trains' and 'retains'"))
        else:
            stated[lower(slug)] = _statements(policy, path, faults)
    if faults:
        raise CatalogError(faults)
    return PolicyTable(stated)


def _statements(policy: Mapping[Any, Any], path: str, faults: list[Fault]) -> dict[str, bool]:
    found = {}
    for key, value in policy.items():
        if key not in _STATEMENTS:
            faults.append(Fault(f"{path}.{key}", value, "a statement of a data policy: 'trains' or 'retains'"))
        elif isinstance(value, bool):
            found[key] = value
        elif value is not None:
            faults.append(Fault(f"{path}.{key}", value, BOOL_EXPECTED))
    return found
