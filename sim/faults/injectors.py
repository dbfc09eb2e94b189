"""Injectors of the faults of sensors, skin, power and buttons, at every depth.

`INJECT[name](hardware, event, on)` puts a fault on or takes it off where it happens: in the plant,
in a sensor's level or register, on a pin, or in a part that stops answering. Called by
`sim.timeline`; each fault's row is in `sim.faults.catalogue`.
"""

from firmware.core import inputs as pin
from sim.faults.hardware import NEVER_MS, SENSOR_PARTS, SKIN, Filter
from sim.faults.tolerances import first_charge_ms, first_temperature_ms
from sim.physics import sensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from sim.common.story import Event
    from sim.faults.hardware import Alter, Hardware

    Remember = Callable[[Hardware, Event], Any]  # what a filter remembers of its onset
    Inject = Callable[[Hardware, Event, bool], None]

OPEN_LEVEL, SHORT_LEVEL = 4_085.0, 20.0
OPEN_PF = 0.05  # of an input with nothing on it (assumed)
SKIN_PARTS = ("skin_a", "skin_b")
BLANKET_W_M2K = 0.5  # assumed: a duvet over the back of the pad
MATTRESS_W_M2K = 0.1  # assumed: the wearer lies on the pad, and foam lets no heat out
CHATTER_MS = 200  # assumed: of contact; at HAL depth whole blocks of 200 ms
CODES_PER_C = 36.0  # of the thermistor at 40 C
# Faults of a thermistor, nearest to the converter last: what is nearer hides the others.
STAGES = ("ntc_drift", "ntc_noise", "ntc_open", "ntc_short", "pad_unplugged", "ntc_stuck")
BUTTON_PINS = {"START": pin.START, "UP": pin.UP, "DOWN": pin.DOWN}


def struck_pads(event: "Event") -> "tuple[int, ...]":
    """Indices of the pads that a fault strikes."""
    return (0, 1) if event.pad is None else ("AB".index(event.pad),)


def event_value(event: "Event") -> float:
    """The event's value, which these faults cannot do without."""
    assert event.value is not None, event.name
    return float(event.value)


def find_bank(hardware: "Hardware", event: "Event") -> int:
    """The bank that an event names by pad and wavelength."""
    kinds = [row[0] for row in hardware.board.BANKS]
    return "AB".index(event.pad or "A") * len(kinds) + kinds.index(int(event_value(event)))


def set_bits(word: int, bits: int, on: bool) -> int:
    """The word with these bits set or cleared."""
    return word | bits if on else word & ~bits


def set_banks(banks: "set[int]", changed: "Iterable[int]", on: bool) -> None:
    """Put banks in a set, or take them out."""
    for bank in changed:
        (banks.add if on else banks.discard)(bank)


# -- sensors -----------------------------------------------------------------------------


def sensor_fault(alter: "Alter", remember: "Remember | None" = None) -> "Inject":
    """A fault that alters levels or registers each time they are taken; `remember` returns what
    it keeps of the moment that it is put on."""

    def inject(hardware: "Hardware", event: "Event", on: bool) -> None:
        if on:
            kept = remember(hardware, event) if remember else None
            stage = STAGES.index(event.name) if event.name in STAGES else 0
            hardware.add_filter(Filter(event, alter, kept, stage))
        else:
            hardware.remove_filters(event)

    return inject


# Filters are functions of this module by name, not closures: a run is pickled with its filters.


def ntc_open(hardware: "Hardware", event: "Event", kept: "Any") -> None:
    """The thermistor's level at the upper end of the converter."""
    for pad in struck_pads(event):
        hardware.levels[pad] = OPEN_LEVEL


def ntc_short(hardware: "Hardware", event: "Event", kept: "Any") -> None:
    """The thermistor's level at the lower end of the converter."""
    for pad in struck_pads(event):
        hardware.levels[pad] = SHORT_LEVEL


def ntc_stuck(hardware: "Hardware", event: "Event", kept: "list[float]") -> None:
    """The level stays where it was."""
    for pad in struck_pads(event):
        hardware.levels[pad] = kept[pad]


def ntc_drift(hardware: "Hardware", event: "Event", since_ms: int) -> None:
    """The thermistor reads ever more off, `value` C a minute."""
    off_c = event_value(event) * (hardware.t_ms - since_ms) / 60_000
    for pad in struck_pads(event):
        plant = hardware.plant.pads[pad]
        hardware.levels[pad] = sensors.ntc_level(plant.ntc.value + plant.ntc_error_c + off_c)


def sensors_step(hardware: "Hardware", event: "Event", on: bool) -> None:
    """Both contact sensors of a pad read `value` C off from now on, and so does the thermometer's
    own ALERT."""
    off_c = event_value(event) if on else -event_value(event)
    for pad in struck_pads(event):
        hardware.plant.pads[pad].ntc_error_c += off_c
        hardware.plant.pads[pad].contact_error_c += off_c


def contact_drift(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The contact thermometer reads ever more off, `value` C a minute, and so does its ALERT."""
    if not on:
        for one in hardware.filters:
            if one.event is event:
                for pad in struck_pads(event):
                    hardware.plant.pads[pad].contact_error_c -= one.kept[1]
    sensor_fault(_creep, lambda hardware, event: [hardware.t_ms, 0.0])(hardware, event, on)


def _creep(hardware: "Hardware", event: "Event", kept: "list[float]") -> None:
    more_c = event_value(event) * (hardware.t_ms - kept[0]) / 60_000
    kept[0] = hardware.t_ms
    kept[1] += more_c
    for pad in struck_pads(event):
        hardware.plant.pads[pad].contact_error_c += more_c


def noise(salt: int) -> "Remember":
    """Noise that begins with this moment and `salt`."""
    return lambda hardware, event: sensors.Noise(hardware.t_ms + salt)


def ntc_noise(hardware: "Hardware", event: "Event", on: bool) -> None:
    """`value` C rms on top of the converter's own noise, new in each sample."""
    hardware.noisy = on
    sensor_fault(_add_noise, noise(1))(hardware, event, on)


def _add_noise(hardware: "Hardware", event: "Event", kept: sensors.Noise) -> None:
    codes = event_value(event) * CODES_PER_C
    for pad in struck_pads(event):
        hardware.levels[pad] += codes * kept.draw()


def contact_stuck(hardware: "Hardware", event: "Event", kept: "list[int]") -> None:
    """The contact thermometer answers with what it last measured."""
    for pad in struck_pads(event):
        hardware.raw[pad] = kept[pad]


def contact_garbage(hardware: "Hardware", event: "Event", kept: sensors.Noise) -> None:
    """The contact thermometer answers with any 16 bits."""
    for pad in struck_pads(event):
        hardware.raw[pad] = int(kept.draw() * 12_000) % 65_536 - 32_768


def gauge_garbage(hardware: "Hardware", event: "Event", kept: sensors.Noise) -> None:
    """The gauge answers with any 16 bits."""
    hardware.raw[5] = int(kept.draw() * 20_000) % 65_536
    hardware.raw[6] = int(kept.draw() * 20_000) % 65_536


def silent(first: int) -> "Inject":
    """A thermometer of a pad that no longer answers; `first` is pad A's in SENSOR_PARTS."""
    return lambda hardware, event, on: hardware.silence(
        tuple([SENSOR_PARTS[first + pad] for pad in struck_pads(event)]), on
    )


# -- skin, power, buttons ----------------------------------------------------------------


def tissue(**conditions: "float | None") -> "Inject":
    """A pad's conditions change; None stands for the event's value."""

    def inject(hardware: "Hardware", event: "Event", on: bool) -> None:
        for index in struck_pads(event):
            body = hardware.plant.pads[index].tissue
            if on:
                # a fault that is on twice is over with its first end
                now = {key: getattr(body, key) for key in conditions}
                hardware.before.setdefault((index, event.name), now)
                for key, value in conditions.items():
                    body.change(**{key: event_value(event) if value is None else value})
            else:
                body.change(**hardware.before.pop((index, event.name), {}))

    return inject


def wear(hardware: "Hardware", worn: bool) -> None:
    """Put the belt on, buckle closed, or take it off: buckle open, pads in air."""
    buckle(hardware, worn)
    for pad in hardware.plant.pads:
        pad.cover(1.0 if worn else 0.0)


def buckle(hardware: "Hardware", closed: bool) -> None:
    """Close the buckle or open it; its switch may be stuck."""
    hardware.buckled = closed
    stuck = bool(hardware.stuck_pins & pin.BUCKLE)
    hardware.pins = set_bits(hardware.pins, pin.BUCKLE, closed or stuck)


def buckle_stuck(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The buckle's switch says closed, whatever the buckle is."""
    hardware.stuck_pins = set_bits(hardware.stuck_pins, pin.BUCKLE, on)
    buckle(hardware, hardware.buckled)


def slips(hardware: "Hardware", event: "Event", on: bool) -> None:
    """Pads come off the skin, the buckle as it is."""
    for index in struck_pads(event):
        hardware.plant.pads[index].cover(0.0 if on else 1.0)


def on_surface(hardware: "Hardware", event: "Event", on: bool) -> None:
    """Pads come off the skin, the buckle as it is, and lie on what adds `value` pF."""
    for index in struck_pads(event):
        hardware.plant.pads[index].lay_on(event_value(event) if on else 0.0)
    slips(hardware, event, on)


def skin_sensor_stuck(hardware: "Hardware", event: "Event", kept: "Any") -> None:
    """The skin sensor reads touched (1) or not (0), as a nominal unit is calibrated."""
    for pad in struck_pads(event):
        hardware.raw[SKIN + pad] = (
            sensors.SKIN_ON if event_value(event) >= 0.5 else sensors.SKIN_AIR
        )


def skin_sensor_open(hardware: "Hardware", event: "Event", kept: "Any") -> None:
    """The electrode's wire is broken: next to nothing is left of its capacitance."""
    for pad in struck_pads(event):
        hardware.raw[SKIN + pad] = sensors.fdc1004_raw(OPEN_PF)


def skin_sensor_drift(hardware: "Hardware", event: "Event", since_ms: int) -> None:
    """The skin sensor reads ever more off, `value` % of the skin's step a minute."""
    off = event_value(event) / 100.0 * (hardware.t_ms - since_ms) / 60_000
    for pad in struck_pads(event):
        code = hardware.raw[SKIN + pad] + int(off * (sensors.SKIN_ON - sensors.SKIN_AIR))
        hardware.raw[SKIN + pad] = min(max(code, -32_768), 32_767)


def reset(*chips: int, back_ms: "Callable[[dict[str, float]], int]") -> "Inject":
    """Chips that lose their supply for a moment: one for each pad, or one of the unit. `back_ms`:
    when a unit whose parts are off by so much measures again."""

    def inject(hardware: "Hardware", event: "Event", on: bool) -> None:
        if on:
            for k in range(len(chips)) if len(chips) == 1 else struck_pads(event):
                hardware.cycle_power(chips[k], back_ms(hardware.errors))

    return inject


def screen_reset(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The screen loses its supply for a moment."""
    if on:
        hardware.cycle_screen()


def rail_offset(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The rail monitor shows `value` mA of no current."""
    hardware.rail_offset_ma = event_value(event) if on else 0.0


def driver_leak(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The drivers draw `value` mA with the switch closed and no duty."""
    hardware.driver_leak_ma = event_value(event) if on else 0.0


def inrush(hardware: "Hardware", event: "Event", on: bool) -> None:
    """`value` uF behind the supply switch are charged each time that it closes."""
    hardware.inrush_uf = event_value(event) if on else 0.0


def board_sensor_stuck(hardware: "Hardware", event: "Event", kept: "list[int]") -> None:
    """The LED board's thermometer answers with what it last measured."""
    for pad in struck_pads(event):
        hardware.raw[2 + pad] = kept[2 + pad]


def board_sensor_drift(hardware: "Hardware", event: "Event", since_ms: int) -> None:
    """The LED board's thermometer reads ever more off, `value` C a minute."""
    off_c = event_value(event) * (hardware.t_ms - since_ms) / 60_000
    for pad in struck_pads(event):
        code = hardware.raw[2 + pad] + sensors.tmp117_raw(off_c)
        hardware.raw[2 + pad] = min(max(code, -32_768), 32_767)


def pads_swapped(hardware: "Hardware", event: "Event", kept: "Any") -> None:
    """Each pad's sensors are plugged into the other's place: contact, LED board and skin."""
    levels, raw = hardware.levels, hardware.raw
    levels[0], levels[1] = levels[1], levels[0]
    for at in (0, 2, SKIN):
        raw[at], raw[at + 1] = raw[at + 1], raw[at]


def pressure_spot(hardware: "Hardware", event: "Event", on: bool) -> None:
    """Pressure lets `value` 1/s of blood flow through the skin under part of a pad: under its spot
    where it has one. A pad that had none keeps one, which then has the flow of the rest."""
    for index in struck_pads(event):
        body = hardware.plant.pads[index].press()
        if on:
            now = {"perfusion": body.spot_perfusion}
            hardware.before.setdefault((index, event.name), now)
            body.set_spot_flow(event_value(event))
        else:
            now = {"perfusion": body.spot_perfusion}
            body.set_spot_flow(hardware.before.pop((index, event.name), now)["perfusion"])


def battery_sag(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The pack stands lower than it should, by `value` V."""
    hardware.plant.sag_mv = event_value(event) * 1000.0 if on else 0.0


def battery_aged(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The pack has `value` times its resistance."""
    hardware.plant.battery.resistance_times = event_value(event) if on else 1.0


def battery_low(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The pack has `value` percent left, from now on."""
    if on:
        hardware.plant.battery.charge = event_value(event) / 100.0
        hardware.plant.battery.advance(hardware.plant.idle_w, 0.0)


def charger_plugged(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The charger is plugged in."""
    hardware.pins = set_bits(hardware.pins, pin.CHARGER | pin.CHARGING, on)
    hardware.plant.charge_w = hardware.plant.full_charge_w if on else 0.0


def button_stuck(hardware: "Hardware", event: "Event", on: bool) -> None:
    """A button stays down."""
    bit = BUTTON_PINS[event.button or "START"]
    hardware.stuck_pins = set_bits(hardware.stuck_pins, bit, on)
    hardware.pins = set_bits(hardware.pins, bit, on)


def button_chatter(hardware: "Hardware", event: "Event", on: bool) -> None:
    """A button closes by itself, for CHATTER_MS every `value` s."""
    bit = BUTTON_PINS[event.button or "START"]
    if not on:
        close_button(hardware, bit, False)
    sensor_fault(_chatter, lambda hardware, event: hardware.t_ms)(hardware, event, on)


def close_button(hardware: "Hardware", bit: int, closed: bool) -> None:
    """A button's contact closes by itself, or opens again unless it is stuck."""
    hardware.chattering = set_bits(hardware.chattering, bit, closed)
    hardware.pins = set_bits(hardware.pins, bit, closed or bool(hardware.stuck_pins & bit))


def _chatter(hardware: "Hardware", event: "Event", since_ms: int) -> None:
    bit = BUTTON_PINS[event.button or "START"]
    closed = (hardware.t_ms - since_ms) % int(event_value(event) * 1000) < CHATTER_MS
    if closed != bool(hardware.chattering & bit):
        close_button(hardware, bit, closed)


def button_bounce(hardware: "Hardware", event: "Event", on: bool) -> None:
    """Contacts bounce for a few milliseconds at each press and release."""
    hardware.bouncing = on


def led_gain(hardware: "Hardware", event: "Event", on: bool) -> None:
    """Drivers give `value` times what they gave: of a pad or both, of bank `nm` or all."""
    kinds = [row[0] for row in hardware.board.BANKS]
    for pad in struck_pads(event):
        gains = hardware.plant.pads[pad].emitters.gains
        for k, nm in enumerate(kinds):
            if event.nm in (None, nm):
                gains[k] = event_value(event) if on else 1.0
    hardware.plant.apply_gains()


def enable_stuck(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The supply switch stays closed."""
    hardware.enable_stuck = on


def pad_unplugged(hardware: "Hardware", event: "Event", on: bool) -> None:
    """A pad's plug is out: thermistor open, thermometers silent, strings open."""
    for name in ("ntc_open", "contact_lost", "board_sensor_lost"):
        INJECT[name](hardware, event, on)
    kinds = len(hardware.board.BANKS)
    for pad in struck_pads(event):
        set_banks(hardware.open_banks, range(pad * kinds, (pad + 1) * kinds), on)


def alert_broken(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The hardware alert no longer opens the supply switch."""
    hardware.alert_works = not on


INJECT: "dict[str, Inject]" = {
    "ntc_open": sensor_fault(ntc_open),
    "ntc_short": sensor_fault(ntc_short),
    "ntc_stuck": sensor_fault(ntc_stuck, lambda hardware, event: list(hardware.levels)),
    "ntc_drift": sensor_fault(ntc_drift, lambda hardware, event: hardware.t_ms),
    "ntc_noise": ntc_noise,
    "sensors_step": sensors_step,
    "contact_drift": contact_drift,
    "contact_stuck": sensor_fault(contact_stuck, lambda hardware, event: list(hardware.raw)),
    "contact_lost": silent(0),
    "contact_garbage": sensor_fault(contact_garbage, noise(2)),
    "board_sensor_lost": silent(2),
    "hot_skin": tissue(external_w_m2=None),
    "no_perfusion": tissue(perfusion=0.0),
    "hot_room": tissue(ambient_c=None),
    "under_blanket": tissue(air_w_m2k=BLANKET_W_M2K),
    # assumed: the weight stops the blood in the skin under it
    "lying_on_pad": tissue(air_w_m2k=MATTRESS_W_M2K, perfusion=0.0),
    "pressure_spot": pressure_spot,
    "battery_sag": battery_sag,
    "battery_low": battery_low,
    "battery_aged": battery_aged,
    "gauge_nak": lambda hardware, event, on: hardware.silence(("cell", "charge"), on),
    "gauge_garbage": sensor_fault(gauge_garbage, noise(3)),
    "bus_low": lambda hardware, event, on: hardware.hold_sda(on),
    "i2c_hang": lambda hardware, event, on: hardware.hold_bus(on),
    # a string is open: no current, no light
    "led_open": lambda hardware, event, on: set_banks(
        hardware.open_banks, [find_bank(hardware, event)], on
    ),
    # a bank's switch is shorted: full current whenever the supply switch is closed
    "fet_stuck_on": lambda hardware, event, on: set_banks(
        hardware.stuck_banks, [find_bank(hardware, event)], on
    ),
    "enable_stuck": enable_stuck,
    "led_gain": led_gain,
    "charger_plugged": charger_plugged,
    "button_stuck": button_stuck,
    "button_bounce": button_bounce,
    "button_chatter": button_chatter,
    "unworn": lambda hardware, event, on: wear(hardware, not on),
    "slips": slips,
    "on_surface": on_surface,
    "buckle_stuck": buckle_stuck,
    "skin_sensor_stuck": sensor_fault(skin_sensor_stuck),
    "skin_sensor_lost": lambda hardware, event, on: hardware.silence(SKIN_PARTS, on),
    "contact_reset": reset(0, 1, back_ms=first_temperature_ms),
    "board_sensor_reset": reset(2, 3, back_ms=first_temperature_ms),
    "rail_reset": reset(4, back_ms=lambda errors: 0),
    "gauge_reset": reset(5, back_ms=first_charge_ms),
    "skin_sensor_reset": reset(6, back_ms=lambda errors: NEVER_MS),
    "screen_reset": screen_reset,
    "rail_offset": rail_offset,
    "driver_leak": driver_leak,
    "inrush": inrush,
    "board_sensor_stuck": sensor_fault(board_sensor_stuck, lambda hardware, event: hardware.raw[:]),
    "board_sensor_drift": sensor_fault(board_sensor_drift, lambda hardware, event: hardware.t_ms),
    "pads_swapped": sensor_fault(pads_swapped),
    "skin_sensor_drift": sensor_fault(skin_sensor_drift, lambda hardware, event: hardware.t_ms),
    "skin_sensor_open": sensor_fault(skin_sensor_open),
    "pad_unplugged": pad_unplugged,
    "alert_broken": alert_broken,
}
