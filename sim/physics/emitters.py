"""Emitters of one pad: electrical power, light and waste heat of its LED banks at a duty.

Owned by the plant. The driver holds the current, so electrical power follows duty alone; light
falls as the LED board warms, and what light loses, heat gains. All light is taken to reach the
skin: window loss is inside the calibration.
"""

REFERENCE_C = 25.0  # the unit's: LED board temperature that calibration refers to
LIGHT_PER_K = -0.003  # typical of the part: of its light at 25 C, for each K of board
WINDOW_CM2 = 60.0  # assumed

# Wall-plug efficiency: optical over electrical watts at REFERENCE_C.
EFFICIENCY = (  # nm, efficiency; straight lines between, level outside
    (810, 0.40),  # assumed
    # SFH 4550, data sheet 1.5: 70 mW at 100 mA and 1.5 V; SFH 4356, 1.3: 80 mW at 100 mA and 1.7 V
    (850, 0.47),
    (940, 0.51),  # assumed: no part is named, and the SFH 4545's sheet gives 55 mW of 150, 0.37
    (1060, 0.20),  # assumed
    (1200, 0.03),  # assumed
)


def efficiency(wavelength_nm: float) -> float:
    """Wall-plug efficiency at 25 C of an emitter of 800-1200 nm."""
    below_nm, below = EFFICIENCY[0]
    for above_nm, above in EFFICIENCY:
        if wavelength_nm <= above_nm:
            if above_nm == below_nm:
                return above
            along = (wavelength_nm - below_nm) / (above_nm - below_nm)
            return below + along * (above - below)
        below_nm, below = above_nm, above
    return below


class Emitters:
    """The banks of one pad.

    `wavelengths_nm` names each bank; `full_mw_cm2` is what each gives the skin at
    full duty with its board at 25 C. `electrical_w` is what each bank then draws.
    """

    def __init__(
        self,
        wavelengths_nm: tuple[int, ...] = (810, 850, 940, 1060),
        full_mw_cm2: tuple[float, ...] = (10.0, 10.0, 10.0, 10.0),
        window_cm2: float = WINDOW_CM2,
    ) -> None:
        self.window_cm2 = window_cm2
        self.light_w_m2 = [10.0 * full for full in full_mw_cm2]
        self.electrical_w = [
            full / 1000.0 * window_cm2 / efficiency(nm)
            for nm, full in zip(wavelengths_nm, full_mw_cm2)
        ]
        self.gains = [1.0] * len(full_mw_cm2)  # a fault: what the drivers give of all that
        self.set_gains()

    def set_gains(self) -> None:
        """Take `gains` and `electrical_w` as they are now."""
        self._rates = tuple([
            (gain * light, gain * power_w)
            for gain, light, power_w in zip(self.gains, self.light_w_m2, self.electrical_w)
        ])  # fmt: skip

    def drive(self, duties: list[float], board_c: float) -> tuple[float, float, float]:
        """(electrical W of the pad, light W/m2, waste heat W/m2) at these duties, 0-1,
        one for each bank, with the LED board at `board_c`."""
        light = electrical_w = 0.0
        for duty, (full_light, full_w) in zip(duties, self._rates):
            light += duty * full_light
            electrical_w += duty * full_w
        light *= 1.0 + LIGHT_PER_K * (board_c - REFERENCE_C)
        return electrical_w, light, electrical_w * 10000.0 / self.window_cm2 - light
