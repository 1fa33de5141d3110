"""The batch engine on a local Dask cluster of two workers: the same summaries as one process."""

import pytest

from routecore import Catalog
from routecore.adapters.dask import Cluster
from routecore.errors import SimulationError
from routecore.simulate import Policy, World, batch, generate, read_trace, steady

distributed = pytest.importorskip("distributed", reason="routecore[dask] is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

CATALOG = Catalog.from_mapping(
    {"endpoints": [{"model": "m", "provider": name, "pricing": {"prompt": price, "completion": price}} for name, price in (("a", "1e-6"), ("b", "2e-6"))]}
)
WORLD = World({"m@a": steady(ttft={"p50": 0.5, "p90": 1.5}, error_rate=0.05), "m@b": steady(ttft=0.3)})
POLICIES = [Policy("balance"), Policy("cheap", provider={"sort": "price"})]


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True) as cluster:
        yield cluster.scheduler_address


def test_partitions_on_two_workers_come_to_the_same_as_one_process(address):
    trace = generate(400_000, ["m"], seed=1, rate_per_s=500, session_share=0.3)
    seen = []
    there = batch(trace, CATALOG, WORLD, POLICIES, runner=Cluster(address, parts=5), progress=lambda done, total: seen.append((done, total)))
    here = batch(trace, CATALOG, WORLD, POLICIES)
    assert [one.summary for one in there.results] == [one.summary for one in here.results]
    assert there.to_dict() == here.to_dict()
    assert seen[-1] == (800_000, 800_000)


def test_a_files_chunks_are_read_by_the_workers(address, tmp_path):
    file = tmp_path / "t.csv"
    lines = "".join(f"{place / 10},m,{place % 900 + 1},20\n" for place in range(70_000))
    file.write_text(f"timestamp_s,model,prompt_tokens,completion_tokens\n{lines}", encoding="utf-8")
    trace = read_trace(file)
    there, here = (batch(trace, CATALOG, WORLD, POLICIES[:1], runner=runner) for runner in (Cluster(address), None))
    assert there.results[0].summary == here.results[0].summary


def test_an_address_where_nobody_answers_is_named():
    with pytest.raises(SimulationError, match=r"127\.0\.0\.1:9"):
        batch(generate(10, ["m"]), CATALOG, WORLD, POLICIES, runner=Cluster("tcp://127.0.0.1:9", timeout_s=1))
