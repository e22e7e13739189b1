"""How good a classifier is: pure functions of truth and probabilities, and the tables that they are read from."""
