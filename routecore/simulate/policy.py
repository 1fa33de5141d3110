"""Policies: what is tried. A name, and what differs from the gateway as it is: provider-block defaults, settings, health, keys, the catalog."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.catalog.catalog import Catalog
from routecore.errors import Fault, InvalidPreferences, InvalidRequest, RoutecoreError, SimulationError
from routecore.live.health import HealthSettings
from routecore.live.pins import PinSettings
from routecore.live.settings import RouterSettings
from routecore.live.steps import StepSettings
from routecore.live.windows.settings import WindowSettings
from routecore.reading.checks import OBJECT_EXPECTED, below, canonical_key, nearest, number
from routecore.request.context import Context
from routecore.request.preferences import Preferences
from routecore.request.settings import NAMED_SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ESTIMATES", "PARTS", "Policy"]

ESTIMATES: Final = {
    "nominal": "every request is priced as 3,000 prompt and 1,000 completion tokens when it is routed",
    "prompt": "the prompt's tokens are known when a request is routed; its completion is taken as 1,000 tokens",
    "tokens": "prompt and completion tokens are known when a request is routed, which no gateway knows of the completion",
}
"""What the router is told of a request's tokens when it decides. Eligibility (context length) is told the same."""

_PARTS: Final[dict[str, type[Any]]] = {"health": HealthSettings, "windows": WindowSettings, "pins": PinSettings, "steps": StepSettings}
PARTS: Final = (
    "name",
    "provider",
    "settings",
    "health",
    "windows",
    "pins",
    "steps",
    "context",
    "catalog",
    "estimates",
    "tick_seconds",
    "timeout_s",
    "deadline_s",
)
_CATALOG_KEYS: Final = ("add", "remove", "prices", "replace")
_SHORT: Final = ("balance", "sticky", "min_samples", "deny_means", "latency")
"""Settings that a parameter's path may begin with: ``balance.price`` is ``settings.balance.price``."""


class Policy:
    """One policy, read from JSON and checked: ``mapping`` is what it was read from. Equal mappings are equal policies.

    ``provider``: keys of the provider block that a request gets where it does not give them itself. ``settings``: of decisions (``balance``, ``sticky``, …).
    ``health`` (an object, or ``"off"``: nothing ever cools), ``windows``, ``pins``, ``steps``, ``tick_seconds``: the router's. ``context``: keys and account. ``catalog``: ``add`` (rows),
    ``remove`` (endpoint ids), ``prices`` (endpoint id -> keys of its price card), or ``replace`` (a whole catalog). ``estimates``: one of ``ESTIMATES``.
    ``timeout_s``: an attempt without a first token after so long is given up. ``deadline_s``: requests go by the router's own run (``Router.start``) with this
    deadline, which then owns all timeouts and hedges; ``timeout_s`` has no say.

    Raises ``SimulationError`` with every fault.

    >>> policy = Policy("cheap", provider={"sort": "price"}, settings={"sticky": "off"})
    >>> policy.settings.sticky, policy.block({"ignore": ["p"]})
    ('off', {'sort': 'price', 'ignore': ['p']})
    >>> Policy("x", settings={"stiky": "off"})
    Traceback (most recent call last):
        ...
    routecore.errors.SimulationError: 1 fault in the simulation: policy.settings.stiky: ...
    """

    __slots__ = ("_catalogs", "context", "deadline_s", "estimates", "health_off", "mapping", "name", "provider", "router_settings", "settings", "timeout_s")

    def __init__(self, name: str, **parts: Any) -> None:  # noqa: ANN401 - JSON
        faults: list[Fault] = []
        self._read({"name": name, **parts}, "policy", faults)
        if faults:
            raise SimulationError(faults)

    @classmethod
    def from_mapping(cls, value: object, path: str = "policy") -> Policy:
        """Read a policy from JSON.

        Args:
            value: ``{"name": …, "provider": …, "settings": …}`` and the like.
            path: What the paths of faults begin with.

        Returns:
            The policy.

        Raises:
            SimulationError: With every fault.
        """
        if not isinstance(value, dict):
            raise SimulationError([Fault(path, value, OBJECT_EXPECTED)])
        faults: list[Fault] = []
        policy = cls.__new__(cls)
        policy._read(value, path, faults)  # noqa: SLF001 - its own
        if faults:
            raise SimulationError(faults)
        return policy

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a policy from a JSON file; without a ``name`` it is called as the file is. Raises ``SimulationError``."""
        path = Path(path)
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise SimulationError([Fault(str(path), f"{type(error).__name__}: {error}"[:200], "a JSON file that can be read")]) from error
        if isinstance(value, dict) and value.get("name") is None:
            value = {**value, "name": path.stem}
        return cls.from_mapping(value, path.name)

    @classmethod
    def named(cls, name: str) -> Policy:
        """Return one of the policies that have a name.

        Args:
            name: A key of ``request.settings.NAMED_SETTINGS``: ``balance``, ``studied``, ``inverse_square_price`` or ``adjusted_price``.

        Returns:
            The policy, called by that name.

        Raises:
            SimulationError: No policy has that name.

        Example:
            >>> Policy.named("adjusted_price").settings.strategy
            'adjusted_price'
        """
        settings = NAMED_SETTINGS.get(name) if isinstance(name, str) else None
        if settings is None:
            raise SimulationError([Fault("policy", name, f"the name of a policy: {', '.join(NAMED_SETTINGS)}")])
        return cls(name, settings=_differing(settings))

    def _read(self, value: Mapping[str, Any], path: str, faults: list[Fault]) -> None:
        given = {key: one for key, one in value.items() if one is not None}
        for key, one in given.items():
            if key not in PARTS:
                near = nearest(str(key), PARTS, most=1)
                faults.append(Fault(below(path, key), one, f"a part of a policy: {', '.join(PARTS)}" + (f"; did you mean {near[0]!r}?" if near else "")))
        name = given.get("name")
        if not isinstance(name, str) or not name.strip():
            faults.append(Fault(f"{path}.name", name, "a name"))
            name = ""
        self.name = name
        provider = given.get("provider", {})
        if isinstance(provider, dict):
            _collect(faults, lambda: Preferences.parse(provider, f"{path}.provider"))
        else:
            faults.append(Fault(f"{path}.provider", provider, OBJECT_EXPECTED))
            provider = {}
        self.provider: dict[str, Any] = provider
        settings = given.get("settings", {})
        # with live windows a percentile needs ten samples, unless the policy says otherwise
        told = {"min_samples": 10, **settings} if isinstance(settings, dict) else settings
        self.settings = Settings.parse(told, f"{path}.settings", faults)
        self.context = Context.parse(given.get("context"), f"{path}.context", faults)
        self.estimates = given.get("estimates", "nominal")
        if not isinstance(self.estimates, str) or self.estimates not in ESTIMATES:
            faults.append(Fault(f"{path}.estimates", self.estimates, f"one of {', '.join(ESTIMATES)}"))
        limits: dict[str, float | None] = {}
        for key in ("timeout_s", "deadline_s"):
            limit = given.get(key)
            limits[key] = None if limit is None else number(limit)
            if limit is not None and not limits[key]:
                faults.append(Fault(f"{path}.{key}", limit, "a finite number of seconds above 0"))
        self.timeout_s, self.deadline_s = limits["timeout_s"], limits["deadline_s"]
        self.health_off = given.get("health") == "off"
        parts: dict[str, Any] = {}
        for key, kind in _PARTS.items():
            if key in given:
                parts[key] = _part(given[key], kind, f"{path}.{key}", faults)
        tick = given.get("tick_seconds", 5.0)
        before = len(faults)
        made = _collect(
            faults, lambda: RouterSettings(decision=self.settings, tick_seconds=tick, **{key: one for key, one in parts.items() if one is not None})
        )
        self.router_settings = made if len(faults) == before and made is not None else RouterSettings()
        _check_changes(given.get("catalog"), f"{path}.catalog", faults)
        self.mapping: dict[str, Any] = deepcopy(given)
        self._catalogs: tuple[Catalog, Catalog] | None = None

    def block(self, own: object) -> dict[str, Any] | None:
        """Return the provider block of a request whose own is ``own``: the policy's defaults, and over them what the request gives."""
        if not isinstance(own, dict):
            return self.provider or None
        return {**self.provider, **{key: value for key, value in own.items() if value is not None}} or None

    def catalog_of(self, base: Catalog) -> Catalog:
        """Return the catalog as the policy changes it. Raises ``SimulationError`` for an endpoint that is not there, ``CatalogError`` for rows that cannot be."""
        kept = self._catalogs
        if kept is not None and kept[0] is base:
            return kept[1]
        changes = self.mapping.get("catalog")
        found = base if not changes else _changed(base, changes)
        self._catalogs = (base, found)
        return found

    def having(self, parameter: str, value: object) -> Policy:
        """Return the policy with one value changed, named after it: ``balance.price``, ``provider.sort``, ``health.cooldown_seconds`` and the like.

        Args:
            parameter: The path of the value.
            value: What it becomes.

        Returns:
            Another policy; this one stays as it is.

        Example:
            >>> Policy("base").having("balance.price", 2).settings.balance.price
            2.0
        """
        keys = parameter.split(".")
        if keys[0] in _SHORT:
            keys = ["settings", *keys]
        mapping = deepcopy(self.mapping)
        if keys[:2] == ["settings", "balance"] and "balance" not in mapping.get("settings", {}):
            # the wire reads a missing exponent of a given balance as 0; here one exponent moves and the others stay
            mapping.setdefault("settings", {})["balance"] = attrs.asdict(self.settings.balance)
        node = mapping
        for key in keys[:-1]:
            inner = node.setdefault(key, {})
            if not isinstance(inner, dict):
                raise SimulationError([Fault(parameter, inner, "the path of a policy's parameter, such as balance.price")])
            node = inner
        node[keys[-1]] = value
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        mapping["name"] = f"{self.name} {parameter}={shown}" if self.name else f"{parameter}={shown}"
        return Policy.from_mapping(mapping)

    def to_mapping(self) -> dict[str, Any]:
        """Return the policy as it was given, as JSON can hold it."""
        return deepcopy(self.mapping)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Policy):
            return NotImplemented
        return self.mapping == other.mapping

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by what it was read from."""
        return _policy_of, (self.mapping,)

    def __repr__(self) -> str:
        return f"<Policy {self.name!r}>"


def _differing(settings: Settings) -> dict[str, Any]:
    """Return what is not the default, in the wire form: a policy says what may differ."""
    defaults = Settings().to_mapping()
    return {key: value for key, value in settings.to_mapping().items() if value != defaults[key]}


def _collect(faults: list[Fault], make: Any) -> Any:  # noqa: ANN401 - whatever is made
    """Return what ``make`` gives, or note the faults that it raises."""
    try:
        return make()
    except (InvalidPreferences, InvalidRequest) as error:
        faults.extend(error.faults)
        return None


def _part(value: object, kind: type[Any], path: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - one of the router's settings
    if kind is HealthSettings and value == "off":
        return None
    if not isinstance(value, dict):
        faults.append(Fault(path, value, OBJECT_EXPECTED + (", or 'off'" if kind is HealthSettings else "")))
        return None
    names = [field.name for field in attrs.fields(kind)]
    unknown = [key for key in value if key not in names]
    faults.extend(Fault(below(path, key), value[key], f"a setting: {', '.join(names)}") for key in unknown)
    return None if unknown else _collect(faults, lambda: kind(**value))


def _check_changes(value: object, path: str, faults: list[Fault]) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        faults.append(Fault(path, value, f"an object with some of {', '.join(_CATALOG_KEYS)}"))
        return
    faults.extend(Fault(below(path, key), value[key], f"a change of the catalog: {', '.join(_CATALOG_KEYS)}") for key in value if key not in _CATALOG_KEYS)
    for key, kind, expected in (
        ("add", list, "a list of catalog rows"),
        ("remove", list, "a list of endpoint ids"),
        ("prices", dict, "an object: endpoint id -> keys of its price card"),
        ("replace", dict, "a catalog"),
    ):
        if value.get(key) is not None and not isinstance(value[key], kind):
            faults.append(Fault(f"{path}.{key}", value[key], expected))
    faults.extend(
        Fault(f"{path}.prices.{key}", one, "an object: keys of a price card")
        for key, one in (value.get("prices") or {}).items()
        if isinstance(value.get("prices"), dict) and not isinstance(one, dict)
    )


def _changed(base: Catalog, changes: Mapping[str, Any]) -> Catalog:
    if changes.get("replace") is not None:
        base = Catalog.from_mapping(changes["replace"])
    rows = {endpoint.id: endpoint.to_mapping() for endpoint in base}
    faults = []
    for place, one in enumerate(changes.get("remove") or ()):
        if not isinstance(one, str) or rows.pop(canonical_key(one), None) is None:
            faults.append(Fault(f"policy.catalog.remove[{place}]", one, "the id of an endpoint of the catalog"))
    for key, card in (changes.get("prices") or {}).items():
        row = rows.get(canonical_key(key))
        if row is None:
            faults.append(Fault(f"policy.catalog.prices.{key}", card, "for an endpoint of the catalog"))
        else:
            row["pricing"] = {**row.get("pricing", {}), **card}
    if faults:
        raise SimulationError(faults)
    try:
        return Catalog.from_mapping({"endpoints": [*rows.values(), *(changes.get("add") or ())]})
    except RoutecoreError as error:
        raise SimulationError([Fault("policy.catalog", str(error), "a catalog")]) from error


def _policy_of(mapping: dict[str, Any]) -> Policy:
    """Read a pickled policy. A function of the module, as clusters' picklers lose the defaults of bound ones."""
    return Policy.from_mapping(mapping)
