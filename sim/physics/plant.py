"""Plant: the body, the belt on it, its sensors and its battery, in steps of 200 ms.

The simulated unit's only truth. Owned by `sim.run`; a HAL tells it what share of a step each bank
was lit at full duty, and reads temperatures, raw sensor levels and the pack.
"""

from sim.common.value_record import replace
from sim.physics import sensors
from sim.physics.battery import Battery
from sim.physics.emitters import LIGHT_PER_K, REFERENCE_C, Emitters
from sim.physics.person import PERSONS
from sim.physics.sensors import Lag, Noise
from sim.physics.spot import (
    PRESSURE_CONTACT_W_M2K,
    PRESSURE_SHARE,
    SpottedTissue,
    sheet_w_k,
)  # fmt: skip
from sim.physics.tissue import Tissue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.contract import Board
    from sim.common.story import Start

STEP_MS = 200  # ours: the firmware's control step
STEP_S = 0.2  # ours: the same
ALERT_C = 43.0  # design: the contact thermometer's ALERT opens the supply switch by itself
ALERT_BACK_C = 42.0  # the unit's: and lets it close again below this
# The design: limits from which latencies count. The firmware has its own copies: whatever
# becomes of those, it is measured by these.
TRIP_C = 42.5  # contact, sensed
APART_C = 1.5  # the two contact sensors of a pad, from each other
EMPTY_MV = 3_000  # the mean cell under load
NTC_ERROR_C = 0.2  # design: calibrated to this at 40 C; spread over the pads by the seed
CONTACT_ERROR_C = 0.1  # TMP117 data sheet: at most, -20 to 50 C
REFERENCE_V = 7.4  # the unit's: of the pack, to which a calibration's reference currents refer
CHARGE_W = 12.0  # of the charger (assumed)
CEM43_FROM_C = 36.0  # below, less than 1/16384 of the time


# Steps of a rest, ours: 200 of 0.2 s, then of 0.4 s, 0.8 s ...; the last 20 s of 0.2 s. Heat along
# the board between a spot and the rest of a pad needs short ones.
GROWN_STEPS = 200
SPOT_TIMES = 2
LAST_STEPS = 100
CHARGE_STEPS = 300  # of the battery in one: a minute


def cem43(skin_c: float, for_s: float) -> float:
    """CEM43 of skin at this temperature for so long, minutes."""
    if skin_c <= CEM43_FROM_C:
        return 0.0
    rate: float = (4.0 if skin_c < 43.0 else 2.0) ** (skin_c - 43.0)
    return for_s / 60.0 * rate


class PadPlant:
    """One pad on its skin, with its emitters and its three thermometers."""

    def __init__(
        self, start: "Start", wavelengths_nm: "tuple[int, ...]",
        full_mw_cm2: "tuple[float, ...]", window_cm2: float, errors_c: "tuple[float, float]",
        sheet: float, seed: int,
    ) -> None:  # fmt: skip
        """`errors_c`: how far the thermistor and the contact thermometer read off. `sheet`: of its
        LED board, W/K a square. `seed` is the skin sensor's."""
        self.emitters = Emitters(wavelengths_nm, full_mw_cm2, window_cm2)
        self.full_mw_cm2 = full_mw_cm2
        whose = replace(
            PERSONS[start.person], contact_w_m2k=start.contact_w_m2k,
            back_m2k_w=start.back_m2k_w, light_mm=start.light_mm,
        )  # fmt: skip
        self.tissue: Tissue = Tissue(
            start.ambient_c, start.perfusion, start.vasodilation, start.fat_mm,
            start.air_w_m2k, start.worn, STEP_S, whose,
        )  # fmt: skip
        self.window_cm2 = window_cm2
        self.sheet = sheet
        self.cem43_min = 0.0  # of the skin where the sensors are
        self.spot_cem43_min = 0.0  # of the spot's skin, since there is one
        self.spot: Tissue | None = None  # the other column of its skin, where there is one
        if start.spot:
            spot = start.spot
            self.add_spot(spot.share, spot.perfusion_s, spot.contact_w_m2k).settle_together()
        tissue = self.tissue
        self.ntc_error_c, self.contact_error_c = errors_c
        self.ntc = Lag(tissue.contact_c, sensors.NTC_LAG_S)
        self.contact = Lag(tissue.contact_c, sensors.TMP117_LAG_S)
        self.board = Lag(tissue.board_c, sensors.TMP117_LAG_S)
        self.ntc_level = 0.0
        self.contact_raw = self.board_raw = 0
        self.on_skin = 1.0 if start.worn else 0.0  # share of the pad that skin covers
        self.surface_pf = 0.0  # what else lies on it adds this to its skin sensor
        self.skin_noise = sensors.Noise(seed)
        spread = max(-2.0, min(2.0, self.skin_noise.draw())) * sensors.SKIN_SPREAD
        self.step_pf = sensors.SKIN_STEP_PF * (1.0 + spread)  # of this wearer's skin
        self.feel_skin()
        self.off_body_j = 0.0  # light while it was not wholly on the skin, J
        self.bared = 1.0 - self.on_skin  # share that was off the skin in this step, at most
        self.light_s = [0.0] * len(wavelengths_nm)  # each bank's time at full light
        self.max_contact_c = tissue.contact_c  # where the sensors are
        self.hottest_c = self._find_hottest_c()  # skin or contact of any column
        self.max_skin_c = self.hottest_c
        self.alert = False  # the hardware alert holds the supply switch open

    def add_spot(self, share: float, perfusion: float, contact_w_m2k: float) -> SpottedTissue:
        """Part of the skin differs from now on; it is as warm as the rest so far."""
        tissue = SpottedTissue(
            self.tissue, share, perfusion, contact_w_m2k, self.sheet, self.window_cm2
        )
        self.tissue = tissue
        self.spot = tissue.spot
        self.spot_cem43_min = self.cem43_min
        return tissue

    def press(self) -> SpottedTissue:
        """Return the skin with its spot: with one that something presses, where there is none."""
        tissue = self.tissue
        if isinstance(tissue, SpottedTissue):
            return tissue
        return self.add_spot(PRESSURE_SHARE, tissue.perfusion, PRESSURE_CONTACT_W_M2K)

    def hottest_contact_c(self) -> float:
        """Contact temperature of the hotter column, C."""
        contact_c = self.tissue.contact_c
        return max(contact_c, self.spot.contact_c) if self.spot else contact_c

    def _find_hottest_c(self) -> float:
        hottest_c = max(self.tissue.contact_c, self.tissue.skin_c)
        if self.spot:
            hottest_c = max(hottest_c, self.spot.contact_c, self.spot.skin_c)
        return hottest_c

    def hottest_cem43_min(self) -> float:
        """True CEM43 of the column that has the most, minutes."""
        return max(self.cem43_min, self.spot_cem43_min)

    def advance(self, shares: "list[float]", lit: bool, noise: Noise) -> float:
        """Advance a step with each bank lit this share of it; returns electrical watts."""
        tissue = self.tissue
        power_w = light = waste = 0.0
        if lit:
            board_c = tissue.board_c
            power_w, light, waste = self.emitters.drive(shares, board_c)
            bright_s = (1.0 + LIGHT_PER_K * (board_c - REFERENCE_C)) * STEP_S
            self.light_s = [
                before_s + share * gain * bright_s
                for before_s, share, gain in zip(self.light_s, shares, self.emitters.gains)
            ]
        if self.bared:
            self.off_body_j += self.bared * light * self.window_cm2 * 1e-4 * STEP_S
            self.bared = 1.0 - self.on_skin
        tissue.advance(light, waste)
        contact_c = tissue.contact_c
        if contact_c > self.max_contact_c:
            self.max_contact_c = contact_c
        skin_c = tissue.skin_c
        if skin_c > CEM43_FROM_C:
            self.cem43_min += cem43(skin_c, STEP_S)
        hottest_c = contact_c if contact_c > skin_c else skin_c
        if self.spot:
            hottest_c = max(hottest_c, self._measure_spot(self.spot))
        self.hottest_c = hottest_c
        if hottest_c > self.max_skin_c:
            self.max_skin_c = hottest_c
        self.sense(contact_c, noise)
        return power_w

    def rest(self, count: int, dt_s: float) -> None:
        """Advance so many dark steps of `dt_s`; sensors are not looked at meanwhile."""
        tissue = self.tissue
        tissue.set_step(dt_s)
        for _ in range(count):
            tissue.advance(0.0, 0.0)
            self.max_contact_c = max(self.max_contact_c, tissue.contact_c)
            self.cem43_min += cem43(tissue.skin_c, dt_s)
            self.hottest_c = max(tissue.contact_c, tissue.skin_c)
            if self.spot:
                self.spot_cem43_min += cem43(self.spot.skin_c, dt_s)
                self.hottest_c = max(self.hottest_c, self.spot.contact_c, self.spot.skin_c)
            self.max_skin_c = max(self.max_skin_c, self.hottest_c)
        self.bared = 1.0 - self.on_skin

    def _measure_spot(self, spot: Tissue) -> float:
        """Count the spot's thermal dose; return the hotter of its skin and contact."""
        skin_c = spot.skin_c
        self.spot_cem43_min += cem43(skin_c, STEP_S)
        return max(spot.contact_c, skin_c)

    def cover(self, on_skin: float) -> None:
        """Put this share of the pad on the skin, or take it off."""
        self.on_skin = on_skin
        self.bared = max(self.bared, 1.0 - on_skin)
        self.tissue.change(worn=on_skin > 0.5)
        self.feel_skin()

    def lay_on(self, surface_pf: float) -> None:
        """Something that is not skin lies on the pad, or no more."""
        self.surface_pf = surface_pf
        self.feel_skin()

    def feel_skin(self) -> None:
        """What covers the skin sensor's electrode is new: its true capacitance and its code."""
        self.skin_pf = sensors.SKIN_AIR_PF + self.step_pf * self.on_skin + self.surface_pf
        self.skin_raw = sensors.fdc1004_raw(self.skin_pf)

    def sense(self, contact_c: float, noise: Noise) -> None:
        """Advance the pad's three thermometers and their raw codes."""
        self.ntc_level = sensors.ntc_level(self.ntc.advance(contact_c) + self.ntc_error_c)
        sensed_c = self.contact.advance(contact_c) + self.contact_error_c
        self.contact_raw = sensors.tmp117_raw(sensed_c, noise.draw())
        self.board_raw = sensors.tmp117_raw(self.board.advance(self.tissue.board_c), noise.draw())
        self.skin_raw = sensors.fdc1004_raw(self.skin_pf, self.skin_noise.draw())
        if sensed_c >= ALERT_C:
            self.alert = True
        elif sensed_c < ALERT_BACK_C:
            self.alert = False

    def fluence_j_cm2(self) -> "list[float]":
        """Fluence of each bank so far, J/cm2."""
        return [full / 1000.0 * s for full, s in zip(self.full_mw_cm2, self.light_s)]


class Plant:
    """Both pads and the battery."""

    def __init__(
        self, start: "Start", board: "Board", calibration: "dict[str, Any]", seed: int
    ) -> None:
        """`start`: a scenario's start. `calibration`: the truth about the unit's light."""
        self.reseed(seed)
        wavelengths_nm = tuple([row[0] for row in board.BANKS])
        window_cm2 = calibration["window_cm2"]
        sheet = sheet_w_k(*board.LED_BOARD)
        pads = []
        for pad in ("A", "B"):
            full = tuple([calibration["irradiance_mw_cm2"][pad][str(nm)] for nm in wavelengths_nm])
            errors_c = (self._error(NTC_ERROR_C), self._error(CONTACT_ERROR_C))
            pads.append(PadPlant(
                start, wavelengths_nm, full, window_cm2, errors_c, sheet, seed ^ 0xC0FF + ord(pad)
            ))  # fmt: skip
        for one in pads:
            one.sense(one.tissue.contact_c, self.noise)
        self.pads: tuple[PadPlant, PadPlant] = (pads[0], pads[1])
        self.window_cm2 = window_cm2
        drawn_ma = calibration.get("reference_ma")
        if drawn_ma:
            for name, one in zip(("A", "B"), pads):
                one.emitters.electrical_w = [
                    drawn_ma[name][str(nm)] * REFERENCE_V / 1000.0 for nm in wavelengths_nm
                ]
        self.apply_gains()
        self.kinds = len(wavelengths_nm)
        self.alert_turned = False  # a hardware alert came or went in the last step
        self.idle_w = board.IDLE_MW / 1000.0
        self.battery = Battery(start.battery_pct)
        self.battery.advance(self.idle_w, 0.0)
        self.charge_w = 0.0  # what the charger gives now, and
        self.full_charge_w = CHARGE_W  # when plugged in
        self.sag_mv = 0.0  # a fault: the pack sits this much lower than it should
        self.drawn_wh = 0.0
        self.powered = True  # the unit has its supply: it draws at least what it idles on

    def apply_gains(self) -> None:
        """Take the drivers' gains as they are now: what each bank draws and gives at full duty."""
        self.bank_w: list[float] = []
        self.bank_light_w: list[float] = []
        for pad in self.pads:
            emitters = pad.emitters
            emitters.set_gains()
            for gain, power_w, full in zip(emitters.gains, emitters.electrical_w, pad.full_mw_cm2):
                self.bank_w.append(gain * power_w)
                self.bank_light_w.append(gain * full / 1000.0 * self.window_cm2)

    def reseed(self, seed: int) -> None:
        """The thermometers' noise begins anew."""
        self.noise = Noise(seed)

    def _error(self, most_c: float) -> float:
        """A sensor's own error: half of the most, rms, and never more."""
        return max(-most_c, min(most_c, self.noise.draw() * most_c / 2.0))

    def advance(self, shares: "list[float]", lit: bool) -> None:
        """Advance 200 ms; `shares` is 0-1 for each bank, pad A first."""
        a, b = self.pads
        noise = self.noise
        kinds = self.kinds
        alerts = (a.alert, b.alert)
        lit_w = a.advance(shares[:kinds], lit, noise) + b.advance(shares[kinds:], lit, noise)
        power_w = self.idle_w + lit_w if self.powered else 0.0
        self.battery.advance(power_w, STEP_S, self.charge_w)
        self.alert_turned = (a.alert, b.alert) != alerts
        self.drawn_wh += power_w * STEP_S / 3600.0

    def rest(self, for_s: float) -> None:
        """Advance through a time in which the unit is off: dark, nothing drawn, the charger on if
        it is plugged in. Steps grow as the pads come to rest; the last ones are as short as ever,
        so that the sensors' lags are right."""
        steps = int(for_s / STEP_S + 0.5)
        most = steps - LAST_STEPS
        times = 1
        longest = SPOT_TIMES if self.pads[0].spot or self.pads[1].spot else steps
        while most >= times * GROWN_STEPS and times <= longest:
            for pad in self.pads:
                pad.rest(GROWN_STEPS, times * STEP_S)
            most -= times * GROWN_STEPS
            times *= 2
        times = max(times // 2, 1)
        while most > 0:
            count, left = divmod(most, times)
            if count:
                for pad in self.pads:
                    pad.rest(count, times * STEP_S)
            most = left
            times = max(times // 2, 1)
        short = min(steps, LAST_STEPS)
        for _ in range((steps - short) // CHARGE_STEPS):
            self.battery.advance(0.0, CHARGE_STEPS * STEP_S, self.charge_w)
        self.battery.advance(0.0, (steps - short) % CHARGE_STEPS * STEP_S, self.charge_w)
        for pad in self.pads:
            pad.rest(0, STEP_S)
        dark = [0.0] * self.kinds
        for _ in range(short):
            for pad in self.pads:
                pad.advance(dark, False, self.noise)
            self.battery.advance(0.0, STEP_S, self.charge_w)

    def off_body_j(self) -> float:
        """Light while a pad was off the skin, J; a step in which it came off counts whole."""
        return self.pads[0].off_body_j + self.pads[1].off_body_j

    def pack_mv(self) -> float:
        """Pack voltage at its terminals, mV."""
        return self.battery.pack_mv - self.sag_mv
