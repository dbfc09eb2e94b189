"""What the bench page asks of a live run, and what it is told: text and numbers.

Runs on MicroPython in a web worker, called by `engine.js`. No call takes, gives or keeps
an object of the page's: so the memory that this runs in can be copied between two calls, and
put back later.
"""

import json

import uctypes  # type: ignore[import-not-found] # of MicroPython alone

from firmware.core import limits, states
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
from tools.prescription import dose_in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIGHTS = ("dark", "steady", "slow", "fast")  # by `cues.DARK` and so on


class Glass:
    """The screen's bus with the screen on it: what was sent is in `memory`."""

    def __init__(self) -> None:
        self.memory = bytearray(WIDTH * 8)
        self.page = 0
        self.changed = True

    def write(self, address: int, data: bytearray) -> bool:
        """Commands choose a page, pictures fill it; see `hal.oled`."""
        if len(data) == WIDTH + 1:
            at = self.page * WIDTH
            self.memory[at : at + WIDTH] = data[1:]
            self.changed = True
        else:
            self.page = data[1] & 7
        return True


class Page:
    """A live run with what its wearer sees and hears."""

    def __init__(self, scenario: Scenario) -> None:
        self.run = run = LiveRun(scenario)
        self.glass = Glass()
        self.oled = Oled(self.glass)
        self.oled.begin()
        self.player = Player(0, 1, 2, cues.CUES)
        self.rows: list[Any] = []
        run.hal.show = self.oled.show  # type: ignore[method-assign]
        run.hal.signal = self.signal  # type: ignore[method-assign]

    def signal(self, cue: int) -> None:
        """Play a cue, and tell of it: a frame may miss what is over in 30 ms."""
        self.player.play(cue)
        _, tones, buzz = cues.CUES[cue]
        self.run.news.append({"is": "cue", "t_s": self.run.t_s, "cue": states.CUES[cue],
                              "tones": tones, "buzz": buzz})  # fmt: skip

    def go(self, ticks: int) -> int:
        """So many ticks, to the end of the scenario at most; how many were run."""
        run = self.run
        for k in range(ticks):
            if not run.go(1):
                return k
            if run.lifecycle.running:
                self.player.step(run.unit.inputs.ms, TICK_MS)
                self.oled.step()
            if not run.within:
                self.rows.append(run.row() + (run.plant.battery.current_ma,))
        return ticks

    def frame(self) -> "dict[str, Any]":
        """The present."""
        run = self.run
        hal = run.hal
        hardware = run.hardware
        unit = run.unit
        state = unit.session.state
        a, b = run.plant.pads
        player = self.player
        return {
            "is": "frame", "t_s": run.t_s, "ticks": run.ticks_run, "over": run.over_now,
            "state": states.STATES[state], "state_name": texts.STATES[state].decode(),
            "reason": states.REASONS[unit.session.reason] if unit.session.reason >= 0 else "",
            "refused": states.REFUSALS[unit.session.refused], "locked": unit.session.locked,
            "faults": fault_rows(run),
            "duty": hal.given(),
            "mean_duty": [int(share * limits.DUTY_MAX + 0.5) for share in hal.shares],
            "enabled": hal.supply or hardware.enable_stuck,
            "light": LIGHTS[player.mode if run.lifecycle.running else player.light.value()],
            "buzz": player.motor.value(),
            "tone": player.buzzer.freq() if player.buzzer.duty_u16() else 0,
            "contact_c": [pad.contact_mc / 1000 for pad in unit.pads],
            "true_contact_c": [a.tissue.contact_c, b.tissue.contact_c],
            "board_c": [a.tissue.board_c, b.tissue.board_c],
            "skin_c": [rounded(a.tissue.profile_c()), rounded(b.tissue.profile_c())],
            "cem43_min": [a.cem43_min, b.cem43_min],
            "fluence": [pad.fluence.total_uj_cm2 / 1e6 for pad in unit.pads],
            "set_point_c": unit.session.set_point_mc / 1000,
            "battery_v": run.plant.pack_mv() / 1000, "battery_pct": unit.battery.percent,
            "current_ma": hardware.raw[RAIL] / 10, "pack_ma": run.plant.battery.current_ma,
            "session_s": unit.session.session_ms / 1000, "treat_s": unit.session.treat_ms / 1000,
            "pins": hardware.pins, "alert": [a.alert, b.alert], "injected": run.on_now(),
        }  # fmt: skip


def rounded(temperatures_c: "list[float]") -> "list[float]":
    """To what a colour can show."""
    return [round(t, 2) for t in temperatures_c]


def fault_rows(run: LiveRun) -> "list[dict[str, Any]]":
    """Every fault that the firmware latched, and whether it is latched now."""
    now = [(name, pad) for _, name, pad in Claims(run).list_latched()]
    rows = run.fault_rows()
    for row in rows:
        row["latched"] = (row["name"], row["pad"] or "") in now
    return rows


def as_toml(told: Scenario) -> "dict[str, Any]":
    """A scenario as its TOML has it."""
    default = default_prescription(find_board(told.board))
    table = {
        "seed": told.seed, "duration_s": told.duration_s,
        "prescription": "default" if told.prescription == default else told.prescription,
        "start": toml_writer.start_table(told.start),
        "event": [toml_writer.event_table(event) for event in told.events],
    }  # fmt: skip
    if told.board != REFERENCE:
        table["board"] = told.board
    return table


# -- what the page may ask ---------------------------------------------------------------

_page: "list[Page]" = []  # the one there is
_board: "list[Any]" = []  # of every unit that is begun, once `tell` has named it


def tell(board: str) -> str:
    """Take the board of this name; what never changes from here on: {"is": "ready"}."""
    normal = Start()
    data = find_board(board)
    _board[:] = [data]
    return json.dumps({
        "is": "ready",
        "banks": [list(row) for row in data.BANKS],
        "full_mw_cm2": data.BANK_NOMINAL_UW_CM2 / 1000,
        "faults": [
            {
                "name": row.name, "group": group, "words": row.words,
                "pads": bool(row.pad), "needs_pad": row.pad == "must",
                "value": (
                    {"min": row.low, "max": row.high, "unit": row.unit, "default": row.default}
                    if row.unit else None
                ),
                "for_s": row.for_s, "lasts": row.lasts, "button": row.also == "button",
                "within_ms": row.bounds[0].within_ms, "comes": row.bounds[0].comes,
            }
            for group, rows in GROUPS for row in rows
        ],
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
        "events": states.EVENTS,
        "rows": [
            [states.STATES[begun], states.EVENTS[event], states.STATES[to]]
            for froms, event, to in states.ROWS for begun in froms
        ],
        "columns": trace_columns(data) + ("current_ma",),
        "prescription": default_prescription(data), "tick_ms": TICK_MS,
        "control_ticks": CONTROL_TICKS,
    })  # fmt: skip


def begin(text: str) -> str:
    """Power the unit on with a scenario (JSON, as its TOML says); "" or what is wrong with it."""
    told = json.loads(text)
    try:
        asked = told.get("prescription", "default") if isinstance(told, dict) else ""
        if isinstance(asked, str) and asked not in ("", "default"):
            raise BadInput(f"prescription is {asked}: a page reads no files; give its table")
        board = _board[0].NAME
        named = told.get("board", board) if isinstance(told, dict) else board
        if named != board:
            raise BadInput(
                f"board is {named}: this bench is of {board}: start waistband bench --board {named}"
            )
        page = Page(read(told, "scenario", board=board))
    except ValueError as why:
        return str(why)
    _page[:] = [page]
    return ""


def go(ticks: int) -> int:
    """See `Page.go`."""
    return _page[0].go(ticks)


def frame() -> str:
    """See `Page.frame`."""
    return json.dumps(_page[0].frame())


def screen() -> int:
    """1 if the screen's memory has changed since last asked."""
    glass = _page[0].glass
    changed = glass.changed
    glass.changed = False
    return int(changed)


def screen_at() -> int:
    """Where in memory the screen's is: 1024 bytes, as the SSD1306 has them."""
    at: int = uctypes.addressof(_page[0].glass.memory)
    return at


def depths() -> str:
    """How deep the rows of a frame's `skin_c` lie, in mm."""
    return json.dumps(_page[0].run.plant.pads[0].tissue.depths_mm())


def news() -> str:
    """What happened since this was last asked: rows of the trace, and messages."""
    page = _page[0]
    told = json.dumps([page.rows, page.run.news])
    page.rows.clear()
    page.run.news.clear()
    return told


def do(text: str) -> str:
    """An event, now; "" or what is wrong with it."""
    try:
        _page[0].run.do(json.loads(text))
    except ValueError as why:
        return str(why)
    return ""


def button(name: str, down: bool) -> str:
    """A button goes down or comes up; "" or what is wrong."""
    try:
        if down:
            _page[0].run.press(name)
        else:
            _page[0].run.release(name)
    except ValueError as why:
        return str(why)
    return ""


def let_go() -> None:
    """Every button comes up: who goes back in time holds none."""
    _page[0].run.let_go()


def explain(text: str) -> str:
    """What a prescription (JSON) means by itself: lines, or what is wrong with it."""
    asked = json.loads(text)
    board = _board[0]
    try:
        course = dose_in_words.compiled(
            default_prescription(board) if asked == "default" else asked, board
        )
        return json.dumps(list(dose_in_words.said(course)))
    except ValueError as why:
        return str(why)


def scenario(whole: bool) -> str:
    """The scenario as it now stands, `whole` or up to now."""
    run = _page[0].run
    return json.dumps(as_toml(run.scenario if whole else run.so_far()))


def recall(text: str) -> None:
    """After the memory was put back: what was done later than it (a scenario, as JSON)."""
    _page[0].run.recall(read(json.loads(text), "scenario", board=_board[0].NAME).events)


def result() -> str:
    """What `waistband sim --json` says of the run so far."""
    return json.dumps(_page[0].run.result())
