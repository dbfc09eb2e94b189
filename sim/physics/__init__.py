"""The plant: skin, pads, emitters, sensors and battery, in plain floats."""
