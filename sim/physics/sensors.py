"""Sensors: lag, noise and raw codes of the thermistor, TMP117, INA219 and the ADC.

Used by the plant and by the device models of driver depth. A thermometer is a `Lag`, which the
plant advances, and a conversion to a raw code.

Noise is drawn from a table of Gaussian values by an integer generator of our own, so that one seed
gives one run on CPython and on MicroPython alike. The table reaches about 3.6 standard deviations:
samples rarer than one in 4096 are not drawn.
"""

import math

ADC_FULL = 4095  # RP2040 data sheet, 4.9: 12 bits, read_u16() >> 4: the code at ADC_VREF
# rms. The RP2040 data sheet's 8.7 effective bits come to 2.8, but they count errors that are no
# noise: on Picos 0.97 to 1.36 were measured (markomo.me, Characterizing the Raspberry Pi Pico ADC,
# 2021). The harsher is taken; both ends of what was measured are tried (`sim.faults.tolerances`).
ADC_NOISE_LSB = 2.8
DNL_CODES = (512, 1536, 2560, 3584)  # RP2040 datasheet, erratum RP2040-E11
DNL_HALF_WIDTH = 4  # assumed: each of these codes takes in eight codes' worth

NTC_OHM = 10000.0  # the unit's part: at 25 C
NTC_B_K = 3950.0  # the unit's part
NTC_PULLUP_OHM = 10000.0  # the unit's board: to ADC_VREF; the NTC goes to ground
NTC_LAG_S = 1.0  # assumed: an epoxy bead let into the contact face

TMP117_LSB_C = 0.0078125  # SNOSD82D, 7.6: signed 16 bits
TMP117_NOISE_LSB = 0.5  # assumed rms; datasheet: repeatable to 1 LSB, 8 averages
TMP117_LAG_S = 2.0  # assumed: the package on a flex circuit in the face

INA219_LSB_MA = 0.1  # SBOS448G, 7.5: 10 uV a code, over 0.1 ohm
INA219_MOST = 32000  # SBOS448G, 7.5: full scale, 320 mV at PGA /8
INA219_WINDOW_MS = 68.1  # SBOS448G, 8.6.2.1: 128-sample averaging; a tenth longer at most (7.5)

FDC1004_CODES_PF = 2048  # datasheet: 2^19 a pF in 24 bits; the upper 16 are read
FDC1004_FULL = 32767  # SNOSCY5C: of 16 bits, signed
FDC1004_NOISE_LSB = 1.0  # assumed rms; datasheet: 0.5 fF of effective resolution, a code
# An electrode of 5 cm2 behind 1 mm of silicone (permittivity 3) is 13 pF to what covers it. The
# body is tied to the unit's ground only through the belt (assumed: 20 pF): 8 pF in series. In air
# the edge's own 2 pF are left, the shield behind being driven (assumed).
SKIN_AIR_PF, SKIN_STEP_PF = 2.0, 8.0
SKIN_SPREAD = 0.08  # assumed rms: the step of one person, unlike the calibrator's; twice at most
SKIN_AIR = int(SKIN_AIR_PF * FDC1004_CODES_PF)  # as a nominal unit is calibrated
SKIN_ON = int((SKIN_AIR_PF + SKIN_STEP_PF) * FDC1004_CODES_PF)

KELVIN = 273.15  # definition
NOISE_VALUES = 4096  # a power of two: drawn by the top bits of the generator


class Lag:
    """A first-order lag, exact for an input that holds still over each step."""

    def __init__(self, start: float, lag_s: float, dt_s: float = 0.2) -> None:
        self.value = start
        self._share = 1.0 - math.exp(-dt_s / lag_s)

    def advance(self, truth: float) -> float:
        """Advance by dt_s towards `truth`; the lagged value."""
        self.value += (truth - self.value) * self._share
        return self.value


class Noise:
    """A repeatable stream of unit Gaussian values; one for each sensor and seed."""

    def __init__(self, seed: int) -> None:
        self._state = (seed * 2654435761 + 1) & 0xFFFFFFFF  # Knuth's hash parts near seeds
        self.draw()

    def draw(self) -> float:
        """The next value, standard deviation 1."""
        # Numerical Recipes' 32-bit congruential generator; its low bits are poor, unused.
        self._state = state = (self._state * 1664525 + 1013904223) & 0xFFFFFFFF
        return GAUSSIAN[state >> 20]


class Silence(Noise):
    """No noise: for sensors that nobody reads."""

    def draw(self) -> float:
        """Zero."""
        return 0.0


def ntc_level(temp_c: float) -> float:
    """The contact thermistor's noiseless ADC level, in codes, by the B-equation."""
    ohm = NTC_OHM * math.exp(NTC_B_K * (1.0 / (temp_c + KELVIN) - 1.0 / (25.0 + KELVIN)))
    return ADC_FULL * ohm / (ohm + NTC_PULLUP_OHM)


def ntc_c(level: float) -> float:
    """The temperature at which a thermistor gives this level: `ntc_level` turned round."""
    ohm = NTC_PULLUP_OHM * level / (ADC_FULL - level)
    return 1.0 / (math.log(ohm / NTC_OHM) / NTC_B_K + 1.0 / 298.15) - KELVIN


def tmp117_raw(temp_c: float, draw: float = 0.0) -> int:
    """The temperature register, signed, 7.8125 mC a code; `draw` is from a `Noise`."""
    return math.floor(temp_c / TMP117_LSB_C + TMP117_NOISE_LSB * draw + 0.5)


def fdc1004_raw(pf: float, draw: float = 0.0) -> int:
    """The upper 16 bits of a result; `draw` is from a `Noise`."""
    code = math.floor(pf * FDC1004_CODES_PF + FDC1004_NOISE_LSB * draw + 0.5)
    if code > FDC1004_FULL:
        return FDC1004_FULL
    return -FDC1004_FULL - 1 if code < -FDC1004_FULL else code


class Ina219:
    """The rail monitor: it averages for 68 ms, then shows that until the next is done."""

    def __init__(self) -> None:
        self.shunt_raw = 0  # 0.1 mA a code
        self._sum = 0.0
        self._left_ms = INA219_WINDOW_MS

    def advance(self, current_ma: float, dt_ms: float) -> None:
        """Let this mean current flow for `dt_ms`, which may span several windows."""
        while dt_ms >= self._left_ms:
            self._sum += current_ma * self._left_ms
            dt_ms -= self._left_ms
            code = int(self._sum / INA219_WINDOW_MS / INA219_LSB_MA + 0.5)
            self.shunt_raw = min(code, INA219_MOST)
            self._sum, self._left_ms = 0.0, INA219_WINDOW_MS
        self._sum += current_ma * dt_ms
        self._left_ms -= dt_ms


def _wide_codes() -> list[int]:
    """The code that each code is read as: those around a wide one are lost to it (assumed to
    leave the rest of the scale in place)."""
    read_as = list(range(ADC_FULL + 1))
    for wide in DNL_CODES:
        for code in range(wide - DNL_HALF_WIDTH, wide + DNL_HALF_WIDTH):
            read_as[code] = wide
    return read_as


def _gaussian_values() -> list[float]:
    """Each value is a sum of twelve bytes, which is Gaussian enough, has standard deviation 256,
    and is exact on any build."""
    values = []
    state = 2463534242  # Marsaglia's xorshift32 and its seed (JSS 2003;8:14)
    for _ in range(NOISE_VALUES):
        total = -1530  # 12 * 127.5
        for _ in range(3):
            state ^= (state << 13) & 0xFFFFFFFF
            state ^= state >> 17
            state ^= (state << 5) & 0xFFFFFFFF
            total += (state & 0xFF) + (state >> 8 & 0xFF) + (state >> 16 & 0xFF) + (state >> 24)
        values.append(total / 256.0)
    return values


READ_AS = _wide_codes()  # by code, 0-4095
GAUSSIAN = _gaussian_values()
