"""Turn candidates and their signals into one score and a fixed order."""
