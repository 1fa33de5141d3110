"""``routecore catalog import``: a catalog made of a neighbour's endpoint lists, and what was odd about them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from routecore.cli.errors import Failure
from routecore.cli.options import as_json
from routecore.cli.reading import FEEDS, STDIN, read_json, shown_name, write_text
from routecore.cli.terminal import Page, print_json
from routecore.cli.views.catalog import show_import
from routecore.errors import RoutecoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from routecore.adapters.openrouter import Discount, NegativeStatus, Renamed

__all__ = ["import_"]


@click.command(
    "import",
    short_help="Make a catalog of endpoint lists.",
    epilog="\b\nExample: routecore catalog import endpoints.json --from openrouter -o catalog.json",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--from", "feed", type=click.Choice(FEEDS), default=FEEDS[0], show_default=True, help="The form of the files.")
@click.option("--providers", multiple=True, metavar="FILE", help="A provider directory with data policies; may be given several times.")
@click.option("--models", multiple=True, metavar="FILE", help="A list of models, for modalities that the files leave out; may be given several times.")
@click.option("--stats", multiple=True, metavar="FILE", help="Answers with live percentiles, of which only those are taken; may be given several times.")
@click.option(
    "--discount",
    type=click.Choice(["leave out", "apply"]),
    default="leave out",
    show_default=True,
    help="A discount is in the listed price already, or comes off it.",
)
@click.option(
    "--negative-status", type=click.Choice(["keep", "disable"]), default="keep", show_default=True, help="What to do with endpoints of a negative status."
)
@click.option(
    "--renamed",
    type=click.Choice(["keep", "refuse"]),
    default="keep",
    show_default=True,
    help="What to do with answers under another model's name than was asked.",
)
@click.option("-o", "--output", metavar="OUT.json", help="Write the catalog here ('-': standard output). Without it only the summary is printed.")
@click.option("--stats-output", metavar="OUT.json", help="Write the feed's statistics here, for --stats.")
@as_json
def import_(
    files: tuple[str, ...],
    feed: str,
    providers: tuple[str, ...],
    models: tuple[str, ...],
    stats: tuple[str, ...],
    discount: Discount,
    negative_status: NegativeStatus,
    renamed: Renamed,
    output: str | None,
    stats_output: str | None,
    machine: bool,
) -> None:
    """Read endpoint lists into a catalog, and say what was odd about them. A file may be gzipped; '-' is standard input."""
    from routecore.adapters.openrouter import import_endpoints

    if sum(file == STDIN for file in (*files, *providers, *models, *stats)) > 1:
        raise click.UsageError("only one file can be '-', standard input")
    names = {"": files, "providers": providers, "models": models, "stats": stats}
    document = _read_all(files, f"a feed of {feed}")
    with _in_files(names):
        result = import_endpoints(
            document,
            providers=_read_all(providers, "a provider directory: JSON with a list under 'data'"),
            models=_read_all(models, "a list of models: JSON with a list under 'data'"),
            stats=_read_all(stats, f"a feed of {feed} with percentiles"),
            discount=discount,
            negative_status=negative_status,
            renamed=renamed,
        )
        made = result.catalog()
    if stats_output is not None:
        write_text(stats_output, _lines("stats", result.stats))
    if output is not None:
        write_text(output, _lines("endpoints", result.catalog_mapping["endpoints"]))
    if machine:
        if output != STDIN:
            answer = {"summary": result.summary(), "version": made.version, "oddities": [one.to_dict() for one in result.oddities]}
            # without a file to write to, the answer is itself a catalog that other commands read
            print_json(answer if output is not None else {**answer, "endpoints": result.catalog_mapping["endpoints"], "stats": result.stats})
        return
    # a catalog on standard output is not to be mixed with words
    show_import(result, lambda path: _in_file(path, names), Page(error=output == STDIN), output=output, stats_output=stats_output)


def _lines(key: str, rows: list[Any] | dict[str, Any]) -> str:
    """Return ``{key: rows}`` as JSON with one row a line, so that two imports can be compared line by line."""

    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    listed = [text(row) for row in rows] if isinstance(rows, list) else [f"{text(name)}: {text(row)}" for name, row in rows.items()]
    opening, closing = "[]" if isinstance(rows, list) else "{}"
    body = "".join(f"\n  {row}{',' if place < len(listed) else ''}" for place, row in enumerate(listed, 1))
    return f'{{"{key}": {opening}{body}\n{closing}}}\n'


def _read_all(files: Sequence[str], expected: str) -> Any:  # noqa: ANN401 - whatever the files hold
    """Return the one document, or the list of them; ``None`` without files."""
    documents = [read_json(path, expected) for path in files]
    return None if not documents else documents[0] if len(documents) == 1 else documents


@contextmanager
def _in_files(names: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Let errors leave as ``Failure`` with the name of the file in each fault's path."""
    try:
        yield
    except RoutecoreError as error:
        body = error.to_dict()
        for fault in body["error"]["metadata"].get("faults", ()):
            fault["path"] = _in_file(fault["path"], names)
        raise Failure(body, {}) from error


def _in_file(path: str, names: Mapping[str, Sequence[str]]) -> str:
    """Return a fault's path with its file before it: ``providers[1].data`` is in the second file of ``--providers``, ``[0].data`` in the first of the feed."""
    root, bracket, rest = path.partition("[")
    index, _, after = rest.partition("]")
    files = names.get(root, ())
    if bracket and len(files) > 1 and index.isdigit():
        return f"{shown_name(files[int(index)])}: {after.removeprefix('.') or 'document'}"
    root = root.partition(".")[0]
    files = names[root] if root and names.get(root) else names[""]
    # of several files of the feed one cannot be told from a path without a number
    return f"{shown_name(files[0])}: {path}" if len(files) == 1 else path
