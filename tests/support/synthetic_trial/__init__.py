"""Synthetic trials on the simulated unit, which test the trial's tools from end to end."""
