"""One hash over what the library answers: scenarios, hostile scenarios, cost cases and a small what-if with both engines.

``python tests/house/digest.py`` prints the digest of this checkout. ``python tests/house/digest.py --against REVISION`` compares this checkout with an older one,
on the older one's inputs, and lists what is answered otherwise: so that a move, a split or a table can be shown to change nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS, HOSTILE, COSTS = 3_000, 500, 2_000


def inputs() -> dict[str, list[Any]]:
    """Make the inputs from fixed seeds."""
    from routecore.testing.generate import random_scenario
    from routecore.testing.hostile import random_hostile_scenario

    return {
        "plan": [random_scenario(random.Random(f"digest {seed}")) for seed in range(SCENARIOS)],
        "hostile": [one for seed in range(HOSTILE) if fits_json(one := random_hostile_scenario(random.Random(f"digest {seed}"), json_only=True))],
        "cost": [cost_case(random.Random(f"digest {seed}")) for seed in range(COSTS)],
        "whatif": [[600, 7]],
    }


def fits_json(value: object) -> bool:
    """Tell whether a value goes through JSON: some hostile ones are too deep to be handed to another process."""
    try:
        json.dumps(value)
    except RecursionError:
        return False
    return True


def cost_case(rng: random.Random) -> dict[str, Any]:
    """Make a cost case: a card with or without each price, and a usage of one of four shapes."""
    price = lambda: f"{rng.randint(0, 400) / 10:.1f}e-7"  # noqa: E731
    pricing: dict[str, Any] = {"prompt": price(), "completion": price()}
    for key in ("input_cache_read", "input_cache_write", "input_cache_write_1h", "internal_reasoning", "audio", "image_token", "request", "web_search"):
        if rng.random() < 0.3:
            pricing[key] = price()
    if rng.random() < 0.3:
        pricing["overrides"] = [{"min_prompt_tokens": 2_000, "prompt_multiplier": 2, "completion_multiplier": "1.5"}]
    if rng.random() < 0.2:
        pricing["discount"] = "0.25"
    if rng.random() < 0.2:
        pricing["variants"] = {"flex": {"prompt": price()}, "batch": {"completion": price()}}
    prompt, completion = rng.randint(0, 5_000), rng.randint(0, 3_000)
    cached, reasoning = rng.randint(0, prompt), rng.randint(0, completion)
    shapes = {
        "openai_chat": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        },
        "openai_responses": {
            "input_tokens": prompt,
            "output_tokens": completion,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens_details": {"reasoning_tokens": reasoning},
        },
        "anthropic": {
            "input_tokens": prompt,
            "output_tokens": completion,
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": rng.randint(0, 900),
        },
        "gemini": {"promptTokenCount": prompt, "candidatesTokenCount": completion, "cachedContentTokenCount": cached, "thoughtsTokenCount": reasoning},
    }
    shape = rng.choice(list(shapes))
    context: dict[str, Any] = {"time_utc": "2026-03-01T00:29:59+00:00"}
    if rng.random() < 0.3:
        context["served_tier"] = rng.choice(["flex", "batch", "priority"])
    if rng.random() < 0.2:
        context.update(is_byok=True, byok_fee_rate="0.05")
    return {
        "pricing": pricing,
        "usage": shapes[shape],
        "usage_format": rng.choice([shape, None]),
        "finish_reason": rng.choice(["stop", "length", "error", None]),
        "context": context,
    }


def whatif(rows: int, seed: int) -> dict[str, Any]:
    """Run one small what-if with both engines over the example catalog."""
    from routecore import example_catalog, example_facts, simulate

    catalog = example_catalog()
    trace = simulate.generate(rows, seed=seed, models=["z-ai/glm-4.7"])
    world = simulate.World.from_stats(example_facts())
    policies = [simulate.Policy("default"), simulate.Policy("cheapest", provider={"sort": "price"})]
    return {name: engine(trace, catalog, world, policies, seed=seed).to_dict() for name, engine in (("loop", simulate.simulate), ("batch", simulate.batch))}


def answers(made: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Answer every input."""
    import routecore

    calls = {"plan": routecore.decide_scenario, "hostile": routecore.decide_scenario, "cost": routecore.cost_case, "whatif": lambda asked: whatif(*asked)}
    return {kind: [calls[kind](one) for one in made[kind]] for kind in calls}


def hash_of(value: object) -> str:
    """Return 16 hexadecimal digits of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode(errors="surrogatepass")).hexdigest()[:16]


def of_tree(tree: Path, made: Path, out: Path) -> dict[str, list[Any]]:
    """Answer the inputs of file ``made`` with the library of ``tree``; without the file, its own inputs are made first."""
    subprocess.run([sys.executable, __file__, "--inputs", made, "--answers", out], check=True, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)})
    return json.loads(out.read_text(encoding="utf-8"))


def against(revision: str) -> int:
    """Compare this checkout with another revision, on that revision's inputs."""
    with tempfile.TemporaryDirectory() as folder:
        old, place = Path(folder) / "tree", Path(folder)
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "-q", "--detach", old, revision], check=True)
        try:
            before, after = of_tree(old, place / "inputs.json", place / "old.json"), of_tree(ROOT, place / "inputs.json", place / "new.json")
        finally:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", old], check=True)
        made = json.loads((place / "inputs.json").read_text(encoding="utf-8"))
        other = 0
        for kind, olds in before.items():
            differing = [index for index, (a, b) in enumerate(zip(olds, after[kind], strict=True)) if a != b]
            other += len(differing)
            print(f"{kind}: {len(olds) - len(differing)} of {len(olds)} answers as before ({hash_of(olds)} -> {hash_of(after[kind])})")
            for index in differing[:3]:
                print(f"  {json.dumps(made[kind][index])[:1500]}\n  - {json.dumps(olds[index])[:600]}\n  + {json.dumps(after[kind][index])[:600]}")
    return 1 if other else 0


def main() -> int:
    """Read the command line and print what is asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--against", metavar="REVISION")
    parser.add_argument("--inputs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--answers", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.against:
        return against(options.against)
    if options.inputs is None:
        for kind, found in answers(inputs()).items():
            print(f"{kind}: {len(found)} answers, {hash_of(found)}")
        return 0
    if not options.inputs.exists():
        options.inputs.write_text(json.dumps(inputs()), encoding="utf-8")
    options.answers.write_text(json.dumps(answers(json.loads(options.inputs.read_text(encoding="utf-8"))), default=str), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
