"""The HAL contract fulfilled by physics on a desk: scenarios, faults, runs and recordings."""
