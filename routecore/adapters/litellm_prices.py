"""LiteLLM's price map (``model_prices_and_context_window.json``) as a catalog: its rows grouped by a name that they share, its other names as aliases.

The map has one row for each spelling of a model at each provider: ``gpt-4o``, ``azure/eu/gpt-4o``, ``vertex_ai/claude-opus-4@20250514``. How a spelling becomes a
model and a slug stands in ``docs/decisions/410-names-of-a-price-map.md``; a table ``canonical`` goes before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.adapters.imported import Rows
from routecore.adapters.litellm_cards import read_cards
from routecore.adapters.oddities import Oddities
from routecore.errors import CatalogError, Fault
from routecore.reading.checks import lower, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.adapters.imported import ImportResult

__all__ = ["Spelling", "import_price_map", "spelling_of"]

_NO_MODELS: Final = frozenset({"sample_spec", "fallback_generalizations"})
"""Entries of the map that describe the map itself."""

_GENERATION: Final = ["chat", "completions", "messages", "responses"]
APIS: Final = {
    "chat": _GENERATION,
    "responses": _GENERATION,
    "completion": ["completions"],
    "embedding": ["embeddings"],
    "image_generation": ["images"],
    "image_edit": ["images"],
    "rerank": ["rerank"],
}
"""What a mode serves. LiteLLM translates between the four ways to ask for text; a mode that is not here is routed by nobody, and its rows are left out."""

_PARAMETERS: Final = {
    "supports_function_calling": ("tools",),
    "supports_tool_choice": ("tool_choice",),
    "supports_parallel_function_calling": ("parallel_tool_calls",),
    "supports_response_schema": ("response_format", "structured_outputs"),
    "supports_reasoning": ("reasoning", "include_reasoning"),
    "supports_web_search": ("web_search_options",),
}
_MODALITIES: Final = {"supports_vision": "image", "supports_audio_input": "audio", "supports_pdf_input": "file", "supports_video_input": "video"}
_LIMITS: Final = {"rpm": "requests_per_minute", "tpm": "tokens_per_minute"}

_PROVIDERS: Final = {
    "bedrock_converse": "bedrock",
    "text-completion-openai": "openai",
    "text-completion-codestral": "codestral",
    "cohere_chat": "cohere",
    "azure_text": "azure",
}
"""Several words of the map for one provider: they name the way its API is called."""

_REGION: Final = re.compile(r"(?:[a-z]{2}(?:-gov)?-[a-z]+-\d|us|eu|apac|jp|au|ca|us-gov|global|global-standard|data-zone)\Z")
_BEDROCK: Final = frozenset({"bedrock", "bedrock_mantle"})
_BEDROCK_VERSION: Final = re.compile(r"-v\d+(?::\d+)?(?::\d+k)?\Z|:\d+\Z")
_VERSION: Final = re.compile(r"v?\d")
_PICTURE: Final = re.compile(r"(?:(?:low|medium|high|standard|hd)/)?\d+-x-\d+/|(?:low|medium|high|standard|hd)/|max-x-max/")


class Spelling(NamedTuple):
    """What a key of the map says: the provider, its slug (the provider, or with a region), and the model's name."""

    provider: str
    slug: str
    model: str


def spelling_of(key: str, provider: str, *, whole_path: bool = False) -> Spelling:
    """Take a key of the map apart.

    The provider's own prefix goes; a region becomes part of the slug; the model is the last part of the path, in lower case, with a version that is written after ``@`` written after ``-``; with ``whole_path`` it is all of the path (makers of pictures call several models ``edit``). Bedrock's vendor (``anthropic.``) and revision (``-v1:0``) go.

    >>> spelling_of("azure/eu/gpt-4o", "azure")
    Spelling(provider='azure', slug='azure/eu', model='gpt-4o')
    >>> spelling_of("us.anthropic.claude-sonnet-4-20250514-v1:0", "bedrock_converse")
    Spelling(provider='bedrock', slug='bedrock/us', model='claude-sonnet-4-20250514')
    >>> spelling_of("vertex_ai/claude-opus-4@20250514", "vertex_ai-anthropic_models").model
    'claude-opus-4-20250514'
    """
    base = _PROVIDERS.get(provider, provider.partition("-")[0] if provider.startswith(("vertex_ai-", "fireworks_ai-")) else provider)
    parts = [part for part in key.split("/") if part]
    if len(parts) > 1 and parts[0] in {provider, base}:
        parts = parts[1:]
    region = None
    if len(parts) > 1 and _REGION.match(parts[0]):
        region, parts = parts[0], parts[1:]
    name = lower("/".join(parts) if whole_path else parts[-1]) if parts else ""
    if base in _BEDROCK:
        head, dot, rest = name.partition(".")
        if dot and _REGION.match(head):
            region, name = head, rest
        # the vendor, where a name follows that is not a part of a version ('v3.2')
        vendor, dot, rest = name.partition(".")
        if dot and vendor.isalnum() and not _VERSION.match(rest):
            name = rest
        name = _BEDROCK_VERSION.sub("", name)
    name = name.removesuffix("@default").replace("@", "-")
    return Spelling(base, base if region is None else f"{base}/{region}", name)


def import_price_map(document: object, *, canonical: object = None, policies: object = None) -> ImportResult:
    """Return the endpoints of LiteLLM's price map.

    Args:
        document: The parsed map: key -> row with ``litellm_provider``, ``mode`` and prices in USD a unit.
        canonical: Names of models, key of the map (or the name that is made of it) -> the catalog's name.
        policies: A table of data policies, slug -> ``{"trains": bool, "retains": bool}``; the map states none.

    Returns:
        Endpoints grouped by model; ``aliases`` has every key that is not its model's name. A row with prices of the tiers ``flex`` or ``priority`` gives an
        endpoint of each (``openai/flex``) beside its own. Each row's ``extra`` holds the key as ``litellm_model``, and what the map says of its deprecation.

    Raises:
        CatalogError: The document is no price map, or nothing in it could be imported.

    Example:
        >>> rows = {"gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05},
        ...         "azure/gpt-4o": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}}
        >>> result = import_price_map(rows)
        >>> [endpoint.id for endpoint in result.catalog()], result.aliases
        (['gpt-4o@openai', 'gpt-4o@azure'], {'azure/gpt-4o': 'gpt-4o'})
    """
    if not isinstance(document, dict):
        raise CatalogError([Fault("document", document, "LiteLLM's price map: an object, model -> row with 'litellm_provider'")])
    importer = _Importer(Rows(Oddities(), canonical, policies))
    for key, row in document.items():
        if key not in _NO_MODELS:
            importer.row(str(key), row)
    importer.resolve_aliases()
    return importer.rows.result(rows_read=importer.rows_read)


class _Importer:
    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.odd = rows.odd
        self.rows_read = 0
        self.pending: list[tuple[str, str]] = []
        self.models: dict[str, str] = {}
        """Key of the map -> the catalog's name of its model."""
        self.held: dict[tuple[str, str], list[dict[str, Any]]] = {}
        """(Model, slug) -> what was said of its endpoints: the same said twice is one endpoint under two names."""

    def row(self, key: str, raw: object) -> None:
        self.rows_read += 1
        provider = raw.get("litellm_provider") if isinstance(raw, dict) else None
        if isinstance(raw, dict) and isinstance(raw.get("alias_of"), str):
            self.pending.append((key, raw["alias_of"]))
            return
        if not isinstance(raw, dict) or not isinstance(provider, str) or not provider:
            self.rows.refused.append(Fault(key, raw, "a row of the price map: an object with 'litellm_provider'"))
            return
        mode = raw.get("mode")
        if mode not in APIS:
            why = "no mode: nobody can tell what it serves: left out" if mode is None else "a mode that is not routed: left out"
            self.odd.note(key, "mode", mode, why)
            return
        if _PICTURE.match(key):
            self.odd.note(key, "mode", key, "one size or quality of a model's pictures, which a price card does not tell apart: left out")
            return
        spelling = spelling_of(key, provider, whole_path=APIS[mode] == ["images"])
        model = self.rows.name(key, spelling.model)
        made = self._made(key, raw, mode)
        prices, tiers = read_cards(raw, key, self.odd)
        said = {**made, "pricing": prices, "tiers": tiers}
        twins = self.held.setdefault((model, spelling.slug), [])
        self.models[key] = model
        if key != model:
            self.rows.aliases[key] = model
        if said in twins:
            self.odd.note(key, "litellm_provider", provider, "another name of an endpoint that says the same: an alias")
            return
        twins.append(said)
        base = {"model": model, "provider": spelling.provider, **made, "extra": self._extra(key, raw)}
        self.rows.add(key, {**base, "slug": spelling.slug, **({} if prices is None else {"pricing": prices})})
        for tier, pricing in tiers.items():
            self.rows.add(key, {**base, "slug": f"{spelling.slug}/{tier}", "tier": tier, "pricing": pricing})

    def _made(self, key: str, raw: Mapping[str, Any], mode: str) -> dict[str, Any]:
        """Return what a row says of its endpoint, but for its prices: limits, parameters, modalities."""
        made: dict[str, Any] = {"apis": list(APIS[mode]), "supported_parameters": [], "input_modalities": self._modalities(key, raw)}
        # an entry's 'max_input_tokens' is its whole context where 'max_tokens' is no more; the map knows no other figure
        for ours, theirs in (("context_length", "max_input_tokens"), ("max_output_tokens", "max_output_tokens")):
            limit = self._number(key, theirs, raw.get(theirs))
            if limit is not None:
                made[ours] = limit
        for flag, names in _PARAMETERS.items():
            if raw.get(flag) is True:
                made["supported_parameters"].extend(names)
        limits = {ours: value for theirs, ours in _LIMITS.items() if (value := self._number(key, theirs, raw.get(theirs))) is not None}
        if limits:
            made["limits"] = limits
        return made

    def _modalities(self, key: str, raw: Mapping[str, Any]) -> list[str]:
        listed = raw.get("supported_modalities")
        found = {"text"}
        if isinstance(listed, list) and all(isinstance(one, str) for one in listed):
            found.update(listed)
        elif listed is not None:
            self.odd.note(key, "supported_modalities", listed, "no list of names: left out")
        found.update(modality for flag, modality in _MODALITIES.items() if raw.get(flag) is True)
        return sorted(found)

    def _number(self, key: str, field: str, value: object) -> int | None:
        if value is None:
            return None
        number = whole(value)
        if not number:
            self.odd.note(key, field, value, "no limit that can be read: unknown")
            return None
        return number

    @staticmethod
    def _extra(key: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        extra: dict[str, Any] = {"litellm_model": key}
        for field in ("deprecation_date", "successor_model"):
            if isinstance(raw.get(field), str):
                extra[field] = raw[field]
        return extra

    def resolve_aliases(self) -> None:
        """Let rows that are only another row's name point at its model."""
        for alias, key in self.pending:
            model = self.models.get(key)
            if model is None:
                self.rows.refused.append(Fault(f"{alias}.alias_of", key, "a row of the price map that was imported"))
                continue
            self.odd.note(alias, "alias_of", key, "another name of that row's model: an alias")
            self.rows.aliases[alias] = model
