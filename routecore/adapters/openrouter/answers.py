"""The forms in which OpenRouter's endpoint lists are kept: one answer, a sweep of answers, a list of either."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from routecore.errors import Fault

__all__ = ["Answer", "is_models_list", "read_answers"]

_DEEPEST: Final = 8
"""A list of sweeps has its answers six levels down; anything deeper is no feed, and may be a cycle."""

_ANSWER_EXPECTED: Final = "an answer of /models/{author}/{slug}/endpoints, a sweep of such answers, or a list of either"


_MODELS_EXPECTED: Final = "an answer with endpoints: pass it as models= (--models) beside the answers of /models/{author}/{slug}/endpoints"

_OF_A_MODEL: Final = frozenset({"architecture", "canonical_slug", "context_length", "pricing", "top_provider"})
"""What a row of a ``/models`` list has beside its ``id``; none of them is said of a model by a sweep."""


class Answer(NamedTuple):
    """One answer: where it stands, the name that the document says it was asked by (``None``: not said), and the model with its ``endpoints``."""

    path: str
    asked: object
    model: dict[str, Any]


def read_answers(document: object, path: str = "") -> tuple[list[Answer], list[Fault]]:
    """Return every answer in ``document``, and a fault for every part that is none.

    >>> answers, faults = read_answers({"data": [{"modelId": "a/b", "response": {"data": {"endpoints": []}}}, {"modelId": "a/c", "response": None}]})
    >>> [(one.path, one.asked) for one in answers], [fault.path for fault in faults]
    ([('data[0].response.data', 'a/b')], ['data[1]'])
    """
    answers: list[Answer] = []
    faults: list[Fault] = []
    _collect(document, path, None, answers, faults, _DEEPEST)
    return answers, faults


def is_models_list(part: object) -> bool:
    """Tell whether ``part`` is a ``/models`` list: rows that describe models and hold no endpoints.

    >>> is_models_list({"data": [{"id": "a/b", "pricing": {}}]}), is_models_list({"data": [{"id": "a/b", "endpoints": []}]}), is_models_list([])
    (True, False, False)
    """
    rows = part.get("data") if isinstance(part, dict) else part
    if not isinstance(rows, list) or not rows:
        return False
    return all(isinstance(row, dict) and "id" in row and "endpoints" not in row and not _OF_A_MODEL.isdisjoint(row) for row in rows)


def _collect(part: object, path: str, asked: object, answers: list[Answer], faults: list[Fault], depth: int) -> None:
    if depth and is_models_list(part):
        rows = part["data"] if isinstance(part, dict) else part
        faults.append(Fault(path or "document", f"a /models list of {len(rows)} models, which holds no endpoints", _MODELS_EXPECTED))  # type: ignore[arg-type]
        return
    if depth and isinstance(part, list):
        for index, one in enumerate(part):
            _collect(one, f"{path}[{index}]", asked, answers, faults, depth - 1)
        return
    if depth and isinstance(part, dict):
        if isinstance(part.get("endpoints"), list):
            answers.append(Answer(path, asked, part))
            return
        for key in ("data", "response"):
            if isinstance(part.get(key), (dict, list)):
                _collect(part[key], f"{path}.{key}" if path else key, part.get("modelId", asked), answers, faults, depth - 1)
                return
    faults.append(Fault(path or "document", part, _ANSWER_EXPECTED))
