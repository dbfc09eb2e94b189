"""Report of a run: which faults ended light and how fast, what was unexpected, the result.

Called by `sim.run.Run` and the live view; reads the run and changes nothing. The unit's claims come
through `sim.oracle.claims` and stand in the result beside the truth.
"""

from sim.faults.catalogue import ENDS_PROGRAM, SPRINGS_BACK
from sim.faults.catalogue import FAULTS as CATALOGUE
from sim.faults.depth import SWITCHED_ON
from sim.oracle.claims import Claims
from sim.oracle.design import HOLD_MS, TICK_MS
from sim.oracle.sessions import sum_fluence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.faults.injected import Injected
    from sim.oracle.subject import Ended
    from sim.physics.threshold_times import Dark

GOES_ON = ("led_open",)  # a fault after which the other banks go on
PADS = ("A", "B")
# Names of faults for a contact sensor that no longer reads the skin.
CREEPING = ("contact_apart", "contact_still", "contact_loose", "off_skin")


def list_cutoffs(run: "Ended") -> "list[dict[str, Any]]":
    """Return a row for each injected fault that ended light: from its onset to dark.

    A fault counts where the firmware latched it, where its effect is to end or pause the session,
    or where it ended in a reset. Its onset is its injection, but for faults that creep up:

    * `contact_hot`: the first of the samples that stayed beyond the limit until it was dark;
    * a contact sensor that disagrees with the other or with the energy given: since when the two
      sensors, noise aside, stayed apart.

    A bank's fault counts from its injection, too, and beside it from when the LED supply's current
    could tell it (`shown_s`, `shown_latency_ms`), as the fault table counts; None for any other.
    """
    found = run.fault_log.list_rows()
    rows = [find_cutoff(run, injected, found) for injected in run.injected]
    return [row for row in rows if row]


def find_cutoff(
    run: "Ended", injected: "Injected", found: "list[dict[str, Any]]"
) -> "dict[str, Any] | None":
    """Return one fault's row of `list_cutoffs`, or None; `found` are the latched faults."""
    event = injected.event
    if injected.waits:
        return None
    known = CATALOGUE[event.name]
    shown = next(
        (row for row in found
         if row["name"] in known.shows_as and row["t_s"] * 1000 >= injected.t_ms
         and row["name"] not in GOES_ON),
        None,
    )  # fmt: skip
    dark = next((dark for dark in run.depth.darks if dark.t_ms >= injected.t_ms), None)
    if not (dark and (shown or known.darkens or ended_in_reset(run, injected, dark))):
        return None
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
    banks = run.bank_faults
    shown_ms = banks.find_shown_ms(injected, dark.t_ms) if banks else None
    return {
        "fault": event.name,
        "pad": event.pad,
        "onset_s": onset_ms / 1000,
        "off_s": dark.t_ms / 1000,
        "latency_ms": dark.t_ms - onset_ms,
        "true_crossing_s": crossing_s,
        "shown_s": None if shown_ms is None else shown_ms / 1000,
        "shown_latency_ms": None if shown_ms is None else dark.t_ms - shown_ms,
    }


def ended_in_reset(run: "Ended", injected: "Injected", dark: "Dark") -> bool:
    """Whether a fault of the chip ended in a reset, and dark came before the reset."""
    if injected.event.name not in ENDS_PROGRAM:
        return False
    since_s = injected.t_ms / 1000
    after_s = next((t_s for t_s, _ in run.restarts if t_s >= since_s), None)
    return after_s is not None and dark.t_ms / 1000 <= after_s


def list_unexpected(run: "Ended") -> list[str]:
    """Return a sentence for each fault and each reset that the scenario does not account for."""
    allowed: set[str] = set()
    allowed.update([row.fault for row in run.scenario.expectations if row.fault])
    may_reset = False
    for event in run.scenario.events:
        if event.kind == "fault":
            allowed.update(CATALOGUE[event.name].shows_as)
            if event.for_s and event.name in SPRINGS_BACK:
                allowed.add("contact_jump")  # as the reading comes back
            may_reset = may_reset or event.name in ENDS_PROGRAM
        elif event.kind == "press" and event.hold_ms >= HOLD_MS:
            may_reset = True  # START held switches off; the next press begins a boot cycle
    found = [
        f"a reset ({why}) at {t_s:.2f} s was not called for"
        for t_s, why in ([] if may_reset else run.restarts)
        if why != SWITCHED_ON
    ]
    found += [f"the firmware raised {what} at {t_s:.2f} s" for t_s, what in run.raised]
    return found + [
        f"{row['name']} at {row['t_s']:.2f} s on pad {row['pad'] or '-'} was not called for: "
        f"{row['value']:g} against {row['limit']:g} {row['unit']}"
        for row in run.fault_log.list_rows()
        if row["name"] not in allowed
    ]


def make_result(run: "Ended") -> "dict[str, Any]":
    """Return the object that `waistband sim --json` prints."""
    claims = Claims(run)
    sessions = run.sessions.list_rows()
    kinds = [str(row[0]) for row in run.board.BANKS]
    pads = tuple(zip(PADS, claims.read_bank_doses_j_cm2(), run.plant.pads))
    counted = {name: dict(zip(kinds, doses)) for name, doses, _ in pads}
    return {
        "state": claims.read_state(),
        "reason": claims.read_reason(),
        "faults": run.fault_log.list_rows(),
        "session_s": sum([row["session_s"] for row in sessions]),
        "treat_s": sum([row["treat_s"] for row in sessions]),
        "fluence_j_cm2": sum_fluence(sessions, "fluence_j_cm2") if sessions else counted,
        "true_fluence_j_cm2": {
            name: dict(zip(kinds, plant.fluence_j_cm2())) for name, _, plant in pads
        },
        "max_contact_c": {name: plant.max_contact_c for name, _, plant in pads},
        "max_skin_c": {name: plant.max_skin_c for name, _, plant in pads},
        "cem43_min": {name: plant.cem43_min for name, _, plant in pads},
        "cem43_hottest_min": {name: plant.hottest_cem43_min() for name, _, plant in pads},
        "energy_wh": run.plant.drawn_wh,
        "battery_pct": run.plant.battery.charge * 100.0,
        "cutoffs": list_cutoffs(run),
        "emitted_after_off_j": run.depth.late_j,
        "off_body_j": run.plant.off_body_j(),
        "resets": [{"t_s": t_s, "why": why} for t_s, why in run.restarts if why != SWITCHED_ON],
        "sessions": sessions,
        "expect": run.expectations.rows,
        "ticks": run.ticks,
        "wall_s": run.wall_s,
        "realtime_factor": run.ticks * TICK_MS / 1000 / run.wall_s if run.wall_s else 0.0,
    }
