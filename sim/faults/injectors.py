"""Every fault of sensors, body, power and buttons, by its name in the design, at every depth.

A fault is applied where it happens: in the plant, in a sensor's level or register,
on a pin, or in a part that stops answering. `INJECT[name](hardware, event, on)` puts it
on or takes it off; what is known of each fault is its row in `sim.faults.catalogue`.
"""

from firmware.core import inputs as pin
from sim.faults.hardware import SENSOR_PARTS, Filter
from sim.physics import sensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sim.common.story import Event
    from sim.faults.hardware import Alter, Hardware

    Keep = Callable[[Hardware, Event], Any]  # what a filter remembers of its onset
    Inject = Callable[[Hardware, Event, bool], None]

OPEN_LEVEL, SHORT_LEVEL = 4_085.0, 20.0
BLANKET_W_M2K = 0.5  # assumed: a duvet over the back of the pad
MATTRESS_W_M2K = 0.1  # assumed: the wearer lies on the pad, and foam lets no heat out
CODES_PER_C = 36.0  # of the thermistor at 40 C
STAGES = ("ntc_drift", "ntc_noise", "ntc_open", "ntc_short", "pad_unplugged", "ntc_stuck")
BUTTON_PINS = {"START": pin.START, "UP": pin.UP, "DOWN": pin.DOWN}


def struck_pads(event: "Event") -> "tuple[int, ...]":
    """Indices of the pads that a fault strikes."""
    return (0, 1) if event.pad is None else ("AB".index(event.pad),)


def event_value(event: "Event") -> float:
    """The event's value, which these faults cannot do without."""
    assert event.value is not None, event.name
    return float(event.value)


def nothing(hardware: "Hardware", event: "Event") -> None:
    """For a fault that remembers nothing."""


def stage(event: "Event") -> int:
    """How near to the converter a fault of a thermistor is: what is nearer hides the others."""
    return STAGES.index(event.name) if event.name in STAGES else 0


def sensor_fault(alter: "Alter", keep: "Keep" = nothing) -> "Inject":
    """A fault that alters levels or registers each time they are taken; `keep` says what it
    remembers of the moment that it is put on."""

    def inject(hardware: "Hardware", event: "Event", on: bool) -> None:
        if on:
            hardware.add_filter(Filter(event, alter, keep(hardware, event), stage(event)))
        else:
            hardware.remove_filters(event)

    return inject


def ntc_open(hardware: "Hardware", event: "Event", kept: "Any") -> None:
    """The thermistor's level at the upper end of the converter."""
    for pad in struck_pads(event):
        hardware.levels[pad] = OPEN_LEVEL


def ntc_short(hardware: "Hardware", event: "Event", kept: "Any") -> None:
    """The thermistor's level at the lower end of the converter."""
    for pad in struck_pads(event):
        hardware.levels[pad] = SHORT_LEVEL


def levels_now(hardware: "Hardware", event: "Event") -> "list[float]":
    """The levels of this moment."""
    return list(hardware.levels)


def ntc_stuck(hardware: "Hardware", event: "Event", kept: "list[float]") -> None:
    """The level stays where it was."""
    for pad in struck_pads(event):
        hardware.levels[pad] = kept[pad]


def time_now(hardware: "Hardware", event: "Event") -> int:
    """Milliseconds since power-on."""
    return hardware.t_ms


def ntc_drift(hardware: "Hardware", event: "Event", since_ms: int) -> None:
    """The thermistor reads ever more off, `value` C a minute."""
    off_c = event_value(event) * (hardware.t_ms - since_ms) / 60_000
    for pad in struck_pads(event):
        plant = hardware.plant.pads[pad]
        hardware.levels[pad] = sensors.ntc_level(plant.ntc.value + plant.ntc_error_c + off_c)


def noise(salt: int) -> "Keep":
    """Noise that begins with this moment and `salt`."""

    def keep(hardware: "Hardware", event: "Event") -> sensors.Noise:
        return sensors.Noise(hardware.t_ms + salt)

    return keep


def ntc_noise(hardware: "Hardware", event: "Event", on: bool) -> None:
    """`value` C rms on top of the converter's own noise, new in each sample."""
    hardware.noisy = on
    sensor_fault(_ntc_noise, noise(1))(hardware, event, on)


def _ntc_noise(hardware: "Hardware", event: "Event", kept: sensors.Noise) -> None:
    codes = event_value(event) * CODES_PER_C
    for pad in struck_pads(event):
        hardware.levels[pad] += codes * kept.draw()


def raw_now(hardware: "Hardware", event: "Event") -> "list[int]":
    """The registers of this moment."""
    return list(hardware.raw)


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

    def inject(hardware: "Hardware", event: "Event", on: bool) -> None:
        hardware.silence(tuple([SENSOR_PARTS[first + pad] for pad in struck_pads(event)]), on)

    return inject


def gauge_nak(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The gauge no longer answers."""
    hardware.silence(("cell", "charge"), on)


def i2c_hang(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The bus is held: nothing answers."""
    hardware.hold_bus(on)


def tissue(**conditions: "float | None") -> "Inject":
    """Both pads' surroundings change; None stands for the event's value."""

    def inject(hardware: "Hardware", event: "Event", on: bool) -> None:
        for index in struck_pads(event):
            body = hardware.plant.pads[index].tissue
            if on:
                hardware.before[index, event.name] = {key: getattr(body, key) for key in conditions}
                changed: dict[str, Any] = {}
                for key, value in conditions.items():
                    changed[key] = event_value(event) if value is None else value
                body.change(**changed)
            else:
                body.change(**hardware.before.pop((index, event.name)))

    return inject


def unworn(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The belt comes off the skin: buckle open, pads in air."""
    wear(hardware, not on)


def wear(hardware: "Hardware", worn: bool) -> None:
    """Put the belt on, buckle closed, or take it off."""
    hardware.pins = hardware.pins | pin.BUCKLE if worn else hardware.pins & ~pin.BUCKLE
    for pad in hardware.plant.pads:
        pad.tissue.change(worn=worn)


def battery_sag(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The pack stands lower than it should, by `value` V."""
    hardware.plant.sag_mv = event_value(event) * 1000.0 if on else 0.0


def battery_low(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The pack has `value` percent left, from now on."""
    if on:
        hardware.plant.battery.charge = event_value(event) / 100.0
        hardware.plant.battery.advance(hardware.plant.idle_w, 0.0)


def charger_plugged(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The charger is plugged in."""
    bits = pin.CHARGER | pin.CHARGING
    hardware.pins = hardware.pins | bits if on else hardware.pins & ~bits
    hardware.plant.charge_w = hardware.plant.full_charge_w if on else 0.0


def button_stuck(hardware: "Hardware", event: "Event", on: bool) -> None:
    """A button stays down."""
    bit = BUTTON_PINS[event.button or "START"]
    hardware.stuck_pins = hardware.stuck_pins | bit if on else hardware.stuck_pins & ~bit
    hardware.pins = hardware.pins | bit if on else hardware.pins & ~bit


def button_bounce(hardware: "Hardware", event: "Event", on: bool) -> None:
    """Contacts bounce for a few milliseconds at each press and release."""
    hardware.bouncing = on


def find_bank(hardware: "Hardware", event: "Event") -> int:
    """The bank that an event names by pad and wavelength."""
    kinds = [row[0] for row in hardware.board.BANKS]
    return "AB".index(event.pad or "A") * len(kinds) + kinds.index(int(event_value(event)))


def led_open(hardware: "Hardware", event: "Event", on: bool) -> None:
    """A bank's string is open: no current, no light."""
    (hardware.open_banks.add if on else hardware.open_banks.discard)(find_bank(hardware, event))


def fet_stuck_on(hardware: "Hardware", event: "Event", on: bool) -> None:
    """A bank's switch is shorted: full current whenever the supply switch is closed."""
    (hardware.stuck_banks.add if on else hardware.stuck_banks.discard)(find_bank(hardware, event))


def enable_stuck(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The supply switch stays closed."""
    hardware.enable_stuck = on


def pad_unplugged(hardware: "Hardware", event: "Event", on: bool) -> None:
    """A pad's plug is out: thermistor open, thermometers silent, strings open."""
    INJECT["ntc_open"](hardware, event, on)
    INJECT["contact_lost"](hardware, event, on)
    INJECT["board_sensor_lost"](hardware, event, on)
    kinds = len(hardware.board.BANKS)
    for index in struck_pads(event):
        for k in range(index * kinds, (index + 1) * kinds):
            (hardware.open_banks.add if on else hardware.open_banks.discard)(k)


def alert_broken(hardware: "Hardware", event: "Event", on: bool) -> None:
    """The hardware alert no longer opens the supply switch."""
    hardware.alert_works = not on


INJECT: "dict[str, Inject]" = {
    "ntc_open": sensor_fault(ntc_open),
    "ntc_short": sensor_fault(ntc_short),
    "ntc_stuck": sensor_fault(ntc_stuck, levels_now),
    "ntc_drift": sensor_fault(ntc_drift, time_now),
    "ntc_noise": ntc_noise,
    "contact_stuck": sensor_fault(contact_stuck, raw_now),
    "contact_lost": silent(0),
    "contact_garbage": sensor_fault(contact_garbage, noise(2)),
    "board_sensor_lost": silent(2),
    "hot_skin": tissue(external_w_m2=None),
    "no_perfusion": tissue(perfusion=0.0),
    "hot_room": tissue(ambient_c=None),
    "under_blanket": tissue(air_w_m2k=BLANKET_W_M2K),
    # assumed: the weight stops the blood in the skin under it
    "lying_on_pad": tissue(air_w_m2k=MATTRESS_W_M2K, perfusion=0.0),
    "battery_sag": battery_sag,
    "battery_low": battery_low,
    "gauge_nak": gauge_nak,
    "gauge_garbage": sensor_fault(gauge_garbage, noise(3)),
    "i2c_hang": i2c_hang,
    "led_open": led_open,
    "fet_stuck_on": fet_stuck_on,
    "enable_stuck": enable_stuck,
    "charger_plugged": charger_plugged,
    "button_stuck": button_stuck,
    "button_bounce": button_bounce,
    "unworn": unworn,
    "pad_unplugged": pad_unplugged,
    "alert_broken": alert_broken,
}
