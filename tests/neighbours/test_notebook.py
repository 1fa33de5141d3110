"""A notebook shows plans, bills, catalogs and reports as tables: one is run, by Jupyter's own kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs nbformat, nbclient and ipykernel")
nbclient = pytest.importorskip("nbclient", reason="needs nbformat, nbclient and ipykernel")
pytest.importorskip("ipykernel", reason="needs nbformat, nbclient and ipykernel")

ROOT = Path(__file__).resolve().parents[2]
CELLS = {
    "plan": 'plan = routecore.decide(catalog, {"model": "z-ai/glm-4.7", "provider": {"zdr": True, "sort": "price"}}, facts)\nplan',
    "explanation": "plan.explain()",
    "catalog": "catalog",
    "bill": 'routecore.calculate_cost(plan.first.endpoint.pricing, {"prompt_tokens": 1000, "completion_tokens": 100}, finish_reason="stop")',
    "report": (
        "trace = simulate.generate(40, ['z-ai/glm-4.7'], seed=1)\n"
        "simulate.simulate(trace, catalog, simulate.World.from_stats(facts), [simulate.Policy('now'), simulate.Policy('cheap', provider={'sort': 'price'})])"
    ),
}
SHOWN = {
    "plan": "z-ai/glm-4.7@deepinfra/fp4",
    "explanation": "Why each endpoint stands where it stands",
    "catalog": "deepseek/deepseek-v3.2",
    "bill": "From the list cost to what is charged",
    "report": "cost per 1,000 requests",
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Jupyter's own
def test_a_notebook_that_is_run_shows_each_as_a_table(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    head = nbformat.v4.new_code_cell(
        "import routecore\nfrom routecore import simulate\ncatalog, facts = routecore.example_catalog(), routecore.example_facts()"
    )
    book = nbformat.v4.new_notebook(cells=[head, *(nbformat.v4.new_code_cell(source) for source in CELLS.values())])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    for name, cell in zip(CELLS, book.cells[1:], strict=True):
        (output,) = cell.outputs
        assert "<table" in output["data"]["text/html"], name
        assert SHOWN[name] in output["data"]["text/html"], name
        assert output["data"]["text/plain"], name
