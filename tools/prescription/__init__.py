"""Prescriptions and keys as files, and what a prescription means in words."""
