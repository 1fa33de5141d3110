"""What one decision is read from: a scenario file, or a catalog and a request in files of their own. ``plan`` and ``explain`` share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from routecore.cli.errors import UnreadableFile
from routecore.cli.options import from_feed
from routecore.cli.reading import STDIN, load_catalog, load_stats, read_json, shown_name

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["decision_options", "read_decision"]

_SCENARIO: Final = "a scenario: JSON with 'catalog' and 'request'"
_PARTS: Final = {
    "health": "health states: JSON, endpoint id -> 'cooling' or 'available'",
    "context": "a context: JSON with byok, account, prompt_tokens and the like",
    "settings": "settings: JSON with balance, min_samples, sticky and the like",
}
"""Parts of a scenario that have an option of their own, and what their file holds."""


def decision_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument and the options that a decision is read from."""
    options: list[Callable[..., Any]] = [
        click.argument("scenario", required=False),
        click.option("--catalog", "catalog_file", metavar="FILE", help="The catalog; 'example' is the one that ships with routecore."),
        from_feed,
        click.option("--request", "request_file", metavar="FILE", help="The body of the request, as the caller sends it."),
        click.option("--model", metavar="NAME", help="Ask for this model, in place of --request."),
        click.option(
            "--stats", "stats_file", metavar="FILE", help="Latency, throughput and success rate of endpoints; 'example': made-up ones for the example."
        ),
        click.option("--health", "health_file", metavar="FILE", help="Which endpoints are cooling down."),
        click.option("--context", "context_file", metavar="FILE", help="The account's keys and policy, token estimates, the session's pin."),
        click.option("--settings", "settings_file", metavar="FILE", help="The operator's settings, such as the weights of the balance."),
        click.option("--draw", type=int, help="The 64-bit number to draw with; the same number gives the same plan.  [default: 0, or the scenario's]"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def read_decision(
    scenario: str | None, catalog_file: str | None, feed: str, request_file: str | None, model: str | None, draw: int | None, **parts: str | None
) -> tuple[Any, dict[str, str]]:
    """Return the scenario that the options name, and which file each part of it is from. Raises ``click.UsageError`` and ``UnreadableFile``."""
    named = {name: file for name in ("stats", *_PARTS) if (file := parts[f"{name}_file"]) is not None}
    if scenario is not None:
        given = [f"--{name}" for name, value in {"catalog": catalog_file, "request": request_file, "model": model, **named}.items() if value is not None]
        if given:
            raise click.UsageError(f"a scenario has everything in it: leave out {', '.join(given)}, or leave out SCENARIO")
        decided, sources = _whole(scenario), dict.fromkeys(("catalog", "request"), shown_name(scenario))
    else:
        decided, sources = _compose(catalog_file, feed, request_file, model, named)
    if draw is not None and isinstance(decided, dict):
        decided = {**decided, "draw": draw}
        sources["draw"] = "--draw"
    return decided, sources


def _whole(file: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return the scenario of a file; a file that is plainly one part of a scenario is told what it is."""
    decided = read_json(file, _SCENARIO)
    if isinstance(decided, dict) and "catalog" not in decided:
        name = shown_name(file)
        if "endpoints" in decided:
            raise UnreadableFile(name, "is a catalog alone", _SCENARIO, hint=f"routecore plan --catalog {file} --request body.json")
        if "model" in decided or "models" in decided:
            raise UnreadableFile(name, "is a request alone", _SCENARIO, hint=f"routecore plan --catalog example --request {file}")
    return decided


def _compose(catalog_file: str | None, feed: str, request_file: str | None, model: str | None, named: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """Return the scenario that the files make together, and which file each part is from."""
    if catalog_file is None:
        raise click.UsageError("name a SCENARIO file, or a catalog and a request (routecore plan --catalog example --request body.json)")
    if request_file is not None and model is not None:
        raise click.UsageError("the request comes from --request or from --model, not from both")
    if request_file is None and model is None:
        raise click.UsageError("--catalog needs a request: name its file with --request, or just a model with --model")
    if sum(file == STDIN for file in (catalog_file, request_file, *named.values())) > 1:
        raise click.UsageError("only one file can be '-', standard input")
    catalog, stats = load_catalog(catalog_file, feed)
    request = {"model": model} if request_file is None else read_json(request_file, "the body of a request: JSON with a 'model'")
    decided: dict[str, Any] = {"catalog": catalog, "request": request}
    sources = {"catalog": shown_name(catalog_file), "request": "--model" if request_file is None else shown_name(request_file)}
    if stats:
        decided["stats"] = stats
        sources["stats"] = shown_name(catalog_file)
    for name, file in named.items():
        decided.update(load_stats(file) if name == "stats" else {name: read_json(file, _PARTS[name])})
        sources[name] = shown_name(file)
    return decided, sources
