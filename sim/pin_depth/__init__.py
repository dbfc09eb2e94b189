"""Pin depth: real MicroPython on an emulated RP2040, the plant on its pins, ADC and I2C.

Nothing of the unit is replaced: its files lie compiled on littlefs in the emulated flash. This room
works on the chip from outside, as a logic analyser, a bench supply and a debugger do. `adapter` is
the one file that names the emulator.
"""
