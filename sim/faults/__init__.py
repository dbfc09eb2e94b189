"""Faults: the catalogue with a row each, the hardware that they act on, and their injectors."""
