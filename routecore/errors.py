"""The whole error tree; each branch says whose fault it is.

- ``RoutecoreError``

  - ``FaultyInput``: input that breaks a rule, with every fault that was found

    - ``CatalogError`` (the operator): ``invalid_catalog``; below it ``InvalidPricing``: ``invalid_pricing``
    - ``InvalidRequest`` (the caller): ``invalid_request``
    - ``InvalidPreferences`` (the caller): ``invalid_preferences``
    - ``InvalidUsage`` (the integrator, or the provider behind it): ``invalid_usage``
    - ``OutcomeError`` (the integrator): ``invalid_outcome``
    - ``SimulationError`` (the analyst): ``invalid_simulation``

  - ``NoEligibleEndpoint``, ``UnknownModel``: nobody's fault
  - ``UnknownEndpoint``, a ``KeyError`` too: an id that a catalog or a plan does not have
  - ``UnpricedUsage`` (the operator): tokens were used that the price card has no price for
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from routecore.safe_text import SHOWN_CHARACTERS, jsonable, looks_secret, printable, short_text, shown_name, withheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "CatalogError",
    "Fault",
    "FaultyInput",
    "InvalidPreferences",
    "InvalidPricing",
    "InvalidRequest",
    "InvalidUsage",
    "NoEligibleEndpoint",
    "OutcomeError",
    "RoutecoreError",
    "SimulationError",
    "UnknownEndpoint",
    "UnknownModel",
    "UnpricedUsage",
    "Warned",
]

_SHOWN_FAULTS = 5
_SHOWN_NEAR = 5
_SHOWN_NAMES: Final = 8
MOST_SHOWN: Final = 100
"""Rejections, and warnings, that the body of ``NoEligibleEndpoint`` shows. Beyond, it says how many more there are."""
MOST_FAULTS: Final = 1_000
"""Faults that one error lists in its body. Beyond, it says how many more there are."""


class Fault:
    """One thing wrong with an input: where, what stood there, and what was expected. A value that looks like a credential is withheld.

    >>> fault = Fault("provider.order[0]", 7, "a provider slug")
    >>> print(fault)
    provider.order[0]: 7 is not a provider slug
    """

    __slots__ = ("expected", "path", "value")

    def __init__(self, path: str, value: object, expected: str) -> None:
        self.path = path
        self.value = withheld(value) if isinstance(value, str) and looks_secret(value) else value
        self.expected = expected

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fault):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.path, self.expected))

    def __repr__(self) -> str:
        return f"Fault({self.path!r}, {short_text(self.value)}, {self.expected!r})"

    def __str__(self) -> str:
        shown = (
            "null" if self.value is None else short_text(self.value) if type(self.value) is not str else short_text(repr(self.value[: 2 * SHOWN_CHARACTERS]))
        )
        if len(shown) > SHOWN_CHARACTERS:
            shown = shown[:SHOWN_CHARACTERS] + "…"
        return f"{printable(self.path)}: {shown} is not {self.expected}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fault as the wire's ``{path, value, expected}``."""
        return {"path": printable(self.path), "value": jsonable(self.value), "expected": self.expected}


class Warned(NamedTuple):
    """A warning: its code, the path it is about, and the words. What is no error, and yet should be known."""

    code: str
    path: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return the warning as the wire's object."""
        return {"code": self.code, "path": printable(self.path), "message": printable(self.message)}


class RoutecoreError(Exception):
    """Root of every error this library raises on purpose.

    ``type`` and ``code`` are the wire's; ``to_dict()`` is the platform's error body with ``metadata`` beside it.
    """

    type: ClassVar[str] = "routecore_error"
    code: ClassVar[int] = 500

    @property
    def message(self) -> str:
        """The text of the error, as ``str`` gives it."""
        return str(self)

    @property
    def param(self) -> str | None:
        """The path of the first fault, where the error speaks of one input; else ``None``."""
        return None

    @property
    def metadata(self) -> dict[str, Any]:
        """The facts behind the message, as JSON can hold them."""
        return {}

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"error": {...}}``, the body a gateway sends to its caller."""
        return {
            "error": {
                "message": printable(str(self)),
                "type": self.type,
                "param": None if self.param is None else printable(self.param),
                "code": self.code,
                "metadata": self.metadata,
            }
        }


class FaultyInput(RoutecoreError):
    """Input that breaks a rule. ``faults`` holds every fault that was found, in the order they were met."""

    code: ClassVar[int] = 400
    what: ClassVar[str] = "input"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        shown = "; ".join(str(fault) for fault in self.faults[:_SHOWN_FAULTS])
        more = len(self.faults) - _SHOWN_FAULTS
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(f"{count} in the {self.what}: {shown}" + (f"; and {more} more" if more > 0 else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the faults, so that errors cross process pools."""
        return type(self), (self.faults,)

    @property
    def param(self) -> str | None:
        """The path of the first fault."""
        return self.faults[0].path if self.faults else None

    @property
    def metadata(self) -> dict[str, Any]:
        """``{"faults": [{path, value, expected}, ...]}``: the first 1,000 of them, and how many were left out."""
        found: dict[str, Any] = {"faults": [fault.to_dict() for fault in self.faults[:MOST_FAULTS]]}
        if len(self.faults) > MOST_FAULTS:
            found["faults_left_out"] = len(self.faults) - MOST_FAULTS
        return found


class CatalogError(FaultyInput):
    """A catalog that cannot be loaded: the operator's to mend. Every bad row is named."""

    type = "invalid_catalog"
    what = "catalog"


class InvalidPricing(CatalogError):
    """A price card that cannot be read: the operator's to mend."""

    type = "invalid_pricing"
    what = "price card"


class InvalidRequest(FaultyInput):
    """A request, context, statistics, health or settings that cannot be read: the caller's to mend."""

    type = "invalid_request"
    what = "request"


class InvalidPreferences(FaultyInput):
    """A ``provider`` block that cannot be read: the caller's to mend. All faults of the block at once."""

    type = "invalid_preferences"
    what = "provider block"


class InvalidUsage(FaultyInput):
    """A usage that cannot be read: the integrator's to mend."""

    type = "invalid_usage"
    what = "usage"


class OutcomeError(FaultyInput):
    """An outcome that cannot be recorded: the integrator's to mend."""

    type = "invalid_outcome"
    what = "outcome"


class SimulationError(FaultyInput):
    """A trace, world or policy that cannot be simulated: the analyst's to mend."""

    type = "invalid_simulation"
    what = "simulation"


class UnpricedUsage(RoutecoreError):
    """Tokens were used that the price card has no price for. Never billed as $0.

    ``path`` is the price that is missing (``pricing.completion``), ``tokens`` how many it would have priced, ``unit`` what they are where they are no tokens.
    """

    type = "unpriced_usage"
    code = 400

    def __init__(self, path: str, tokens: int, unit: str = "token") -> None:
        self.path = path
        self.tokens = tokens
        self.unit = unit
        super().__init__(f"{tokens} {unit}s were used but {path} is not known; a missing price is not free")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the facts."""
        return type(self), (self.path, self.tokens, self.unit)

    @property
    def param(self) -> str | None:
        """The missing price."""
        return self.path

    @property
    def metadata(self) -> dict[str, Any]:
        """``{"faults": [...]}`` with the missing price, like other faults of a price card."""
        return {"faults": [Fault(self.path, None, f"a price for {self.tokens} {self.unit}s").to_dict()]}


class UnknownModel(RoutecoreError):
    """The catalog has none of the asked models. ``near`` holds names that are close; ``hint`` says what a suffix would have meant."""

    type = "unknown_model"
    code = 404

    def __init__(self, models: Sequence[str], near: Sequence[str], hint: str | None = None) -> None:
        self.models = tuple(models)
        self.near = tuple(near)
        self.hint = hint
        names = ", ".join(map(shown_name, self.models[:_SHOWN_NAMES]))
        more = f" and {len(self.models) - _SHOWN_NAMES} more" if len(self.models) > _SHOWN_NAMES else ""
        close = f"; did you mean {', '.join(map(shown_name, self.near[:_SHOWN_NAMES]))}?" if self.near else ""
        super().__init__(f"the catalog has no model {names}{more}{close}" + (f" {hint}" if hint else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the facts."""
        return type(self), (self.models, self.near, self.hint)

    @property
    def param(self) -> str | None:
        """Always ``model``."""
        return "model"

    @property
    def metadata(self) -> dict[str, Any]:
        """``{"near": [...]}``."""
        return {"near": [short_text(name) for name in self.near]}


class UnknownEndpoint(RoutecoreError, KeyError):
    """No endpoint has the id that was looked up: in a catalog, or among the asked models of a plan. ``near`` holds ids that are close.

    It is a ``KeyError`` too, as lookups raise.
    """

    type = "unknown_endpoint"
    code = 404

    def __init__(self, endpoint_id: object, near: Sequence[str], *, is_model: bool = False) -> None:
        self.endpoint_id = endpoint_id
        self.near = tuple(near)
        self.is_model = is_model
        what = "a model; an endpoint's id is model@slug" if is_model else "no endpoint's id, which is model@slug"
        more = len(self.near) - _SHOWN_NEAR
        listed = ", ".join(map(repr, self.near[:_SHOWN_NEAR])) + (f" and {more} more" if more > 0 else "")
        hint = f": {'it has' if is_model else 'did you mean'} {listed}{'' if is_model else '?'}" if self.near else ""
        shown = repr(printable(endpoint_id)) if isinstance(endpoint_id, str) else short_text(endpoint_id)
        shown = shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}…"
        super().__init__(f"{shown} is {what}{hint}")

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the facts."""
        return partial(type(self), is_model=self.is_model), (self.endpoint_id, self.near)

    @property
    def metadata(self) -> dict[str, Any]:
        """``{"near": [...]}``."""
        return {"near": list(self.near)}


class NoEligibleEndpoint(RoutecoreError):
    """No endpoint passed every hard filter. Carries the funnel, every rejection, the minimal relaxations, and the warnings of the request.

    ``rejections`` and ``warnings`` hold all; the body that ``to_dict`` makes shows the first 100 of each and says how many were left out.
    """

    type = "no_eligible_endpoint"
    code = 503

    def __init__(
        self,
        message: str,
        funnel: Sequence[Mapping[str, Any]],
        rejections: Sequence[Mapping[str, Any]],
        relaxations: Sequence[Sequence[str]],
        warnings: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.funnel = tuple(dict(step) for step in funnel)
        self.rejections = tuple(dict(rejection) for rejection in rejections)
        self.relaxations = tuple(tuple(rules) for rules in relaxations)
        self.warnings = tuple(dict(warning) for warning in warnings)
        super().__init__(printable(message))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the facts."""
        return type(self), (str(self), self.funnel, self.rejections, self.relaxations, self.warnings)

    @property
    def metadata(self) -> dict[str, Any]:
        """``{"funnel": [...], "rejections": [...], "relaxations": [...], "warnings": [...]}``."""
        found: dict[str, Any] = {
            "funnel": [dict(step) for step in self.funnel],
            "rejections": [dict(rejection) for rejection in self.rejections[:MOST_SHOWN]],
            "relaxations": [list(rules) for rules in self.relaxations],
            "warnings": [dict(warning) for warning in self.warnings[:MOST_SHOWN]],
        }
        for name in ("rejections", "warnings"):
            left = len(getattr(self, name)) - MOST_SHOWN
            if left > 0:
                found[f"{name}_left_out"] = left
        return found
