"""No test is judged by its time: machines differ, and the benches are elsewhere."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
