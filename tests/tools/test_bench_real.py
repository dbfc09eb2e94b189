"""A real unit in the bench page: Chromium, with a `navigator.serial` whose line the driver-depth
unit is behind, pulled at any byte, shared by two tabs, or taken by something hostile."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from firmware.core.faults import FAULTS
from firmware.records import journal
from sim.common.default_prescription import DEFAULT
from sim.driver_depth.unit_build import Build
from tests.support.bench_desk import Bench
from tests.support.browser import LOADED_MS
from tests.support.chip_programs import START, ChipRun, story
from tests.support.journals import KEY, OTHER, unit_journal
from tests.support.page_line import Cut, FrameCut
from tests.support.serial_pty import Simulated
from tests.tools.test_console_files import KEYED, READY_S, SERIAL
from tools.common import words
from tools.prescription import file

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TIMES = 2.0  # as fast as the clock
EITHER = "^The line broke off.*; it has the old prescription or the new one, whole: connect again"
FAKE = """
(() => {
  const gone = () => new DOMException("gone", "NetworkError");
  class Port {
    async open() {
      if (!await window.serialOpen()) throw new DOMException("busy", "InvalidStateError");
      const port = this;
      let reading = true;
      this.readable = new ReadableStream({
        async pull(controller) {
          while (reading) {
            const got = await window.serialRead();
            if (got === null) {
              port.readable = port.writable = null;
              controller.error(gone());
              return;
            }
            if (got.length) return controller.enqueue(Uint8Array.from(got));
            await new Promise((done) => setTimeout(done, 10));
          }
        },
        cancel() { reading = false; },
      });
      this.writable = new WritableStream({
        async write(bytes) { if (!await window.serialWrite([...bytes])) throw gone(); },
      });
    }
    async close() { await window.serialClose(); this.readable = this.writable = null; }
    async setSignals() {}
  }
  const port = new Port();
  Object.defineProperty(navigator, "serial", { configurable: true,
    value: { requestPort: async () => port } });
})();
"""


class Cable:
    """What the page's serial port is plugged into: one tab at a time, and it can be pulled."""

    def __init__(self, read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
        self.read, self.write = read, write
        self.owner: Any = None
        self.left: int | None = None  # bytes to the page until it is pulled
        self.busy = False  # some other program has the port

    def plug(self, context: Any) -> None:
        context.add_init_script(FAKE)
        context.expose_binding("serialOpen", lambda source: self.open(source["page"]))
        context.expose_binding("serialClose", lambda source: self.close(source["page"]))
        context.expose_binding("serialRead", lambda source: self.take())
        context.expose_binding("serialWrite", lambda source, data: self.give(bytes(data)))

    def open(self, page: Any) -> bool:
        if self.busy or self.owner not in (None, page) or self.left == 0:
            return False
        self.owner = page
        return True

    def close(self, page: Any) -> None:
        if self.owner == page:
            self.owner = None

    def take(self) -> list[int] | None:
        data = self.read()
        if self.left is not None:
            data = data[: self.left]
            self.left -= len(data)
            if not self.left and not data:
                self.owner = None
                return None
        return list(data)

    def give(self, data: bytes) -> bool:
        if self.left == 0:
            return False
        self.write(data)
        return True


@contextmanager
def cable_to(port: str) -> Iterator[Cable]:
    """A cable to the port of this name."""
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def read() -> bytes:
        try:
            return os.read(fd, 4_096)
        except BlockingIOError:
            return b""

    try:
        yield Cable(read, lambda data: os.write(fd, data))
    finally:
        os.close(fd)


@contextmanager
def unit(begin_s: float = READY_S) -> Iterator[tuple[Simulated, Cable]]:
    """A unit with keys, behind a cable: its day's sessions are used up, or it is in one by now."""
    lit = begin_s > READY_S
    build = Build(files=KEYED if lit else {**KEYED, **unit_journal(KEY).files})
    events = (START,) if lit else ()
    bench = Simulated(ChipRun(story(*events, duration_s=1e4), build=build), begin_s, TIMES)
    with cable_to(bench.port.name) as cable:
        bench.going.set()
        try:
            yield bench, cable
        finally:
            bench.close()


@contextmanager
def page(chromium: "Browser", address: str, cable: Cable | None) -> Iterator[Bench]:
    """The page, with a serial port."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    if cable:
        cable.plug(context)
    desk = Bench(context.new_page(), address)
    yield desk
    assert desk.wrong == []
    context.close()


def connect(desk: Bench) -> None:
    desk.page.evaluate("document.querySelector('#connect').open = true")
    desk.page.click("#real-connect")


def said(desk: Bench, what: str) -> None:
    from playwright.sync_api import expect

    expect(desk.page.locator("#real-said")).to_have_text(re.compile(what), timeout=LOADED_MS)


def push(desk: Bench, signed: Path, answer: str) -> None:
    """Push a prescription that the firmware in the page takes; wait for the unit's answer."""
    desk.page.set_input_files("#real-file", signed)
    said(desk, "The unit checks its signature")
    desk.page.click("#real-push")
    said(desk, answer)


def test_a_unit_is_shown_pulled_and_prescribed(
    chromium: "Browser", address: str, tmp_path: Path
) -> None:
    with unit() as (bench, cable), page(chromium, address, cable) as desk:
        desk.shows("#which", "SIMULATED")
        connect(desk)
        said(desk, f"^Connected to unit {SERIAL}$")
        desk.shows("#which", f"REAL UNIT {SERIAL}")
        assert desk.page.is_hidden("#unit") and desk.page.is_hidden("#break")
        desk.shows("#real-faults", "No fault is latched.")
        desk.shows("#brief-contact-a", re.compile(r"^3\d\.\d$"))
        titles = desk.page.locator("#plots h3").all_inner_texts()
        assert any(title.startswith("CONTACT") or "Contact" in title for title in titles)
        desk.page.click("#real-pull")
        said(desk, r"^Pulled \d+ records, 3 sessions$")
        shown = desk.page.inner_text("#real-journal")
        assert "Not proven: verify with the command and the key" in shown
        assert desk.page.locator("#real-journal tbody tr").count() == 3
        assert not bench.run.chip.resets
        desk.page.click("#real-clock")
        said(desk, "^Clock set$")
        desk.page.click("#real-test")
        said(desk, "^The unit says: no hard fault is kept")
        other = tmp_path / "other.json"
        other.write_bytes(file.sign(dict(DEFAULT, name="weaker"), OTHER, SERIAL, 3, None))
        push(desk, other, "^The unit says: .*altered.*; it keeps its old prescription$")
        strong = tmp_path / "strong.json"
        strong.write_text(json.dumps(dict(DEFAULT, set_point_c=50)))
        desk.page.set_input_files("#real-file", strong)
        said(desk, "^The firmware refuses it: ")
        assert desk.page.is_disabled("#real-push")
        good = tmp_path / "good.json"
        good.write_bytes(file.sign(dict(DEFAULT, name="weaker"), KEY, SERIAL, 3, None))
        push(desk, good, "restarts to go by it$")
        assert bench.run.parts.flash.files["prescription.json"] == good.read_bytes()


def test_a_unit_in_a_session_goes_on_and_its_light_is_shown(
    chromium: "Browser", address: str
) -> None:
    with unit(40.0) as (bench, cable), page(chromium, address, cable) as desk:
        connect(desk)
        said(desk, "^Connected; the unit says: refused while a session runs")
        desk.shows("#state-name", re.compile("RAMP|TREAT"))
        assert not bench.run.chip.resets


class FrameCable(FrameCut, Cable):
    """A cable that is pulled at a message."""


def strike(desk: Bench, act: str) -> None:
    """Have the page do it."""
    if act == "connect":
        connect(desk)
    else:
        desk.page.click(f"#real-{act}")


@pytest.mark.parametrize(
    ("act", "cut", "told", "then"),
    [
        ("connect", Cut("host", 0, 0.0), "^The line broke off", ""),
        ("connect", Cut("unit", 2, 0.5), "^The line broke off", ""),
        ("pull", Cut("host", 1, 0.5), "^The line broke off", r"^Pulled \d+ records, 3 sessions$"),
        ("pull", Cut("unit", 1, 0.5), "^The line broke off", r"^Pulled \d+ records, 3 sessions$"),
        ("push", Cut("host", 1, 0.5), EITHER, "restarts to go by it$"),
        ("push", Cut("unit", 1, 0.0), EITHER, "restarts to go by it$"),
    ],
)  # fmt: skip
def test_a_cable_that_is_pulled_is_told_and_the_page_goes_on(
    chromium: "Browser", address: str, tmp_path: Path, act: str, cut: Cut, told: str, then: str
) -> None:
    """A few of the places of `test_bench_cable.py`, in the page itself, which stays as it is."""
    good = tmp_path / "good.json"
    good.write_bytes(file.sign(dict(DEFAULT, name="weaker"), KEY, SERIAL, 3, None))
    with unit() as (bench, plain):
        cable = FrameCable(plain.read, plain.write)
        with page(chromium, address, cable) as desk:
            if act != "connect":
                connect(desk)
                said(desk, f"^Connected to unit {SERIAL}$")
            if act == "push":
                desk.page.set_input_files("#real-file", good)
                said(desk, "The unit checks its signature")
            cable.begin(cut)
            strike(desk, act)
            said(desk, told)
            cable.begin(None)
            desk.page.click("#real-again" if act != "connect" else "#real-connect")
            said(desk, f"^Connected( to unit {SERIAL}$|; the unit says: refused in this state)")
            desk.shows("#which", f"REAL UNIT {SERIAL}")
            assert desk.page.is_hidden("#real-again")
            if act != "connect":
                strike(desk, act)
                said(desk, then)
            new = bench.run.parts.flash.files["prescription.json"] == good.read_bytes()
            assert new == (act == "push")


def test_a_late_answer_to_an_earlier_question_is_not_taken_for_the_next(
    chromium: "Browser", address: str
) -> None:
    """The cable was pulled while the unit read a file that is not there: it says so only now."""
    waiting = [b'{"error":"there is no such file"}\n']
    names = {"files": ["prescription.json"], "board": "RPI_PICO", "serial": SERIAL}

    def write(data: bytes) -> None:
        answers = {
            b"list": names,
            b"get ": {"error": "there is no such file"},
            b"cloc": {"ok": "set"},
        }
        waiting.append(json.dumps(answers[data[:4]]).encode() + b"\n")

    cable = Cable(lambda: waiting.pop(0) if waiting else b"", write)
    with page(chromium, address, cable) as desk:
        connect(desk)
        said(desk, f"^Connected to unit {SERIAL}$")
        desk.page.click("#real-clock")
        said(desk, "^Set$")


def test_a_line_that_breaks_while_it_connects_is_not_called_connected(
    chromium: "Browser", address: str
) -> None:
    waiting = [json.dumps({"files": [], "serial": SERIAL}).encode() + b"\n"]
    cable = Cable(lambda: waiting.pop(0) if waiting else b"", lambda data: None)
    cable.left = len(waiting[0])
    with page(chromium, address, cable) as desk:
        connect(desk)
        said(desk, "^The line broke off")
        desk.page.wait_for_timeout(500)
        said(desk, "^The line broke off")
        assert desk.page.is_hidden("#real")
        desk.shows("#which", "SIMULATED")


def test_a_second_tab_is_told_that_the_first_has_the_unit(
    chromium: "Browser", address: str
) -> None:
    with unit() as (_, cable), page(chromium, address, cable) as desk:
        connect(desk)
        said(desk, f"^Connected to unit {SERIAL}$")
        second = Bench(desk.page.context.new_page(), address)
        connect(second)
        said(second, "another tab or program has it$")
        second.shows("#which", "SIMULATED")
        desk.page.click("#real-pull")
        said(desk, "^Pulled")


SCRIPT = "<img src=x onerror='document.title=`owned`'><script>document.title='owned'</script>"
LINE = {
    "ms": 1_000, "state": "READY", "reason": SCRIPT, "refused": 99, "lock": 77, "faults": 2**31,
    "contact_mc": [36_000, 1 << 60], "board_mc": [1, 2], "throttle": [0, 0],
    "fluence_uj_cm2": [0, 0], "cem43_q10_ms": [0, 0], "set_point_mc": 1, "treat_ms": 1,
    "battery_mv": 1, "battery_pct": 1, "sessions_left": 1, "clock_set": 1, "receipt": SCRIPT,
}  # fmt: skip


SOONER = """() => {
  const later = window.setTimeout;
  window.setTimeout = (done, ms) => later(done, ms >= 5000 ? ms / 8 : ms);
}"""  # an answer that never comes is given up


def has(table: bytes) -> dict[bytes, bytes]:
    """What a unit answers that has this prescription, whole."""
    begin = json.dumps({"get": "prescription.json", "size": len(table)}).encode()
    end = json.dumps({"sha256": sha256(table).hexdigest()}).encode()
    return {b"list": b'{"files":[]}\n', b"get": begin + b"\n" + table + end + b"\n"}


@pytest.mark.parametrize(
    "answers",
    [
        has(b'{"name":"x","step":7}'),
        has(b'{"name":"x","step":[null]}'),
        has(b'{"name":"x","irradiance_mw_cm2":"' + SCRIPT.encode() + b'"}'),
        has(json.dumps(dict(DEFAULT, step=[{"pads": 1}])).encode()),
        has(b'{"name":"x","step":' + b"[" * 2_000 + b"]" * 2_000 + b"}"),
        {b"list": b'{"files":[],"board":"x","serial":' + json.dumps(SCRIPT).encode() + b"}\n",
         b"get": b'{"get":"prescription.json","size":1e99}\n'},
        {b"list": b'{"files":{},"serial":[[[]]]}\n', b"get": b'{"error":{"a":1}}\n'},
        {b"list": b'{"error":' + json.dumps(SCRIPT).encode() + b"}\n"},
        {b"list": b'{"files":[]}\n',
         b"get": b'{"get":"prescription.json","size":9}\n{"name":1}{"sha256":"0"}\n'},
        {b"list": b"[" * 20_000 + b"\n{\"files\":[]}\n",
         b"get": b'{"get":"journal.0","size":-1}\n'},
    ],
)  # fmt: skip
def test_a_hostile_unit_is_survived(
    chromium: "Browser", address: str, answers: dict[bytes, bytes]
) -> None:
    waiting = [bytes(range(256)) * 40, b"x" * 300_000, b"\n\xff\xfe{\n"]

    def write(data: bytes) -> None:
        waiting.extend(answer for word, answer in answers.items() if data.startswith(word))

    def read() -> bytes:
        return waiting.pop(0) if waiting else json.dumps(LINE).encode() + b"\nnull\n[]\n{}\n"

    with page(chromium, address, Cable(read, write)) as desk:
        title = desk.page.title()
        desk.page.evaluate(SOONER)
        connect(desk)
        said(desk, "^Connected")
        desk.shows("#real-asked", re.compile("^Its prescription is not known here"))
        desk.shows("#real-faults", "No fault is latched.")
        desk.page.click("#real-clock")  # nothing answers
        said(desk, "^The unit does not answer")
        assert desk.page.title() == title
        assert desk.page.locator("main img, main script").count() == 0


def test_a_browser_without_web_serial_is_told_what_it_lacks(
    chromium: "Browser", address: str
) -> None:
    context = chromium.new_context()
    context.add_init_script("delete Navigator.prototype.serial")
    desk = Bench(context.new_page(), address)
    desk.page.evaluate("document.querySelector('#connect').open = true")
    desk.shows("#real-lacks", re.compile("no Web Serial: open this page in Chrome.*monitor"))
    assert desk.page.is_disabled("#real-connect")
    context.close()


def test_every_fault_has_words_and_what_to_do() -> None:
    assert set(words.ADVICE) == {row[0] for row in FAULTS} == set(words.FAULTS)


def test_the_page_asks_for_as_many_segments_as_there_are() -> None:
    code = Path("tools/bench/page/real.js")
    root = Path(__file__).resolve().parents[2]
    assert f"SEGMENTS = {journal.SEGMENTS};" in (root / code).read_text()
