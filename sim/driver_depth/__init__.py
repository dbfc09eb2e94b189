"""Driver depth: a desktop RP2040, on whose pins, buses and timers the unit's own files run.

`python -m sim.driver_depth` boots `boot.py` and `main.py` on it for a few simulated seconds.
"""
