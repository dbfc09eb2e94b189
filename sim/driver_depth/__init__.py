"""Driver depth: the unit's own files run on the pins, buses and timers of a virtual RP2040."""
