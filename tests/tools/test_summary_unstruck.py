"""The summary names each fault of a scenario that never struck, and why."""

import inspect

from firmware.ui import usb_files
from sim.run import Run
from sim.scenario.scenario import parse
from tests.support.command import SHORT
from tools.report.summary import render

_, FIRST = inspect.getsourcelines(usb_files.list_files)
LINE = FIRST + 3  # of a function that no scenario without a host calls


def test_a_fault_whose_line_is_not_reached_is_named_and_one_that_struck_is_not() -> None:
    events = (
        '[[event]]\nat_s = 5\nfault = "firmware_hang"\nline = "firmware/ui/usb_files.py:{}"\n'
        '[[event]]\nat_s = 6\nfault = "firmware_exception"\nline = "firmware/safety/gate.py:128"\n'
        '[[event]]\nat_s = 20\nfault = "alert_broken"\n'
    )
    run = Run(parse(SHORT + events.format(LINE), "late.toml"))
    while run.advance(1_000):
        pass
    said = " ".join(render(run, []).split())
    why = f"firmware/ui/usb_files.py:{LINE} was not reached after that."
    assert f"Never struck: firmware_hang of 5 s: {why}" in said and "hang at" not in said
    assert said.count("Never struck") == 1


def test_a_fault_that_the_run_did_not_come_to_is_named() -> None:
    events = '[[event]]\nat_s = 5\nfault = "ntc_open"\npad = "A"\nfor_s = 2\n'
    said = render(Run(parse(SHORT + events, "late.toml")), [])
    assert "Never struck: ntc_open of 5 s: the run ended before." in said
