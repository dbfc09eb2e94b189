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

Start-up and conversion, which the chips' models at driver depth and the resets of HAL depth take
(START_UP; tests/sim/test_start_up.py goes to every corner of it, pairs included):

| key           | part, what                           | source                                  |
|---------------|--------------------------------------|-----------------------------------------|
| temp_ack_ms   | TMP117, no answer once supplied      | SNOSD82D, 6.5: 1.5 ms of reset          |
| temp_time     | TMP117, time of a conversion         | assumed: 13 to 17.5 ms; 15.5 typical    |
| rail_ack_ms   | INA219, no answer                    | none in SBOS448G: assumed               |
| rail_time     | INA219, time of a conversion         | SBOS448G, 7.5: 532, 586 us at most      |
| skin_ack_ms   | FDC1004, no answer                   | none in SNOSCY5C; 2 ms are too short, 5 |
|               |                                      | enough, says a user: e2e.ti.com 903303  |
| skin_time     | FDC1004, time of a conversion        | no tolerance in SNOSCY5C: assumed       |
| gauge_ack_ms  | MAX17049, no answer                  | none in 19-6171: assumed                |
| gauge_cell_ms | MAX17049, first voltage; 0 before    | 19-6171 Rev 7, p. 8: 17 ms              |
| gauge_soc_ms  | MAX17049, first charge; 0 before     | p. 8: 175 ms after that; p. 10: 1 s     |
| clock_ms      | DS3231, until its oscillator runs    | 19-5170 Rev 10: typically below 1 s     |
| screen_ms     | SSD1306, from display on to light    | Rev 1.5, 8.9: 100 ms                    |

The TMP117's reset time and the MAX17049's p. 8 and 10 are quoted from others' code: those pages
themselves could not be read.
"""

# key: least and most of a sound unit; source of each: above, or it is assumed there.
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
# key: least and most of a sound part; nominal: a ratio of 1, else the least. Source of each: above,
# or it is assumed there.
START_UP: "dict[str, tuple[float, float]]" = {
    "temp_ack_ms": (0.0, 1.5),
    "temp_time": (0.84, 1.13),
    "rail_ack_ms": (0.0, 1.0),
    "rail_time": (0.9, 1.10),
    "skin_ack_ms": (0.0, 5.0),
    "skin_time": (0.9, 1.1),
    "gauge_ack_ms": (0.0, 1.0),
    "gauge_cell_ms": (17.0, 18.0),
    "gauge_soc_ms": (192.0, 1_035.0),
    "clock_ms": (0.0, 1_000.0),
    "screen_ms": (0.0, 100.0),
}

TEMP_RESET_MS, TEMP_AVERAGE_MS = 1.5, 124.0  # SNOSD82D, 6.5: eight samples of 15.5 ms
CODES_PER_C = 128  # SNOSD82D, 7.6
GAUGE_CODES_PER_MV = 12.8  # 19-6171: 78.125 uV a code
SKIN_CODES_PER_PF = 2_048  # SNOSCY5C: 2^19 a pF in 24 bits, of which the upper 16 are read


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


def start_up(errors: "dict[str, float]", key: str) -> float:
    """What this unit's part has of a key of START_UP."""
    return errors.get(key, 1.0 if key.endswith("_time") else START_UP[key][0])


def first_temperature_ms(errors: "dict[str, float]") -> int:
    """When a TMP117 at power-on values has its first average, ms after its supply."""
    return round(TEMP_RESET_MS + TEMP_AVERAGE_MS * start_up(errors, "temp_time"))


def first_charge_ms(errors: "dict[str, float]") -> int:
    """When a MAX17049 has its first charge, ms after its supply."""
    return round(start_up(errors, "gauge_soc_ms"))
