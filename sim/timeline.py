"""Timeline: a scenario's events, each done at its time, and the faults injected so far.

Owned by `sim.run.Run`. Acts on the hardware, on the plant behind it and, for faults of the program,
on the depth; reads nothing of the firmware.
"""

from sim.common.value_record import Record
from sim.faults import program
from sim.faults.hardware import NEVER_MS
from sim.faults.injected import Injected
from sim.faults.injectors import BUTTON_PINS, INJECT, buckle, set_bits, wear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sim.common.story import Event
    from sim.faults.depth import Depth

BOUNCE_MS = (20, 40)  # contacts change again so long after an edge: the worst that sampling sees


def when_ms(at_s: float) -> int:
    """An event's time in milliseconds since power-on."""
    return int(at_s * 1000 + 0.5)


class Action(Record):
    """Something to be done at a time; `order` is among those of the same time."""

    FIELDS = ("t_ms", "order", "do", "arguments", "bounce")
    t_ms: int
    order: int
    do: "Callable[..., None]"
    arguments: "tuple[Any, ...]"
    bounce: bool = False  # no event's own: a contact that changes again


def sort_key(action: Action) -> tuple[int, int]:
    """Sort actions by time, then by order."""
    return action.t_ms, action.order


class Timeline:
    """The actions still to come, soonest first, and the faults put on so far."""

    def __init__(self, depth: "Depth", events: "tuple[Event, ...]") -> None:
        self.depth = depth
        self.hardware = depth.hardware
        self.actions = self._planned(events)
        self.injected: list[Injected] = []

    def _planned(self, events: "tuple[Event, ...]") -> list[Action]:
        """The actions of these events, soonest first."""
        actions: list[Action] = []

        def at(s: float, do: "Callable[..., None]", *arguments: object) -> None:
            actions.append(Action(when_ms(s), len(actions), do, arguments))

        for event in events:
            if event.kind == "press":
                bit = BUTTON_PINS[event.name]
                at(event.at_s, self._press, bit, True)
                at(event.at_s + event.hold_ms / 1000, self._press, bit, False)
            elif event.kind == "fault":
                at(event.at_s, self.inject, event, True)
                if event.for_s:
                    at(event.at_s + event.for_s, self.inject, event, False)
            elif event.kind == "host":
                at(event.at_s, self.depth.send_line, event.name)
            else:
                at(event.at_s, self._change, event)
        return sorted(actions, key=sort_key)

    def replace(self, events: "tuple[Event, ...]", now_ms: int, keep_bounces: bool = False) -> None:
        """Replace the actions after now by those of these events; with `keep_bounces`, contacts
        that bounce go on."""
        left = [action for action in self._planned(events) if action.t_ms > now_ms]
        if keep_bounces:
            left += [action for action in self.actions if action.bounce]
        self.actions = sorted(left, key=sort_key)

    def next_ms(self) -> int:
        """When something is due next."""
        return self.actions[0].t_ms if self.actions else NEVER_MS

    def run_due_events(self, t_ms: int) -> int:
        """Do what is due; return when something is due next."""
        actions = self.actions
        while actions and actions[0].t_ms <= t_ms:
            action = actions.pop(0)
            action.do(*action.arguments)
        return self.next_ms()

    def mark_line_reached(self, event: "Event") -> None:
        """The firmware is about to execute the line that a fault names: its onset is now."""
        for row in self.injected:
            if row.event is event:
                row.t_ms = self.depth.t_ms
                row.waits = False

    def list_unstruck(self) -> "list[tuple[Event, str]]":
        """Return the faults that never struck, and why: their line was not reached, or their time
        did not come. One that struck a program that was not running is not among them."""
        waiting = [(row.event, f"{row.event.line} was not reached after that")
                   for row in self.injected if row.waits]  # fmt: skip
        later = [action.arguments for action in self.actions if action.do == self.inject]
        return waiting + [(event, "the run ended before") for event, on in later if on]

    def _press(self, bit: int, down: bool) -> None:
        self._pin(bit, down)
        if self.hardware.bouncing:
            t_ms = self.depth.t_ms
            for k, after_ms in enumerate(BOUNCE_MS):
                value = down if k % 2 else not down
                self.actions.append(Action(t_ms + after_ms, k, self._pin, (bit, value), True))
            self.actions.sort(key=sort_key)

    def _pin(self, bit: int, down: bool) -> None:
        stays = down or bool((self.hardware.stuck_pins | self.hardware.chattering) & bit)
        self.hardware.pins = set_bits(self.hardware.pins, bit, stays)

    def inject(self, event: "Event", on: bool) -> None:
        """Put a fault on or take it off: of the hardware, or of the program."""
        if on:
            self.injected.append(Injected(self.depth.t_ms, event))
        if event.name in INJECT:
            INJECT[event.name](self.hardware, event, on)
        else:
            program.FAULTS[event.name](self.depth, event, on)

    def _change(self, event: "Event") -> None:
        """Put the belt on or take it off, seed noise anew, or change the surroundings."""
        hardware = self.hardware
        if event.name == "worn":
            wear(hardware, bool(event.value))
            return
        if event.name == "buckled":
            buckle(hardware, bool(event.value))
            return
        if event.name == "seed":
            seed = int(event.value or 0)
            hardware.plant.reseed(seed)
            self.depth.reseed(seed)
            return
        for pad in hardware.plant.pads:
            pad.tissue.change(**{event.name: float(event.value or 0.0)})
