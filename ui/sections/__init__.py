"""The sections of the object page, top to bottom: choose, answer, curve, side, details."""
