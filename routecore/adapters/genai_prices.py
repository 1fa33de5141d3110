"""The data of genai-prices as a catalog: prices in USD per million units that begin on a day, hold for hours of the day, or belong to a service tier."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from routecore.adapters.imported import Rows
from routecore.adapters.oddities import Oddities
from routecore.adapters.prices import price_text
from routecore.errors import CatalogError, Fault
from routecore.reading.checks import is_name, lower, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.adapters.imported import ImportResult

__all__ = ["import_prices"]

PRICE_KEYS: Final = {
    "input_mtok": ("prompt", 6),
    "output_mtok": ("completion", 6),
    "cache_read_mtok": ("input_cache_read", 6),
    "cache_write_mtok": ("input_cache_write", 6),
    "cache_write_1h_mtok": ("input_cache_write_1h", 6),
    "output_reasoning_mtok": ("internal_reasoning", 6),
    "input_audio_mtok": ("audio", 6),
    "output_audio_mtok": ("audio_output", 6),
    "cache_audio_read_mtok": ("input_audio_cache", 6),
    "input_image_mtok": ("image_token", 6),
    "output_image_mtok": ("image_output_token", 6),
    "cache_image_read_mtok": ("input_image_cache", 6),
    "input_video_mtok": ("video_token", 6),
    "output_video_mtok": ("video_output_token", 6),
    "requests_kcount": ("request", 3),
    "web_searches_kcount": ("web_search", 3),
}
"""The feed's names of prices: the price card's, and the places that the point moves."""

_TIERS: Final = {
    ("processing", "batch"): "batch",
    ("service_tier", "batch"): "batch",
    ("service_tier", "flex"): "flex",
    ("service_tier", "priority"): "priority",
    ("service_tier", "fast"): "priority",
}
_OWN_ENDPOINT: Final = ("flex", "priority")
_NAMES: Final = ("equals",)


def import_prices(document: object, *, on: date | str | None = None, canonical: object = None, policies: object = None) -> ImportResult:
    """Return the endpoints of the data of genai-prices.

    Args:
        document: The parsed data: a list of providers with their models, or such a list under ``providers``.
        on: The day whose prices are taken (a date, or its ISO text): of dated prices those that began last. ``None``: today, in UTC.
        canonical: Names of models, ``provider/id`` or ``id`` of the feed -> the catalog's name.
        policies: A table of data policies, slug -> ``{"trains": bool, "retains": bool}``; the feed states none.

    Returns:
        One endpoint a model and provider, and one for each service tier that has prices of its own. Hours of the day become price cards with a window.
        ``aliases`` has the names that the feed lists for a model; names that it only describes by a pattern are left out.

    Raises:
        CatalogError: The document has another form, ``on`` is no day, or nothing could be imported.

    Example:
        >>> model = {"id": "m", "context_window": 1000, "prices": [{"prices": {"input_mtok": 2}},
        ...     {"constraint": {"start_date": "2026-06-01"}, "prices": {"input_mtok": 1}}]}
        >>> feed = [{"id": "p", "api_pattern": "", "models": [model]}]
        >>> [import_prices(feed, on=day).catalog()["m@p"].pricing.to_mapping() for day in ("2026-05-31", "2026-06-01")]
        [{'prompt': '0.000002'}, {'prompt': '0.000001'}]
    """
    providers = document.get("providers") if isinstance(document, dict) else document
    if not isinstance(providers, list):
        raise CatalogError([Fault("document", document, "the data of genai-prices: a list of providers with 'models'")])
    importer = _Importer(Rows(Oddities(), canonical, policies), _day(on))
    for index, provider in enumerate(providers):
        importer.provider(f"[{index}]", provider)
    return importer.rows.result(rows_read=importer.rows_read)


def _day(on: date | str | None) -> date:
    if on is None:
        return datetime.now(UTC).date()
    if isinstance(on, datetime):
        return on.date()
    if isinstance(on, date):
        return on
    try:
        return date.fromisoformat(on)
    except (TypeError, ValueError) as error:
        raise CatalogError([Fault("on", on, "a day, such as '2026-11-25'")]) from error


class _Importer:
    def __init__(self, rows: Rows, on: date) -> None:
        self.rows = rows
        self.odd = rows.odd
        self.on = on
        self.rows_read = 0

    def provider(self, where: str, raw: object) -> None:
        name = raw.get("id") if isinstance(raw, dict) else None
        models = raw.get("models") if isinstance(raw, dict) else None
        if not is_name(name) or not isinstance(models, list):
            self.rows.refused.append(Fault(where, raw, "a provider: an object with 'id' and 'models'"))
            return
        for index, model in enumerate(models):
            self.rows_read += 1
            path = f"{where}.models[{index}]"
            key = model.get("id") if isinstance(model, dict) else None
            if not isinstance(model, dict) or not isinstance(key, str):
                self.rows.refused.append(Fault(path, model, "a model: an object with 'id'"))
                continue
            self._model(path, lower(name), key, model)

    def _model(self, where: str, provider: str, key: str, raw: dict[str, Any]) -> None:
        own = lower(key.rpartition("/")[2]).replace("@", "-")
        model = self.rows.name(f"{provider}/{key}", key, own)
        for alias in [key, *_listed_names(raw.get("match"))]:
            if alias != model:
                self.rows.aliases.setdefault(alias, model)
        row: dict[str, Any] = {"model": model, "provider": provider, "slug": provider, "extra": {"model": key}}
        window = whole(raw.get("context_window"))
        if window:
            row["context_length"] = window
        if raw.get("deprecated") is True:
            row["extra"]["status"] = "deprecated"
        prices = self._prices(where, raw.get("prices"))
        variants = self._variants(where, raw.get("price_variants"))
        listed = {**(prices or {}), **({"variants": variants} if variants else {})}
        self.rows.add(where, {**row, **({"pricing": listed} if listed else {})})
        for tier in _OWN_ENDPOINT:
            if "prompt" in variants.get(tier, {}):
                kept = {name: value for name, value in (prices or {}).items() if name != "overrides"}
                self.rows.add(where, {**row, "slug": f"{provider}/{tier}", "tier": tier, "pricing": {**kept, **variants[tier]}})

    def _prices(self, where: str, raw: object) -> dict[str, Any] | None:
        """Return the prices of the day: of those without hours the last that has begun, with a card for each window of hours."""
        if isinstance(raw, dict):
            return self._card(where, "prices", raw)
        if not isinstance(raw, list) or not raw:
            self.odd.note(where, "prices", raw, "no prices: unknown, which is not free")
            return None
        standing: dict[str, Any] | None = None
        windows: list[dict[str, Any]] = []
        for index, one in enumerate(raw):
            field = f"prices[{index}]"
            found = one.get("prices") if isinstance(one, dict) else None
            if not isinstance(one, dict) or not isinstance(found, dict):
                self.odd.note(where, field, one, "no prices under a condition: left out")
                continue
            condition = one.get("constraint") or {}
            if not self._begun(where, field, condition):
                continue
            card = self._card(where, f"{field}.prices", found)
            window = _window(condition)
            if window is None and condition.keys() & {"start_time", "end_time"}:
                self.odd.note(where, f"{field}.constraint", condition, "hours that cannot be read: left out")
            elif window is None:
                # later entries go before earlier ones
                standing, windows = card, []
            else:
                windows.append({**window, **card})
        if windows:
            standing = {**(standing or {}), "overrides": [*(standing or {}).get("overrides", ()), *windows]}
        return standing

    def _begun(self, where: str, field: str, condition: Any) -> bool:  # noqa: ANN401 - whatever the feed holds
        start = condition.get("start_date") if isinstance(condition, dict) else condition
        if start is None:
            return True
        try:
            begins = start if isinstance(start, date) else date.fromisoformat(start)
        except (TypeError, ValueError):
            self.odd.note(where, f"{field}.constraint", condition, "no day that can be read: left out")
            return False
        if begins > self.on:
            self.odd.note(where, f"{field}.constraint.start_date", str(begins), f"begins after {self.on}: left out")
        return begins <= self.on

    def _variants(self, where: str, raw: object) -> dict[str, dict[str, Any]]:
        """Return the price cards of service tiers. Of several for one price the first counts, as in the feed."""
        variants: dict[str, dict[str, Any]] = {}
        for index, one in enumerate(raw if isinstance(raw, list) else ()):
            field = f"price_variants[{index}]"
            when = one.get("when") if isinstance(one, dict) else None
            found = one.get("prices") if isinstance(one, dict) else None
            if not isinstance(one, dict) or not isinstance(when, dict) or not isinstance(found, dict) or not found:
                continue
            tier = _TIERS.get(next(iter(when.items()))) if len(when) == 1 else None
            if tier is None:
                self.odd.note(where, f"{field}.when", when, "no service tier that a price card has: left out")
            elif self._begun(where, field, one.get("constraint") or {}):
                card = self._card(where, f"{field}.prices", found)
                variants[tier] = {**card, **variants.get(tier, {})}
        return variants

    def _card(self, where: str, field: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        card: dict[str, Any] = {}
        longer: dict[int, dict[str, str]] = {}
        for key, value in raw.items():
            if value is None:
                continue
            known = PRICE_KEYS.get(key)
            if known is None:
                self.odd.note(where, f"{field}.{key}", value, "no price that a price card has: left out")
                continue
            name, down = known
            tiers = value.get("tiers") if isinstance(value, dict) else None
            text = price_text(value.get("base") if isinstance(value, dict) else value, where, f"{field}.{key}", self.odd, down=down)
            if text is not None:
                card[name] = text
            for tier in tiers or ():
                start = whole(tier.get("start")) if isinstance(tier, dict) else None
                beyond = None if start is None else price_text(tier["price"], where, f"{field}.{key}.tiers", self.odd, down=down)
                if start is None or beyond is None:
                    self.odd.note(where, f"{field}.{key}.tiers", tier, "no price beyond a number of tokens: left out")
                else:
                    longer.setdefault(start, {})[name] = beyond
        if longer:
            card["overrides"] = [{"min_prompt_tokens": start, **longer[start]} for start in sorted(longer)]
        return card


def _window(condition: Mapping[str, Any]) -> dict[str, str] | None:
    """Return hours of the day as a price card's window in UTC."""
    try:
        bounds = [datetime.fromisoformat(f"2000-01-01T{str(condition[name]).removesuffix('Z')}") for name in ("start_time", "end_time")]
    except (KeyError, ValueError):
        return None
    start, end = (bound if bound.tzinfo is None else bound.astimezone(UTC) for bound in bounds)
    return {"utc_start": f"{start:%H%M}", "utc_end": f"{end:%H%M}"}


def _listed_names(match: object) -> list[str]:
    """Return the names that a rule lists one by one; a pattern has none."""
    if not isinstance(match, dict):
        return []
    found = [match[word] for word in _NAMES if isinstance(match.get(word), str)]
    for one in match.get("or") or match.get("or_") or ():
        found.extend(_listed_names(one))
    return found
