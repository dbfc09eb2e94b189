"""Summary and live view of a unit of which only attributes can be read, as out of a chip's memory.

Pin depth reads the firmware's objects word by word: no method and no property can be called there.
"""

from typing import Any

import pytest
from rich.console import Console

from sim.hal_depth.depth import HalDepth
from sim.run import Run
from sim.scenario.scenario import parse
from tools.report.live_view import View
from tools.report.summary import render

STORIES = {
    "ordinary": '[[event]]\nat_s = 2\npress = "START"\n',
    "fault": '[[event]]\nat_s = 2\npress = "START"\n'
    '[[event]]\nat_s = 50\nfault = "ntc_open"\npad = "A"\n',
    "refused": 'start = { worn = true, battery_pct = 2 }\n[[event]]\nat_s = 2\npress = "START"\n',
    "nothing pressed": "",
    "locked": "",
}
PLAIN = (int, float, str, bytes, bytearray, bool, type(None))


class Words:
    """An object's attributes, and nothing else of it."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        try:
            return words(vars(self._thing)[name])
        except KeyError:
            kind = type(self._thing).__name__
            raise AttributeError(f"the program's {kind} has no {name} yet") from None


def words(value: Any) -> Any:
    """A value as it is read out of memory."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (list, tuple)):
        return type(value)([words(item) for item in value])
    return list(value) if hasattr(value, "typecode") else Words(value)


class Memory(HalDepth):
    """HAL depth, its unit seen through memory alone."""

    @property
    def unit(self) -> Any:
        return Words(super().unit)


@pytest.mark.parametrize("story", STORIES)
def test_summary_and_live_view_read_attributes_alone(story: str) -> None:
    files = {"prescription.json": b"{}"} if story == "locked" else {}
    head = "duration_s = 60\n"
    run = Run(parse(head + STORIES[story], "story.toml"), files=files, depth=Memory())
    console = Console(width=80, record=True, color_system=None)
    console.print(View(run, console).screen())
    while run.advance(50):
        console.print(View(run, console).screen())
    console.print(View(run, console).screen())
    text = render(run, [])
    told = {"locked": "the unit is locked", "refused": "START was refused", "fault": "Fault: "}
    assert told.get(story, "story: ") in text
    assert "battery" in console.export_text()
