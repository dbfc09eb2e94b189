"""The bench page: to a first visitor, by keys, without colour, and without a network."""

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from hal.boards import RPI_PICO
from tests.support.bench_desk import Bench
from tools.bench.site import gallery

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# All rules of axe, and one that it has off: a name must hold the word that is seen.
RULES = {"label-content-name-mismatch": {"enabled": True}}
# Where the page can stand: a scenario's events, and the state that they lead to.
START = {"at_s": 2, "press": "START"}
STATES: dict[str, tuple[list[dict[str, Any]], float]] = {
    "SELF_TEST": ([], 0.1), "READY": ([], 2), "WAIT_SKIN": ([START], 3), "CHECK": ([START], 7.5),
    "RAMP": ([START], 20), "TREAT": ([START], 60), "OFF": ([{**START, "hold_ms": 2_000}], 6),
    "PAUSED": ([START, {"at_s": 50, "press": "START"}], 52),
    "FAULT": ([START, {"at_s": 50, "fault": "led_open", "pad": "B", "value": 810},
               {"at_s": 55, "fault": "ntc_open", "pad": "A"}], 58),
    "CHARGING": ([{"at_s": 2, "fault": "charger_plugged"}], 4),
    "LOCKED": ([{"at_s": k * 8 + 5, "fault": "firmware_exception"} for k in range(3)], 24),
    "DONE": ([START, {"at_s": 50, "fault": "battery_low", "value": 1.0}], 53),
}  # fmt: skip
STARTS_WITHIN_S = 100  # of the run: ten seconds at x10
# Elements that must not lie on one another, unless one holds the other.
SOLID = (
    "main :is(button, input, select, textarea, label, h2, h3, p, th, td, dt, dd, figure, canvas,"
    " code, output, .box, .words, .unit), header :is(h1, a, label),"
    " .strip :is(button, p, dt, dd), .transport :is(button, input)"
)
# Pairs of them that do, as "a | b": what is drawn in one on purpose, or heard alone, is left out.
# Head, middle and foot of the page scroll apart.
OVERLAPS = """(solid) => {
  const apart = (node) => node.closest(
    ".uplot, .log, .unheard, .file, .speeds, .broken, details:not([open]), dialog, [hidden]");
  const nodes = [...document.querySelectorAll(solid)].filter((node) => !apart(node))
    .map((node) => [node, node.getBoundingClientRect()])
    .filter(([, box]) => box.width && box.height);
  const said = (node) => `${node.tagName} ${node.id || node.textContent.trim().slice(0, 30)}`;
  const part = (node) => node.closest("header, main, .strip, .transport");
  const found = [];
  nodes.forEach(([a, one], k) => nodes.slice(k + 1).forEach(([b, two]) => {
    const wide = Math.min(one.right, two.right) - Math.max(one.left, two.left);
    const high = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
    const beside = part(a) === part(b);
    if (wide > 1 && high > 1 && beside && !a.contains(b) && !b.contains(a)) {
      found.push(`${said(a)} | ${said(b)}`);
    }
  }));
  return found;
}"""


@pytest.mark.parametrize("width", [1024, 1366, 1920])
def test_nothing_lies_on_anything_else(desk: Bench, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 900})
    desk.session()
    desk.switch("hot_skin", "A").click()
    desk.pause()
    assert desk.page.evaluate(OVERLAPS, SOLID) == []
    assert desk.page.evaluate("document.querySelector('main').scrollWidth") <= width


def test_a_phone_need_not_be_scrolled_sideways(desk: Bench) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.session()
    desk.pause()
    wide = "Math.max(...['html', 'main'].map((n) => document.querySelector(n).scrollWidth))"
    assert desk.page.evaluate(wide) <= 390
    assert desk.page.evaluate(OVERLAPS, SOLID) == []


# By scheme, the rules that are asked for: all, or those that look at colours.
ASKED: dict[Any, dict[str, Any]] = {
    "light": {"rules": RULES}, "dark": {"runOnly": ["color-contrast"]}
}  # fmt: skip


def violations(desk: Bench, axe: str) -> list[str]:
    """What axe finds, a line each: scheme, rule and place."""
    desk.page.evaluate(axe)
    said = []
    for scheme, asked in ASKED.items():
        desk.page.emulate_media(color_scheme=scheme)
        found = desk.page.evaluate("(asked) => axe.run(document, asked)", asked)
        assert found["passes"]  # it did look
        said += [
            f"{scheme}: {row['id']}: {node['target']} {node['failureSummary'][:160]}"
            for row in found["violations"] for node in row["nodes"]
        ]  # fmt: skip
    return said


def test_axe_finds_nothing_in_any_state(desk: Bench, axe: str) -> None:
    found = {"before": violations(desk, axe)}
    for state, (events, until_s) in STATES.items():
        desk.begin({"duration_s": until_s if until_s >= 1 else 1, "event": events})
        if until_s >= 1:
            desk.run()
            desk.shows("#pace", "paused")
        desk.shows("#state-name", state)
        found[state] = violations(desk, axe)
    desk.page.keyboard.press("?")
    found["keys"] = violations(desk, axe)
    desk.page.set_viewport_size({"width": 390, "height": 844})
    found["phone"] = violations(desk, axe)
    assert {state: rows for state, rows in found.items() if rows} == {}


def test_a_first_visitor_who_does_what_the_page_says_sees_light(desk: Bench) -> None:
    desk.page.locator("#gallery button").first.click()
    desk.shows("#state-name", "RAMP")
    assert desk.page.locator("#speeds input:checked").input_value() == "10"
    assert desk.t_s() < STARTS_WITHIN_S
    desk.shows("#pad-a-said", "pad A lit")
    assert not desk.page.locator("#first").evaluate("(node) => node.open")  # out of the way


BEGUN = re.compile(r"^(?!READY|SELF_TEST)\w")  # WAIT_SKIN may be over before it is looked at


def test_every_scenario_of_the_gallery_begins(desk: Bench) -> None:
    titles = desk.page.locator("#gallery b").all_inner_texts()
    assert titles == [row["title"] for row in gallery()] and len(titles) > 5
    for title in titles:
        desk.page.evaluate("document.querySelector('#first').open = true")
        desk.page.locator("#gallery button", has_text=str(title)).click()
        desk.page.wait_for_selector("#first:not([open])")  # this unit is there, no longer the last
        desk.shows("#state-name", BEGUN)
        assert desk.page.is_hidden("#trouble")


def test_of_two_units_begun_at_once_the_page_shows_the_second_alone(desk: Bench) -> None:
    """Its prescription, too: the answer to the first comes while the second is waited for."""
    banks = ", ".join(f"{nm} = 2.5" for nm, *_ in RPI_PICO.BANKS)
    texts = [
        f"duration_s = 60\n[prescription]\nname = 'at {celsius}'\nset_point_c = {celsius}\n"
        f"max_min = 30\nfluence_j_cm2 = 6\nirradiance_mw_cm2 = {{ {banks} }}\n"
        "light = { mode = 'cw' }\n"
        for celsius in (40, 38.5)
    ]
    desk.page.evaluate(
        """(texts) => texts.forEach((text) => {
      document.querySelector("#story-text").value = text;
      document.querySelector("#story-run").click();
    })""",
        texts,
    )
    desk.page.wait_for_selector("#play:not([disabled])")
    desk.shows("#facts div:has(dt:text('held at')) dd", "38.5 °C")
    assert desk.page.input_value("#dose-set_point_c") == "38.5"


def test_the_strip_stays_in_sight_and_says_what_the_rows_say(desk: Bench) -> None:
    desk.session()
    desk.switch("ntc_drift", "A").click()
    desk.shows(
        "#told", re.compile("^ntc_drift 1 C/min on pad A: dark .* by [a-z_]+, .*C, bound 43")
    )
    desk.pause()
    desk.page.locator("#dose-h").scroll_into_view_if_needed()
    for part in ("#state-name", "#state-why", "#told", ".strip [data-button=START]", "#play"):
        box = desk.page.locator(part).bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= 900, part
    shown = desk.page.locator("#numbers tr", has_text="sensed").locator("td").all_inner_texts()
    brief = [float(desk.page.inner_text(f"#brief-contact-{pad}")) for pad in "ab"]
    assert brief == pytest.approx([float(value) for value in shown], abs=0.1)


def test_run_is_reached_at_once_and_keys_do_the_rest(desk: Bench) -> None:
    page = desk.page
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert "play" in reached
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("r")
    desk.shows("#play", "Pause")
    desk.shows("#state-name", "READY")
    page.keyboard.press("s", delay=150)
    desk.shows("#state-name", "WAIT_SKIN")
    page.keyboard.press("3")
    desk.shows("#state-name", "TREAT")
    page.keyboard.press("f")
    page.keyboard.type("ntc_open")
    page.keyboard.press("Shift+Enter")
    desk.shows("#state-name", "FAULT")
    desk.shows("#broken-b li", "✕ ntc_open")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    desk.shows("#wall-clear", "End all")
    page.keyboard.press("r")
    desk.shows("#play", "Run")
    desk.shows("#pace", "paused")
    clock = at_rest_s(desk)
    page.keyboard.press(".")
    desk.shows("#pace", "paused")
    assert 0 <= at_rest_s(desk) - clock < 0.2
    page.keyboard.press("?")
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    desk.shows("#play", "Run")  # the switch in the dialog ends the keys


def at_rest_s(desk: Bench) -> float:
    """The unit's time once the last row of a run that was paused is drawn."""
    clock = desk.t_s()
    for _ in range(25):
        desk.page.wait_for_timeout(400)
        before, clock = clock, desk.t_s()
        if clock == before:
            return clock
    raise AssertionError(f"paused, and the unit's time goes on: {clock:g} s")


def test_keys_rest_where_a_person_writes(desk: Bench) -> None:
    desk.page.fill("#wall-find", "")
    desk.page.focus("#wall-find")
    desk.page.keyboard.type("sensor")
    assert desk.page.input_value("#wall-find") == "sensor"
    desk.shows("#play", "Run")


def test_no_reading_is_a_gap_and_no_nought(desk: Bench) -> None:
    events = [START, {"at_s": 50, "fault": "firmware_exception"}]
    desk.begin({"duration_s": 60, "event": events})
    desk.run()
    desk.shows("#pace", "paused")
    rows = desk.csv()
    resets = [row for row in rows if row["state"] == "SELF_TEST" and row["contact_a_c"] == ""]
    assert resets
    assert not [row for row in rows if row["contact_a_c"] and float(row["contact_a_c"]) < 25]
    assert [row["true_contact_a_c"] for row in rows if not row["true_contact_a_c"]] == []


def test_each_way_of_the_diagram_begins_at_its_state_and_under_no_other(desk: Bench) -> None:
    desk.session()
    desk.switch("ntc_open", "A").click()
    desk.shows("#state-name", "FAULT")
    ways = desk.page.evaluate("""() => {
      const nodes = [...document.querySelectorAll("#diagram .node")];
      const boxes = Object.fromEntries(nodes.map((node) => {
        const rect = node.querySelector("rect"), value = (name) => Number(rect.getAttribute(name));
        return [node.querySelector("text").textContent, ["x", "y", "width", "height"].map(value)];
      }));
      return [...document.querySelectorAll("#diagram path.edge")].map((path) => {
        const { x, y } = path.getPointAtLength(0);
        const under = Object.entries(boxes).filter(([, [left, top, wide, high]]) =>
          x > left - 0.6 && x < left + wide + 0.6 && y > top - 0.6 && y < top + high + 0.6);
        return [path.dataset.from, under.map(([name]) => name), path.classList.contains("taken"),
          path.dataset.to];
      });
    }""")
    for begun, under, _, _ in ways:
        assert under == ([] if begun == "any of a session" else [begun])
    assert [(begun, to) for begun, _, taken, to in ways if taken] == [("TREAT", "FAULT")]


def test_lines_are_told_apart_without_colour(desk: Bench) -> None:
    """By width and dashes, in each chart; the legend shows the same dashes."""
    styles = desk.page.evaluate("""async () => {
      const { panels } = await import("./page/panels.js");
      const limits = {}, asked = {};
      return panels(limits, asked, [810, 850, 940, 1060], () => true)
        .map(({ lines }) => lines.map(({ wide, dash }) => `${Boolean(wide)} ${dash ?? ""}`));
    }""")
    for lines in styles:
        assert len(set(lines)) == len(lines)
    markers = (
        desk.page.locator(".plot")
        .first.locator(".u-marker")
        .evaluate_all("(nodes) => nodes.map((node) => node.style.borderStyle || node.style.border)")
    )
    assert sum("dotted" in style for style in markers) == 2


def test_charts_take_rows_of_a_source_that_knows_less(desk: Bench) -> None:
    """As a real unit's telemetry: no truth, no currents; the lines that it lacks are left out."""
    shown, reading = desk.page.evaluate("""async () => {
      const { panels } = await import("./page/panels.js");
      const { Traces } = await import("./page/traces.js");
      const traces = new Traces(["t_s", "state", "faults", "contact_a_c", "contact_b_c",
        "fluence_a", "fluence_b"]);
      traces.push([1, "TREAT", "", 36.5, 0, 1.5, 1.25]);
      const rows = panels({}, {}, [810], (name) => traces.has(name));
      return [rows.map((row) => row.lines.map((line) => line.label)), traces.reading(0)];
    }""")
    assert shown == [["A sensed", "B sensed"], ["A", "B"]]
    assert json.dumps(reading["contact_c"]) == "[36.5, NaN]"
    assert reading["fluence"] == [1.5, 1.25] and reading["state"] == "TREAT"


def test_the_three_signs_of_wear_part(desk: Bench) -> None:
    desk.session()
    desk.page.get_by_label("buckle closed", exact=True).uncheck()
    desk.shows("#state-name", "PAUSED")
    desk.begin({"duration_s": 300, "event": [START]})
    desk.run()
    desk.shows("#state-name", "TREAT")
    desk.page.get_by_label("skin sensors say").select_option("not touched")
    desk.shows("#state-name", "PAUSED")
    assert desk.page.get_by_label("belt on", exact=True).is_checked()
    desk.begin({"duration_s": 300, "event": [START]})
    desk.page.get_by_label("warmth sensed").select_option("10 °C less")
    desk.run()
    desk.shows("#state-name", re.compile("WAIT_SKIN|FAULT|READY"))
    assert float(desk.page.inner_text("#brief-contact-a")) < 28
    desk.page.get_by_label("warmth sensed").select_option("what is there")
    desk.shows("#broken-a", "")


def test_the_skin_map_is_under_the_charts_on_the_same_axis(desk: Bench) -> None:
    plot, skin = desk.page.evaluate("""() => {
      const box = (node) => [node.getBoundingClientRect().left, node.getBoundingClientRect().width];
      const [left, wide] = box(document.querySelector(".map"));
      return [box(document.querySelector(".plot .u-over")), [left + 46, wide - 46 - 40]];
    }""")
    assert skin == pytest.approx(plot, abs=1)


def test_the_page_runs_without_a_network_once_it_was_seen(
    chromium: "Browser", address: str
) -> None:
    context = chromium.new_context()
    desk = Bench(context.new_page(), address)
    desk.page.evaluate("""async () => {
      await navigator.serviceWorker.register("./sw.js");
      await navigator.serviceWorker.ready;
    }""")
    context.set_offline(True)
    desk.page.reload()
    desk.shows("#state-name", "SELF_TEST")
    desk.run("1")
    desk.shows("#state-name", "READY")
    manifest = desk.page.evaluate("fetch('manifest.webmanifest').then((found) => found.json())")
    assert manifest["display"] == "standalone" and manifest["icons"]
    context.set_offline(False)
    context.close()
    assert desk.wrong == []
