"""models.dev's ``api.json`` as a catalog: providers with their models, prices in USD per million tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from routecore.adapters.imported import Rows
from routecore.adapters.oddities import Oddities
from routecore.adapters.prices import price_text
from routecore.errors import CatalogError, Fault
from routecore.reading.checks import is_name, lower, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from routecore.adapters.imported import ImportResult

__all__ = ["import_api"]

_PRICES: Final = {
    "input": "prompt",
    "output": "completion",
    "cache_read": "input_cache_read",
    "cache_write": "input_cache_write",
    "reasoning": "internal_reasoning",
    "input_audio": "audio",
    "output_audio": "audio_output",
}
_MODES: Final = {"priority": "priority", "flex": "flex"}
_PARAMETERS: Final = (
    ("tool_call", ("tools", "tool_choice")),
    ("structured_output", ("response_format", "structured_outputs")),
    ("temperature", ("temperature",)),
    ("reasoning", ("reasoning", "include_reasoning")),
)
_MODALITIES: Final = {"pdf": "file"}


def import_api(document: object, *, canonical: object = None, policies: object = None) -> ImportResult:
    """Return the endpoints of models.dev's ``api.json``.

    A model is named by the last part of its id, in lower case, ``@`` written ``-`` (so that ``claude-opus-4@20250514`` and ``claude-opus-4-20250514`` are one);
    ``canonical`` goes before that.

    Args:
        document: The parsed ``api.json``: provider -> ``{"models": {id -> model}}``, or such an object under ``providers``.
        canonical: Names of models, ``provider/id`` or ``id`` of the feed -> the catalog's name.
        policies: A table of data policies, slug -> ``{"trains": bool, "retains": bool}``; the feed states none.

    Returns:
        One endpoint a model and provider, and one for each mode of it that asks for a service tier. ``extra`` holds the upstream's model id, and the
        provider's ``api`` address as ``base_url`` where it is known.

    Raises:
        CatalogError: The document is none of models.dev's, or nothing in it could be imported.

    Example:
        >>> model = {"id": "gpt-4o", "cost": {"input": 2.5, "output": 10}, "limit": {"context": 128000, "output": 16384}, "tool_call": True}
        >>> (endpoint,) = import_api({"openai": {"models": {"gpt-4o": model}}}).catalog()
        >>> endpoint.id, endpoint.pricing.to_mapping()
        ('gpt-4o@openai', {'prompt': '0.0000025', 'completion': '0.00001'})
    """
    providers = document.get("providers") if isinstance(document, dict) and isinstance(document.get("providers"), dict) else document
    if not isinstance(providers, dict):
        raise CatalogError([Fault("document", document, "models.dev's api.json: an object, provider -> 'models'")])
    importer = _Importer(Rows(Oddities(), canonical, policies))
    for name, provider in providers.items():
        importer.provider(str(name), provider)
    return importer.rows.result(rows_read=importer.rows_read)


class _Importer:
    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.odd = rows.odd
        self.rows_read = 0

    def provider(self, name: str, provider: object) -> None:
        models = provider.get("models") if isinstance(provider, dict) else None
        if not isinstance(provider, dict) or not isinstance(models, dict) or not is_name(name):
            self.rows.refused.append(Fault(name, provider, "a provider: an object with 'models'"))
            return
        address = provider.get("api") if isinstance(provider.get("api"), str) else None
        for key, model in models.items():
            self.rows_read += 1
            where = f"{name}.models.{key}"
            if not isinstance(model, dict):
                self.rows.refused.append(Fault(where, model, "a model: an object"))
                continue
            self._model(where, lower(name), str(key), address, model)

    def _model(self, where: str, provider: str, key: str, address: str | None, raw: dict[str, Any]) -> None:
        own = lower(key.rpartition("/")[2]).removesuffix("@default").replace("@", "-")
        model = self.rows.name(f"{provider}/{key}", key, own)
        if key != model:
            self.rows.aliases[key] = model
        row: dict[str, Any] = {"model": model, "provider": provider, "slug": provider}
        limits = raw.get("limit") if isinstance(raw.get("limit"), dict) else {}
        assert isinstance(limits, dict)
        for ours, theirs in (("context_length", "context"), ("max_prompt_tokens", "input"), ("max_output_tokens", "output")):
            limit = whole(limits.get(theirs))
            if limit:
                row[ours] = limit
            elif limits.get(theirs) is not None:
                self.odd.note(where, f"limit.{theirs}", limits[theirs], "no limit that can be read: unknown")
        row["supported_parameters"] = [name for flag, names in _PARAMETERS if raw.get(flag) is True for name in names]
        row["input_modalities"] = self._modalities(where, raw.get("modalities"))
        row["extra"] = {"model": key, **({} if address is None else {"base_url": address})}
        if raw.get("status") is not None:
            row["extra"]["status"] = raw["status"]
            self.odd.note(where, "status", raw["status"], "kept, and told in extra.status")
        cost = raw.get("cost")
        prices = self._prices(where, "cost", cost)
        self.rows.add(where, {**row, **({} if prices is None else {"pricing": prices})})
        for tier, pricing in self._modes(where, raw, prices):
            self.rows.add(where, {**row, "slug": f"{provider}/{tier}", "tier": tier, "pricing": pricing})

    def _modalities(self, where: str, raw: object) -> list[str]:
        listed = raw.get("input") if isinstance(raw, dict) else None
        if isinstance(listed, list) and all(isinstance(one, str) for one in listed):
            return sorted({_MODALITIES.get(one) or one for one in listed})
        self.odd.note(where, "modalities.input", listed, "not stated: text alone, as the catalog takes it")
        return ["text"]

    def _prices(self, where: str, field: str, raw: object) -> dict[str, Any] | None:
        if not isinstance(raw, dict):
            self.odd.note(where, field, raw, "no prices: unknown, which is not free")
            return None
        prices: dict[str, Any] = self._card(where, field, raw)
        longer = [card for index, one in enumerate(raw.get("tiers") or ()) if (card := self._tier(where, f"{field}.tiers[{index}]", one)) is not None]
        over = raw.get("context_over_200k")
        if over is not None and not raw.get("tiers"):
            # where both are given, the tiers say exactly what this says roughly
            longer = [{"min_prompt_tokens": 200_000, **self._card(where, f"{field}.context_over_200k", over)}] if isinstance(over, dict) else []
        if longer:
            prices["overrides"] = sorted(longer, key=lambda card: card["min_prompt_tokens"])
        return prices

    def _card(self, where: str, field: str, raw: Mapping[str, Any]) -> dict[str, str]:
        card = {}
        for key, value in raw.items():
            if key in {"tiers", "tier", "context_over_200k"} or value is None:
                continue
            price = _PRICES.get(key)
            if price is None:
                self.odd.note(where, f"{field}.{key}", value, "no price that a price card has: left out")
                continue
            text = price_text(value, where, f"{field}.{key}", self.odd, down=6)
            if text is not None:
                card[price] = text
        return card

    def _tier(self, where: str, field: str, raw: object) -> dict[str, Any] | None:
        condition = raw.get("tier") if isinstance(raw, dict) else None
        size = whole(condition.get("size")) if isinstance(condition, dict) and condition.get("type") == "context" else None
        if not isinstance(raw, dict) or size is None:
            self.odd.note(where, field, raw, "no prices beyond a context's size: left out")
            return None
        return {"min_prompt_tokens": size, **self._card(where, field, raw)}

    def _modes(self, where: str, raw: Mapping[str, Any], prices: dict[str, Any] | None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the service tiers among a model's modes, with their prices; what a mode does not name is the model's own."""
        experimental = raw.get("experimental")
        modes = experimental.get("modes") if isinstance(experimental, dict) else None
        for name, mode in modes.items() if isinstance(modes, dict) else ():
            body = mode.get("provider", {}).get("body") if isinstance(mode, dict) and isinstance(mode.get("provider"), dict) else None
            asked = body.get("service_tier") if isinstance(body, dict) else None
            tier = _MODES.get(asked) if isinstance(asked, str) else None
            cost = mode.get("cost") if isinstance(mode, dict) else None
            if tier is None or not isinstance(cost, dict):
                self.odd.note(where, f"experimental.modes.{name}", mode, "no service tier with prices: left out")
                continue
            own = self._prices(where, f"experimental.modes.{name}.cost", cost) or {}
            kept = {key: value for key, value in (prices or {}).items() if key != "overrides"}
            yield tier, {**kept, **own}
