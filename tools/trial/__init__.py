"""A blinded trial, from allocation to report."""
