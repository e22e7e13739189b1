"""Lists of candidates: scored in the background, ranked by what is worth a person's time."""
