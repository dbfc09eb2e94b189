"""Edges of pins: what a span of them comes to, when light ended, and the file of all of them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("vcd", reason="pyvcd is not installed: pip install -e '.[pin]'")

from matplotlib.figure import Figure
from vcd.reader import TokenKind, tokenize

from hal.boards import RPI_PICO
from sim.driver_depth.wiring import Wiring
from sim.pin_depth.waveform import Edges, channels, dark_after, pin_activity, write_vcd
from tools.report.pin_report import Moment, headline, panel

NAMED = channels(RPI_PICO, Wiring(RPI_PICO))
EMITTERS = 2 * len(RPI_PICO.BANKS)
ENABLE = tuple(NAMED).index("ENABLE")
START = tuple(NAMED).index("START")

# When something changes, in eighths of a microsecond (a cycle is 8 ns), and what.
changes = st.lists(
    st.tuples(st.integers(1, 8_000), st.integers(0, len(NAMED) - 1)), max_size=60
).map(sorted)


def toggled(what: list[tuple[int, int]]) -> Edges:
    """Edges at these moments, each to the other level."""
    edges = Edges(NAMED)
    level = edges.levels(0.0)
    for at, place in what:
        level[place] ^= 1
        edges.add(at / 8, place, level[place])
    return edges


def sampled(edges: Edges, place: int, begin: int, end: int) -> list[int]:
    """The level in each eighth of a microsecond, asked one by one."""
    return [edges.levels((at + 0.5) / 8)[place] for at in range(begin, end)]


def test_inputs_rest_high_and_all_else_low():
    levels = dict(zip(NAMED, Edges(NAMED).levels(0.0), strict=True))
    assert levels["START"] == levels["BUCKLE"] == 1
    assert levels["A_810"] == levels["ENABLE"] == levels["POWER_HOLD"] == 0


@given(changes, st.integers(0, 400), st.integers(0, 400))
def test_a_row_says_what_sampling_would(what, begin, length):
    edges = toggled(sorted({at % 500 + 1: place % 3 for at, place in what}.items()))
    rows = pin_activity(edges, begin / 8, (begin + length) / 8)
    for place in range(3):
        levels = sampled(edges, place, begin, begin + length)
        assert rows[place].high_us == pytest.approx(sum(levels) / 8)
        assert rows[place].at_end == edges.levels((begin + length) / 8)[place]
        falls = [k for k in range(1, length) if levels[k - 1] and not levels[k]]
        if falls:
            assert rows[place].last_fall_us == pytest.approx(falls[-1] / 8)


@given(changes)
def test_light_ends_when_the_last_emitter_or_the_switch_goes_low(what):
    what = sorted({at % 300 + 1: place % (ENABLE + 1) for at, place in what}.items())
    edges = toggled(what)
    end = 320
    lit = [
        bool(levels[ENABLE] and any(levels[:EMITTERS]))
        for levels in (edges.levels((at + 0.5) / 8) for at in range(end))
    ]
    last = max((k for k in range(end) if lit[k]), default=None)
    expected = None if last is None else pytest.approx((last + 1) / 8)
    assert dark_after(edges, EMITTERS, 0.0, end / 8) == expected


def test_a_waveform_with_every_line_low_says_no_light():
    edges, moment = toggled([]), Moment(0.0, "strike")
    assert headline(edges, EMITTERS, moment, 1e6).endswith("no light")
    axis = Figure().subplots()
    panel(axis, edges, EMITTERS, moment, 1e3)
    assert axis.get_title(loc="left") == "strike at 0.000 s; no light"


@given(changes)
def test_the_file_holds_every_edge_in_nanoseconds(tmp_path_factory, what):
    edges = toggled(what)
    path = tmp_path_factory.mktemp("vcd") / "a.vcd"
    write_vcd(edges, path, 2_000)
    names, now, dumped, seen = {}, 0, False, []
    with open(path, "rb") as file:
        for token in tokenize(file):
            if token.kind is TokenKind.VAR:
                names[token.var.id_code] = token.var.reference
            elif token.kind is TokenKind.CHANGE_TIME:
                now = token.time_change
            elif token.kind is TokenKind.DUMPVARS:
                dumped = True
            elif token.kind is TokenKind.CHANGE_SCALAR and dumped and now:
                change = token.scalar_change
                seen.append((now, names[change.id_code], int(change.value)))
    assert set(names.values()) == set(NAMED)
    last = {}  # a pin that changes twice at one moment is written as it stands after it
    for us, place, level in edges.between(0.0, 1e9):
        last[round(us * 1_000), edges.names[place]] = level
    kept = {(at, name): level for at, name, level in seen}
    assert all(last[key] == level for key, level in kept.items())
    assert now == 2_000_000


def test_a_file_has_one_timescale_and_no_date_of_making(tmp_path: Path) -> None:
    path = tmp_path / "a.vcd"
    write_vcd(toggled([(8, START)]), path, 10)
    text = path.read_text()
    assert "$timescale 1 ns $end" in text and "#1000" in text and "$date" not in text
