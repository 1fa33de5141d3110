"""The pool: facts of the asked models' endpoints as masks."""

from __future__ import annotations

import gc
import random
import tracemalloc

import pytest

from routecore import Catalog
from routecore.routing.masks import Limits, bits
from routecore.routing.pool import Pool, pool_of
from tests.routing.scenes import row


def test_bits_are_the_set_bits_ascending():
    for mask in (0, 1, 0b1011, 1 << 5000, (1 << 130) - 1):
        assert bits(mask) == [place for place in range(mask.bit_length()) if mask >> place & 1]


@pytest.mark.parametrize("seed", range(20))
def test_limits_agree_with_asking_each_number(seed):
    dice = random.Random(seed)
    numbers = [dice.choice([None, 0, 1, 2, 5, 5, 10**30]) for _ in range(dice.randrange(0, 200))]
    limits = Limits(numbers)
    for asked in (0, 1, 2, 3, 5, 6, 10**30, 10**31):
        assert bits(limits.at_least(asked)) == [place for place, one in enumerate(numbers) if one is None or one >= asked]
        assert bits(limits.at_most(asked, missing_passes=False)) == [place for place, one in enumerate(numbers) if one is not None and one <= asked]
        assert bits(limits.at_most(asked, missing_passes=True)) == [place for place, one in enumerate(numbers) if one is None or one <= asked]


def catalog():
    return Catalog.from_mapping(
        {
            "endpoints": [
                row("q", supported_parameters=["seed", "stop"]),
                row("p/x", "c/d", input_modalities=["image"]),
                row("p", supported_parameters=["seed"]),
                row("z", "e/f"),
            ]
        }
    )


def test_endpoints_of_a_pool_stand_in_ascending_order_of_id():
    pool = pool_of(catalog(), ("c/d", "a/b"))
    assert [endpoint.id for endpoint in pool.endpoints] == ["a/b@p", "a/b@q", "c/d@p/x"]
    assert [pool.endpoints[index].id for index in pool.catalog_order] == ["a/b@q", "c/d@p/x", "a/b@p"]
    assert [pool.model_position[index] for index in range(3)] == [1, 1, 0]


def test_masks_name_the_endpoints_they_are_about():
    pool = pool_of(catalog(), ("c/d", "a/b"))

    def named(mask):
        return [pool.endpoints[index].id for index in bits(mask)]

    assert named(pool.named(("p",))) == ["a/b@p", "c/d@p/x"]
    assert named(pool.named(("p/x", "q", "nobody"))) == ["a/b@q", "c/d@p/x"]
    assert named(pool.of_models(("c/d", "x/y"))) == ["c/d@p/x"]
    assert named(pool.supporting(("seed",))) == ["a/b@p", "a/b@q"]
    assert named(pool.supporting(("seed", "stop"))) == ["a/b@q"]
    assert named(pool.supporting(())) == named(pool.all)
    assert named(pool.accepting(("image",))) == ["c/d@p/x"]
    assert named(pool.accepting(("video",))) == []


def test_a_pool_is_built_once_for_a_list_of_models():
    found = catalog()
    assert pool_of(found, ("a/b",)) is pool_of(found, ("a/b",))
    assert pool_of(found, ("a/b",)) is not pool_of(found, ("c/d",))


def test_ever_new_lists_of_models_do_not_make_a_catalog_grow_without_bound():
    models = [f"m/{place}" for place in range(30)]
    found = Catalog.from_mapping({"endpoints": [row(f"p{place}", model) for model in models for place in range(200)]})
    for one in models:
        for other in models[:10]:
            if one != other:
                pool_of(found, (one, other))
    kept = [one for one in gc.get_objects() if isinstance(one, Pool) and len(one.models) == 2 and one.models[0] in found.models]
    assert sum(len(one.endpoints) for one in kept) <= 110_000


def test_two_thousand_endpoints_of_one_model_make_a_pool_of_some_megabytes():
    found = Catalog.from_mapping({"endpoints": [row(f"p{place}", price=place + 1, context_length=place, max_output_tokens=place) for place in range(2000)]})
    tracemalloc.start()
    pool_of(found, ("a/b",))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000
