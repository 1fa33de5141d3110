"""What every test shares: how Hypothesis runs, and which tests are laws.

No setting of the machine may change a decision, so none is set here but how long Hypothesis may take. The profile ``soak`` draws new examples, and many more.
"""

import os

from hypothesis import HealthCheck, is_hypothesis_test, settings

UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("routecore", deadline=None, derandomize=True, suppress_health_check=UNHURRIED)
settings.register_profile("soak", deadline=None, derandomize=False, max_examples=5_000, suppress_health_check=UNHURRIED, print_blob=True)
settings.load_profile(os.environ.get("ROUTECORE_HYPOTHESIS", "routecore"))


def pytest_collection_modifyitems(items):
    """Mark what Hypothesis runs as laws, by what it is: a mark that is forgotten cannot slow ``make fast`` down."""
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)) or item.name == "runTest":  # runTest: a state machine's
            item.add_marker("laws")
