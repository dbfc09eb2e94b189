"""Simulated HAL: the HAL contract, fulfilled by the plant.

Made by `sim.hal_depth.depth`, driven by the firmware. The clock moves only when `read` is called,
20 ms a call, and wraps at 30 bits. The plant advances in blocks of 200 ms; within a block sensors
hold their level and only noise changes. What the emitters do is kept to the tick: a bank's light
counts from the call that lit it to the call, or the end of the lease, that ended it.
"""

from firmware.core.limits import CLOCK_MASK, DUTY_MAX, LEASE_MS, TICK_MS
from sim.faults.hardware import NEVER_MS, RAIL, SDA_CLOCKS, SENSOR_PARTS, Hardware
from sim.hal_depth.peripherals import Peripherals
from sim.hal_depth.set_ups import RAIL_CHIP, SPARE, VERIFY, SetUps
from sim.physics import sensors
from sim.physics.plant import EMPTY_MV, STEP_MS, Plant
from sim.physics.threshold_times import Dark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hal.contract import Board, Inputs
    from sim.common.story import Start

# The I2C rota: one transfer a tick, in this order, 800 ms a round, as `hal.rp2_hal` has it.
ROTA_CELL = (
    "cell", "spare", "board_a", "rail", "skin_a", "spare", "contact_a", "rail",
    "contact_b", "rail", "verify", "spare", "board_b", "rail", "skin_b", "spare",
    "contact_a", "rail", "contact_b", "rail",
)  # fmt: skip
ROTA = ROTA_CELL + tuple(["charge" if name == "cell" else name for name in ROTA_CELL])
FREE = {"spare": SPARE, "verify": VERIFY}  # turns of the rail monitor, but for set-ups
ROUND = len(ROTA)
HEARD = (0, 1, 2, 3, 4, 5, 5, 6, 7)  # slot of `heard` of each SENSOR_PARTS: the gauge is one part
STUCK_AFTER = 3  # failures running, as `hal.bus` has it
SKIP_TICKS = 10  # a stuck bus is tried this often, as `hal.rp2_hal` has it
RAIL_WINDOW_MS = 68
RING = 4096  # noise values until they repeat; each block starts anywhere in them
PROFILE = 24  # changes of the LED supply that are remembered
NEAR_CODES = 15  # noise reaches no further than 10
DRAWS = 3 * STEP_MS // TICK_MS  # noise values used up in a block


class SimHal(Peripherals):
    """The HAL of HAL depth."""

    def __init__(self, plant: Plant, board: "Board", start: "Start", seed: int) -> None:
        Peripherals.__init__(self)
        self.plant = plant
        self.hardware = Hardware(plant, board)
        self.hardware.t_ms = self.t_ms
        self.start_ms = start.clock
        self._turn_ms = self._block_ms = 0  # when something is next due, and the next block
        self.event_ms = NEVER_MS  # when `on_event` is next due
        self.on_event: Callable[[int], int] = lambda t_ms: NEVER_MS  # returns when again
        self._read_as = sensors.READ_AS
        full_scale_mv = board.BATTERY_FULL_SCALE_MV
        self._empty_level = 2 * EMPTY_MV * (sensors.ADC_FULL + 1) // full_scale_mv
        self._near = False  # codes may be beyond a limit
        self.on_light: Callable[[int, int, float], object] | None = None  # see `_settle`
        self.reseed(seed)
        self._set_ups = SetUps(self.hardware)
        self._rota: list[tuple[list[int], int, int, int, int]] = []
        self._inputs: Inputs | None = None  # the record that the rota fills
        self._at = 0
        self._dark(len(plant.bank_w))
        self.ending: BaseException | None = None  # ends the program in this tick
        self.refresh()  # so that faults at power-on find levels to alter

    def _dark(self, banks: int) -> None:
        """The emitters at power-on."""
        self.duty = [0] * banks  # as driven
        self._emitted = [0] * banks  # duty that really gives light, since _mark_ms
        self._gives_light = False  # any of it
        self._share_ms = [0] * banks  # duty * ms in this block
        self.shares = [0.0] * banks  # of full light, in the block before
        self._mark_ms = 0
        self._power_w = 0.0  # of the LED supply, since _mark_ms
        self._profile = [(-1_000, 0.0)]  # (from ms, W), latest last
        self._changed = False
        self._window_ms = -1  # end of the rail monitor's last average
        self._closed_ms, self._opened_ms = NEVER_MS, 0  # when the switch last did
        self._lease_end_ms = NEVER_MS  # never, where the supply switch is open
        self._closed = False  # the supply switch, in truth
        self.frozen = False  # the lease holds the switch closed and cannot end
        self.off_due = True  # off was asked for, or the lease ran out
        self.off_ms = 0  # when off was last asked for
        self.asked_off = True  # ... and nothing was driven since
        self.darks: list[Dark] = []
        self.late_j = 0.0  # optical energy while off was due

    def reseed(self, seed: int) -> None:
        """The converter's noise begins anew."""
        noise = sensors.Noise(seed ^ 0x5EED)
        self._pick = noise
        noise_lsb = self.hardware.errors.get("adc_lsb", sensors.ADC_NOISE_LSB)
        self._ring = [noise_lsb * noise.draw() + 0.5 for _ in range(RING)]
        self._ring += self._ring[:DRAWS]

    def expect(self, event_ms: int) -> None:
        """`on_event` is next due at this time, whatever was said before."""
        self.event_ms = event_ms
        noisy = self.hardware.noisy
        self._turn_ms = self.t_ms + TICK_MS if noisy else min(self._block_ms, event_ms)

    def constants(self) -> "list[object]":
        """Objects that are only replaced: copies of a unit may share them."""
        return [self._ring, self._read_as]

    # -- the contract ------------------------------------------------------------------

    def read(self, inputs: "Inputs") -> None:
        """One tick of virtual time, then the record."""
        if self._changed:
            self._resolve()
        hardware = self.hardware
        self.t_ms = hardware.t_ms = t_ms = self.t_ms + TICK_MS
        if t_ms > self._lease_end_ms:
            self._open_supply(self._lease_end_ms)
        if t_ms >= self._turn_ms:
            self._turn(t_ms)
        if inputs is not self._inputs:
            self._bind(inputs)
        inputs.ms = ms = (self.start_ms + t_ms) & CLOCK_MASK
        at = self._at
        self._at = at + 3
        ring = self._ring
        read_as = self._read_as
        a, b, pack = hardware.levels
        ntc = inputs.ntc
        ntc[0] = read_as[int(a + ring[at])]
        ntc[1] = read_as[int(b + ring[at + 1])]
        inputs.battery[0] = read_as[int(pack + ring[at + 2])]
        inputs.pins = hardware.pins
        target, index, heard, slot, free = self._rota[t_ms // TICK_MS % ROUND]
        if hardware.low_clocks:
            self._clock_bus()
        if free and self._set_ups.use_turn(free, inputs, t_ms):
            self._changed = True  # an alert may be set up again
        elif not hardware.silenced[slot] and t_ms >= hardware.back_ms[slot]:
            if slot == RAIL:
                self._measure_rail(t_ms)
            target[index] = hardware.raw[slot]
            inputs.heard[heard] = ms
        else:
            self._set_ups.feel(slot, inputs, t_ms)
        if self._near:
            self._watch_codes(inputs, t_ms)

    def _clock_bus(self) -> None:
        """A turn with SDA held: the HAL finds the bus stuck after some, tries it again in each
        tenth turn from then on, and before it does so in the dark, sends nine clocks."""
        hardware = self.hardware
        hardware.low_turns += 1
        tries, rest = divmod(hardware.low_turns - STUCK_AFTER, SKIP_TICKS)
        if tries > 0 and not rest and self.asked_off:
            hardware.clock_sda(SDA_CLOCKS)

    def prove_rail(self) -> None:
        """The rail monitor's set-up is read back in the next turn that is free."""
        self._set_ups.asked = True

    def drive(self, bank: int, duty: int) -> None:
        """Duty of a bank from this tick on."""
        if self._mark_ms != self.t_ms:
            self._settle(self.t_ms)
        self.duty[bank] = duty
        self.off_due = self.asked_off = False
        self._changed = True

    def off(self) -> None:
        """Supply switch open, every bank low."""
        self._settle(self.t_ms)  # with the duties until now
        self.duty = [0] * len(self.duty)
        self._open_supply(self.t_ms)
        self.off_ms = self.t_ms
        self.asked_off = True

    def renew_lease(self) -> None:
        """The supply switch stays closed for 50 ms from now."""
        self._lease_end_ms = self.t_ms + LEASE_MS
        self.frozen = False
        if not self.supply:
            self._settle(self.t_ms)
            self.supply = self._changed = True

    # -- resets --------------------------------------------------------------------------

    def restart(self) -> None:
        """The chip begins anew: every pin low, its clock at zero, the screen blank."""
        self.off()
        self.reset_peripherals()
        self.ending = None

    def skip_to(self, until_ms: int) -> None:
        """The unit is off: let the plant rest until the last tick before `until_ms`."""
        last_ms = until_ms - TICK_MS
        last_ms -= last_ms % TICK_MS
        if last_ms <= self.t_ms:
            return
        self._settle(self.t_ms)
        self.plant.rest((last_ms - self.t_ms) / 1000.0)
        self.t_ms = self.hardware.t_ms = self._mark_ms = last_ms
        self._profile = [(last_ms, 0.0)]
        self._window_ms = last_ms - 1
        self._turn_ms = self._block_ms = last_ms + TICK_MS

    def freeze(self) -> None:
        """The lease's state machine stops, its pin as it is."""
        self._lease_end_ms = NEVER_MS
        self.frozen = self.supply

    # -- light -------------------------------------------------------------------------

    def given(self) -> "list[int]":
        """The duty of each bank that really gives light, from this tick on."""
        if self._changed:
            self._resolve()
        return self._emitted

    def gives_light(self) -> bool:
        """Whether any bank really gives light, from this tick on."""
        if self._changed:
            self._resolve()
        return self._gives_light

    def lit(self) -> bool:
        """Whether emitters give light, or only the dark part of a gate keeps them from it."""
        dark_part = self._closed and not self.off_due and not any(self.duty)
        return self.gives_light() or dark_part

    def _open_supply(self, t_ms: int) -> None:
        """The program opens the supply switch, or its lease ran out. Whether light ends depends
        on the switches: `_resolve` finds out."""
        self._settle(t_ms)
        self.supply = self.frozen = False
        self._lease_end_ms = NEVER_MS
        self.off_due = True
        self._resolve()

    def _resolve(self) -> None:
        """Find which banks give light from `_mark_ms` on, and the supply's power; note an end of
        light. The dark part of a gate is no end: there the switch is closed and no off is due."""
        self._changed = False
        hardware = self.hardware
        closed = self.supply or hardware.enable_stuck
        if hardware.alert_works:
            for pad, unset in zip(self.plant.pads, hardware.unset):
                if pad.alert and not unset:
                    closed = False
        if closed and not self._closed:
            self._closed_ms = self._mark_ms
        elif self._closed and not closed:
            self._opened_ms = self._mark_ms
        self._closed = closed
        emitted = self.duty[:] if closed else [0] * len(self.duty)
        if closed and (hardware.open_banks or hardware.stuck_banks):
            for bank in hardware.stuck_banks:
                emitted[bank] = DUTY_MAX
            for bank in hardware.open_banks:
                emitted[bank] = 0
        power_w = 0.0
        for duty, bank_w in zip(emitted, self.plant.bank_w):
            power_w += duty * bank_w
        if self._power_w and not power_w and (self.off_due or not closed):
            self.darks.append(Dark(self._mark_ms, hardware.hot_ms, hardware.apart_ms))
        self._emitted = emitted
        self._gives_light = any(emitted)
        self._power_w = power_w / DUTY_MAX
        self._profile.append((self._mark_ms, self._power_w))
        if len(self._profile) > PROFILE:
            del self._profile[: -PROFILE // 2]

    def _settle(self, now_ms: int) -> None:
        """Account for the light since `_mark_ms`; `on_light` is told from when to when there
        was some, and how many watts."""
        span_ms = now_ms - self._mark_ms
        self._mark_ms = now_ms
        if not self._power_w or span_ms <= 0:
            return
        self._share_ms = [
            share + duty * span_ms for share, duty in zip(self._share_ms, self._emitted)
        ]
        if self.off_due or self.on_light:
            light_w = 0.0
            for bank, duty in enumerate(self._emitted):
                light_w += duty / DUTY_MAX * self.plant.bank_light_w[bank]
            if self.off_due:
                self.late_j += light_w * span_ms / 1000.0
            if self.on_light:
                self.on_light(now_ms - span_ms, now_ms, light_w)

    def _measure_rail(self, t_ms: int) -> None:
        """What the rail monitor shows, 0.1 mA: its last whole average, or without its set-up what
        flows in half a millisecond."""
        if self.hardware.unset[RAIL_CHIP]:
            self._window_ms = -1
            self._show_current(t_ms, t_ms + 1)
        elif t_ms >= self._window_ms + RAIL_WINDOW_MS:
            self._window_ms = end_ms = t_ms - t_ms % RAIL_WINDOW_MS
            self._show_current(end_ms - RAIL_WINDOW_MS, end_ms)

    def _show_current(self, begin_ms: int, end_ms: int) -> None:
        """Mean current of this stretch, zero and the drivers' own draw included."""
        hardware = self.hardware
        profile = self._profile
        since_ms, power_w = profile[-1]
        if since_ms > begin_ms:
            energy_wms = 0.0
            until_ms = end_ms
            for since_ms, segment_w in reversed(profile):
                if since_ms < until_ms:
                    from_ms = since_ms if since_ms > begin_ms else begin_ms
                    energy_wms += segment_w * (until_ms - from_ms)
                    until_ms = from_ms
                if since_ms <= begin_ms:
                    break
            power_w = energy_wms / (end_ms - begin_ms)
        pack_mv = self.plant.pack_mv()
        power_w *= hardware.errors.get("rail_ratio", 1.0)
        raw = int(power_w * 1e7 / pack_mv + 0.5) if power_w else 0
        stray_ma = hardware.stray_ma(begin_ms, end_ms, self._closed_ms, self._opened_ms, 1e3)
        hardware.raw[RAIL] = raw + round(stray_ma * 10.0)

    # -- blocks and sensors --------------------------------------------------------------

    def _turn(self, t_ms: int) -> None:
        """A block ends, or an event is due."""
        if t_ms >= self._block_ms:
            self._settle(t_ms)
            if t_ms:
                self._step()
            self._block_ms = t_ms + STEP_MS
            self._at = int(abs(self._pick.draw()) * 1000.0) % RING
        if t_ms >= self.event_ms:
            self.event_ms = self.on_event(t_ms)
            self._settle(t_ms)
            self._changed = True
        self.expect(self.event_ms)
        self.refresh()
        if self._changed:
            self._resolve()
        if self.ending:
            ending, self.ending = self.ending, None
            raise ending

    def _step(self) -> None:
        """The plant goes through the block that ends, with what each bank gave in it."""
        scale = 1.0 / (DUTY_MAX * STEP_MS)
        self.shares = shares = [share * scale for share in self._share_ms]
        lit = any(shares)
        self.plant.advance(shares, lit)
        if lit:
            self._share_ms = [0] * len(shares)
        if self.plant.alert_turned:
            self._changed = True

    def refresh(self) -> None:
        """Take the sensors' levels and registers from the plant, altered by faults."""
        hardware = self.hardware
        hardware.refresh()
        raw = hardware.raw
        levels = hardware.levels
        near = hardware.threshold_times.trip_level + NEAR_CODES
        hot = hardware.threshold_times.trip_raw
        self._near = (
            levels[0] < near or levels[1] < near or raw[0] >= hot or raw[1] >= hot
            or levels[2] < self._empty_level + NEAR_CODES
            or hardware.hot_ms[0] >= 0 or hardware.hot_ms[1] >= 0 or hardware.empty_ms >= 0
        )  # fmt: skip

    def _watch_codes(self, inputs: "Inputs", t_ms: int) -> None:
        """Keep since when codes are beyond their limit without a break."""
        hardware = self.hardware
        for pad in (0, 1):
            hardware.threshold_times.judge_codes(pad, inputs.ntc[pad], inputs.contact[pad], t_ms)
        if inputs.battery[0] > self._empty_level:
            hardware.empty_ms = -1
        elif hardware.empty_ms < 0:
            hardware.empty_ms = t_ms

    def _bind(self, inputs: "Inputs") -> None:
        """Where each transfer of the rota goes in this record."""
        self._inputs = inputs
        targets = (
            (inputs.contact, 0), (inputs.contact, 1), (inputs.board, 0), (inputs.board, 1),
            (inputs.rail, 0), (inputs.gauge, 0), (inputs.gauge, 1), (inputs.skin, 0),
            (inputs.skin, 1),
        )  # fmt: skip
        self._rota = []
        for name in ROTA:
            free = FREE.get(name, 0)
            slot = RAIL if free else SENSOR_PARTS.index(name)
            target, index = targets[slot]
            self._rota.append((target, index, HEARD[slot], slot, free))
