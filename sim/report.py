"""What came of a run: the faults that the firmware named, how fast it was dark, the result.

Called by `sim.run.Run`; reads the run and changes nothing.
"""

from firmware import states
from firmware.faults import FAULTS, PADS, STOPPING
from firmware.limits import CLOCK_MASK, HOLD_MS, TICK_MS
from sim.faults import DARKENS, SHOWS_AS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.onsets import Dark
    from sim.run import Run
    from sim.timeline import Injected

NAMES = tuple(name for name, _ in FAULTS)
# Faults of program, chip and supply that may end in a reset.
# Names under which a contact sensor shows that no longer says what the skin is.
CREEPING = ("contact_apart", "contact_still", "contact_loose", "off_skin")
RESETTING = (
    "firmware_exception", "firmware_hang", "host_attach", "soft_reset", "brownout", "flash_torn",
)  # fmt: skip


def latched(run: "Run") -> list[tuple[int, str, str]]:
    """Faults latched now, as (number, name, pad)."""
    by_pad = run.unit.faults.by_pad
    if not (by_pad[0] or by_pad[1] or by_pad[2]):
        return []
    return [
        (k, name, PADS[pad])
        for pad in range(len(PADS))
        for k, name in enumerate(NAMES)
        if by_pad[pad] >> k & 1
    ]


def resets(run: "Run") -> "list[dict[str, Any]]":
    """When and why the chip began anew."""
    return [{"t_s": t_s, "why": why} for t_s, why in run.restarts]


def fault_rows(run: "Run") -> "list[dict[str, Any]]":
    """Every fault that the firmware latched, first first; after a reset it knows no older ones."""
    kept = run.unit.faults
    begun_s, begin_ms = 0.0, run.scenario.start.clock
    for row in resets(run):  # the chip's clock begins anew with it
        begun_s, begin_ms = row["t_s"], 0
    rows = []
    for fault, pad, ms, value, limit in kept.rows[: min(kept.count, len(kept.rows))]:
        name, unit = FAULTS[fault]
        celsius = unit == "mc"
        rows.append({
            "name": name,
            "pad": PADS[pad] or None,
            "t_s": begun_s + ((ms - begin_ms) & CLOCK_MASK) / 1000,
            "value": value / 1000 if celsius else value,
            "limit": limit / 1000 if celsius else limit,
            "unit": "C" if celsius else unit,
        })  # fmt: skip
    return rows


def cutoffs(run: "Run") -> "list[dict[str, Any]]":
    """For each injected fault that ended light: from its onset to dark.

    A fault counts where the firmware latched it, or where its effect is to end or pause the
    session, or where it ended in a reset. Its onset is its injection, but for those that
    creep up: for `contact_hot` it is the first of the sensed samples that stayed beyond the
    limit until it was dark, for one that is found by a contact sensor's disagreeing with the
    other, or with the energy given, since when the two sensors, noise aside, stayed apart.
    """
    found = fault_rows(run)
    rows = [cutoff_of(run, injected, found) for injected in run.injected]
    return [row for row in rows if row]


def cutoff_of(
    run: "Run", injected: "Injected", found: "list[dict[str, Any]]"
) -> "dict[str, Any] | None":
    """The row of `cutoffs` of one fault, or None; `found` are the run's `fault_rows`."""
    event = injected.event
    names = SHOWS_AS.get(event.name, (event.name,))
    shown = next(
        (row for row in found
         if row["name"] in names and row["t_s"] * 1000 >= injected.t_ms
         and STOPPING >> NAMES.index(row["name"]) & 1),
        None,
    )  # fmt: skip
    dark = next((dark for dark in run.depth.darks if dark.t_ms >= injected.t_ms), None)
    if dark and (shown or event.name in DARKENS or died(run, injected, dark)):
        return cutoff(run, injected, shown, dark)
    return None


def died(run: "Run", injected: "Injected", dark: "Dark") -> bool:
    """Whether it was a fault of the chip that ended in a reset, and dark came before that."""
    if injected.event.name not in RESETTING:
        return False
    since_s = injected.t_ms / 1000
    after = [row["t_s"] for row in resets(run) if row["t_s"] >= since_s]
    return bool(after) and dark.t_ms / 1000 <= after[0]


def cutoff(
    run: "Run", injected: "Injected", shown: "dict[str, Any] | None", dark: "Dark"
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


def unexpected(run: "Run") -> list[str]:
    """A sentence for each fault and each reset that the scenario does not account for."""
    allowed: set[str] = set()
    may_reset = False
    for event in run.scenario.events:
        if event.kind == "fault":
            allowed.update(SHOWS_AS.get(event.name, (event.name,)))
            may_reset = may_reset or event.name in RESETTING
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
        for row in fault_rows(run)
        if row["name"] not in allowed
    ]


def result(run: "Run") -> "dict[str, Any]":
    """The object that `waistband sim --json` prints."""
    session = run.unit.session
    end_ms = run.t_ms if run.end_ms is None else run.end_ms
    kinds = [str(row[0]) for row in run.board.BANKS]
    pads = tuple(zip("AB", run.unit.pads, run.plant.pads))
    return {
        "state": states.STATES[session.state],
        "reason": states.REASONS[session.reason] if session.reason >= 0 else None,
        "faults": fault_rows(run),
        "session_s": 0.0 if run.begin_ms is None else (end_ms - run.begin_ms) / 1000,
        "treat_s": session.treat_ms / 1000,
        "fluence_j_cm2": {
            name: {nm: uj / 1e6 for nm, uj in zip(kinds, pad.fluence.uj_cm2)}
            for name, pad, _ in pads
        },
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
