"""Files over the console of the driver-depth unit: whatever a host does, no tick waits for it."""

import hashlib
import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.records.journal import SEGMENT_BYTES, SEGMENTS, name
from sim.driver_depth.unit_build import Build
from tests.support.chip_programs import START, ChipRun, running, story, to
from tests.support.fake_hal import SHORT

READY_S = 6.0
FULL = {name(k): b'{"n": %d, "x": "%s"}\n' % (k, b"a" * 300) * 94 for k in range(SEGMENTS)}
FULL = {key: content + b"#" * (SEGMENT_BYTES + 300 - len(content)) for key, content in FULL.items()}
PULL_MAX_S = 20.0
EVER_S = 120.0
PRESCRIPTION = json.dumps(dict(SHORT, name="another")).encode()


class Host:
    """Whoever is at the other end of the cable: what was heard since the last question."""

    def __init__(self, run: ChipRun) -> None:
        self.run, self.usb = run, run.chip.usb
        self.usb.connected = True
        self.s = READY_S
        to(run, self.s)
        self.heard = ""

    def wait(self, s: float = 0.02) -> str:
        """Let time pass; return all that came since the last question."""
        before = self.usb.total
        self.s += s
        to(self.run, self.s)
        new = self.usb.total - before
        self.heard += self.usb.text()[-new:] if new else ""
        return self.heard

    def ask(self, line: str | bytes, until: str, within_s: float = 8.0) -> str:
        """Send a line; return what came up to a word."""
        self.heard = ""
        self.usb.type(line)
        end_s = self.s + within_s
        while until not in self.heard and self.s < end_s:
            self.wait()
        assert until in self.heard, self.heard[-300:]
        return self.heard

    def late_us(self) -> int:
        """The worst that a tick came late."""
        late: int = self.run.unit.telemetry.late_us
        return late


@pytest.fixture
def host() -> Iterator[Host]:
    """A unit that is ready, with a full journal and a host that reads."""
    with running(story(duration_s=900.0), Build(files=dict(FULL))) as run:
        yield Host(run)
        assert run.chip.usb.blocked_us == 0
        assert run.chip.resets == []


END = re.compile(r'\{"sha256":"([0-9a-f]{64})"\}\n')


def receive(host: Host, key: str, then: str = "") -> bytes:
    """The file that the unit was asked for, whole; `then` is sent once it comes."""
    heard = host.ask("", f'"get":"{key}"')
    host.usb.type(then)
    while not END.search(heard[-200:]):
        heard = host.wait()
        assert host.s < EVER_S
    head, _, rest = heard[heard.index('{"get"') :].partition("\n")
    content = rest[: json.loads(head)["size"]].encode("latin-1")
    end = END.match(rest[len(content) :])
    assert end and end[1] == hashlib.sha256(content).hexdigest()
    return content


def put(content: bytes) -> str:
    """The line that offers a prescription."""
    return f"put prescription.json {len(content)} {hashlib.sha256(content).hexdigest()}\n"


def test_a_full_journal_is_pulled_within_20_s_of_ticks(host: Host) -> None:
    begun_s = host.s
    keys = [name(k) for k in range(SEGMENTS)]
    host.usb.type(f"get {keys[0]}\n")
    pulled = {}
    for key, after in zip(keys, [*keys[1:], ""], strict=True):
        pulled[key] = receive(host, key, f"get {after}\n" if after else "")  # while this one comes
    assert pulled == {key: host.run.parts.flash.files[key] for key in keys}
    assert host.s - begun_s <= PULL_MAX_S
    assert sum(map(len, pulled.values())) >= SEGMENTS * SEGMENT_BYTES
    assert host.late_us() < 1_000


def test_a_host_that_stops_reading_in_the_middle_of_a_file_delays_no_tick(host: Host) -> None:
    for ticks in (1, 2, 3, 5, 8, 40):
        host.ask("get journal.1\n", '"get":"journal.1"')
        for _ in range(ticks):
            host.wait()
        host.usb.reading = False
        host.wait(3.0)  # it is given up
        host.usb.reading = True
        assert '"serial"' in host.ask("list\n", '"serial"')  # and the unit hears again
        assert host.late_us() < 1_000


def test_a_cable_that_is_pulled_in_the_middle_of_a_file_delays_no_tick(host: Host) -> None:
    for ticks in (0, 1, 7, 60):
        host.ask("get journal.1\n", '"get":"journal.1"')
        for _ in range(ticks):
            host.wait()
        host.usb.connected = False
        host.wait(5.0)
        host.usb.connected = True
        host.usb.type("get journal.2\n")
        assert receive(host, "journal.2") == FULL["journal.2"]


def test_a_prescription_is_put_and_the_unit_goes_by_it() -> None:
    with running(story(duration_s=60.0)) as run:
        host = Host(run)
        host.ask(put(PRESCRIPTION), "send it")
        host.ask(PRESCRIPTION, "restarts to go by it")
        host.wait(1.0)
        assert [why for _, why in run.chip.resets] == ["reset"]
        assert run.parts.flash.files["prescription.json"] == PRESCRIPTION
        host.wait(6.0)
        assert run.row()[1] == "READY" and run.unit.session.course.name == "another"


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 65, len(PRESCRIPTION) - 1])
def test_a_prescription_that_is_cut_is_not_kept_and_the_unit_hears_again(cut: int) -> None:
    with running(story(duration_s=60.0)) as run:
        host = Host(run)
        before = dict(run.parts.flash.files)
        host.ask(put(PRESCRIPTION), "send it")
        host.ask(PRESCRIPTION[:cut], "did not arrive whole")
        assert run.parts.flash.files == before
        assert '"serial"' in host.ask("list\n", '"serial"')
        assert run.chip.resets == []


def test_ctrl_c_ends_a_file_that_is_on_its_way_in_and_is_heard() -> None:
    with running(story(duration_s=60.0)) as run:
        host = Host(run)
        host.ask(put(PRESCRIPTION), "send it")
        host.ask(PRESCRIPTION[:9] + b"\x03", "did not arrive whole", within_s=1.0)


BYTES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([b"list\n", b"get journal.0\n", b"get keys.json\n", b"\n", b"\x03", b"\x04",
                         put(PRESCRIPTION).encode(), PRESCRIPTION, b"status\n", b"x" * 200]),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(BYTES, st.lists(st.booleans(), min_size=1, max_size=5))
def test_any_bytes_cost_no_tick_its_deadline(said: list[bytes], reads: list[bool]) -> None:
    with running(story(duration_s=60.0), Build(files={"journal.0": FULL["journal.0"]})) as run:
        host = Host(run)
        for k, data in enumerate(said):
            host.usb.reading = reads[k % len(reads)]
            host.usb.type(data)
            host.wait(0.3)
        assert run.chip.usb.blocked_us == 0
        assert host.late_us() < 5_000
        assert all(why == "reset" for _, why in run.chip.resets)  # a prescription was put


def test_a_file_ends_before_light_and_the_session_goes_on() -> None:
    with running(story(START, duration_s=60.0), Build(files=dict(FULL))) as run:
        host = Host(run)
        to(run, 9.5)
        host.s = 9.5
        host.ask("get journal.1\n", '"get":"journal.1"')
        while run.row()[1] != "RAMP":  # a host that takes some pieces a second
            host.usb.reading = False
            host.wait(0.9)
            host.usb.reading = True
            host.wait(0.1)
        host.usb.reading = True
        host.wait(0.5)
        host.heard = ""
        assert '"state"' in host.wait(3.0) and "aaa" not in host.heard  # telemetry, no file
        assert run.chip.usb.blocked_us == 0
