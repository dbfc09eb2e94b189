"""Recordings: inputs and outputs of a run, tick by tick, and their replay."""
