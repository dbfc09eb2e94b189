"""Raspberry Pi Pico (RP2040): the reference unit's board.

Read by the unit's HAL, by the firmware when it turns limits into codes, and by
the simulator. Only data; `hal.board_check` says what a board may hold. Pin numbers
are GPIOs; a bank's two pins are channels A and B of one PWM slice, so that both
pads share its pulse rate. `boot.py` repeats the pins that must be low, as it runs
before this file can be read; a test holds them equal.
"""

NAME = "RPI_PICO"

# wavelength nm, pin of pad A, pin of pad B, electrical power at full duty of one pad in mW
# (10 mW/cm2 over 60 cm2 is 600 mW of light, over the emitter's wall-plug efficiency).
BANKS: "tuple[tuple[int, int, int, int], ...]" = (
    (810, 8, 9, 1500),
    (850, 10, 11, 1277),
    (940, 12, 13, 1176),
    (1060, 14, 15, 3000),
)
BANK_NOMINAL_UW_CM2 = 10_000  # at the skin, full duty, LED board at 25 C (assumed)
WINDOW_CM2 = 60  # of a pad (assumed)
PAD_WINDOW_W_M2K = 125  # LED board to contact face: 2 mm of clear silicone (assumed)

# What keeps the hottest skin under a pad near what its sensors feel: docs/maintainer/hot-spots.md.
LED_BOARD = ("aluminium", 1_500)  # core and its thickness, um: carries heat away from a hot spot
# Emitters a pad, um from their faces to the skin, um from a diffuser to the skin (0: none).
EMITTERS = (48, 3_000, 0)
# mm from the pad's centre, across and along: contact thermistor, contact thermometer; each on a
# carrier of its own, midway between emitters.
SENSORS_MM = ((-20, 0), (20, 0))
# The hottest point under an emitter over what the sensors feel, as tools/dev/spots.py has it: the
# firmware holds contact by so much lower than prescribed.
SPOT_ALLOWANCE_MC = 160

# Contact thermistor to ground, pull-up to ADC_VREF: resistance at 25 C, B, pull-up.
NTC_OHM = 10_000
NTC_B_K = 3_950
NTC_PULLUP_OHM = 10_000

# Pack voltage: code = mV / BATTERY_FULL_SCALE_MV * 4096 (100k over 47k at a 3.3 V reference).
BATTERY_FULL_SCALE_MV = 10_321
PACK_CAPACITY_MWH = 21_600  # 2S, 3 Ah at 3.6 V a cell
IDLE_MW = 150  # the unit without its emitters (assumed)

# The chip. The watchdog counts 24 bits of half-microseconds here (erratum RP2040-E1).
CHIP = "RP2040"
WATCHDOG_MAX_MS = 8_388
# WATCHDOG_BASE + SCRATCH0 (RP2040 data sheet 4.7). Survives a watchdog reset; cleared by the
# RUN pin and by loss of power. The boot ROM and the SDK use scratch 4-7, MicroPython none.
SCRATCH_ADDRESS = 0x4005_800C

# Supply switch of all emitters, high is closed; pulled down on the unit.
PIN_ENABLE = 16

# Converter inputs: contact thermistor of pad A, of pad B, pack divider.
PINS_ADC = (26, 27, 28)

# Buses, (SCL, SDA), 2.2k pull-ups on the unit: sensors and gauge; screen and clock.
PINS_I2C0 = (5, 4)
PINS_I2C1 = (7, 6)

# START, UP, DOWN, buckle, charger present, charging: `hal.contract.PIN_NAMES`. All close to
# ground against the chip's pull-ups.
PINS_IN = (18, 19, 20, 21, 2, 3)

PIN_LIGHT = 17  # status light, high is lit
PIN_BUZZER = 0  # slice 0, which no emitter has
PIN_VIBRATION = 1  # motor's transistor, high is on; with no motor nothing happens
PIN_POWER_HOLD = 22  # high keeps the unit's own supply on after START has woken it (assumed)
