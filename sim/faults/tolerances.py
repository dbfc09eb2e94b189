"""Data-sheet tolerances of the unit's parts: what a sound unit may be off by.

Read by `sim.faults.hardware`, which adds them to what the sensors read, and by the tests that go to
every corner of them (tests/sim/test_tolerances.py). Where no figure was found it is assumed.

| key        | part, what                        | source                                       |
|------------|-----------------------------------|----------------------------------------------|
| ntc_c      | thermistors as calibrated         | the design                                   |
| contact_c  | TMP117, offset, -20 to 50 C       | SNOSD82D, features                           |
| board_c    | TMP117 on the LED board, to 70 C  | SNOSD82D, features                           |
| rail_ma    | INA219A, offset at PGA /8         | SBOS448G, 7.5: 200 uV, over 0.1 ohm          |
| rail_ratio | INA219, gain over temperature     | SBOS448G, 7.5: 1 % of the current            |
| leak_ma    | LED drivers without duty          | assumed: as much as the monitor's offset     |
| inrush_uf  | capacitors behind the switch      | assumed                                      |
| gauge_mv   | MAX17049, a cell, at 25 C         | 19-6171 Rev 7, features                      |
| charge_pct | MAX17049, state of charge         | assumed                                      |
| pack_ratio | divider and converter of the pack | assumed                                      |
| skin_pf    | FDC1004, offset over temperature  | SNOSCY5, 7.5, typical, as the maker's forum  |
| skin_ratio | FDC1004, gain over temperature    | quotes it: 46 fF; -37.5 ppm/C, over 27 C     |
| adc_lsb    | RP2040 converter, noise, rms      | measured on Picos by others                  |

Start-up and conversion have no corner here; the chips' models take them: TMP117 126 ms to a first
value (SNOSD82, 6.5), INA219 68 ms an average (128 samples), FDC1004 20 ms for both pads.
"""

# key: least and most of a sound unit.
TABLE: "dict[str, tuple[float, float]]" = {
    "ntc_c": (-0.2, 0.2),
    "contact_c": (-0.1, 0.1),
    "board_c": (-0.15, 0.15),
    "rail_ma": (-2.0, 2.0),
    "rail_ratio": (0.99, 1.01),
    "leak_ma": (0.0, 2.0),
    "inrush_uf": (0.0, 470.0),
    "gauge_mv": (-7.5, 7.5),
    "charge_pct": (-5.0, 5.0),
    "pack_ratio": (0.99, 1.01),
    "skin_pf": (-0.046, 0.046),
    "skin_ratio": (0.999, 1.001),
    "adc_lsb": (0.97, 1.36),
}
CODES_PER_C = 128  # TMP117
GAUGE_CODES_PER_MV = 12.8  # 78.125 uV a code
SKIN_CODES_PER_PF = 2_048


def add_errors(errors: "dict[str, float]", levels: "list[float]", raw: "list[int]") -> None:
    """Alter levels and registers that were just taken, as `sim.faults.hardware` orders them."""
    board = round(errors.get("board_c", 0.0) * CODES_PER_C)
    raw[2] += board
    raw[3] += board
    raw[5] += round(errors.get("gauge_mv", 0.0) * GAUGE_CODES_PER_MV)
    raw[6] = min(max(raw[6] + round(errors.get("charge_pct", 0.0) * 256), 0), 100 << 8)
    levels[2] *= errors.get("pack_ratio", 1.0)
    ratio = errors.get("skin_ratio", 1.0)
    offset = errors.get("skin_pf", 0.0) * SKIN_CODES_PER_PF
    for at in (7, 8):
        raw[at] = min(round(raw[at] * ratio + offset), 32_767)
