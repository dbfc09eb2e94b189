"""The bench page as somebody at a desk has it, driven by Playwright in Chromium."""

import csv
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.browser import LOADED_MS

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Bench:
    """The page, as somebody at a desk has it."""

    def __init__(self, page: "Page", address: str) -> None:
        self.page = page
        self.asked: list[str] = []
        self.weight = 0
        self.wrong: list[str] = []
        page.set_default_timeout(LOADED_MS)
        page.context.on("request", self.ask)
        page.context.on("requestfinished", self.weigh)
        page.on("pageerror", lambda why: self.wrong.append(str(why)))
        page.on("console", self.hear)
        page.goto(address)
        page.wait_for_selector("#trouble:visible, #state-name[data-state]")
        assert page.is_hidden("#trouble"), page.inner_text("#trouble")
        self.shows("#state-name", "SELF_TEST")

    def ask(self, request: Any) -> None:
        self.asked.append(request.url)

    def hear(self, said: Any) -> None:
        if said.type == "error":
            self.wrong.append(said.text)

    def weigh(self, request: Any) -> None:
        self.weight += int(request.response().headers.get("content-length", 0))

    def shows(self, selector: str, text: "str | re.Pattern[str]") -> None:
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_have_text(text, timeout=LOADED_MS)

    def run(self, speed: str = "Infinity") -> None:
        self.page.locator(f"#speeds input[value='{speed}']").check()
        if self.page.inner_text("#play") == "Run":
            self.page.click("#play")

    def pause(self) -> None:
        if self.page.inner_text("#play") == "Pause":
            self.page.click("#play")
        self.shows("#pace", "paused")

    def press_start(self) -> None:
        self.page.locator("#unit [data-button=START]").click(delay=120)

    def session(self) -> None:
        """Until it treats: START is pressed and released."""
        self.run("1")
        self.shows("#state-name", "READY")
        self.press_start()
        self.shows("#state-name", "WAIT_SKIN")
        self.run()
        self.shows("#state-name", "TREAT")

    def switch(self, fault: str, pad: str = "") -> Any:
        starts = f"[aria-label^='{pad}: ']" if pad else ""
        return self.page.locator(f"button{starts}[aria-label*=': {fault}, ']")

    def saved(self, folder: Path) -> dict[str, Any]:
        """The scenario, saved as a file; gives what is in it."""
        with self.page.expect_download() as download:
            self.page.click("#story-save")
        download.value.save_as(folder / "bench.toml")
        return tomllib.loads((folder / "bench.toml").read_text())

    def told(self) -> dict[str, Any]:
        """State, steps, faults and dose, as the page shows them."""
        log = self.page.locator("#log li").all_inner_texts()[::-1]
        steps = [m[1] for line in log if (m := re.match(r"\S+ ([A-Z_]+): ", line))]
        faults = [
            (m[1], m[2]) for line in log if (m := re.match(r"\S+ Fault (\w+) on pad (\w):", line))
        ]
        dose = self.page.locator("#numbers tr", has_text="dose of").locator("td").all_inner_texts()
        return {"state": self.page.inner_text("#state-name"), "steps": steps, "faults": faults,
                "dose": dose}  # fmt: skip

    def begin(self, scenario: dict[str, Any]) -> None:
        """A new unit with a scenario, as somebody who writes its text."""
        self.page.fill("#story-text", to_toml_text(scenario))
        self.page.click("#story-run")
        self.shows("#clock", "0:00.0")

    def t_s(self) -> float:
        """The clock, s."""
        minutes, rest = self.page.inner_text("#clock").split(":")
        return 60 * int(minutes) + float(rest)

    def csv(self) -> list[dict[str, str]]:
        """The rows that the charts show."""
        with self.page.expect_download() as download:
            self.page.click("#chart-save")
        return list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))


def to_toml_text(scenario: dict[str, Any]) -> str:
    """A scenario as the text of a file."""
    events = scenario["event"]
    lines = [f"duration_s = {scenario['duration_s']}"]
    for event in events:
        lines += ["[[event]]", *(f"{key} = {json.dumps(value)}" for key, value in event.items())]
    return "\n".join(lines)
