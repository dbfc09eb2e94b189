"""Supply current: whether the LED supply's current can show that a bank is broken, and since when.

Instrument, used by the run for its report, by `sim.oracle.current_oracle` and by
`sim.campaign.measurements`; judges nothing. Reads duties and the supply switch at the pins, the
plant's banks and battery, and the prescription's light. Of the unit's claims it reads two: which
step of the prescription it gives, and once, where it begins in mid-session, for how long there was
power.

The unit sees these faults by one current monitor. A fault counts from when the current differs
enough from what the pins ask for (the constants below), and from anew after each moment in which
it does not. The lamp test is known by the pins, too: one bank at a time, at a tenth of its duty.
"""

from sim.faults import deadlines
from sim.faults.catalogue import find_bound
from sim.faults.hardware import CHIPS
from sim.oracle.asked import read_steps
from sim.oracle.claims import Claims
from sim.oracle.design import DUTY_MAX, TICK_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.faults.injected import Injected
    from sim.oracle.subject import Subject

# What the current monitor detects (docs/maintainer/safety.md). A switch that sticks: more than the
# drivers' tolerance (a sixteenth of what is asked) and noise. A string that opens: a share of the
# whole current. Both: some milliamps. In gated light a switch that sticks shows in the dark parts,
# one of which is long enough every 3 s; a string that opens, in the next steady step, within 10 s.
# One that opens between its lamp test and the end of learning in the ramp passes for weak drivers.
STUCK_SHARE, OPEN_SHARE, LEAST_MA = 0.08, 0.05, 3.0
OPEN_LEARNED_MS = 10_200  # of light: ten seconds, and the control step that ends them
CHECK_SHARE = 0.8  # the lamp test lights each bank for eight ticks in ten
CHECK_DUTY = DUTY_MAX // 10 + 1  # design: at a tenth of its duty
GAP_MS = 1_200  # longer than the dark part of the slowest gate
NEVER_MS = -(1 << 60)
RAIL_CHIP = CHIPS.index(("rail",))
SET_UP_MS = 10_000  # design: every chip's set-up is read again within this


class SupplyCurrent:
    """What the pins ask of the LED supply, and whether its current shows a broken bank."""

    def __init__(self, run: "Subject", claims: Claims) -> None:
        self._depth = run.depth
        self._plant = run.plant
        prescription = run.scenario.prescription
        self._claims = claims
        self._shares = [step.lit_share for step in read_steps(prescription)] if prescription else []
        self._duties = [0] * len(run.plant.bank_w)  # at the pins, in the last lit part of a gate
        powered_ms = claims.read_powered_ms()
        self._since_ms = run.t_ms - powered_ms  # the ramp began
        self._last_ms = run.t_ms if powered_ms else NEVER_MS  # more light than a lamp test's

    @property
    def _share(self) -> float:
        """The share of time in which the light of the present step is on."""
        return self._shares[self._claims.read_step()] if self._shares else 1.0

    def follow(self, t_ms: float) -> None:
        """Note the duties at the pins; at every tick that may be lit."""
        duties = self._depth.duty
        dark = duties.count(0)
        if dark == len(duties):
            return
        self._duties = duties[:]
        if dark < len(duties) - 1 or max(duties) > CHECK_DUTY:
            if t_ms - self._last_ms > GAP_MS:
                self._since_ms = int(t_ms)
            self._last_ms = int(t_ms)

    def is_powered(self, t_ms: float) -> bool:
        """Whether there is more light now than the flashes of a lamp test."""
        return t_ms - self._last_ms <= (TICK_MS if self._share == 1.0 else GAP_MS)

    def is_gated(self, t_ms: float) -> bool:
        """Whether light is on in parts of a period: the monitor sees these faults in the dark."""
        return self._share < 1.0 or not self.is_powered(t_ms)

    def is_detectable(self, bank: int, opened: bool, injected_ms: float, t_ms: float) -> bool:
        """Whether the supply's current now shows that a bank gives no light since `injected_ms`
        (`opened`), or full light where less was asked for."""
        depth = self._depth
        gated = self._share < 1.0
        powered = self.is_powered(t_ms)
        duties = self._duties if gated else depth.duty
        learned = not powered or injected_ms < self._since_ms + OPEN_LEARNED_MS
        if not depth.supply or (opened and (gated or learned)):
            return False
        bank_w = self._plant.bank_w
        share = (self._share if powered else CHECK_SHARE) / DUTY_MAX
        asked_w = 0.0
        for duty, watts in zip(duties, bank_w):
            asked_w += duty * share * watts
        own_w = duties[bank] * share * bank_w[bank]
        least_w = LEAST_MA * self._plant.pack_mv() / 1e6
        if opened:
            return own_w > max(OPEN_SHARE * asked_w, least_w)
        more_w = bank_w[bank] - own_w
        weighed = powered and not gated
        return more_w > (max(STUCK_SHARE * asked_w, least_w) if weighed else least_w)


def is_bank_fault(injected: "Injected") -> bool:
    """Whether the LED supply's current shows an injected fault."""
    event = injected.event
    return find_bound(event.name, event.button).since == deadlines.CURRENT


class BankFault:
    """An injected fault of a bank, and since when the current shows it; -1 while it does not."""

    def __init__(self, injected: "Injected", bank: int) -> None:
        self.injected = injected
        self.bank = bank
        self.opened = find_bound(injected.event.name).comes == deadlines.BANK
        self.since_ms = -1
        self.begun_ms: list[int] = []  # every time that it began to show


class BankFaults:
    """The faults of banks in one run, each with the times at which the current began to show it."""

    def __init__(self, run: "Subject", claims: Claims) -> None:
        self.hardware = run.hardware
        self.kinds = [row[0] for row in run.board.BANKS]
        self.supply = SupplyCurrent(run, claims)
        self.rows: list[BankFault] = []
        self._unset_ms = NEVER_MS  # the monitor lost its set-up: it may show anything

    def add_fault(self, injected: "Injected") -> None:
        """Follow this fault of a bank from now on."""
        event = injected.event
        first = "AB".index(event.pad or "A") * len(self.kinds)
        self.rows.append(BankFault(injected, first + self.kinds.index(int(event.value or 0))))

    def follow(self, t_ms: int) -> None:
        """Find for each fault since when the current shows it."""
        self.supply.follow(t_ms)
        hardware = self.hardware
        if not hardware.unset[RAIL_CHIP]:
            self._unset_ms = NEVER_MS
        elif self._unset_ms == NEVER_MS:
            self._unset_ms = t_ms
        blind = 0 <= t_ms - self._unset_ms < SET_UP_MS
        for row in self.rows:
            bank = row.bank
            there = bank in hardware.open_banks
            if not row.opened:
                there = bank in hardware.stuck_banks and not there
            since_ms = row.injected.t_ms
            shown = there and not blind
            shown = shown and self.supply.is_detectable(bank, row.opened, since_ms, t_ms)
            if not shown:
                row.since_ms = -1
            elif row.since_ms < 0:
                row.since_ms = t_ms
                row.begun_ms.append(t_ms)

    def find_shown_ms(self, injected: "Injected", dark_ms: int) -> int | None:
        """Return since when the current showed a fault, before the dark that ended it; None where
        it did not."""
        found = None
        for row in self.rows:
            if row.injected is injected:
                for begun_ms in row.begun_ms:
                    if begun_ms <= dark_ms:
                        found = begun_ms
        return found
