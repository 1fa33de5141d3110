"""Help for property tests of routers: random scenarios, laws, and a slow reference to compare with.

``routecore.testing.reference`` decides scenarios by a literal reading of the rules; ``routecore.testing.laws`` states what
holds of every router; ``routecore.testing.strategies`` (needs Hypothesis, the extra ``testing``) and
``routecore.testing.generate`` make scenarios. Each is imported by its own name, so that only the strategies load Hypothesis.
"""
