"""Every fault of sensors, body, power and buttons, by its name in the design, at every depth.

A fault is applied where it happens: in the plant, in a sensor's level or register,
on a pin, or in a part that stops answering. `INJECT[name](hal, event, on)` puts it
on or takes it off; what is known of each fault is its row in `sim.catalogue`.
"""

from firmware import inputs as pin
from sim import sensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from sim.hal import SimHal
    from sim.plant import Plant
    from sim.scenario import Event

    class Body(Protocol):
        """What a belt is put on."""

        pins: int
        plant: Plant

    # alters the levels or registers just taken; the last argument is what `keep` gave
    Bend = Callable[[SimHal, Event, Any], None]
    Keep = Callable[[SimHal, Event], Any]
    Inject = Callable[[SimHal, Event, bool], None]

OPEN_LEVEL, SHORT_LEVEL = 4_085.0, 20.0
PARTS = {0: "contact_a", 1: "contact_b", 2: "board_a", 3: "board_b"}
BLANKET_W_M2K = 0.5  # assumed: a duvet over the back of the pad
MATTRESS_W_M2K = 0.1  # assumed: the wearer lies on the pad, and foam lets no heat out
CODES_PER_C = 36.0  # of the thermistor at 40 C
NEARNESS = ("ntc_drift", "ntc_noise", "ntc_open", "ntc_short", "pad_unplugged", "ntc_stuck")
BUTTON_PINS = {"START": pin.START, "UP": pin.UP, "DOWN": pin.DOWN}


def pads(event: "Event") -> "tuple[int, ...]":
    """Indices of the pads that a fault strikes."""
    return (0, 1) if event.pad is None else ("AB".index(event.pad),)


def amount(event: "Event") -> float:
    """The event's value, which these faults cannot do without."""
    assert event.value is not None, event.name
    return float(event.value)


def nothing(hal: "SimHal", event: "Event") -> None:
    """For a fault that remembers nothing."""


def nearness(event: "Event") -> int:
    """How near to the converter a fault of a thermistor is: what is nearer hides the others."""
    return NEARNESS.index(event.name) if event.name in NEARNESS else 0


def warp(bend: "Bend", keep: "Keep" = nothing) -> "Inject":
    """A fault that alters levels or registers each time they are taken; `keep` says what it
    remembers of the moment that it is put on."""

    def inject(hal: "SimHal", event: "Event", on: bool) -> None:
        if on:
            at = 0
            while at < len(hal.warps) and nearness(hal.warps[at][0]) <= nearness(event):
                at += 1
            hal.warps.insert(at, (event, bend, keep(hal, event)))
        else:
            hal.warps = [row for row in hal.warps if row[0] != event]

    return inject


def ntc_open(hal: "SimHal", event: "Event", kept: "Any") -> None:
    """The thermistor's level at the upper end of the converter."""
    for pad in pads(event):
        hal.levels[pad] = OPEN_LEVEL


def ntc_short(hal: "SimHal", event: "Event", kept: "Any") -> None:
    """The thermistor's level at the lower end of the converter."""
    for pad in pads(event):
        hal.levels[pad] = SHORT_LEVEL


def levels_now(hal: "SimHal", event: "Event") -> "list[float]":
    """The levels of this moment."""
    return list(hal.levels)


def ntc_stuck(hal: "SimHal", event: "Event", kept: "list[float]") -> None:
    """The level stays where it was."""
    for pad in pads(event):
        hal.levels[pad] = kept[pad]


def time_now(hal: "SimHal", event: "Event") -> int:
    """Milliseconds since power-on."""
    return hal.t_ms


def ntc_drift(hal: "SimHal", event: "Event", since_ms: int) -> None:
    """The thermistor reads ever more off, `value` C a minute."""
    off_c = amount(event) * (hal.t_ms - since_ms) / 60_000
    for pad in pads(event):
        plant = hal.plant.pads[pad]
        hal.levels[pad] = sensors.ntc_level(plant.ntc.value + plant.ntc_error_c + off_c)


def noise(salt: int) -> "Keep":
    """Noise that begins with this moment and `salt`."""

    def keep(hal: "SimHal", event: "Event") -> sensors.Noise:
        return sensors.Noise(hal.t_ms + salt)

    return keep


def ntc_noise(hal: "SimHal", event: "Event", on: bool) -> None:
    """`value` C rms on top of the converter's own noise, new in each sample."""
    hal.noisy = on
    warp(_ntc_noise, noise(1))(hal, event, on)


def _ntc_noise(hal: "SimHal", event: "Event", kept: sensors.Noise) -> None:
    codes = amount(event) * CODES_PER_C
    for pad in pads(event):
        hal.levels[pad] += codes * kept.draw()


def raw_now(hal: "SimHal", event: "Event") -> "list[int]":
    """The registers of this moment."""
    return list(hal.raw)


def contact_stuck(hal: "SimHal", event: "Event", kept: "list[int]") -> None:
    """The contact thermometer answers with what it last measured."""
    for pad in pads(event):
        hal.raw[pad] = kept[pad]


def contact_garbage(hal: "SimHal", event: "Event", kept: sensors.Noise) -> None:
    """The contact thermometer answers with any 16 bits."""
    for pad in pads(event):
        hal.raw[pad] = int(kept.draw() * 12_000) % 65_536 - 32_768


def gauge_garbage(hal: "SimHal", event: "Event", kept: sensors.Noise) -> None:
    """The gauge answers with any 16 bits."""
    hal.raw[5] = int(kept.draw() * 20_000) % 65_536
    hal.raw[6] = int(kept.draw() * 20_000) % 65_536


def silent(first: int) -> "Inject":
    """A thermometer of a pad that no longer answers; `first` is pad A's in PARTS."""

    def inject(hal: "SimHal", event: "Event", on: bool) -> None:
        hal.silence(tuple([PARTS[first + pad] for pad in pads(event)]), on)

    return inject


def gauge_nak(hal: "SimHal", event: "Event", on: bool) -> None:
    """The gauge no longer answers."""
    hal.silence(("cell", "charge"), on)


def i2c_hang(hal: "SimHal", event: "Event", on: bool) -> None:
    """The bus is held: nothing answers."""
    hal.silence(("contact_a", "contact_b", "board_a", "board_b", "rail", "cell", "charge"), on)


def tissue(**conditions: "float | None") -> "Inject":
    """Both pads' surroundings change; None stands for the event's value."""

    def inject(hal: "SimHal", event: "Event", on: bool) -> None:
        for index in pads(event):
            body = hal.plant.pads[index].tissue
            if on:
                hal.kept[index, event.name] = {key: getattr(body, key) for key in conditions}
                changed: dict[str, Any] = {}
                for key, value in conditions.items():
                    changed[key] = amount(event) if value is None else value
                body.change(**changed)
            else:
                body.change(**hal.kept.pop((index, event.name)))

    return inject


def unworn(hal: "SimHal", event: "Event", on: bool) -> None:
    """The belt comes off the skin: buckle open, pads in air."""
    wear(hal, not on)


def wear(hal: "Body", worn: bool) -> None:
    """Put the belt on, buckle closed, or take it off."""
    hal.pins = hal.pins | pin.BUCKLE if worn else hal.pins & ~pin.BUCKLE
    for pad in hal.plant.pads:
        pad.tissue.change(worn=worn)


def battery_sag(hal: "SimHal", event: "Event", on: bool) -> None:
    """The pack stands lower than it should, by `value` V."""
    hal.plant.sag_mv = amount(event) * 1000.0 if on else 0.0


def battery_low(hal: "SimHal", event: "Event", on: bool) -> None:
    """The pack has `value` percent left, from now on."""
    if on:
        hal.plant.battery.charge = amount(event) / 100.0
        hal.plant.battery.step(hal.plant.idle_w, 0.0)


def charger_plugged(hal: "SimHal", event: "Event", on: bool) -> None:
    """The charger is plugged in."""
    bits = pin.CHARGER | pin.CHARGING
    hal.pins = hal.pins | bits if on else hal.pins & ~bits
    hal.plant.charge_w = hal.plant.full_charge_w if on else 0.0


def button_stuck(hal: "SimHal", event: "Event", on: bool) -> None:
    """A button stays down."""
    bit = BUTTON_PINS[event.button or "START"]
    hal.stuck_pins = hal.stuck_pins | bit if on else hal.stuck_pins & ~bit
    hal.pins = hal.pins | bit if on else hal.pins & ~bit


def button_bounce(hal: "SimHal", event: "Event", on: bool) -> None:
    """Contacts bounce for a few milliseconds at each press and release."""
    hal.bouncing = on


def bank(hal: "SimHal", event: "Event") -> int:
    """The bank that an event names by pad and wavelength."""
    kinds = [row[0] for row in hal.board.BANKS]
    return "AB".index(event.pad or "A") * len(kinds) + kinds.index(int(amount(event)))


def led_open(hal: "SimHal", event: "Event", on: bool) -> None:
    """A bank's string is open: no current, no light."""
    (hal.open_banks.add if on else hal.open_banks.discard)(bank(hal, event))


def fet_stuck_on(hal: "SimHal", event: "Event", on: bool) -> None:
    """A bank's switch is shorted: full current whenever the supply switch is closed."""
    (hal.stuck_banks.add if on else hal.stuck_banks.discard)(bank(hal, event))


def enable_stuck(hal: "SimHal", event: "Event", on: bool) -> None:
    """The supply switch stays closed."""
    hal.enable_stuck = on


def pad_unplugged(hal: "SimHal", event: "Event", on: bool) -> None:
    """A pad's plug is out: thermistor open, thermometers silent, strings open."""
    INJECT["ntc_open"](hal, event, on)
    INJECT["contact_lost"](hal, event, on)
    INJECT["board_sensor_lost"](hal, event, on)
    kinds = len(hal.board.BANKS)
    for index in pads(event):
        for k in range(index * kinds, (index + 1) * kinds):
            (hal.open_banks.add if on else hal.open_banks.discard)(k)


def alert_broken(hal: "SimHal", event: "Event", on: bool) -> None:
    """The hardware alert no longer opens the supply switch."""
    hal.alert_works = not on


INJECT: "dict[str, Inject]" = {
    "ntc_open": warp(ntc_open),
    "ntc_short": warp(ntc_short),
    "ntc_stuck": warp(ntc_stuck, levels_now),
    "ntc_drift": warp(ntc_drift, time_now),
    "ntc_noise": ntc_noise,
    "contact_stuck": warp(contact_stuck, raw_now),
    "contact_lost": silent(0),
    "contact_garbage": warp(contact_garbage, noise(2)),
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
    "gauge_garbage": warp(gauge_garbage, noise(3)),
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
