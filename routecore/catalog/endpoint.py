"""One provider's offering of one model, frozen: the unit that is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.catalog.limits import EndpointLimits
    from routecore.pricing.price_list import Pricing


QUANTIZATIONS: Final = ("int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "mxfp4", "mxfp8", "nvfp4", "unknown")
"""The quantization levels, as the platform's documentation lists them (§ Quantization Levels); ``none`` is an alias of ``unknown``."""


TIERS: Final = ("default", "flex", "priority")
"""Service tiers; ``fast`` is another word for ``priority``."""
TIER_OF: Final = {"default": "default", "flex": "flex", "priority": "priority", "fast": "priority"}
"""A row's ``tier``, or the last part of a slug that has a variant -> the service tier."""
APIS: Final = ("chat", "messages", "responses", "completions", "embeddings", "images", "rerank")
"""Interfaces that a caller may speak and an endpoint may offer."""

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

    Names and limits are the wire's. A limit of ``None`` does not limit; a ``pricing`` of ``None`` is unknown, not free; ``apis`` of ``None`` are all of them.
    ``extra`` is the gateway's own (a base URL, an upstream name): in no decision, no record, no ``repr`` and no version.
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
    tier: str = "default"
    apis: frozenset[str] | None = None
    limits: EndpointLimits | None = None
    extra: Mapping[str, Any] | None = attrs.field(default=None, repr=False)

    @property
    def can_cache(self) -> bool:
        """Whether a warm prompt is worth keeping here: implicit caching, or cache reads priced below the prompt."""
        return self.implicit_caching or (self.pricing is not None and self.pricing.cache_reads_are_cheaper)

    def to_mapping(self, *, extra: bool = False) -> dict[str, Any]:
        """Return the row in the wire form, without what is unknown or default. With ``extra`` that stands in it too: to keep a catalog, never for a record."""
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
        if self.tier != tier_of_slug(self.slug):
            row["tier"] = self.tier
        if self.apis is not None:
            row["apis"] = sorted(self.apis)
        if self.limits is not None:
            row["limits"] = self.limits.to_mapping()
        if self.pricing is not None:
            row["pricing"] = self.pricing.to_mapping()
        if extra and self.extra is not None:
            row["extra"] = dict(self.extra)
        return row


def tier_of_slug(slug: str) -> str:
    """Return the service tier that a slug's last part names; ``default`` for a slug without a variant, or of any other.

    >>> tier_of_slug("openai/flex"), tier_of_slug("openai/fast"), tier_of_slug("openai"), tier_of_slug("flex"), tier_of_slug("deepinfra/fp8")
    ('flex', 'priority', 'default', 'default', 'default')
    """
    _, variant, last = slug.rpartition("/")
    return TIER_OF.get(last.partition("#")[0], "default") if variant else "default"


def twin_slug(slug: str) -> str | None:
    """Return the other spelling of a slug that ends in ``/fast`` or ``/priority``, which are one tier; ``None`` for every other slug.

    >>> twin_slug("openai/fast"), twin_slug("openai/priority"), twin_slug("openai")
    ('openai/priority', 'openai/fast', None)
    """
    stem, variant, last = slug.rpartition("/")
    word, mark, number = last.partition("#")
    other = {"fast": "priority", "priority": "fast"}.get(word) if variant else None
    return None if other is None else f"{stem}/{other}{mark}{number}"
