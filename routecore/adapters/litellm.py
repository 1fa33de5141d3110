"""A strategy for LiteLLM's ``Router``: routecore orders the tries of each request, LiteLLM makes them. Needs the extra ``litellm``.

LiteLLM asks for a deployment before every try, and tells the tries of one request by ``litellm_trace_id``. The first question makes a plan; each further one, a retry of
LiteLLM's, is answered with the plan's next attempt that no answer ruled out. LiteLLM's callbacks tell how each try ended.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from routecore.adapters.litellm_models import Deployments, read_model_list
from routecore.errors import InvalidPreferences, InvalidRequest, NoEligibleEndpoint
from routecore.live.outcome import Outcome
from routecore.live.router import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.live.settings import RouterSettings
    from routecore.routing.attempt import Attempt
    from routecore.routing.plan import Plan

__all__ = ["LiteLLMStrategy", "attach"]

_MOST_REQUESTS: Final = 10_000
"""Requests under way whose plans are kept; of more, those begun longest ago are forgotten and their retries planned anew."""

_DEFAULT_TAG: Final = "default"


class _Request:
    """One request under way in one model group: its plan, what was handed out of it and not yet heard of, and what must not be tried again."""

    __slots__ = ("done", "handed", "places", "plan")

    def __init__(self, plan: Plan, places: list[Attempt]) -> None:
        self.plan = plan
        self.places = places
        self.handed: dict[str, list[Attempt]] = {}
        self.done: set[str] = set()


class LiteLLMStrategy:
    """What LiteLLM's router asks before every try. Made by ``attach``; ``router`` is the routecore router behind it, for its metrics and plans.

    ``provider`` preferences of a request stand in its metadata: ``metadata={"provider": {"sort": "price"}}``.
    """

    def __init__(self, litellm_router: Any, settings: RouterSettings | None = None, *, policies: object = None, **options: Any) -> None:  # noqa: ANN401 - LiteLLM's own
        self._litellm = litellm_router
        self._policies = policies
        self._lock = threading.Lock()
        self._requests: OrderedDict[tuple[str, str], _Request] = OrderedDict()
        self._listed: tuple[object, ...] = ()
        self.deployments: Deployments = self._read()
        self.router = Router(self.deployments.catalog, settings, **options)

    # --- what LiteLLM calls -------------------------------------------------------------------------------------------------------------------

    async def async_get_available_deployment(
        self,
        model: str,
        messages: list[dict[str, Any]] | None = None,
        input: str | list[Any] | None = None,  # noqa: A002 - LiteLLM's name
        specific_deployment: bool | None = False,  # noqa: FBT001, FBT002 - LiteLLM's
        request_kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - a row of LiteLLM's model list
        """Return the deployment of the next try. Nothing here waits."""
        return self.get_available_deployment(model, messages, input, specific_deployment, request_kwargs)

    def get_available_deployment(
        self,
        model: str,
        messages: list[dict[str, Any]] | None = None,
        input: str | list[Any] | None = None,  # noqa: A002 - LiteLLM's name
        specific_deployment: bool | None = False,  # noqa: FBT001, FBT002, ARG002 - LiteLLM's
        request_kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - a row of LiteLLM's model list
        """Return the deployment of the next try.

        Raises LiteLLM's ``BadRequestError`` for preferences with faults, and its ``NotFoundError`` where no deployment is eligible.
        """
        asked = request_kwargs or {}
        self._look()
        deployments = self.deployments
        if model in deployments.endpoint_of:
            # a deployment asked for by its id
            return deployments.by_endpoint[deployments.endpoint_of[model]]
        if model not in deployments.catalog.models:
            return None
        body = {**{key: value for key, value in asked.items() if key not in _NOT_OF_THE_BODY}, "model": model}
        if messages is not None:
            body["messages"] = messages
        if input is not None:
            body["input"] = input
        provider = _metadata(asked).get("provider")
        if provider is not None:
            body["provider"] = provider
        trace = asked.get("litellm_trace_id")
        try:
            attempt = self._next(str(trace) if trace else None, model, body, asked)
        except (InvalidPreferences, InvalidRequest) as error:
            raise _litellm_error("BadRequestError", str(error), model) from error
        except NoEligibleEndpoint as error:
            raise _litellm_error("NotFoundError", str(error), model) from error
        return deployments.by_endpoint[attempt.endpoint.id]

    # --- tries ----------------------------------------------------------------------------------------------------------------------------------

    def _next(self, trace: str | None, model: str, body: dict[str, Any], asked: Mapping[str, Any]) -> Attempt:
        key = None if trace is None else (trace, model)
        with self._lock:
            request = None if key is None else self._requests.get(key)
        if request is None:
            plan = self.router.plan(body, self._context(model, asked))
            request = _Request(plan, self._placed(plan, asked))
            if not request.places:
                raise _litellm_error("NotFoundError", f"no deployment of {model!r} has one of the request's tags", model)
            if key is not None:
                with self._lock:
                    self._requests[key] = request
                    while len(self._requests) > _MOST_REQUESTS:
                        self._requests.popitem(last=False)
        with self._lock:
            # with every attempt used up, the plan is gone through again: how often is LiteLLM's to say
            left = [one for one in request.places if one.key not in request.done]
            attempt = left[0] if left else request.places[0]
            if not left:
                request.done.clear()
            request.done.add(attempt.key)
            request.handed.setdefault(attempt.endpoint.id, []).append(attempt)
        return attempt

    def _placed(self, plan: Plan, asked: Mapping[str, Any]) -> list[Attempt]:
        """Return the plan's attempts as LiteLLM's own words for a deployment have them: tags keep, ``order`` comes before the plan's order."""
        tags = _metadata(asked).get("tags")
        wanted = frozenset(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, (list, tuple)) else frozenset()
        attempts = list(plan)
        if getattr(self._litellm, "enable_tag_filtering", False):
            attempts = [one for one in attempts if self._tagged(one.endpoint.id, wanted)]
        orders = self.deployments.orders
        return sorted(attempts, key=lambda one: orders.get(one.endpoint.id, _LAST)) if orders else attempts

    def _tagged(self, endpoint: str, wanted: frozenset[str]) -> bool:
        own = self.deployments.tags.get(endpoint)
        if wanted:
            return own is not None and bool(own & wanted)
        return own is None or _DEFAULT_TAG in own

    def _context(self, model: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what is known beside the body: a key of the caller's own makes attempts that cool on their own. The key itself is not kept."""
        key = asked.get("api_key")
        if not isinstance(key, str) or not key:
            return None
        digest = blake2b(key.encode(), digest_size=6).hexdigest()
        providers = dict.fromkeys(endpoint.provider for _, endpoint in self.deployments.catalog.rows(model))
        return {"byok": [{"slug": provider, "key_id": digest} for provider in providers], "byok_only": list(providers)}

    # --- outcomes -------------------------------------------------------------------------------------------------------------------------------

    def ended(self, kwargs: Mapping[str, Any], outcome: Outcome) -> None:
        """Take how a try ended, from a callback's ``kwargs``. What this strategy did not hand out is passed over; a try is heard of once."""
        params = kwargs.get("litellm_params")
        info = params.get("model_info") if isinstance(params, dict) else None
        endpoint = self.deployments.endpoint_of.get(info.get("id", "")) if isinstance(info, dict) else None
        trace = kwargs.get("litellm_trace_id") or (params.get("litellm_trace_id") if isinstance(params, dict) else None)
        if endpoint is None or trace is None:
            return
        model = endpoint.partition("@")[0]
        with self._lock:
            request = self._requests.get((str(trace), model))
            handed = [] if request is None else request.handed.get(endpoint, [])
            if request is None or not handed:
                return
            attempt = handed.pop(0)
            if str(outcome.kind) == "success":
                del self._requests[str(trace), model]
        self.router.observe(attempt, outcome)

    # --- the model list -------------------------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Read LiteLLM's model list again if it is another one: deployments come and go while it runs."""
        listed = tuple(map(id, self._litellm.model_list))
        if listed != self._listed:
            with self._lock:
                self.deployments = self._read()
            self.router.swap(self.deployments.catalog)

    def _read(self) -> Deployments:
        import litellm

        model_list = list(self._litellm.model_list)
        self._listed = tuple(map(id, model_list))
        return read_model_list(model_list, litellm.model_cost, policies=self._policies)


_LAST: Final = 2**31
_NOT_OF_THE_BODY: Final = frozenset({"metadata", "litellm_metadata", "api_key", "litellm_logging_obj", "litellm_trace_id", "litellm_call_id", "provider"})


def attach(litellm_router: Any, settings: RouterSettings | None = None, *, policies: object = None, **options: Any) -> LiteLLMStrategy:  # noqa: ANN401 - LiteLLM's own
    """Let routecore order the tries of a LiteLLM router.

    Make the LiteLLM router with ``disable_cooldowns=True`` (health is kept here) and as many ``num_retries`` as a plan should have further attempts.

    Args:
        litellm_router: A ``litellm.Router``; its strategy is replaced, its callbacks are added to.
        settings: Settings of the routecore router.
        policies: A table of data policies, provider slug -> ``{"trains": bool, "retains": bool}``.
        **options: What else ``Router`` takes: ``on_health``, ``on_decision``, ``clock`` …

    Returns:
        The strategy; its ``router`` has the metrics, its ``deployments.oddities`` what of the model list is not read.

    Raises:
        CatalogError: No deployment of the model list can be read.
    """
    import litellm

    strategy = LiteLLMStrategy(litellm_router, settings, policies=policies, **options)
    # LiteLLM 1.110 has a door for strategies; before, one took the place of two methods
    register = getattr(litellm_router, "register_plugin", None) or litellm_router.set_custom_routing_strategy
    register(strategy)
    litellm.logging_callback_manager.add_litellm_callback(_listener(strategy))
    return strategy


def _listener(strategy: LiteLLMStrategy) -> Any:  # noqa: ANN401 - a CustomLogger
    """Return LiteLLM's callback that tells the strategy how each try ended."""
    from litellm.integrations.custom_logger import CustomLogger

    class Listener(CustomLogger):  # type: ignore[misc]
        """Tells one strategy. The synchronous and the asynchronous calls of LiteLLM are told apart by nobody: a try is heard of once."""

        def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:  # noqa: ANN401 - LiteLLM's
            strategy.ended(kwargs, success_of(kwargs, response_obj, start_time, end_time))

        async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:  # noqa: ANN401 - LiteLLM's
            strategy.ended(kwargs, success_of(kwargs, response_obj, start_time, end_time))

        def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:  # noqa: ANN401, ARG002 - LiteLLM's
            strategy.ended(kwargs, failure_of(kwargs))

        async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:  # noqa: ANN401, ARG002 - LiteLLM's
            strategy.ended(kwargs, failure_of(kwargs))

    return Listener()


def success_of(kwargs: Mapping[str, Any], response: Any, start: Any, end: Any) -> Outcome:  # noqa: ANN401 - LiteLLM's
    """Return a served try as an outcome: seconds from sending to the first token (where it streamed) and to the end, and the tokens that were made."""
    sent = kwargs.get("api_call_start_time") or start
    first = kwargs.get("completion_start_time") if kwargs.get("stream") else None
    usage = getattr(response, "usage", None)
    made = getattr(usage, "completion_tokens", None)
    tokens = made if isinstance(made, int) and not isinstance(made, bool) and made >= 0 else None
    return Outcome.success(ttft_seconds=_seconds(sent, first), total_seconds=_seconds(sent, end), output_tokens=tokens)


def failure_of(kwargs: Mapping[str, Any]) -> Outcome:
    """Return a failed try as an outcome, by what LiteLLM's error carries."""
    error = kwargs.get("exception")
    if not isinstance(error, BaseException):
        return Outcome.server(detail="LiteLLM tells of no exception")
    status = getattr(error, "status_code", None)
    if type(error).__name__ in {"Timeout", "APIConnectionError"} or not isinstance(status, int) or not 400 <= status <= 599:
        return Outcome.timeout() if type(error).__name__ == "Timeout" else Outcome.connection(type(error).__name__)
    response = getattr(error, "response", None)
    body = getattr(error, "body", None)
    code = _CODES.get(type(error).__name__)
    if code is not None:
        # LiteLLM has read the provider's words already, and says by the class what they meant
        body = {"error": {"code": code}}
    elif not isinstance(body, dict):
        body = {"error": {"message": _PREFIX.sub("", str(getattr(error, "message", "")))}}
    return Outcome.from_http(status, getattr(response, "headers", None), body)


_PREFIX: Final = re.compile(r"(?:litellm\.)?\w+(?:Error|Exception): (?:\w+(?:Error|Exception): )?")
"""What LiteLLM writes before a provider's own message, by whose beginning it is judged."""

_CODES: Final = {"ContextWindowExceededError": "context_length_exceeded", "ContentPolicyViolationError": "content_filter"}


def _seconds(start: Any, end: Any) -> float | None:  # noqa: ANN401 - datetimes, or nothing
    try:
        return float((end - start).total_seconds())
    except (AttributeError, TypeError):
        return None


def _metadata(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    found = asked.get("metadata") or asked.get("litellm_metadata")
    return found if isinstance(found, dict) else {}


def _litellm_error(name: str, message: str, model: str) -> Exception:
    import litellm

    made: Exception = getattr(litellm, name)(message=message, model=model, llm_provider="routecore")
    return made
