"""The oracle: judges a run by the plant and the pins, never by the firmware."""
