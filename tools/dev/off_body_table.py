"""Measure light off the body with the skin sensor dead: temperature alone is left.

    python -m tools.dev.off_body_table > table.md

For maintainers; docs/maintainer/off-the-body.md has the result. The skin sensors read touched
for ever (`skin_sensor_stuck`), the buckle stays closed, and the pads slip off the skin at 300 s of
light or 30 s. Each cell has the seconds until it is dark, and what ended the light.
"""

from typing import Any

from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.oracle.claims import Claims
from sim.oracle.design import LIT
from sim.run import Run
from sim.scenario.scenario import ordinary

AMBIENTS_C = (5.0, 15.0, 23.0, 30.0, 35.0, 40.0)
EACH_MW_CM2 = (2.5, 5.0, 10.0)
LONG_S = 2_000.0


def measure(ambient_c: float, each_mw_cm2: float, air: float, pad: str | None, at_s: float) -> str:
    """Seconds from the slip to dark, and why."""
    scenario = ordinary()
    banks: Any = scenario.prescription["irradiance_mw_cm2"]
    asked = {
        **scenario.prescription, "fluence_j_cm2": 90, "max_min": 30,
        "irradiance_mw_cm2": dict.fromkeys(banks, each_mw_cm2),
    }  # fmt: skip
    events = (
        Event(1.0, "fault", "skin_sensor_stuck", value=1.0),
        Event(3.0, "press", "START", hold_ms=200),
        Event(12.0 + at_s, "fault", "slips", pad),
    )
    run = Run(replace(
        scenario, prescription=asked, events=events, duration_s=LONG_S,
        start=Start(ambient_c=ambient_c, air_w_m2k=air),
    ))  # fmt: skip
    claims = Claims(run)
    while run.advance(50) and (run.t_s < 12.0 + at_s or claims.read_state() in LIT):
        pass
    result = run.result()
    darks = [dark.t_ms for dark in run.depth.darks if dark.t_ms / 1000 >= 12.0 + at_s]
    faults = result["faults"]
    why = faults[0]["name"] if faults else result["reason"] or "cold"
    if not darks:  # throttled to nothing when the fault came
        darks = [faults[0]["t_s"] * 1000]
    return f"{darks[-1] / 1000 - 12.0 - at_s:.0f} s {why}"


def main() -> None:
    """Print the tables."""
    print("| room, air | slip | " + " | ".join(f"{4 * mw:g} mW/cm2" for mw in EACH_MW_CM2) + " |")
    print("|---|---|" + "---|" * len(EACH_MW_CM2))
    for ambient_c in AMBIENTS_C:
        for air in (5.0, 15.0):
            for pad in (None, "A"):
                for at_s in (30.0, 300.0):
                    cells = [measure(ambient_c, mw, air, pad, at_s) for mw in EACH_MW_CM2]
                    where = f"{'both' if pad is None else 'one'} at {at_s:.0f} s"
                    print(f"| {ambient_c:g} C, {air:g} W/m2K | {where} | {' | '.join(cells)} |",
                          flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
