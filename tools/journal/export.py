"""Export of a journal's sessions as CSV, with the parameters that a report of light therapy states.

Called by `waistband journal export`; writes no file.

Jenkins PA, Carroll JD. How to report low-level laser therapy (LLLT)/photomedicine dose and beam
parameters in clinical and laboratory studies. Photomed Laser Surg 2011;29(12):785-787: the
eight to report are wavelength, power, irradiation time, area at the skin, pulse parameters,
anatomical location, number of treatments and the interval between them; besides, energy and
energy density, coherence, application technique, spectral width and beam profile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from firmware.core.limits import CARRIER_HZ, TICK_MS
from hal.contract import Board
from tools.common.files import render_csv
from tools.common.words import NOT_KNOWN, render_step
from tools.journal.chain import Trail
from tools.journal.sessions import Session, format_clock, verdict_in_words
from tools.report.light_account import AskedStep, PadAccount, pad_dose_uj_cm2

DAY_S = 86_400
RAMP, HEAT, OPEN = "check and ramp", "throttled for heat", "no light at"


@dataclass(frozen=True)
class Cell:
    """The input of a column: a session, one of its pads, and its place among all sessions."""

    session: Session
    pad: int
    count: int  # sessions so far, this one included
    before: Session | None
    area_cm2: float
    site: str
    verified: str
    full_mw_cm2: float  # of a bank at full duty, as the board has it

    @property
    def asked(self) -> dict[str, Any]:
        """The session's first record: what was prescribed."""
        return self.session.row

    @property
    def result(self) -> dict[str, Any]:
        """The session's end record, or an empty one."""
        return self.session.result or {}

    @cached_property
    def account(self) -> PadAccount | None:
        """The pad's account, where there is a readable end."""
        pads = self.session.pads
        return pads[self.pad] if pads else None

    @property
    def irradiance(self) -> float:
        """Prescribed average of all banks, mW/cm2; the most of any step."""
        return max(step.total_uw_cm2 for step in self.steps) / 1000

    @property
    def steps(self) -> list[AskedStep]:
        """The prescription's steps."""
        return self.session.steps

    def peak(self, step: AskedStep) -> float:
        """The emitters' peak in a step, mW/cm2: every bank that is lit at full duty."""
        return self.full_mw_cm2 * sum(value > 0 for value in step.irradiance_uw_cm2)

    def duty(self, step: AskedStep) -> float:
        """The share of a pulse's period that a step's banks are lit, 0 to 1."""
        return step.total_uw_cm2 / 1000 * step.period_ticks / step.on_ticks / self.peak(step)

    def each(self, compute: Callable[[AskedStep], object]) -> object:
        """A value of each step: itself where there is one, else joined in their order."""
        values = [compute(step) for step in self.steps]
        return values[0] if len(values) == 1 else "; ".join(str(format_cell(v)) for v in values)

    def of_pad(self, name: str, whole: float) -> float | None:
        """The pad's value of a pair in the end record; None where there is none."""
        values = self.result.get(name)
        return values[self.pad] / whole if values else None

    def part(self, begins: str) -> float | None:
        """Light that a cause withheld, J/cm2."""
        if self.account is None:
            return None
        return sum(j_cm2 for why, j_cm2 in self.account.parts if why.startswith(begins))

    @property
    def others(self) -> list[tuple[str, float]]:
        """(cause, J/cm2) of all causes without a column of their own."""
        known = (RAMP, HEAT, OPEN)
        parts = self.account.parts if self.account else ()
        return [(why, j_cm2) for why, j_cm2 in parts if not why.startswith(known)]


def light_mode(step: AskedStep) -> str:
    """The light in time: CW, pulsed or gated."""
    if step.period_ticks > 1:
        return "gated"
    return "CW" if step.carrier_hz == CARRIER_HZ else "pulsed"


def gate_rate(step: AskedStep) -> object:
    """Hz of gated light."""
    return 1000 / TICK_MS / step.period_ticks if step.period_ticks > 1 else None


def gate_on(step: AskedStep) -> object:
    """Light in each period of gated light, ms."""
    return step.on_ticks * TICK_MS if step.period_ticks > 1 else None


def pulse_energy(step: AskedStep) -> float:
    """Energy density of a pulse of the carrier, uJ/cm2."""
    return step.total_uw_cm2 * step.period_ticks / step.on_ticks / step.carrier_hz


def days_since_last(cell: Cell) -> float | None:
    """Days since the session before; None where a clock is missing."""
    if cell.before is None:
        return None
    now, then = cell.asked["at"], cell.before.row["at"]
    return None if now is None or then is None else (now - then) / DAY_S


def given_fluence(cell: Cell) -> float | None:
    """Given fluence, J/cm2."""
    return cell.account.given if cell.account else None


def counted_fluence(cell: Cell) -> float | None:
    """Given fluence, J/cm2; the whole prescribed one where no end was written."""
    got = given_fluence(cell)
    if cell.session.blind:
        return None
    left_uj_cm2 = pad_dose_uj_cm2(cell.steps, cell.pad) - cell.session.before_uj_cm2[cell.pad]
    return left_uj_cm2 / 1e6 if got is None else got


def fault_code(row: dict[str, Any]) -> str:
    """A fault's name and pad, which a blinded trial encrypts."""
    return "sealed" if "sealed" in row else f"{row['fault']}:{row['pad']}"


def bank_column(nm: int) -> "Column":
    """The column of the fluence that banks of a wavelength gave."""

    def compute(cell: Cell) -> object:
        banks = cell.account.banks if cell.account else ()
        return {bank_nm: given for bank_nm, _, given in banks}.get(nm)

    return f"fluence_{nm}", "J/cm2", f"given by the bank of {nm} nm", compute


Column = tuple[str, str, str, Callable[[Cell], object]]  # name, unit, meaning, value
COLUMNS: tuple[Column, ...] = (
    ("unit", "", "serial of the unit", lambda c: c.session.serial),
    ("session", "", "number of its record in the unit's journal", lambda c: c.session.n),
    ("session_of_unit", "", "sessions in this journal so far (number of treatments)",
     lambda c: c.count),
    ("begun", "unit's clock", "when it was begun", lambda c: format_clock(c.asked["at"])),
    ("interval", "days", "since the session before (interval between treatments)", days_since_last),
    ("pad", "", "A left, B right", lambda c: "AB"[c.pad]),
    ("site", "", "where it is worn (anatomical location)", lambda c: c.site),
    ("technique", "", "how light is applied", lambda c: "skin contact, fixed"),
    ("source", "", "kind of source; LEDs are not coherent", lambda c: "LED"),
    ("wavelengths", "nm", "nominal peak of each bank",
     lambda c: " ".join(map(str, c.session.nm))),
    ("area", "cm2", "window of the pad at the skin (beam area)", lambda c: c.area_cm2),
    ("prescription", "", "its name", lambda c: c.asked["prescription"]),
    ("prescription_number", "", "of a signed prescription; 0 where it was not signed",
     lambda c: c.asked["number"]),
    ("steps", "", "what each step of the prescription asks for",
     lambda c: "; ".join(render_step(step) for step in c.steps)),
    ("asked_irradiance", "mW/cm2", "average at the skin, all banks; the most of any step",
     lambda c: c.irradiance),
    ("asked_peak_irradiance", "mW/cm2",
     "the emitters' own peak, in the pulses of the carrier, all banks that are lit (nominal)",
     lambda c: c.each(c.peak)),
    ("asked_duty", "%", "of the carrier's pulses (nominal)",
     lambda c: c.each(lambda step: 100 * c.duty(step))),
    ("asked_pulse_energy", "uJ/cm2", "of a pulse of the carrier", lambda c: c.each(pulse_energy)),
    ("asked_power", "mW", "average optical power of the pad: irradiance times area",
     lambda c: c.irradiance * c.area_cm2),
    ("light", "", "CW, pulsed or gated", lambda c: c.each(light_mode)),
    ("carrier", "Hz", "frequency of the emitters' pulse-width modulation",
     lambda c: c.each(lambda step: step.carrier_hz)),
    ("gate_rate", "Hz", "of gated light", lambda c: c.each(gate_rate)),
    ("gate_on", "ms", "light in each period of gated light", lambda c: c.each(gate_on)),
    ("asked_fluence", "J/cm2", "energy density prescribed, all banks of the pad",
     lambda c: pad_dose_uj_cm2(c.steps, c.pad) / 1e6),
    ("given_before", "J/cm2", "by an earlier START, whose session this one completes",
     lambda c: c.session.before_uj_cm2[c.pad] / 1e6),
    ("asked_time", "min", "light at most", lambda c: c.asked["max_ms"] / 60_000),
    ("time", "s", "irradiation time: emitters permitted, gates' dark parts included",
     lambda c: c.result["treat_ms"] / 1000 if c.result else None),
    ("session_time", "s", "from START to the end, pauses included",
     lambda c: c.result["session_ms"] / 1000 if c.result else None),
    ("fluence", "J/cm2", "energy density given at the window, as the unit counted it",
     given_fluence),
    ("counted_fluence", "J/cm2", "the same, or all that was asked where no end was written",
     counted_fluence),
    ("energy", "J", "given at the window: fluence times area",
     lambda c: None if (got := given_fluence(c)) is None else got * c.area_cm2),
    ("withheld_ramp", "J/cm2", "by the check and the ramp", lambda c: c.part(RAMP)),
    ("withheld_heat", "J/cm2", "by throttling, to hold contact temperature",
     lambda c: c.part(HEAT)),
    ("withheld_open", "J/cm2", "by banks that gave no light", lambda c: c.part(OPEN)),
    ("withheld_other", "J/cm2", "for the reason beside it; below zero, longer light made up",
     lambda c: sum(j_cm2 for _, j_cm2 in c.others) if c.account else None),
    ("withheld_other_why", "", "the reason", lambda c: "; ".join(why for why, _ in c.others)),
    ("set_point", "C", "contact temperature prescribed", lambda c: c.asked["set_point_mc"] / 1000),
    ("highest_contact", "C", "as the unit felt it", lambda c: c.of_pad("highest_mc", 1000)),
    ("cem43", "min", "thermal dose of the session (Sapareto and Dewey 1984)",
     lambda c: c.of_pad("cem43_q10_ms", 60_000 << 10)),
    ("ended_by", "", "dose, time, stopped, fault, ...; empty where no end was written",
     lambda c: c.result.get("reason", "")),
    ("faults", "", "named by the unit in this session, with their pads",
     lambda c: " ".join(fault_code(f.row) for f in c.session.faults)),
    ("battery", "%", "left at the end", lambda c: c.result.get("battery_pct")),
    ("receipt", "", "what the unit showed at the end", lambda c: c.session.receipt),
    ("verified", "", "whether the journal was verified", lambda c: c.verified),
)  # fmt: skip


class Table:
    """The export of a journal."""

    def __init__(
        self, sessions: list[Session], trail: Trail, area_cm2: float | None, site: str,
        board: Board,
    ) -> None:  # fmt: skip
        self.area = "as given" if area_cm2 else f"of the board {board.NAME} (assumed)"
        self.columns = [*COLUMNS, *map(bank_column, sorted({nm for s in sessions for nm in s.nm}))]
        area = area_cm2 or board.WINDOW_CM2
        self.cells = [
            Cell(session, pad, at + 1, sessions[at - 1] if at else None, area, site,
                 verdict_in_words(trail, session.begun.sealed), board.BANK_NOMINAL_UW_CM2 / 1000)
            for at, session in enumerate(sessions)
            for pad in (0, 1)
        ]  # fmt: skip
        self.trail = trail

    def csv(self) -> str:
        """The table as CSV: a row a session and pad."""
        names = [column_name(name, unit) for name, unit, *_ in self.columns]
        rows = ([format_cell(compute(cell)) for *_, compute in self.columns] for cell in self.cells)
        return render_csv([names, *rows], "\r\n")

    def dictionary(self) -> str:
        """Markdown that explains each column."""
        lines = [
            "# sessions.csv", "",
            "A row a session and pad, from a unit's journal. The parameters are those which",
            "Jenkins and Carroll (Photomed Laser Surg 2011;29(12):785-787) ask a report to state;",
            "spectral width and beam profile are the emitters' data sheet's.", "",
            f"- Journal: {self.trail.records} records, {len(self.trail.wrong)} things wrong.",
            f"- Window area: {self.area}. Irradiance is that of the unit's calibration.",
            f"- Mind: {NOT_KNOWN}: a pad that lifts",
            "  while it still reads as worn counts the same.",
            "- An empty cell: not known, because the unit wrote no end of that session, or not",
            "  applicable.", "",
            "| column | unit | what it is |", "|---|---|---|",
        ]  # fmt: skip
        for name, unit, meaning, _ in self.columns:
            lines.append(f"| `{column_name(name, unit)}` | {unit} | {meaning} |")
        return "\n".join(lines) + "\n"


def column_name(name: str, unit: str) -> str:
    """A column's name with its unit: letters, digits and underscores."""
    short = {"J/cm2": "j_cm2", "mW/cm2": "mw_cm2", "mW": "mw", "%": "pct", "unit's clock": ""}
    unit = short.get(unit, unit.lower())
    return f"{name}_{unit}" if unit else name


def format_cell(value: object) -> object:
    """A cell's value; `render_csv` neutralises what a spreadsheet would take for a formula."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else value
