"""What the waistband does: portable, integers in the tick, no I/O, no `machine`."""
