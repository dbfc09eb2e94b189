"""HAL depth: the HAL contract fulfilled by the plant, and resets round the firmware."""
