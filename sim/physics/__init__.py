"""The plant: skin, pads, emitters, sensors and battery, in plain floats. Knows nothing of the firmware."""
