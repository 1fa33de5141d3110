"""What OpenRouter's provider directories and model lists state of data policies and modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.adapters.oddities import Oddities, Oddity
from routecore.errors import CatalogError, Fault
from routecore.reading.checks import is_name, lower

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Policies", "read_modalities", "read_policies"]

_STATEMENTS: Final = (("trains", "training"), ("retains", "retainsPrompts"))


@attrs.frozen
class Policies:
    """What provider directories state: ``stated`` maps a provider's slug to ``trains`` and ``retains``, as far as stated; ``listed`` are all their slugs."""

    stated: Mapping[str, Mapping[str, bool]]
    listed: frozenset[str]
    oddities: tuple[Oddity, ...] = ()

    def of(self, provider: str) -> dict[str, bool] | None:
        """Return what is stated of a provider, or ``None``."""
        found = self.stated.get(provider)
        return None if found is None else dict(found)


def read_policies(directory: object) -> Policies:
    """Return the data policies of a provider directory, or of a list of directories.

    A directory is ``{"data": [row, …]}`` or the bare list of rows. A row has a ``slug``; where it has a ``dataPolicy``, ``training`` and ``retainsPrompts``
    are taken as they are stated. What no row states stays unknown. Where two rows of a slug contradict each other the careful one counts (it trains, it
    retains), and that is noted. Raises ``CatalogError`` if ``directory`` has none of these forms.

    >>> read = read_policies({"data": [{"slug": "p", "dataPolicy": {"training": False, "retainsPrompts": True}}, {"slug": "q"}]})
    >>> read.of("p"), read.of("q"), "q" in read.listed
    ({'trains': False, 'retains': True}, None, True)
    """
    stated: dict[str, dict[str, bool]] = {}
    listed = set()
    odd = Oddities()
    for path, row in _rows(directory, "providers", "a provider directory: a list of providers, or an object with one under 'data'"):
        slug = row.get("slug") if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(slug, str) or not is_name(slug):
            odd.note(path, "slug", row if slug is None else slug, "no provider's slug: the row is left out")
            continue
        provider = lower(slug)
        listed.add(provider)
        found = _statements(row.get("dataPolicy"), path, odd)
        for part, value in found.items():
            earlier = stated.setdefault(provider, {}).setdefault(part, value)
            if earlier is not value:
                odd.note(path, f"dataPolicy.{part}", value, f"contradicts another row of {provider}: the careful one counts")
                stated[provider][part] = True
    return Policies(stated, frozenset(listed), tuple(odd.noted))


def _statements(policy: object, path: str, odd: Oddities) -> dict[str, bool]:
    """Return what a ``dataPolicy`` states, in the catalog's words."""
    if policy is None:
        return {}
    if not isinstance(policy, dict):
        odd.note(path, "dataPolicy", policy, "no data policy: unknown")
        return {}
    found = {}
    for ours, theirs in _STATEMENTS:
        value = policy.get(theirs)
        if isinstance(value, bool):
            found[ours] = value
        elif value is not None:
            odd.note(path, f"dataPolicy.{theirs}", value, "neither true nor false: unknown")
    return found


def read_modalities(models: object) -> dict[str, Any]:
    """Return model name -> ``architecture.input_modalities`` from a ``/models`` list, or from several; a model that states none is left out.

    >>> read_modalities({"data": [{"id": "a/b", "architecture": {"input_modalities": ["text", "image"]}}, {"id": "a/c"}]})
    {'a/b': ['text', 'image']}
    """
    found = {}
    for _, row in _rows(models, "models", "a list of models, or an object with one under 'data'"):
        architecture = row.get("architecture") if isinstance(row, dict) else None
        if isinstance(row, dict) and isinstance(architecture, dict) and isinstance(architecture.get("input_modalities"), list):
            name = row.get("id")
            if isinstance(name, str):
                found[name] = architecture["input_modalities"]
    return found


def _rows(document: object, path: str, expected: str) -> Iterator[tuple[str, object]]:
    """Yield (path, row) of one list of rows, or of a list of such lists. Raises ``CatalogError`` with every part that is neither."""
    faults: list[Fault] = []
    parts: list[tuple[str, object]] = [(path, document)]
    if isinstance(document, list) and document and all(isinstance(one, list) or (isinstance(one, dict) and "data" in one) for one in document):
        parts = [(f"{path}[{index}]", one) for index, one in enumerate(document)]
    found: list[tuple[str, object]] = []
    for where, part in parts:
        rows = part.get("data") if isinstance(part, dict) else part
        if not isinstance(rows, list):
            faults.append(Fault(where, part, expected))
            continue
        below = f"{where}.data" if isinstance(part, dict) else where
        found.extend((f"{below}[{index}]", row) for index, row in enumerate(rows))
    if faults:
        raise CatalogError(faults)
    yield from found
