"""Functions of the simulated unit that the bench page calls, with text and numbers alone.

Called by `engine.js`, on MicroPython in a web worker. No call takes, gives or keeps an object of
the page: so this interpreter's memory can be copied between two calls, and restored later.
"""

import json

import uctypes  # type: ignore[import-not-found] # of MicroPython alone

from firmware.core import limits, states
from firmware.core.faults import FAULTS
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.ui import cues, texts
from hal.oled import WIDTH, Oled
from hal.player import Player
from sim.common.boards import REFERENCE, find_board
from sim.common.errors import BadInput
from sim.common.story import Scenario, Start
from sim.faults.catalogue import GROUPS
from sim.faults.hardware import RAIL
from sim.oracle.claims import Claims
from sim.run import trace_columns
from sim.scenario import toml_writer
from sim.scenario.scenario import BUTTONS, CHANGES, RANGES, START_KEYS, default_prescription, read
from tools.bench.live import LiveRun
from tools.common import words
from tools.common.cue_pattern import LIGHTS, cue_tones, cue_vibration
from tools.prescription import dose_in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.faults.catalogue import Fault

VERDICTS_MOST = 12  # of a frame: the latest


class ScreenBus:
    """The screen and its bus; `memory` holds the picture."""

    def __init__(self) -> None:
        self.memory = bytearray(WIDTH * 8)
        self.page = 0
        self.changed = True

    def write(self, address: int, data: bytearray) -> bool:
        """Take a command, which chooses a page, or a page of picture; see `hal.oled`."""
        if len(data) == WIDTH + 1:
            at = self.page * WIDTH
            self.memory[at : at + WIDTH] = data[1:]
            self.changed = True
        else:
            self.page = data[1] & 7
        return True


class Page:
    """A live run, its screen and its signals."""

    def __init__(self, scenario: Scenario) -> None:
        self.run = run = LiveRun(scenario)
        self.screen_bus = ScreenBus()
        self.oled = Oled(self.screen_bus)
        self.oled.begin()
        self.player = Player(0, 1, 2, cues.CUES)
        self.rows: list[Any] = []
        run.hal.show = self.oled.show  # type: ignore[method-assign]
        run.hal.signal = self.signal  # type: ignore[method-assign]

    def signal(self, cue: int) -> None:
        """Play and report a cue: a frame may miss one of 30 ms."""
        self.player.play(cue)
        self.run.news.append({"is": "cue", "t_s": self.run.t_s, "cue": states.CUES[cue],
                              "tones": cue_tones(cue), "buzz": cue_vibration(cue)})  # fmt: skip

    def run_ticks(self, ticks: int) -> int:
        """Run this many ticks, at most to the end of the scenario; return the number run."""
        run = self.run
        for k in range(ticks):
            if not run.run_ticks(1):
                return k
            if run.lifecycle.running:
                self.player.step(run.unit.inputs.ms, TICK_MS)
                self.oled.step()
            if not run.within:
                self.rows.append(run.row() + (run.plant.battery.current_ma,))
        return ticks

    def frame(self) -> "dict[str, Any]":
        """The present state of unit and plant, as the page shows it."""
        run, player = self.run, self.player
        hal, hardware, unit = run.hal, run.hardware, run.unit
        state = unit.session.state
        a, b = run.plant.pads
        return {
            "is": "frame", "t_s": run.t_s, "ticks": run.ticks_run, "over": run.over_now,
            "state": states.STATES[state], "state_name": texts.STATES[state].decode(),
            "reason": states.REASONS[unit.session.reason] if unit.session.reason >= 0 else "",
            "refused": states.REFUSALS[unit.session.refused], "locked": unit.session.locked,
            "faults": fault_rows(run),
            "duty": hal.given(),
            "mean_duty": [int(share * limits.DUTY_MAX + 0.5) for share in hal.shares],
            "enabled": hal.supply or hardware.enable_stuck,
            "light": LIGHTS[player.mode if run.lifecycle.running else player.light.value() - 1],
            "buzz": player.motor.value(),
            "tone": player.buzzer.freq() if player.buzzer.duty_u16() else 0,
            "contact_c": [pad.contact_mc / 1000 if pad.contact_mc else None for pad in unit.pads],
            "true_contact_c": [a.tissue.contact_c, b.tissue.contact_c],
            "board_c": [a.tissue.board_c, b.tissue.board_c],
            "skin_c": [[round(t, 2) for t in pad.tissue.profile_c()] for pad in (a, b)],
            "cem43_min": [a.cem43_min, b.cem43_min],
            "fluence": [pad.fluence.total_uj_cm2 / 1e6 for pad in unit.pads],
            "set_point_c": unit.session.set_point_mc / 1000,
            "battery_v": run.plant.pack_mv() / 1000, "battery_pct": unit.battery.percent,
            "current_ma": hardware.raw[RAIL] / 10, "pack_ma": run.plant.battery.current_ma,
            "session_s": unit.session.session_ms / 1000, "treat_s": unit.session.treat_ms / 1000,
            "open_banks": sorted(hardware.open_banks), "stuck_banks": sorted(hardware.stuck_banks),
            "pins": hardware.pins, "alert": [a.alert, b.alert], "injected": run.active_faults(),
            "verdicts": [verdict.render(run) for verdict in run.verdicts[-VERDICTS_MOST:]],
        }  # fmt: skip


def fault_rows(run: LiveRun) -> "list[dict[str, Any]]":
    """Every fault that the firmware latched, with whether it is latched now."""
    now = [(name, pad) for _, name, pad in Claims(run).list_latched()]
    rows = run.fault_rows()
    for row in rows:
        row["latched"] = (row["name"], row["pad"] or "") in now
    return rows


def as_toml(scenario: Scenario) -> "dict[str, Any]":
    """A scenario as a table with the keys of its TOML."""
    default = default_prescription(find_board(scenario.board))
    prescription = scenario.prescription
    table = {
        "seed": scenario.seed, "duration_s": scenario.duration_s,
        "prescription": "default" if prescription == default else prescription,
        "start": toml_writer.start_table(scenario.start),
        "event": [toml_writer.event_table(event) for event in scenario.events],
    }  # fmt: skip
    if scenario.board != REFERENCE:
        table["board"] = scenario.board
    return table


# -- functions that the page calls ---------------------------------------------------------

_page: "list[Page]" = []  # none, or the one there is
_board: "list[Any]" = []  # of every unit, once `describe_unit` has set it


def describe_unit(board: str) -> str:
    """Choose the board by name; return all that does not change: {"is": "ready", ...}."""
    normal = Start()
    data = find_board(board)
    _board[:] = [data]
    return json.dumps({
        "is": "ready",
        "banks": [list(row) for row in data.BANKS],
        "full_mw_cm2": data.BANK_NOMINAL_UW_CM2 / 1000,
        "faults": [describe_fault(group, row) for group, rows in GROUPS for row in rows],
        "buttons": BUTTONS,
        "start": {
            key: {"min": RANGES[key][0], "max": RANGES[key][1], "unit": RANGES[key][2],
                  "normal": getattr(normal, key)}
            for key in START_KEYS if key in RANGES
        },
        "changes": CHANGES,
        "limits": {
            key: getattr(limits, key) for key in dir(limits) if key[0] != "_" and key.isupper()
        },
        "states": states.STATES, "lit": states.LIT, "session": states.IN_SESSION,
        "words": {
            "states": words.STATES, "reasons": words.REASONS, "refused": words.REFUSED,
            "faults": words.FAULTS, "cues": words.CUES,
        },
        "fault_bits": [row[0] for row in FAULTS], "advice": words.ADVICE,
        "locks": words.LOCKS, "refusals": states.REFUSALS, "events": states.EVENTS,
        "rows": [
            [states.STATES[begun], states.EVENTS[event], states.STATES[to]]
            for froms, event, to in states.ROWS for begun in froms
        ],
        "columns": trace_columns(data) + ("current_ma",),
        "prescription": default_prescription(data), "tick_ms": TICK_MS,
        "control_ticks": CONTROL_TICKS,
    })  # fmt: skip


def describe_fault(group: str, row: "Fault") -> "dict[str, Any]":
    """A row of the catalogue, for the page."""
    return {
        "name": row.name, "group": group, "words": row.words,
        "pads": bool(row.pad), "needs_pad": row.pad == "must",
        "value": (
            {"min": row.low, "max": row.high, "unit": row.unit, "default": row.default}
            if row.unit else None
        ),
        "for_s": row.for_s, "lasts": row.lasts, "button": row.also == "button",
        "within_ms": row.bounds[0].within_ms, "comes": row.bounds[0].comes,
    }  # fmt: skip


def begin(text: str) -> str:
    """Power the unit on with a scenario (JSON with its TOML's keys); return "" or the error."""
    try:
        _page[:] = [Page(read_scenario(json.loads(text)))]
    except ValueError as why:
        return str(why)
    return ""


def read_scenario(table: object) -> Scenario:
    """Validate a scenario for this bench. Raises BadInput."""
    board = _board[0].NAME
    if isinstance(table, dict):
        asked = table.get("prescription", "default")
        if isinstance(asked, str) and asked not in ("", "default"):
            raise BadInput(f"prescription is {asked}: a page reads no files; give its table")
        named = table.get("board", board)
        if named != board:
            raise BadInput(
                f"board is {named}: this bench is of {board}: start waistband bench --board {named}"
            )
    return read(table, "scenario", board=board)


def run_ticks(ticks: int) -> int:
    """See `Page.run_ticks`."""
    return _page[0].run_ticks(ticks)


def frame() -> str:
    """See `Page.frame`."""
    return json.dumps(_page[0].frame())


def take_screen_change() -> int:
    """1 if the screen's memory has changed since the last call."""
    bus = _page[0].screen_bus
    changed = bus.changed
    bus.changed = False
    return int(changed)


def screen_address() -> int:
    """Address of the screen's memory: 1024 bytes, as the SSD1306 has them."""
    address: int = uctypes.addressof(_page[0].screen_bus.memory)
    return address


def skin_depths() -> str:
    """Depths in mm of the rows of a frame's `skin_c`."""
    return json.dumps(_page[0].run.plant.pads[0].tissue.depths_mm())


def take_news() -> str:
    """Rows of the trace and messages since the last call."""
    page = _page[0]
    text = json.dumps([page.rows, page.run.news])
    page.rows.clear()
    page.run.news.clear()
    return text


def apply_event(text: str) -> str:
    """Apply an event (JSON) now; return "" or the error."""
    try:
        _page[0].run.apply_event(json.loads(text))
    except ValueError as why:
        return str(why)
    return ""


def set_button(name: str, down: bool) -> str:
    """Hold a button down or let it up; return "" or the error."""
    run = _page[0].run
    try:
        (run.press if down else run.release)(name)
    except ValueError as why:
        return str(why)
    return ""


def release_all() -> None:
    """Let every button up: who goes back in time holds none."""
    _page[0].run.release_all()


def explain_prescription(text: str) -> str:
    """A prescription (JSON) in words: a JSON list of lines, or the error."""
    asked = json.loads(text)
    board = _board[0]
    try:
        course = dose_in_words.compile_nominal(
            default_prescription(board) if asked == "default" else asked, board
        )
        return json.dumps(list(dose_in_words.render_lines(course)))
    except ValueError as why:
        return str(why)


def bring_up(text: str) -> str:
    """The next question of a bring-up, or its report; or the error. See `tools.bringup.in_page`."""
    from tools.bringup.in_page import next_question

    try:
        return next_question(text, _board[0])
    except ValueError as why:
        return str(why)


def scenario(whole: bool) -> str:
    """The scenario as it now is, `whole` or up to now."""
    run = _page[0].run
    return json.dumps(as_toml(run.scenario if whole else run.so_far()))


def restore_events(text: str) -> None:
    """After memory was restored: the later changes, as a scenario (JSON)."""
    _page[0].run.restore_events(read(json.loads(text), "scenario", board=_board[0].NAME).events)


def result() -> str:
    """The run so far as `waistband sim --json` prints it."""
    return json.dumps(_page[0].run.result())
