"""Dose counters of a pad: fluence by bank and thermal dose (CEM43), in integers.

Every product stays below 2**30 (the largest is named where it arises), so that
nothing is allocated on the unit. Against floating point over the same inputs the
fluence errs by less than 0.5 % and CEM43 by less than 2 %; tests hold both.
"""

from array import array

from firmware.core.limits import BANK_MAX_UW_CM2, DRIVER_APART_PERMILLE, DUTY_MAX

# Fluence: light falls by 0.3 % for each kelvin of the LED board above 25 C.
REFERENCE_MC = 25_000
DERATE_Q15 = 403  # 0.003 / K * 4096 / 1000 mC, times 2**15
HOTTEST_MC = 85_000
COLDEST_MC = -8_000  # light counted at most 9.9 % above the calibration
UJ = 64_000  # 1 uJ/cm2 in the accumulator's unit, 1/64 nJ/cm2
STEP_MAX_MS = 900  # a control step longer than this counts as this long

MOST_UW_CM2 = BANK_MAX_UW_CM2 * (1_000 + DRIVER_APART_PERMILLE) // 1000 * 1100 // 1000
assert MOST_UW_CM2 * DUTY_MAX < 1 << 30
assert (MOST_UW_CM2 * DUTY_MAX >> 10) * STEP_MAX_MS + STEP_MAX_MS + UJ < 1 << 30

# CEM43 (Sapareto and Dewey 1984): R ** (43 - T) seconds a second, R = 0.25 below 43 C and
# 0.5 above. Entries every 128 mC, times 2**18; between them a straight line, which is at
# most 0.4 % above the curve, and 1.7 % below it at the kink, 43 C. Under 37 C whole numbers
# are coarse (6 %), of less than 1/4096 of the time; below 36 C nothing is counted.
CEM43_FROM_MC = 36_000
CEM43_TO_MC = 45_000  # hotter counts as this; the guard went dark long before
CEM43_SHIFT = 7
FULL_Q10_MS = 1 << 29  # far beyond both caps


def cem43_rates() -> "array[int]":
    """Rates of thermal dose from 36 C to 45 C, 128 mC apart, times 2**18."""
    rates = array("i")
    for step in range(((CEM43_TO_MC - CEM43_FROM_MC) >> CEM43_SHIFT) + 2):
        over_c = (CEM43_FROM_MC + (step << CEM43_SHIFT)) / 1000 - 43
        rates.append(int(262_144 * (4.0 if over_c < 0 else 2.0) ** over_c + 0.5))
    return rates


CEM43_RATES = cem43_rates()
assert max(CEM43_RATES) * STEP_MAX_MS + 256 < 1 << 30


class Fluence:
    """Fluence of one pad's banks, uJ/cm2, from the duty that really went out."""

    def __init__(self, irradiance_uw_cm2: list[int]) -> None:
        self.calibrated_uw_cm2 = irradiance_uw_cm2  # at full duty and 25 C, and
        self.irradiance_uw_cm2 = irradiance_uw_cm2[:]  # as the drivers' current has it now
        self.uj_cm2 = [0] * len(irradiance_uw_cm2)
        self.rest = [0] * len(irradiance_uw_cm2)
        self.marks = [0] * len(irradiance_uw_cm2)  # `uj_cm2` when each bank was last known to light
        self.total_uj_cm2 = 0

    def clear(self) -> None:
        """A new session begins."""
        for k in range(len(self.uj_cm2)):
            self.uj_cm2[k] = self.rest[k] = self.marks[k] = 0
        self.total_uj_cm2 = 0

    def correct(self, k: int, permille: int) -> None:
        """A bank's driver gives so much of its calibrated current, and the bank of its light."""
        self.irradiance_uw_cm2[k] = self.calibrated_uw_cm2[k] * permille // 1_000

    def mark(self) -> None:
        """So far every bank gave what was counted."""
        marks = self.marks
        uj_cm2 = self.uj_cm2
        for k in range(len(marks)):
            marks[k] = uj_cm2[k]

    def rewind(self, k: int) -> None:
        """A bank turned out to give no light: what was counted since the last mark never was."""
        self.total_uj_cm2 -= self.uj_cm2[k] - self.marks[k]
        self.uj_cm2[k] = self.marks[k]

    def add(self, duties: list[int], first: int, lit_ms: int, board_mc: int) -> None:
        """Count `lit_ms` of the pad's duties, `duties[first:]`, at a board temperature."""
        if lit_ms > STEP_MAX_MS:
            lit_ms = STEP_MAX_MS
        warmth = board_mc - REFERENCE_MC
        if warmth > HOTTEST_MC - REFERENCE_MC:
            warmth = HOTTEST_MC - REFERENCE_MC
        elif warmth < COLDEST_MC - REFERENCE_MC:
            warmth = COLDEST_MC - REFERENCE_MC
        light_q12 = 4096 - (warmth * DERATE_Q15 >> 15)
        full = self.irradiance_uw_cm2
        rest = self.rest
        uj_cm2 = self.uj_cm2
        more = 0
        for k in range(len(full)):
            duty = duties[first + k]
            if duty:
                # uW/cm2 * duty / 2**10 is 1/64 uW/cm2; times ms, 1/64 nJ/cm2
                power = (full[k] * light_q12 >> 12) * duty
                got = rest[k] + (power >> 10) * lit_ms + ((power & 1023) * lit_ms >> 10)
                if got >= UJ:
                    whole = got // UJ
                    got -= whole * UJ
                    uj_cm2[k] += whole
                    more += whole
                rest[k] = got
        self.total_uj_cm2 += more


class Cem43:
    """Thermal dose of one pad, in 1024ths of a millisecond at 43 C (`_q10_ms`)."""

    def __init__(self) -> None:
        self.session_q10_ms = 0
        self.day_q10_ms = 0
        self.rest = 0

    def add(self, contact_mc: int, step_ms: int) -> None:
        """Count a control step at a contact temperature, lit or dark."""
        above = contact_mc - CEM43_FROM_MC
        if above <= 0:
            return
        if above > CEM43_TO_MC - CEM43_FROM_MC:
            above = CEM43_TO_MC - CEM43_FROM_MC
        if step_ms > STEP_MAX_MS:
            step_ms = STEP_MAX_MS
        step = above >> CEM43_SHIFT
        rate = CEM43_RATES[step]
        rate += (CEM43_RATES[step + 1] - rate) * (above & 127) >> CEM43_SHIFT
        got = self.rest + rate * step_ms
        self.rest = got & 255
        got >>= 8
        if self.session_q10_ms < FULL_Q10_MS:  # a sensor stuck at hot must not count for ever
            self.session_q10_ms += got
        if self.day_q10_ms < FULL_Q10_MS:
            self.day_q10_ms += got
