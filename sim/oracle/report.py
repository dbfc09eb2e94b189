"""Report of a run: which faults ended light and how fast, what was not called for, the result.

Called by `sim.run.Run` and the live view; reads the run and changes nothing. What the unit says
of itself comes through `sim.oracle.claims`, and stands in the result beside the truth.
"""

from sim.faults.catalogue import ENDS_PROGRAM
from sim.faults.catalogue import FAULTS as CATALOGUE
from sim.oracle.claims import Claims
from sim.oracle.design import HOLD_MS, TICK_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.faults.injected import Injected
    from sim.oracle.subject import Ended
    from sim.physics.threshold_times import Dark

GOES_ON = ("led_open",)  # a fault that stops nothing: the other banks go on
PADS = ("A", "B")
# Names under which a contact sensor shows that no longer says what the skin is.
CREEPING = ("contact_apart", "contact_still", "contact_loose", "off_skin")


def resets(run: "Ended") -> "list[dict[str, Any]]":
    """When and why the chip began anew."""
    return [{"t_s": t_s, "why": why} for t_s, why in run.restarts]


def cutoffs(run: "Ended") -> "list[dict[str, Any]]":
    """For each injected fault that ended light: from its onset to dark.

    A fault counts where the firmware latched it, or where its effect is to end or pause the
    session, or where it ended in a reset. Its onset is its injection, but for those that
    creep up: for `contact_hot` it is the first of the sensed samples that stayed beyond the
    limit until it was dark, for one that is found by a contact sensor's disagreeing with the
    other, or with the energy given, since when the two sensors, noise aside, stayed apart.
    """
    found = Claims(run).list_faults()
    rows = [cutoff_of(run, injected, found) for injected in run.injected]
    return [row for row in rows if row]


def cutoff_of(
    run: "Ended", injected: "Injected", found: "list[dict[str, Any]]"
) -> "dict[str, Any] | None":
    """The row of `cutoffs` of one fault, or None; `found` are the faults that
    the unit latched."""
    event = injected.event
    known = CATALOGUE[event.name]
    shown = next(
        (row for row in found
         if row["name"] in known.shows_as and row["t_s"] * 1000 >= injected.t_ms
         and row["name"] not in GOES_ON),
        None,
    )  # fmt: skip
    dark = next((dark for dark in run.depth.darks if dark.t_ms >= injected.t_ms), None)
    if dark and (shown or known.darkens or died(run, injected, dark)):
        return cutoff(run, injected, shown, dark)
    return None


def died(run: "Ended", injected: "Injected", dark: "Dark") -> bool:
    """Whether it was a fault of the chip that ended in a reset, and dark came before that."""
    if injected.event.name not in ENDS_PROGRAM:
        return False
    since_s = injected.t_ms / 1000
    after = [row["t_s"] for row in resets(run) if row["t_s"] >= since_s]
    return bool(after) and dark.t_ms / 1000 <= after[0]


def cutoff(
    run: "Ended", injected: "Injected", shown: "dict[str, Any] | None", dark: "Dark"
) -> "dict[str, Any]":
    """One row of `cutoffs`."""
    onset_ms = injected.t_ms
    crossing_s = None
    if shown and shown["name"] == "contact_hot":
        pad = PADS.index(shown["pad"])
        crossing_s = run.true_crossing_s[pad]
        onset_ms = max(onset_ms, dark.hot_ms[pad])
    elif shown and shown["name"] in CREEPING:
        # noise and rounding may carry the firmware's average over the limit before the sensors
        apart_ms = dark.apart_ms[PADS.index(shown["pad"])]
        onset_ms = max(onset_ms, dark.t_ms if apart_ms < 0 else apart_ms)
    return {
        "fault": injected.event.name,
        "pad": injected.event.pad,
        "onset_s": onset_ms / 1000,
        "off_s": dark.t_ms / 1000,
        "latency_ms": dark.t_ms - onset_ms,
        "true_crossing_s": crossing_s,
    }


def unexpected(run: "Ended") -> list[str]:
    """A sentence for each fault and each reset that the scenario does not account for."""
    allowed: set[str] = set()
    may_reset = False
    for event in run.scenario.events:
        if event.kind == "fault":
            allowed.update(CATALOGUE[event.name].shows_as)
            may_reset = may_reset or event.name in ENDS_PROGRAM
        elif event.kind == "press" and event.hold_ms >= HOLD_MS:
            may_reset = True  # START held is off; pressed again, it begins anew
    found = [
        f"a reset ({row['why']}) at {row['t_s']:.2f} s was not called for"
        for row in ([] if may_reset else resets(run))
    ]
    found += [f"the firmware raised {what} at {t_s:.2f} s" for t_s, what in run.raised]
    return found + [
        f"{row['name']} at {row['t_s']:.2f} s on pad {row['pad'] or '-'} was not called for: "
        f"{row['value']:g} against {row['limit']:g} {row['unit']}"
        for row in Claims(run).list_faults()
        if row["name"] not in allowed
    ]


def result(run: "Ended") -> "dict[str, Any]":
    """The object that `waistband sim --json` prints."""
    claims = Claims(run)
    end_ms = run.t_ms if run.end_ms is None else run.end_ms
    kinds = [str(row[0]) for row in run.board.BANKS]
    pads = tuple(zip(PADS, claims.read_bank_doses_j_cm2(), run.plant.pads))
    return {
        "state": claims.read_state(),
        "reason": claims.read_reason(),
        "faults": claims.list_faults(),
        "session_s": 0.0 if run.begin_ms is None else (end_ms - run.begin_ms) / 1000,
        "treat_s": claims.read_treat_s(),
        "fluence_j_cm2": {name: dict(zip(kinds, counted)) for name, counted, _ in pads},
        "true_fluence_j_cm2": {
            name: dict(zip(kinds, plant.fluence_j_cm2())) for name, _, plant in pads
        },
        "max_contact_c": {name: plant.max_contact_c for name, _, plant in pads},
        "cem43_min": {name: plant.cem43_min for name, _, plant in pads},
        "energy_wh": run.plant.drawn_wh,
        "battery_pct": run.plant.battery.charge * 100.0,
        "cutoffs": cutoffs(run),
        "emitted_after_off_j": run.depth.late_j,
        "resets": resets(run),
        "ticks": run.ticks,
        "wall_s": run.wall_s,
        "realtime_factor": run.ticks * TICK_MS / 1000 / run.wall_s if run.wall_s else 0.0,
    }
