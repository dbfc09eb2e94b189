"""Raspberry Pi Pico (RP2040): the reference unit's board.

Read by the unit's HAL, by the firmware when it turns limits into codes, and by
the simulator. Only data. Pin numbers are GPIOs; a bank's two pins are channels
A and B of one PWM slice, so that both pads share its pulse rate.
"""

NAME = "RPI_PICO"

# wavelength nm, pin of pad A, pin of pad B, electrical power at full duty of one pad in mW
# (10 mW/cm2 over 60 cm2 is 600 mW of light, over the emitter's wall-plug efficiency).
BANKS = (
    (810, 8, 9, 1500),
    (850, 10, 11, 1277),
    (940, 12, 13, 1176),
    (1060, 14, 15, 3000),
)
BANK_NOMINAL_UW_CM2 = 10_000  # at the skin, full duty, LED board at 25 C (assumed)
WINDOW_CM2 = 60  # of a pad (assumed)

# Contact thermistor to ground, pull-up to ADC_VREF: resistance at 25 C, B, pull-up.
NTC_OHM = 10_000
NTC_B_K = 3_950
NTC_PULLUP_OHM = 10_000

# Pack voltage: code = mV / BATTERY_FULL_SCALE_MV * 4096 (100k over 47k at a 3.3 V reference).
BATTERY_FULL_SCALE_MV = 10_321
PACK_CAPACITY_MWH = 21_600  # 2S, 3 Ah at 3.6 V a cell
IDLE_MW = 150  # the unit without its emitters (assumed)
