"""The parts of the page of candidates: which list, how far it is scored, its order, vetting, and what is taken home."""
