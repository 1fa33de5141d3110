"""OpenRouter's public endpoint lists as a catalog and statistics, with everything that was odd named.

What a feed does not say stays unknown; what it says in a way that can be read in two is kept and noted. Nothing is invented, and no row is dropped
without a word: a row that cannot be an endpoint is in ``refused``. What each reading rests on stands in ``docs/decisions/`` from 401 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from routecore.adapters.imported import ImportResult, Names, Rows
from routecore.adapters.oddities import Oddities, Oddity
from routecore.adapters.openrouter.answers import Answer, read_answers
from routecore.adapters.openrouter.policies import Policies, read_modalities, read_policies
from routecore.adapters.openrouter.prices import read_pricing
from routecore.adapters.openrouter.stats import read_statistics
from routecore.catalog.endpoint import QUANTIZATIONS
from routecore.errors import CatalogError, Fault
from routecore.reading.checks import is_name, lower, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Discount", "ImportResult", "NegativeStatus", "Oddity", "Policies", "Renamed", "import_endpoints", "read_policies"]

Discount = Literal["leave out", "apply"]
NegativeStatus = Literal["keep", "disable"]
Renamed = Literal["keep", "refuse"]

_LIMITS: Final = (("context_length", "context_length"), ("max_output_tokens", "max_completion_tokens"), ("max_prompt_tokens", "max_prompt_tokens"))
_TAG_EXPECTED: Final = "a provider's tag such as 'deepinfra/fp8'"


def import_endpoints(
    document: object,
    *,
    providers: object = None,
    models: object = None,
    stats: object = None,
    discount: Discount = "leave out",
    negative_status: NegativeStatus = "keep",
    renamed: Renamed = "keep",
    canonical: object = None,
    policies: object = None,
) -> ImportResult:
    """Return the endpoints of one ``/models/{author}/{slug}/endpoints`` answer, of a sweep of answers, or of a list of either.

    Sources beside it, each one document or a list of them: ``providers``, directories with data policies; ``models``, ``/models`` lists, for input
    modalities that an answer does not state; ``stats``, answers with live percentiles, of which only the statistics are taken: they replace what
    ``document`` says of the same endpoint, figure by figure.

    What the feed leaves open: ``discount``, whether a discount is in the listed price already (``leave out``, the default) or comes off it (``apply``);
    ``negative_status``, whether an endpoint whose status code is negative stays (``keep``) or is turned off (``disable``); ``renamed``, whether an answer that
    gives another model's name than it was asked by, as those for ``…:free`` do, is kept under the name asked or refused.

    ``canonical`` maps names of models to those they are to have in the catalog; ``policies`` is a table of data policies (``{slug: {"trains": bool,
    "retains": bool}}``), whose statements go before the directories'.

    Twins (one model, one tag) are numbered ``…#2`` in the order of the feed.

    Raises ``CatalogError`` if there is nothing in ``document`` that can be imported, or a source is none, with every fault and its path.

    >>> answer = {"data": {"id": "a/b", "endpoints": [{"tag": "p/fp8", "quantization": "fp8", "context_length": 0, "status": -2,
    ...     "pricing": {"prompt": "0.000001", "completion": "-1"}, "supported_parameters": ["tools"], "supports_implicit_caching": False}]}}
    >>> result = import_endpoints(answer, models={"data": [{"id": "a/b", "architecture": {"input_modalities": ["text", "image"]}}]})
    >>> result.catalog_mapping["endpoints"][0]["pricing"], [(one.field, one.value) for one in result.oddities]
    ({'prompt': '0.000001'}, [('context_length', 0), ('status', -2), ('pricing.completion', '-1')])
    """
    _check_options(("discount", discount, Discount), ("negative_status", negative_status, NegativeStatus), ("renamed", renamed, Renamed))
    directories = None if providers is None else read_policies(providers)
    known = {} if models is None else read_modalities(models)
    odd = Oddities()
    rows = Rows(odd, canonical, policies, slug_field="tag")
    importer = _Importer(rows, directories, known, take_discount=discount == "apply", disable=negative_status == "disable", refuse_renamed=renamed == "refuse")
    importer.read(document)
    if stats is not None:
        importer.join(stats)
    return importer.result()


def _check_options(*options: tuple[str, object, Any]) -> None:
    faults = [
        Fault(name, value, " or ".join(repr(one) for one in get_args(allowed)))
        for name, value, allowed in options
        if not (isinstance(value, str) and value in get_args(allowed))
    ]
    if faults:
        raise CatalogError(faults)


class _Importer:
    def __init__(
        self, rows: Rows, policies: Policies | None, modalities: Mapping[str, Any], *, take_discount: bool, disable: bool, refuse_renamed: bool
    ) -> None:
        self.rows = rows
        self.odd = rows.odd
        self.refused = rows.refused
        self.policies = policies
        self.modalities = modalities
        self.take_discount = take_discount
        self.disable = disable
        self.refuse_renamed = refuse_renamed
        self.rows_read = 0
        if policies is not None:
            self.odd.noted.extend(policies.oddities)

    def read(self, document: object) -> None:
        """Read every answer of the document."""
        answers, faults = read_answers(document)
        self.refused.extend(faults)
        for answer in answers:
            self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        path, model = answer.path, answer.model
        answered = model.get("id")
        renamed = answer.asked is not None and answered is not None and answer.asked != answered
        if renamed and not self.refuse_renamed:
            self.odd.note(path, "id", answered, "another model's name than it was asked by: its endpoints and prices are kept under the name asked")
        if not model["endpoints"]:
            self.odd.note(path, "endpoints", [], "a model without endpoints: nothing to import")
            return
        modalities = self._modalities(answer)
        for where, raw in _endpoints(answer):
            self.rows_read += 1
            if renamed and self.refuse_renamed:
                self.refused.append(Fault(where, answered, f"an endpoint of {answer.asked!r}, which was asked for"))
                continue
            name, tag, faults = _identify(answer, raw, where)
            if name is None or tag is None:
                self.refused.extend(faults)
            else:
                self._endpoint(where, name, tag, modalities, raw)

    def _modalities(self, answer: Answer) -> list[str] | None:
        architecture = answer.model.get("architecture")
        value = architecture.get("input_modalities") if isinstance(architecture, dict) else None
        for name in (answer.asked, answer.model.get("id")):
            if value is None and isinstance(name, str):
                value = self.modalities.get(name)
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return value
        self.odd.note(answer.path, "architecture.input_modalities", value, "not stated: text alone, as the catalog takes it")
        return None

    def _endpoint(self, where: str, model: str, tag: str, modalities: list[str] | None, raw: dict[str, Any]) -> None:
        if raw.get("tag") is None:
            self.odd.note(where, "tag", None, "missing: made of provider_name")
        provider = lower(tag).partition("/")[0]
        row: dict[str, Any] = {
            "model": self.rows.name(model),
            "provider": provider,
            "slug": tag,
            "quantization": self._quantization(where, raw.get("quantization")),
        }
        for ours, theirs in _LIMITS:
            limit = self._limit(where, theirs, raw.get(theirs))
            if limit is not None:
                row[ours] = limit
        row["supported_parameters"] = self._parameters(where, raw.get("supported_parameters"))
        if modalities is not None:
            row["input_modalities"] = modalities
        caching = raw.get("supports_implicit_caching")
        if isinstance(caching, bool):
            row["implicit_caching"] = caching
        else:
            self.odd.note(where, "supports_implicit_caching", caching, "neither true nor false: none, as the catalog takes it")
        policy = self._policy(where, provider)
        if policy is not None:
            row["data_policy"] = policy
        if self._turned_off(where, raw.get("status")):
            row["disabled"] = True
        pricing = read_pricing(raw.get("pricing"), where, self.odd, take_discount=self.take_discount)
        if pricing is not None:
            row["pricing"] = pricing
        endpoint = self.rows.add(where, row)
        if row["model"] != model:
            self.rows.aliases[model] = row["model"]
        measured = read_statistics(raw, where, self.odd)
        if measured:
            self.rows.stats[endpoint] = measured

    def _quantization(self, where: str, level: object) -> str:
        if isinstance(level, str) and lower(level) in QUANTIZATIONS:
            return lower(level)
        # null and an empty text are the feed's own words for "unknown"
        if level is not None and level != "":
            self.odd.note(where, "quantization", level, "no level that is known: unknown")
        return "unknown"

    def _limit(self, where: str, field: str, value: object) -> int | None:
        limit = whole(value)
        if limit:
            return limit
        if value is not None:
            self.odd.note(where, field, value, "no tokens at all is no limit: unknown" if limit == 0 else "no number of tokens: unknown")
        elif field == "context_length":
            # the feed writes null for outputs and prompts without a limit of their own, never for a context length
            self.odd.note(where, field, None, "missing: unknown")
        return None

    def _parameters(self, where: str, value: object) -> list[str]:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return value
        self.odd.note(where, "supported_parameters", value, "no list of names: supports none, as the catalog takes it")
        return []

    def _policy(self, where: str, provider: str) -> dict[str, bool] | None:
        if self.policies is None:
            return None
        found = self.policies.of(provider)
        if found is None:
            why = "the provider directory states no policy" if provider in self.policies.listed else "not in the provider directory"
            self.odd.note(where, "data_policy", provider, f"{why}: unknown, so taken as training and retaining")
        return found

    def _turned_off(self, where: str, status: object) -> bool:
        if status is None or (status == 0 and not isinstance(status, bool)):
            return False
        negative = isinstance(status, (int, float)) and status < 0
        self.odd.note(
            where,
            "status",
            status,
            "what it means is not published: disabled, as asked" if negative and self.disable else "what it means is not published: kept",
        )
        return negative and self.disable

    def join(self, stats: object) -> None:
        """Put the statistics of other answers beside the rows that were read: figure by figure, theirs count."""
        answers, faults = read_answers(stats, "stats")
        if faults:
            raise CatalogError(faults)
        known = self.rows.ids()
        names = Names()
        for answer in answers:
            for where, raw in _endpoints(answer):
                name, tag, bad = _identify(answer, raw, where)
                if name is None or tag is None:
                    self.odd.noted.extend(Oddity(fault.path, "statistics", fault.value, f"not {fault.expected}: left out") for fault in bad)
                    continue
                name = self.rows.name(name)
                endpoint = f"{name}@{names.slug(name, tag)[0]}"
                if endpoint not in known:
                    self.odd.note(where, "statistics", endpoint, "of no endpoint that was imported: left out")
                    continue
                measured = read_statistics(raw, where, self.odd)
                if measured:
                    self.rows.stats[endpoint] = {**self.rows.stats.get(endpoint, {}), **measured}

    def result(self) -> ImportResult:
        """Return what was read."""
        return self.rows.result(rows_read=self.rows_read)


def _endpoints(answer: Answer) -> list[tuple[str, Any]]:
    path = f"{answer.path}.endpoints" if answer.path else "endpoints"
    return [(f"{path}[{index}]", raw) for index, raw in enumerate(answer.model["endpoints"])]


def _identify(answer: Answer, raw: object, where: str) -> tuple[str | None, str | None, list[Fault]]:
    """Return the model and the tag of a row, or ``None`` and the faults that leave it without."""
    if not isinstance(raw, dict):
        return None, None, [Fault(where, raw, "an endpoint: an object")]
    faults = []
    stated = (answer.asked, answer.model.get("id"), raw.get("model_id"))
    name = next((one for one in stated if one is not None), None)
    if not is_name(name):
        faults.append(Fault(f"{where}.model_id", name, "a model's name"))
    tag = raw.get("tag")
    if tag is None and isinstance(raw.get("provider_name"), str):
        tag = "-".join(raw["provider_name"].split())
    # a tag with a '#' would be taken for a numbered twin
    if not is_name(tag) or tag.startswith("/"):
        faults.append(Fault(f"{where}.tag", raw.get("tag"), _TAG_EXPECTED))
    return (None, None, faults) if faults else (str(name), str(tag), [])
