"""Pins against a plain list of what was served, over virtual time."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from routecore.live.pins import MemoryPins, PinFound, Pins, PinSettings

ROOM = 4
NAMES = st.tuples(st.sampled_from([None, "acme", "evil"]), st.sampled_from(["session:1", "cache:1", "hash:9"]), st.sampled_from(["m", "n"]))


class PinsMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.pins = Pins(MemoryPins(PinSettings(max_pins=ROOM)))
        # the one used longest ago first
        self.naive = []

    @rule(seconds=st.sampled_from([1.0, 100.0, 299.0, 300.0, 3_600.0]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(name=NAMES, attempt=st.sampled_from(["m@p#shared", "m@q#shared", "m@q#byok:k"]), seconds=st.sampled_from([300.0, 3_600.0]))
    def served(self, name, attempt, seconds):
        self.pins.served(*name, attempt, self.now, seconds)
        self.naive = [row for row in self.naive if row[0] != name] + [(name, attempt, self.now + seconds)]
        self.naive = self.naive[-ROOM:]

    @rule(name=NAMES)
    def find(self, name):
        mine = [row for row in self.naive if row[0] == name]
        expected = PinFound(None, None)
        if mine:
            self.naive = [row for row in self.naive if row[0] != name] + mine
            expected = PinFound(mine[0][1], None) if self.now < mine[0][2] else PinFound(None, "expired")
        assert self.pins.find(*name, self.now) == expected

    @rule(name=NAMES)
    def forget(self, name):
        self.pins.forget(*name)
        self.naive = [row for row in self.naive if row[0] != name]

    @invariant()
    def as_many_are_held(self):
        assert len(self.pins.store) == len(self.naive)


TestPins = PinsMachine.TestCase
TestPins.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
