from __future__ import annotations

import pytest

from routecore import Catalog
from routecore.errors import SimulationError
from routecore.simulate import Policy, World, generate, steady, sweep
from routecore.simulate.engines.sweep import read_parameter
from routecore.simulate.engines.workers import run_tasks, uninterrupted

ROWS = [
    {"model": "a/b", "provider": "cheap", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
    {"model": "a/b", "provider": "dear", "pricing": {"prompt": "0.000003", "completion": "0.000006"}},
]
CATALOG = Catalog.from_mapping({"endpoints": ROWS})
WORLD = World({"a/b@cheap": steady(2.0, 30), "a/b@dear": steady(0.3, 90)})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("balance.price=0:1:3", [0.0, 0.5, 1.0]),
        ("balance.price=0:0.3:4", [0.0, 0.1, 0.2, 0.3]),
        ("balance.price=4:0:2", [4.0, 0.0]),
        ("sticky=off,economic", ["off", "economic"]),
        ("balance.price=1,2.5", [1, 2.5]),
        ("provider.zdr=true,false", [True, False]),
        ("sticky=off", ["off"]),
    ],
)
def test_a_parameter_s_text_gives_the_values_that_it_spells(text, values):
    assert read_parameter(text) == (text.partition("=")[0], values)


@pytest.mark.parametrize(
    "text", ["", "balance.price", "=1:2:3", "balance.price=", "balance.price=0:4:1", "balance.price=0:4:x", "p=0:inf:3", "p=0:nan:3", "p=0:1:100000"]
)
def test_a_parameter_s_text_that_spells_nothing_is_refused_with_an_example(text):
    with pytest.raises(SimulationError, match=r"balance\.price=0:4:9"):
        read_parameter(text)


@pytest.mark.parametrize("engine", ["closed", "batch"])
def test_a_sweep_of_the_price_exponent_draws_a_frontier(engine):
    report = sweep(generate(600, ["a/b"], seed=3), CATALOG, WORLD, Policy("p"), "balance.price", [0, 2, 10], engine=engine, replicates=8)
    figures = [one.summary.figures() for one in report.results]
    assert (report.parameter, [one.value for one in report.results]) == ("balance.price", [0, 2, 10])
    assert [one["cost_per_request"] for one in figures] == sorted((one["cost_per_request"] for one in figures), reverse=True)
    assert [one["ttft_mean"] for one in figures] == sorted(one["ttft_mean"] for one in figures)


@pytest.mark.parametrize("engine", ["closed", "batch"])
def test_values_side_by_side_come_to_the_same_as_one_after_the_other(engine):
    trace = generate(400, ["a/b"], seed=3, session_share=0.5)
    one, two = (
        sweep(trace, CATALOG, WORLD, Policy("p"), "sticky", ["documented", "off"], engine=engine, replicates=8, processes=processes) for processes in (1, 2)
    )
    assert [a.summary == b.summary for a, b in zip(one.results, two.results, strict=True)] == [True, True]
    assert one.to_dict() == two.to_dict()


def test_progress_counts_requests_over_all_values():
    seen = []
    sweep(generate(5_000, ["a/b"]), CATALOG, WORLD, Policy("p"), "balance.price", [0, 1], replicates=0, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10_000, 10_000)
    assert seen == sorted(seen)


def test_a_sweep_that_is_stopped_keeps_the_values_that_are_done():
    stops = iter([KeyboardInterrupt()])

    def progress(done, total):
        if done > 7_000:
            for one in stops:
                raise one

    report = sweep(generate(5_000, ["a/b"]), CATALOG, WORLD, Policy("p"), "balance.price", [0, 1, 2], replicates=0, progress=progress)
    assert [one.value for one in report.results] == [0, 1]
    assert [one.partial for one in report.results] == [False, True]
    assert report.partial
    assert any("2 of 3 values" in one for one in report.notes)


@pytest.mark.parametrize(
    ("parameter", "values", "told"),
    [
        ("balance.prize", [1], r"policy\.settings\.balance\.prize"),
        ("sticky", ["of"], r"policy\.settings\.sticky"),
        ("balance.price", [1, -1], r"balance\.price: -1"),
        ("balance.price.x", [1], "path of a policy's parameter"),
        ("healt.share", [1], "health"),
        ("balance.price", [], "at least one value"),
    ],
)
def test_a_sweep_of_what_no_policy_has_is_refused_before_it_runs(parameter, values, told):
    with pytest.raises(SimulationError, match=told):
        sweep(generate(10, ["a/b"]), CATALOG, WORLD, Policy("p"), parameter, values)


def test_an_engine_that_cannot_sweep_is_refused():
    with pytest.raises(SimulationError, match="engine: 'ope' is not one of closed, batch"):
        sweep(generate(10, ["a/b"]), CATALOG, WORLD, Policy("p"), "balance.price", [1], engine="ope")


def test_what_a_task_raises_comes_out_of_the_pool():
    def work(task, told):
        told(1)
        return 1 // task

    with pytest.raises(ZeroDivisionError):
        run_tasks(work, [1, 0], 2)
    assert run_tasks(work, [1, 2, 3], 2) == ([(1, 1), (2, 0), (3, 0)], False)


def test_a_stop_in_the_middle_of_a_block_comes_after_it():
    import signal

    whole = []

    def block():
        with uninterrupted():
            whole.append(1)
            signal.raise_signal(signal.SIGINT)
            whole.append(2)

    with pytest.raises(KeyboardInterrupt):
        block()
    assert whole == [1, 2]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
