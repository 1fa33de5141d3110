"""Where the engine and the reference once differed: each a scenario that both answer alike now, by the rule."""

from __future__ import annotations

import pytest

from routecore import decide_scenario
from routecore.testing.answers import differences
from routecore.testing.reference import reference_decide_scenario

A, B = ({"model": "m", "provider": name} for name in ("amazon-bedrock", "azure"))
IMAGE = {"type": "input_image", "image_url": "https://example.org/a.png"}


def of(*rows, request=None, **parts):
    return {"catalog": {"endpoints": list(rows)}, "request": {"model": "m", **(request or {})}, **parts}


CASES = {
    "a display name stands at its place in order": of(A, B, request={"provider": {"order": ["azure/fp8", "Amazon Bedrock "]}}),
    "a display name is an own slug, and so opts in to a tier": of({**A, "tier": "priority"}, request={"provider": {"order": ["amazonbedrock"]}}),
    "a missing key is told by byok_only alone, beside an affinity to shared capacity": of(
        A, context={"byok_only": ["amazon-bedrock"], "affinity": "m@amazon-bedrock#shared"}
    ),
    "a share out of range hides no other fault": of(A, stats={"m@azure": {"error_rate": 2}}, context={"nonsense": 1}),
    "an image in the output of a tool counts": of(A, request={"input": [{"type": "function_call_output", "output": [IMAGE]}]}),
    "a whole number may be written 3.0": of({**A, "max_output_tokens": 2}, request={"max_tokens": 3.0}),
    "stickiness off echoes nothing": of(A, context={"no_pin": "expired"}, settings={"sticky": "off"}),
    "a key may be named with an @": of(A, context={"byok": [{"slug": "amazon-bedrock", "key_id": "team@corp"}]}),
    "the limits of a row are spelt right": of({**A, "limits": {"request_per_minute": 1}}),
    "a card ends after it begins": of({**A, "pricing": {"overrides": [{"from": "2026-02-01", "until": "2026-01-01", "prompt": 1}]}}),
}


@pytest.mark.parametrize("scenario", CASES.values(), ids=list(CASES))
def test_both_answer_alike(scenario):
    assert differences(decide_scenario(scenario), reference_decide_scenario(scenario)) == []


def test_a_display_name_comes_first_where_it_is_named_first():
    scenario = of(B, A, request={"provider": {"order": ["azure/fp8", "Amazon Bedrock"]}})
    assert decide_scenario(scenario)["attempts"][0]["provider"] == "amazon-bedrock"


def test_lifting_byok_only_alone_brings_back_shared_capacity_under_an_affinity():
    answer = decide_scenario(CASES["a missing key is told by byok_only alone, beside an affinity to shared capacity"])
    assert answer["error"]["metadata"]["relaxations"] == [["byok_only"]]
