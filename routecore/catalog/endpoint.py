"""One provider's offering of one model, frozen: the unit that is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from routecore.pricing.price_list import Pricing


QUANTIZATIONS: Final = ("int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "unknown")
"""The quantization levels, as the platform's documentation lists them (§ Quantization Levels); ``none`` is an alias of ``unknown``."""


TEXT_ONLY: Final = frozenset({"text"})


NOTHING: Final[frozenset[str]] = frozenset()


@attrs.frozen
class DataPolicy:
    """What a provider does with prompts. ``None`` is unknown, and unknown is taken as the careful reading: it trains, it retains.

    Who does not retain cannot train, unless the row states that it does.

    >>> DataPolicy(trains=None, retains=False).may_train
    False
    >>> DataPolicy().may_retain
    True
    """

    trains: bool | None = None
    retains: bool | None = None

    @property
    def may_retain(self) -> bool:
        """Whether prompts may be retained: anything but a stated ``retains: false``."""
        return self.retains is not False

    @property
    def may_train(self) -> bool:
        """Whether prompts may be trained on: as stated; where unknown, as retention allows."""
        return self.may_retain if self.trains is None else self.trains


UNKNOWN_POLICY: Final = DataPolicy()


@attrs.frozen(eq=False)
class Endpoint:
    """One provider's offering of one model: the unit that is chosen.

    Names and limits are the wire's. A limit of ``None`` does not limit; a ``pricing`` of ``None`` is unknown, not free.
    Endpoints compare by identity; ``id`` (``model@slug``) is unique in a catalog.
    """

    id: str
    model: str
    provider: str
    slug: str
    quantization: str = "unknown"
    context_length: int | None = None
    max_output_tokens: int | None = None
    max_prompt_tokens: int | None = None
    supported_parameters: frozenset[str] = NOTHING
    input_modalities: frozenset[str] = TEXT_ONLY
    implicit_caching: bool = False
    data_policy: DataPolicy = UNKNOWN_POLICY
    distillable: bool = False
    disabled: bool = False
    pricing: Pricing | None = None

    @property
    def can_cache(self) -> bool:
        """Whether a warm prompt is worth keeping here: implicit caching, or cache reads priced below the prompt."""
        return self.implicit_caching or (self.pricing is not None and self.pricing.cache_reads_are_cheaper)

    def to_mapping(self) -> dict[str, Any]:
        """Return the row in the wire form, without what is unknown or default."""
        row: dict[str, Any] = {"model": self.model, "provider": self.provider, "slug": self.slug, "quantization": self.quantization}
        for name in ("context_length", "max_output_tokens", "max_prompt_tokens"):
            value = getattr(self, name)
            if value is not None:
                row[name] = value
        row["supported_parameters"] = sorted(self.supported_parameters)
        row["input_modalities"] = sorted(self.input_modalities)
        row["implicit_caching"] = self.implicit_caching
        policy = {name: value for name, value in (("trains", self.data_policy.trains), ("retains", self.data_policy.retains)) if value is not None}
        if policy:
            row["data_policy"] = policy
        row["distillable"] = self.distillable
        row["disabled"] = self.disabled
        if self.pricing is not None:
            row["pricing"] = self.pricing.to_mapping()
        return row
