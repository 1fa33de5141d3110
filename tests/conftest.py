"""What every test shares: no setting of the machine may change a decision, so none is set here but how long Hypothesis may take."""

from hypothesis import HealthCheck, settings

settings.register_profile("routecore", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
settings.load_profile("routecore")
