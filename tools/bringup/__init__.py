"""First start of a hand-built unit, one part after the other: `waistband bringup`."""
