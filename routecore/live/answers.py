"""Whose fault an answer is, as a table: ``ANSWERS``, read from the top; an operator's own rows go before it.

A row looks at the status, then at what machines can read (codes, types), and at words only where a provider sends nothing else. **Providers echo what callers
send**, so words that blame (kinds that cool an endpoint or a key) are believed only at the start of the error's own message, where no quote of a caller's
can stand. Words that blame nobody may stand anywhere: the worst that an echo can do there is one more try, or none.

Sources: the providers' error pages and what their users report; ``tests/live/answer_bodies.py`` has a real body for every row.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.live.kinds import COOLS, KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routecore.live.error_facts import ErrorFacts

__all__ = ["ANSWERS", "AnswerRule", "Answers"]

_LONGEST_WORDS: Final = 2_000


def _several(value: object) -> tuple[object, ...] | None:
    """Take one value as a sequence of one."""
    if value is None or isinstance(value, tuple):
        return value
    if isinstance(value, (str, int)):
        return (value,)
    return tuple(value) if isinstance(value, (list, range, set, frozenset)) else (value,)


@attrs.frozen
class AnswerRule:
    """One row: an answer that has everything that the row names is of its ``kind``. Raises ``InvalidRequest`` naming every bad field.

    Args:
        name: What the row is called; ``Outcome.rule`` tells it.
        status: One HTTP status or several (a ``range`` too), as the answer is read: an error inside a 200 counts with the status that its code states.
        code: One of these among the error's codes (``code``, ``status``, ``reason``, an exception's name); letters' case does not matter.
        type: One of these among the error's types; ``relayed`` is the type of an error that another gateway only passes on.
        message: A regular expression, looked for in the error's own message in lower case; where the kind blames, only at its start.
        kind: The kind of outcome.
        cools: ``key`` cools every attempt with that key at that provider, ``attempt`` this one, ``nothing`` nothing; by default what the kind does.
        finish: Finish reasons of a completed answer that make it of this kind; such a row looks at nothing else.
        context: Whether it says that the prompt is too long for this endpoint (of kind ``unsuitable``).

    Example:
        >>> AnswerRule("maintenance", status=418, message="back soon", kind="server").kind
        <Kind.SERVER: 'server'>
    """

    name: str
    status: tuple[int, ...] | None = attrs.field(default=None, converter=_several)
    code: tuple[str, ...] | None = attrs.field(default=None, converter=_several)
    type: tuple[str, ...] | None = attrs.field(default=None, converter=_several)
    message: str | None = None
    kind: Kind = attrs.field(default=None)  # a row without a kind is a fault, below
    cools: str | None = None
    finish: tuple[str, ...] = attrs.field(default=(), converter=_several)
    context: bool = False

    def __attrs_post_init__(self) -> None:
        faults = []
        path = f"settings.answers[{self.name!r:.80}]"
        if not isinstance(self.name, str) or not self.name:
            faults.append(Fault(f"{path}.name", self.name, "text"))
        for name, sort, expected in (("status", int, "HTTP statuses"), ("code", str, "texts"), ("type", str, "texts"), ("finish", str, "texts")):
            values = getattr(self, name) or ()
            if not all(isinstance(value, sort) and not isinstance(value, bool) for value in values):
                faults.append(Fault(f"{path}.{name}", values, expected))
        if self.message is not None:
            try:
                re.compile(self.message)
            except (re.error, TypeError):
                faults.append(Fault(f"{path}.message", self.message, "a regular expression"))
        try:
            object.__setattr__(self, "kind", Kind(self.kind))
        except ValueError:
            faults.append(Fault(f"{path}.kind", self.kind, f"one of {', '.join(Kind)}"))
        if self.cools is not None and self.cools not in COOLS:
            faults.append(Fault(f"{path}.cools", self.cools, f"one of {', '.join(COOLS)}"))
        if faults:
            raise InvalidRequest(faults)


_4XX: Final = range(400, 500)
_5XX: Final = range(500, 600)
_INPUT: Final = (400, 403, 406, 413, 422, 424, 451, 498)
"""Statuses under which an answer may speak of the input. 401, 402 and 429 speak of the key, whatever else they say."""

ANSWERS: Final = (
    # --- codes: what machines are told -----------------------------------------------------------------------------------------------------------
    AnswerRule(
        "flagged", _INPUT,
        ("flagged", "content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked", "data_inspection_failed", "datainspectionfailed",
         "image_content_policy_violation", "bio_policy", "misalignment_policy_violation", "prohibited_content"),
        None, None, Kind.MODERATION,
    ),
    AnswerRule(
        "out_of_credit", _4XX,
        ("insufficient_quota", "insufficient_credits", "insufficient_balance", "billing_hard_limit_reached", "billing_not_active", "account_deactivated",
         "organization_restricted", "credit_balance_exhausted", "enforced_spend_limit_reached", "arrearage"),
        None, None, Kind.CREDENTIAL, "key",
    ),
    AnswerRule("out_of_credit_by_type", _4XX, None, ("insufficient_quota", "billing_error", "budget_exceeded"), None, Kind.CREDENTIAL, "key"),
    AnswerRule(
        "bad_key", (400, 401, 403, 404),
        ("invalid_api_key", "api_key_invalid", "invalid_authentication", "unauthenticated", "expiredtokenexception", "unrecognizedclientexception",
         "invalidsignatureexception", "incompletesignature", "missingauthenticationtoken", "invalidclienttokenid"),
        None, None, Kind.CREDENTIAL, "key",
    ),
    AnswerRule("region_refused", (400, 403), "unsupported_country_region_territory", None, None, Kind.CREDENTIAL, "key"),
    AnswerRule(
        "rate_limit_code", _4XX,
        ("rate_limit_exceeded", "rate_limited", "resource_exhausted", "throttlingexception", "servicequotaexceededexception", "toomanyrequestsexception",
         "capacity_exceeded", "too_many_requests"),
        None, None, Kind.RATE_LIMIT,
    ),
    AnswerRule("rate_limit_type", _4XX, None, ("rate_limit_error", "rate_limited", "throttling_error"), None, Kind.RATE_LIMIT),
    AnswerRule(
        "prompt_too_long", _4XX, ("context_length_exceeded", "context_window_exceeded", "token_limit_exceeded"), None, None, Kind.UNSUITABLE, context=True,
    ),
    AnswerRule("prompt_too_long_by_type", _4XX, None, "exceed_context_size_error", None, Kind.UNSUITABLE, context=True),
    AnswerRule(
        "does_not_fit", _INPUT,
        ("unsupported_parameter", "unsupported_value", "unknown_parameter", "invalid_encrypted_content", "max_tokens_exceeded", "integer_above_max_value",
         "integer_below_min_value", "tool_use_failed",
         "json_validate_failed", "model_not_supported"),
        None, None, Kind.UNSUITABLE,
    ),
    AnswerRule("field_not_known", (400, 422), None, "extra_forbidden", None, Kind.UNSUITABLE),
    AnswerRule("item_not_found", (400, 404), ("previous_response_not_found", "file_not_found", "vector_store_not_found"), None, None, Kind.CALLER),
    AnswerRule(
        "item_not_found_by_words", (404, 410), None, None,
        r"previous_response|previous response|(response|file|conversation|thread|item|batch) with id|file_id|no such file|vector[_ ]store", Kind.CALLER,
    ),
    AnswerRule(
        "no_such_deployment", (400, 403, 404, 410),
        ("model_not_found", "deploymentnotfound", "model_decommissioned", "model_deprecated", "model_terms_required", "model_not_available",
         "resourcenotfoundexception", "accessdeniedexception", "ftuformnotfilled"),
        None, None, Kind.CREDENTIAL, "attempt",
    ),
    AnswerRule("no_such_model", (400, 404), None, ("invalid_model", "not_found_error", "notfounderror", "model_not_found"), None, Kind.CREDENTIAL, "attempt"),
    AnswerRule("model_failed", 424, ("modelerrorexception", "modelstreamerrorexception"), None, None, Kind.SERVER),
    # --- words: where a provider sends nothing else ----------------------------------------------------------------------------------------------
    AnswerRule("affords_less", 402, None, None, "can only afford|fewer max_tokens", Kind.UNSUITABLE),
    AnswerRule(
        "none_supports_it", (400, 404), None, None, "no (allowed )?(endpoints|providers) (are )?(found|available) (that|matching|which|with|for the selected)",
        Kind.UNSUITABLE,
    ),
    AnswerRule(
        "prompt_too_long_by_words", (400, 413, 422), None, None,
        r"prompt is too long|input is too long|too many (input )?tokens|(context|prompt) (length|window|limit|size)|maximum number of tokens"
        r"|max_tokens must be at least 1, got -|input token count|reduce the length|`inputs` tokens \+",
        Kind.UNSUITABLE, context=True,
    ),
    AnswerRule(
        "flagged_by_words", _INPUT, None, None,
        r"\bflagged\b|moderation|content[ _]filter|content[ _]policy|content management policy|responsibleaipolicy|safety system|safety_violation"
        r"|prohibited_content|usage polic(y|ies)|usage guidelines|content exists risk|inappropriate content|content filtering policy|for safety reasons",
        Kind.MODERATION,
    ),
    AnswerRule(
        "out_of_credit_by_words", (400, 403, 429), None, None,
        r"your credit balance is too low|you have reached your specified api usage limits|insufficient balance|billing hard limit has been reached"
        r"|this organization has been disabled|key limit exceeded|your newly created team doesn't have any credits"
        r"|your team \S+ has (either )?used all available credits",
        Kind.CREDENTIAL, "key",
    ),
    AnswerRule(
        "bad_key_by_words", (400, 403), None, None,
        "(incorrect|invalid) api[ _]key|api key (not valid|expired)|invalid api token|user location is not supported|your api key was reported as leaked", Kind.CREDENTIAL, "key",
    ),
    AnswerRule(
        "deployment_by_words", (400, 403), None, None,
        r"invocation of model id \S+ with on-demand throughput isn't supported|the provided model identifier is invalid|model not exist"
        r"|you don't have access to the model|invalid model|operation not allowed",
        Kind.CREDENTIAL, "attempt",
    ),
    AnswerRule(
        "does_not_fit_by_words", (400, 404, 422), None, None,
        r"max(_completion|_output)?_tokens\b.*(too large|at most|maximum|exceed|valid range)|not support|n't support|not enabled|unsupported|incompatible|extra inputs are not"
        r"|unrecognized request argument|unknown (parameter|name)|not a valid model id|does not work with|invalid `?signature|not implemented",
        Kind.UNSUITABLE,
    ),
    AnswerRule("relayed_refusal", (400, 404, 422), None, "relayed", None, Kind.UNSUITABLE),
    AnswerRule("relayed_key", (401, 402, 403), None, "relayed", None, Kind.CREDENTIAL, "attempt"),
    # --- the status alone ------------------------------------------------------------------------------------------------------------------------
    AnswerRule("unauthorized", 401, None, None, None, Kind.CREDENTIAL, "key"),
    AnswerRule("payment_required", 402, None, None, None, Kind.CREDENTIAL, "key"),
    AnswerRule("forbidden", 403, None, None, None, Kind.CREDENTIAL, "attempt"),
    AnswerRule("not_there", (404, 405, 410, 421, 423, 426), None, None, None, Kind.CREDENTIAL, "attempt"),
    AnswerRule("too_many", 429, None, None, None, Kind.RATE_LIMIT),
    AnswerRule("no_capacity", 498, None, None, None, Kind.RATE_LIMIT),
    AnswerRule("not_here", (425, 451), None, None, None, Kind.UNSUITABLE),
    AnswerRule("upstream_gave_up", (408, 499), None, None, None, Kind.SERVER),
    AnswerRule("request_at_fault", _4XX, None, None, None, Kind.CALLER),
    AnswerRule("provider_failed", (*range(100, 200), *range(300, 400), *_5XX), None, None, None, Kind.SERVER),
)  # fmt: skip
"""Our rows. Every status above 299 and below 200 has one."""


class _Row(NamedTuple):
    """A rule made ready: sets to look in, a compiled pattern, and whether it may stand anywhere in a message."""

    rule: AnswerRule
    status: frozenset[int] | None
    code: frozenset[str] | None
    type: frozenset[str] | None
    pattern: re.Pattern[str] | None
    anywhere: bool


def _row(rule: AnswerRule) -> _Row:
    def lower(words: tuple[str, ...] | None) -> frozenset[str] | None:
        return None if words is None else frozenset(word.strip().lower() for word in words)

    return _Row(
        rule,
        None if rule.status is None else frozenset(rule.status),
        lower(rule.code),
        lower(rule.type),
        None if rule.message is None else re.compile(rule.message, re.DOTALL),
        KINDS[rule.kind].event is None,
    )


class Answers:
    """A table of answers made ready to be asked: an operator's rows, then ours.

    Example:
        >>> from routecore.live.error_facts import error_facts
        >>> facts = error_facts({"error": {"code": "insufficient_quota"}}, {})
        >>> Answers().rule(429, facts).name
        'out_of_credit'
    """

    def __init__(self, rules: Iterable[AnswerRule] = ()) -> None:
        own = tuple(rules)
        for index, rule in enumerate(own):
            if not isinstance(rule, AnswerRule):
                raise InvalidRequest([Fault(f"settings.answers[{index}]", rule, "an AnswerRule")])
        self.own = own
        self.rules = (*own, *ANSWERS)
        self._rows = tuple(_row(rule) for rule in self.rules if not rule.finish)
        self._finish = {reason.strip().lower(): rule for rule in reversed(own) for reason in rule.finish}

    def rule(self, status: int, facts: ErrorFacts) -> AnswerRule:
        """Return the first row that an error fits; ``status`` is the one that it is to be read as."""
        codes, types = facts.codes, facts.types
        if facts.relayed:
            types |= {"relayed"}
        for row in self._rows:
            if (
                (row.status is None or status in row.status)
                and (row.code is None or not row.code.isdisjoint(codes))
                and (row.type is None or not row.type.isdisjoint(types))
                and (row.pattern is None or _says(row, facts.messages))
            ):
                return row.rule
        # 2xx with an error that states nothing
        return ANSWERS[-1]

    def finish_rule(self, reason: str) -> AnswerRule | None:
        """Return the operator's row that counts a completed answer's finish reason as a failure, ``None`` if there is none."""
        return self._finish.get(reason.strip().lower())


def _says(row: _Row, messages: Sequence[str]) -> bool:
    assert row.pattern is not None
    look = row.pattern.search if row.anywhere else row.pattern.match
    return any(look(words[:_LONGEST_WORDS]) for words in messages)


DEFAULT: Final = Answers()
"""The table that ``Outcome.from_http`` reads."""
