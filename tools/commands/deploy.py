"""`waistband deploy`: copies the product to a unit over USB; the unit's own files stay."""

from sim.common.errors import BadInput
from tools.commands.options import DeviceName
from tools.common.files import emit
from tools.unit import transfer
from tools.unit.device import Device, find_port


def deploy(device: DeviceName = None) -> int:
    """Copy the product to a unit over USB: what changed, compiled, each file's hash verified.

    The unit is asked into service mode, which it refuses while a session runs, and restarted;
    its clock is set. Its calibration, prescription and records stay. Interrupted, it stays
    dark and says so until this is run again.
    """
    from sim.driver_depth.flash import device_files
    from sim.driver_depth.release import release

    files = release(device_files(transfer.ROOT))
    port = find_port(device)
    with Device(port) as unit:
        unit.to_prompt()
        about = unit.about()
        if about.frozen:
            raise BadInput(f"{port}: has the product frozen in: write another image to it")
        plan = transfer.make_plan(files, transfer.list_files(unit))
        transfer.apply_plan(unit, files, plan, about)
        changed = f"{len(plan.write)} files copied, {len(plan.remove)} removed"
        said = "up to date" if plan.same else changed
        transfer.restart(unit, about)
        came = unit.wait_for_restart()
        if came != "unit":
            raise BadInput(f"{port}: {said}, but the unit is dark: {came}")
        clock = transfer.set_clock(unit)
    emit(f"{port}: {said}, {len(files) - 1} files verified; the unit runs again; {clock}")
    return 0
