"""What the neighbours' tests share: a provider on this machine."""

from __future__ import annotations

import gc
import os
import warnings

import pytest

from tests.neighbours.upstream import Upstream

# LiteLLM asks the network for its price map when it is imported, unless it is told not to
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")


@pytest.fixture(scope="session")
def provider_server():
    server = Upstream()
    yield server
    server.close()


@pytest.fixture
def upstream(provider_server):
    """A provider that behaves as it is told, with nothing told."""
    provider_server.reset()
    return provider_server


@pytest.fixture(scope="session", autouse=True)
def _what_clients_left_open():
    """Collect what foreign clients never close, here and without a word: it is not ours to close."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
