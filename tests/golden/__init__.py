"""Golden vectors: what each shipped model and recipe makes of a few embedded light curves, the same wherever it runs."""
