"""Pin depth: real MicroPython on an emulated RP2040, the plant on its pins, ADC and I2C.

Nothing of the unit is replaced: its files lie compiled on a littlefs image in the emulated
flash, and everything here looks at the chip from outside, as a logic analyser, a bench
supply and a debugger would. `adapter` is the one file that names the emulator.
"""
