"""Simulated ZTF light curves in g and r, as alerts show them, for classes with few or no real ones.

Every class is a small function that draws an `Event` (what the source does on the sky); one survey looks at them all.
"""

from training.simulate.run import DATA_FREE, MODELS, simulate

__all__ = ["DATA_FREE", "MODELS", "simulate"]
