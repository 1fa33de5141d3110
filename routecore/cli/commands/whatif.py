"""``routecore whatif``: traffic replayed under other policies, compared, swept over one parameter, or request by request."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from routecore.cli.errors import sourced
from routecore.cli.options import as_json, from_feed
from routecore.cli.progress import told_progress
from routecore.cli.reading import EXAMPLE, STDIN, check_file, check_writable, load_catalog, load_stats, parse_json, read_json, shown_name, write_text
from routecore.cli.terminal import Page, print_json
from routecore.cli.views.whatif import show_changes, show_estimates, show_report, show_validation
from routecore.request.settings import NAMED_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from routecore.catalog.catalog import Catalog
    from routecore.routing.facts import Facts
    from routecore.simulate.engines.validate import Validation
    from routecore.simulate.policy import Policy
    from routecore.simulate.report.report import Report
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["whatif"]

DEFAULT: Final = "default"
ENGINES: Final = {"closed": "simulate", "batch": "batch"}
"""Engines that run policies in a world, and the function of ``routecore.simulate`` behind each."""
REWARDS: Final = ("cost_usd", "ttft_s", "total_s", "success")
"""What a log's estimates may be of; named here, as the module that estimates loads NumPy."""
EXIT_STOPPED: Final = 130
EXIT_REFUSED: Final = 1
"""A backtest in which a figure failed."""
_INLINE: Final = re.compile(r"(?P<name>[^={}]+)=(?P<json>\s*\{.*)", re.DOTALL)
"""A policy written on the command line: its name, and its JSON."""
_SHOWN_NEAR: Final = 3
_POLICY: Final = "a policy: JSON with provider, settings, health and the like"


class Inputs:
    """What a what-if is made from: the files of its options, read when it is asked for."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.sources: dict[str, str] = {}

    def read(self) -> tuple[Trace, Catalog, World]:
        """Return trace, catalog and world. Raises ``UnreadableFile`` or ``Failure``."""
        catalog, stats = self._catalog()
        options = self.options
        if options["world_file"] is not None and options["stats_file"] is not None:
            raise click.UsageError("the world comes from --world or from --from-stats, not from both")
        if options["world_file"] is None and options["stats_file"] is None and not stats:
            raise click.UsageError("name the world: --world FILE, or --from-stats FILE, statistics that it is made to fit")
        world = self._world(stats)
        return self._trace(catalog), catalog, world

    def read_log(self) -> tuple[Trace, Catalog, Facts]:
        """Return trace, catalog and statistics, for estimates from a log, which need no world."""
        if self.options["world_file"] is not None:
            raise click.UsageError("an estimate from a log takes no world: leave out --world")
        catalog, stats = self._catalog()
        return self._trace(catalog), catalog, self._facts(stats)

    def _catalog(self) -> tuple[Catalog, dict[str, Any]]:
        options = self.options
        if options["catalog_file"] is None:
            raise click.UsageError("name the catalog: --catalog FILE, or --catalog example")
        if options["trace_file"] is not None and options["generate"] is not None:
            raise click.UsageError("the traffic comes from --trace or from --generate, not from both")
        if options["trace_file"] is None and options["generate"] is None:
            raise click.UsageError("name a trace with --trace FILE, or make one up with --generate N")
        catalog, stats = load_catalog(options["catalog_file"], options["feed"])
        self.sources["catalog"] = shown_name(options["catalog_file"])
        return catalog, stats

    def _facts(self, stats: dict[str, Any]) -> Facts:
        """Return the statistics of ``--from-stats``, else those that came with the catalog."""
        from routecore.routing.facts import Facts

        file = self.options["stats_file"]
        self.sources["stats"] = self.sources["catalog"] if file is None else "the example's made-up statistics" if file == EXAMPLE else shown_name(file)
        with sourced(self.sources):
            return Facts.from_mapping(stats if file is None else load_stats(file).get("stats"))

    def _world(self, stats: dict[str, Any]) -> World:
        from routecore.simulate.world.behaviour import steady
        from routecore.simulate.world.world import World

        options = self.options
        if options["world_file"] is not None:
            self.sources["world"] = shown_name(options["world_file"])
            document = read_json(options["world_file"], "a world: JSON with 'endpoints' and 'default'")
            with sourced(self.sources):
                return World.from_mapping(document)
        facts = self._facts(stats)
        self.sources["world"] = self.sources["stats"]
        with sourced(self.sources):
            return World.from_stats(facts, default=steady(), sources=[self.sources["stats"]])

    def _trace(self, catalog: Catalog) -> Trace:
        from routecore.simulate.traces.files import read_trace
        from routecore.simulate.traces.generate import generate

        options, models = self.options, self.options["models"]
        if options["generate"] is not None:
            self.sources["trace"] = "--generate"
            with sourced(self.sources):
                asked = list(models or catalog.models)
                trace = generate(options["generate"], asked, seed=options["seed"], rate_per_s=options["rate"], session_share=options["session_share"])
        else:
            if len(models) > 1:
                raise click.UsageError("of a trace, --model is the one model that rows without a model ask for")
            check_file(options["trace_file"], "a trace: CSV, JSON Lines or Parquet")
            self.sources["trace"] = options["trace_file"]
            with sourced(self.sources):
                trace = read_trace(
                    options["trace_file"],
                    model=next(iter(models), None),
                    models=_renamed(options["map_model"]),
                    format=options["format"],
                    strict=options["strict"],
                )
            self._match(trace, catalog)
        return trace if options["head"] is None else trace.head(options["head"])

    def _match(self, trace: Trace, catalog: Catalog) -> None:
        """Take the catalog's names for the trace's where there is no doubt, and give a line to paste where there is."""
        from routecore.simulate.engines.matching import match_models

        page = Page(error=True)
        for one in match_models(trace, catalog):
            if one.sure is not None:
                trace.names.rename(one.name, one.sure)
                trace.assumptions = (
                    *trace.assumptions,
                    f"the trace's model {one.name!r} is the catalog's {one.sure!r}: the same name but for author, case and punctuation",
                )
                page.fact(f"model {one.name}: taken as {one.sure}", hanging=2)
            elif one.near:
                page.fact(f"model {one.name} is not in the catalog; if one of these is meant, add its line:", hanging=2)
                for near in one.near[:_SHOWN_NEAR]:
                    page.line(f"    --map-model {shlex.quote(f'{one.name}={near}')}")
            else:
                page.fact(f"model {one.name} is not in the catalog, and nothing in it is like it", hanging=2)

    def policies(self) -> list[Policy]:
        """Return the policies in order, the first the baseline."""
        files = self.options["policies"] or (DEFAULT,)
        found = [_policy(one) for one in files]
        first: dict[str, str] = {}
        for file, policy in zip(files, found, strict=True):
            twin = first.setdefault(policy.name, file)
            if twin is not file:
                raise click.UsageError(f"--policy {twin} and --policy {file} are both named {policy.name!r}: give each a 'name' of its own")
        return found

    def catalog_source(self) -> list[str]:
        """Return where the catalog comes from, for the report."""
        return [f"catalog: {self.sources['catalog']}"]


def _block_or_policy(document: dict[str, Any]) -> dict[str, Any]:
    """Return a policy's parts: an object of provider-block keys alone stands for ``{"provider": …}``."""
    from routecore.request.preferences import PREFERENCE_KEYS
    from routecore.simulate.policy import PARTS

    return {"provider": document} if document and set(document) <= set(PREFERENCE_KEYS) - set(PARTS) else document


def _policy(file: str) -> Policy:
    """Return the policy of a file, of ``NAME={JSON}``, or of a name; ``default`` is the router as it is when nothing is changed."""
    from routecore.simulate.policy import Policy

    if file == DEFAULT:
        return Policy(DEFAULT)
    if file in NAMED_SETTINGS and not Path(file).exists():
        return Policy.named(file)
    inline = _INLINE.fullmatch(file)
    if inline is not None:
        document = parse_json(inline["json"], f"--policy {inline['name']}", _POLICY)
        with sourced({"policy": f"--policy {inline['name']}"}):
            return Policy.from_mapping({"name": inline["name"].strip(), **_block_or_policy(document)} if isinstance(document, dict) else document)
    document = read_json(file, _POLICY)
    name = shown_name(file)
    if isinstance(document, dict) and document.get("name") is None:
        document = {**document, "name": Path(file).stem}
    with sourced({"policy": name}):
        return Policy.from_mapping(document)


def _renamed(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        theirs, equals, ours = pair.rpartition("=")
        if not (theirs and equals and ours):
            raise click.UsageError(f"--map-model {pair}: write THEIRS=OURS, the trace's name and the catalog's")
        found[theirs] = ours
    return found


def _inputs(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every what-if has."""
    options: list[Callable[..., Any]] = [
        click.option("--trace", "trace_file", metavar="FILE", help="The traffic: CSV, JSON Lines or Parquet, in any format that is known."),
        click.option("--generate", type=click.IntRange(min=1), metavar="N", help="Make up N requests, in place of --trace."),
        click.option("--rate", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True, help="Of --generate: requests a second."),
        click.option("--session-share", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Of --generate: share of turns of sessions."),
        click.option("--model", "models", multiple=True, metavar="NAME", help="What rows without a model ask for; of --generate the models, all if left out."),
        click.option("--map-model", multiple=True, metavar="THEIRS=OURS", help="The trace's name of a model, and the catalog's."),
        click.option(
            "--format",
            type=str,
            metavar="NAME",
            help="The trace's format, where it should not be guessed: rows (its own), azure, mooncake, claude_code or decisions.",
        ),
        click.option("--head", type=click.IntRange(min=1), metavar="N", help="Only the first N requests."),
        click.option("--catalog", "catalog_file", metavar="FILE", help="The catalog; 'example' is the one that ships with routecore."),
        from_feed,
        click.option("--world", "world_file", metavar="FILE", help="How every endpoint behaves over time."),
        click.option("--from-stats", "stats_file", metavar="FILE", help="Make the world of statistics; 'example': made-up ones for the example catalog."),
        click.option(
            "--policy",
            "policies",
            multiple=True,
            metavar="FILE",
            help="A policy, the first the baseline: a file, 'default' (changes nothing), a name of 'routecore policies', or in line 'cheap={\"sort\":\"price\"}'.",
        ),
        click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="The same seed gives the same run."),
        click.option("--strict", is_flag=True, help="Stop at the first row of the trace that cannot be read, and at unknown models."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _running(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of runs that may be replicated."""
    options: list[Callable[..., Any]] = [
        click.option(
            "--replications", type=click.IntRange(min=2), metavar="N", help="Run each policy N times, with other traffic, luck and worlds: 95 % intervals."
        ),
        click.option("--precision", type=PERCENT, metavar="P%", help="Add replications until cost and times are known to so many percent."),
        click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Of --precision: stop adding after so long."),
        click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Replications side by side."),
        click.option("--cluster", metavar="ADDRESS", help="Of --engine batch: run its parts on the Dask cluster whose scheduler is there."),
        click.option("--cold", is_flag=True, help="Let the router start without statistics."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


class _Percent(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic since click 8.3
    """A share above 0 and below 1, written as such or in percent."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> float:  # noqa: ANN401 - as click has it
        """Return the share."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            self.fail(f"{text} is no share such as 2% or 0.02", param, context)
        return share


PERCENT: Final = _Percent()


@click.group(
    invoke_without_command=True,
    short_help="Replay traffic under other policies.",
    epilog="\b\nExample: routecore whatif --generate 2000 --catalog example --from-stats example --policy default --policy cheap.json --report report.html",
)
@_inputs
@click.option(
    "--engine", type=click.Choice([*ENGINES, "ope"]), default="closed", show_default=True, help="The real router; first choices, fast; or estimates from a log."
)
@click.option("--reward", "rewards", multiple=True, type=click.Choice(REWARDS), help="Of ope: what to estimate.  [default: cost_usd]")
@click.option("--logging", "logging_file", metavar="FILE", help="Of ope: the policy that made the log, if it is known.")
@click.option("--tolerance", type=click.FloatRange(0, 1, max_open=True), default=0.0, help="Of ope: share of a policy that may lie where the log never went.")
@click.option("--report", "report_file", metavar="OUT.html", help="Write the report as one page that needs no network.")
@_running
@as_json
@click.pass_context
def whatif(context: click.Context, /, engine: str, report_file: str | None, machine: bool, **options: Any) -> int:  # noqa: ANN401 - the options above
    """Replay traffic under several policies in the same world: cost, latency, failures, with intervals, against the first.

    Ctrl-C stops a run and reports what is done. With --engine ope nothing is replayed: a log with propensities says what another policy would have come to.
    """
    if context.invoked_subcommand is not None:
        if any(context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT for name in context.params):
            raise click.UsageError(f"options of {context.invoked_subcommand} stand after its name: routecore whatif {context.invoked_subcommand} --trace …")
        return 0
    inputs = Inputs(options)
    if engine == "ope":
        return _estimate(inputs, report_file, machine=machine)
    if options["rewards"] or options["logging_file"] is not None or options["tolerance"]:
        raise click.UsageError("--reward, --logging and --tolerance go with --engine ope")
    trace, catalog, world = inputs.read()
    return _run(inputs, trace, catalog, world, inputs.policies(), report_file, engine=engine, machine=machine)


@whatif.command(
    short_help="Run one policy with a parameter at several values.",
    epilog="\b\nExample: routecore whatif sweep --param balance.price=0:4:9 --generate 2000 --catalog example --from-stats example",
)
@click.option(
    "--param", "parameter", required=True, metavar="PATH=VALUES", help="What to vary: balance.price=0:4:9 (from, to, how many) or provider.sort=price,latency."
)
@_inputs
@click.option("--engine", type=click.Choice(ENGINES), default="closed", show_default=True, help="The real router, or first choices on frozen statistics, fast.")
@click.option("--report", "report_file", metavar="OUT.html", help="Write the report as one page that needs no network.")
@_running
@as_json
def sweep(parameter: str, engine: str, report_file: str | None, machine: bool, **options: Any) -> int:  # noqa: ANN401 - the options above
    """Run one policy at several values of one parameter, and compare: what a bit more of it costs, and what it brings."""
    from routecore.simulate.engines.sweep import read_parameter

    with sourced({"parameter": "--param"}):
        path, values = read_parameter(parameter)
    inputs = Inputs(options)
    trace, catalog, world = inputs.read()
    base = inputs.policies()
    if len(base) != 1:
        raise click.UsageError("a sweep varies one policy")
    return _run(inputs, trace, catalog, world, base, report_file, engine=engine, machine=machine, swept=(path, values))


@whatif.command(
    short_help="List which requests another policy sends elsewhere, and why.",
    epilog="\b\nExample: routecore whatif diff --generate 2000 --catalog example --from-stats example --policy default --policy cheap.json",
)
@_inputs
@as_json
def diff(machine: bool, **options: Any) -> None:  # noqa: ANN401 - the options above
    """List which requests the second policy sends elsewhere first than the first one does, and why each."""
    from routecore.simulate.engines.simulate import diff as changes_between

    inputs = Inputs(options)
    trace, catalog, world = inputs.read()
    policies = inputs.policies()
    if len(policies) != 2:
        raise click.UsageError("a diff is of two policies: --policy before.json --policy after.json")
    with told_progress("deciding") as progress, sourced(inputs.sources):
        found = changes_between(trace, catalog, world, *policies, seed=options["seed"], progress=progress)
    if machine:
        print_json(found.to_dict())
    else:
        show_changes(found, policies[0].name, policies[1].name, Page())


@whatif.command(
    short_help="Search policies for the best within limits.",
    epilog="\b\nExample: routecore whatif tune --param balance.price=0:4:5 --objective cost --subject 'total.p90<=6s' --generate 500 --catalog example --from-stats example",
)
@click.option("--param", "parameters", multiple=True, required=True, metavar="PATH=VALUES", help="What to vary, as sweep has it; several span a grid.")
@click.option("--objective", default="cost", show_default=True, help="What to make small: cost, total, ttft.p90 and the like.")
@click.option("--subject", "subjects", multiple=True, metavar="LIMIT", help="What must be kept: 'total.p90<=6s', 'first_success>=99%'.")
@_inputs
@click.option("--report", "report_file", metavar="OUT.html", help="Write the report of the last round as one page that needs no network.")
@_running
@as_json
def tune(parameters: tuple[str, ...], objective: str, subjects: tuple[str, ...], report_file: str | None, machine: bool, **options: Any) -> int:  # noqa: ANN401 - the options above
    """Search the policies that parameters span for the one with the least objective within limits, by successive halving over replications."""
    from routecore import simulate
    from routecore.simulate.engines.sweep import read_parameter

    with sourced({"parameter": "--param", "subject": "--subject", "figure": "--objective"}):
        grid = dict(read_parameter(one) for one in parameters)
        limits = [simulate.read_limit(one) for one in subjects]
    inputs = Inputs(options)
    trace, catalog, world = inputs.read()
    base = inputs.policies()
    if len(base) != 1:
        raise click.UsageError("a search varies one policy")
    if report_file is not None:
        check_writable(report_file)
    with told_progress("tuning") as progress, sourced({"policy": "--param", **inputs.sources}):
        found = simulate.tune(
            trace,
            catalog,
            world,
            base[0],
            grid,
            objective=objective,
            subject=limits,
            replications=options["replications"] or 24,
            seed=options["seed"],
            processes=options["processes"],
            progress=progress,
        )
    if report_file is not None:
        write_text(report_file, found.report.to_html())
    if machine:
        print_json({"best": found.best, "tried": found.tried, "rounds": [list(one) for one in found.rounds], "report": found.report.to_dict()})
    else:
        page = Page()
        page.line(f"Best of {found.tried}: {found.best or 'none keeps the limits'}", "bold")
        show_report(found.report, page)
    return 0 if found.best is not None else EXIT_REFUSED


@whatif.command(
    short_help="Backtest: fit a world to the first part of a log, predict the second.",
    epilog='\b\nExample: routecore whatif validate --log requests.parquet --catalog catalog.json --policy default --policy \'cheap={"sort":"price"}\'',
)
@click.option("--log", "log_file", required=True, metavar="FILE", help="Requests with endpoint, status, ttft_s, total_s and cost_usd.")
@click.option("--split", type=PERCENT, default="50%", show_default=True, metavar="P%", help="The part of the log that the world is fitted to.")
@click.option("--catalog", "catalog_file", metavar="FILE", required=True, help="The catalog; 'example' is the one that ships with routecore.")
@from_feed
@click.option("--model", "models", multiple=True, metavar="NAME", help="What rows without a model ask for.")
@click.option("--map-model", multiple=True, metavar="THEIRS=OURS", help="The log's name of a model, and the catalog's.")
@click.option("--format", type=str, metavar="NAME", help="The log's format, where it should not be guessed: rows (its own) or decisions.")
@click.option("--policy", "policies", multiple=True, metavar="FILE", help="Then run these in the world of the whole log; figures that failed rank nobody.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="The same seed gives the same run.")
@click.option("--strict", is_flag=True, help="Stop at the first row of the log that cannot be read, and at unknown models.")
@click.option("--report", "report_file", metavar="OUT.html", help="Write the report of the policies as one page that needs no network.")
@_running
@as_json
def validate(log_file: str, split: float, report_file: str | None, machine: bool, **options: Any) -> int:  # noqa: ANN401 - the options above
    """Fit a world to the first part of a log, predict the second, and tell each figure's band, what was observed, in or out.

    With policies, runs them in the world of the whole log; figures that failed the backtest are refused: no policies are ranked by them.
    """
    from routecore import simulate

    inputs = Inputs({**options, "trace_file": log_file, "generate": None, "head": None, "world_file": None, "stats_file": None})
    catalog, _ = inputs._catalog()  # noqa: SLF001 - its own module's
    trace = inputs._trace(catalog)  # noqa: SLF001 - its own module's
    with told_progress("backtesting") as progress, sourced(inputs.sources):
        found = simulate.validate(trace, catalog, split=split, default=simulate.steady(), seed=options["seed"], progress=progress)
    if options["policies"]:
        if not machine:
            show_validation(found, Page())
        return _run(inputs, trace, catalog, _with_default(found.world), inputs.policies(), report_file, engine="closed", machine=machine, validation=found)
    if report_file is not None:
        raise click.UsageError("--report is of policies: name some with --policy")
    if machine:
        print_json(found.to_dict())
    else:
        show_validation(found, Page())
    return EXIT_REFUSED if found.refused else 0


def _with_default(world: World) -> World:
    """Return the world with an ordinary behaviour for endpoints that the log does not show."""
    from routecore import simulate

    return simulate.World(world.endpoints, world.default or simulate.steady(), sources=world.sources)


def _estimate(inputs: Inputs, report_file: str | None, *, machine: bool) -> int:
    """Estimate from the log what each policy would have come to, and print it."""
    if report_file is not None:
        check_writable(report_file)
    from routecore.simulate.engines.off_policy import estimates_of, ope

    options = inputs.options
    trace, catalog, facts = inputs.read_log()
    logging = None if options["logging_file"] is None else _policy(options["logging_file"])
    found = []
    for policy in inputs.policies():
        for reward in options["rewards"] or (REWARDS[0],):
            with told_progress(f"{policy.name}: {reward}") as progress, sourced(inputs.sources):
                estimate = ope(
                    trace, catalog, policy, reward=reward, facts=facts, logging=logging, tolerance=options["tolerance"], seed=options["seed"], progress=progress
                )
            found.append(estimate)
    if report_file is not None:
        from routecore.simulate.report.estimates import estimates_page

        write_text(report_file, estimates_page(found))
    if machine:
        print_json(estimates_of(found))
    else:
        show_estimates(found, Page())
    return 0


def _run(  # noqa: PLR0912 - one option after the other
    inputs: Inputs,
    trace: Trace,
    catalog: Catalog,
    world: World,
    policies: list[Policy],
    report_file: str | None,
    *,
    engine: str,
    machine: bool,
    swept: tuple[str, list[Any]] | None = None,
    validation: Validation | None = None,
) -> int:
    from routecore import simulate

    if report_file is not None:
        # what cannot be written is better known before minutes of work than after
        check_writable(report_file)
    options = inputs.options
    named: dict[str, Any] = {"seed": options["seed"], "strict": options["strict"], "sources": inputs.catalog_source()}
    if options["cluster"] is not None and engine != "batch":
        raise click.UsageError("--cluster goes with --engine batch")
    if engine == "closed":
        named |= {name: options[name] for name in ("replications", "precision", "cold", "processes")}
        if options["time_limit"] is not None:
            until = time.monotonic() + options["time_limit"]
            named["enough"] = lambda: time.monotonic() > until
    else:
        if options["replications"] is not None or options["precision"] is not None or options["cold"]:
            raise click.UsageError("--replications, --precision and --cold go with --engine closed: the batch engine decides every request alone")
        named["processes"] = options["processes"]
        if options["cluster"] is not None:
            if swept is not None:
                raise click.UsageError("--cluster goes with whatif itself: a sweep runs here")
            from routecore.adapters.dask import Cluster

            named["runner"] = Cluster(options["cluster"])
    with told_progress("simulating") as progress, sourced({"policy": "--param", **inputs.sources}):
        if swept is None:
            run = simulate.simulate if engine == "closed" else simulate.batch
            report: Report = run(trace, catalog, world, policies, progress=progress, **named)
        else:
            report = simulate.sweep(trace, catalog, world, policies[0], *swept, engine=engine, progress=progress, **named)
    if validation is not None:
        validation.judge(report)
    if report_file is not None:
        write_text(report_file, report.to_html())
    if machine:
        print_json(report.to_dict())
    else:
        page = Page()
        show_report(report, page)
        if report_file not in (None, STDIN):
            page.line()
            page.line(f"Report written to {report_file}")
    return EXIT_STOPPED if report.partial else 0
