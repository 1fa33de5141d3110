"""Catalog files as people write them: JSON or YAML, with prices per million tokens where that reads better.

YAML is read by the rules of its version 1.2, in which only ``true`` and ``false`` are flags and no text turns into a date or a number in base 60. A key that
stands twice in an object is a fault: the first of the two would be lost.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import CatalogError, Fault
from routecore.pricing.money import PLACES, PRICE_EXPECTED, decimal_parts, plain, read_price

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

__all__ = ["expand_by_hand", "read_file"]

YAML_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_PER_MILLION: Final = "per_million"
_NOT_PER_TOKEN: Final = frozenset({"request", "image", "image_output", "web_search", "plugin_web_search", "tool_call"})
_NESTED: Final = frozenset({"overrides", "variants"})
_KEPT: Final = frozenset({"min_prompt_tokens", "inclusive", "utc_start", "utc_end", "weekdays", "discount"})
_DEEPEST: Final = 6


def read_file(path: str | PathLike[str]) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what a JSON or YAML file (by its ending) holds. ``CatalogError`` if it is neither; ``OSError`` if it cannot be opened."""
    place = Path(path)
    data = place.read_bytes()
    if place.suffix.lower() in YAML_SUFFIXES:
        return _yaml(data, str(path))
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CatalogError([Fault(str(path), f"{type(error).__name__}: {error}", "a JSON file")]) from error


def _yaml(data: bytes, name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise CatalogError([Fault(name, "a YAML file", "a file that can be read without PyYAML: pip install 'routecore[yaml]'")]) from error

    class Loader(yaml.SafeLoader):
        """YAML 1.2's core schema, and no key twice."""

        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as PyYAML declares it

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as PyYAML calls it
            seen = set()
            for key, _ in node.value:
                spelt = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
                if spelt is not None and spelt in seen:
                    raise yaml.constructor.ConstructorError(None, None, f'the key "{key.value}" stands here for the second time', key.start_mark)
                seen.add(spelt)
            return super().construct_mapping(node, deep=deep)

    for tag, pattern, first in _CORE_SCHEMA:
        Loader.add_implicit_resolver(tag, pattern, first)
    try:
        return yaml.load(data, Loader)  # noqa: S506 - a safe loader, with fewer types
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError, ValueError) as error:
        raise CatalogError([Fault(name, " ".join(str(error).split()), "a YAML file")]) from error


_CORE_SCHEMA: Final[list[tuple[str, re.Pattern[str], list[str]]]] = [
    ("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")),
    ("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z"), list("-+0123456789")),
    ("tag:yaml.org,2002:float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)\Z"), list("-+.0123456789")),
]
"""Numbers with an exponent stay text, which prices are read from as well."""


def expand_by_hand(mapping: object) -> object:
    """Return a catalog's wire form with every ``pricing.per_million`` as prices of one token, exact.

    Raises ``CatalogError`` for prices in ``per_million`` that are none of a token's, that stand beside it too, or that are no prices.

    >>> row = {"model": "a/b", "provider": "p", "pricing": {"per_million": {"prompt": 2.5, "completion": "10"}, "request": "0.001"}}
    >>> expand_by_hand({"endpoints": [row]})["endpoints"][0]["pricing"]
    {'prompt': '0.0000025', 'completion': '0.00001', 'request': '0.001'}
    """
    rows = mapping.get("endpoints") if isinstance(mapping, dict) else None
    if not isinstance(mapping, dict) or not isinstance(rows, (list, tuple)) or not any(_is_by_hand(row) for row in rows):
        return mapping
    faults: list[Fault] = []
    made = [_row(row, f"endpoints[{index}].pricing", faults) if _is_by_hand(row) else row for index, row in enumerate(rows)]
    if faults:
        raise CatalogError(faults)
    return {**mapping, "endpoints": made}


def _is_by_hand(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("pricing"), dict) and _PER_MILLION in row["pricing"]


def _row(row: dict[str, Any], path: str, faults: list[Fault]) -> dict[str, Any]:
    pricing = row["pricing"]
    given = pricing[_PER_MILLION]
    beside = {key: value for key, value in pricing.items() if key != _PER_MILLION}
    where = f"{path}.{_PER_MILLION}"
    if not isinstance(given, dict):
        faults.append(Fault(where, given, "an object of prices in USD per million tokens"))
        return row
    faults.extend(Fault(f"{where}.{key}", given[key], f"a price given once: {path}.{key} is another") for key in given.keys() & beside.keys())
    return {**row, "pricing": {**dict(_card(given, where, faults, _DEEPEST)), **beside}}


def _card(card: dict[Any, Any], path: str, faults: list[Fault], depth: int) -> Iterator[tuple[Any, Any]]:
    for key, value in card.items():
        where = f"{path}.{key}"
        if value is None or key in _KEPT or (isinstance(key, str) and key.endswith("_multiplier")):
            yield key, value
        elif key in _NOT_PER_TOKEN:
            faults.append(Fault(where, value, "a price of tokens: write it beside 'per_million', in USD a unit"))
        elif depth and key in _NESTED and isinstance(value, dict):
            yield key, {name: dict(_card(one, f"{where}.{name}", faults, depth - 1)) if isinstance(one, dict) else one for name, one in value.items()}
        elif depth and key in _NESTED and isinstance(value, list):
            yield key, [dict(_card(one, f"{where}[{index}]", faults, depth - 1)) if isinstance(one, dict) else one for index, one in enumerate(value)]
        else:
            parts = decimal_parts(value)
            price = None if parts is None else read_price(Decimal(f"{parts[0] or '0'}E{parts[1] - 6}"))
            if price is None:
                faults.append(Fault(where, value, f"{PRICE_EXPECTED}, per million tokens: at most 9 places"))
            else:
                yield key, plain(price, PLACES)
