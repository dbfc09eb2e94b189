"""`waistband key`: makes the key that a clinic shares with a unit, installs it, and signs commands.

Called by `tools.commands.main`. Writes key files, what a unit keeps of a key, and the register of
what was signed (`tools.prescription.register`).
"""

from typing import Annotated, Literal

from typer import Argument, Option

from sim.common.errors import BadInput
from tools.commands.options import (
    DeviceName,
    SimulatedFolder,
    command_group,
    name_unit,
    output_option,
)
from tools.common.files import emit

app = command_group("Make a unit's key, and what the unit keeps of it.")


@app.command()
def new(
    output: Annotated[str, output_option("KEYFILE", "Where the key is to be kept.")],
    unit: Annotated[str | None, Option(metavar="SERIAL", help="The unit that it is for.")] = None,
) -> int:
    """Make a new key: 32 random bytes, in a file that only its owner may read.

    One key a unit. Whoever has it can sign prescriptions and verify journals; keep it where the
    clinic keeps its secrets, and a copy: without it no journal of the unit can be verified.
    """
    from tools.prescription import keyfile

    keyfile.write_private(output, keyfile.render_new_key(keyfile.check_serial(unit)))
    emit(f"Wrote a new key to {output}; keep a copy, and let nobody read it")
    return 0


@app.command()
def install(
    keyfile: Annotated[str, Argument(metavar="KEYFILE", help="From `key new`.")],
    output: Annotated[
        str | None,
        output_option("keys.json", "Make the file; not to a unit."),
    ] = None,
    device: DeviceName = None,
    simulated: SimulatedFolder = None,
    replace: Annotated[
        bool, Option("--replace", help="Write over the keys that a unit has.")
    ] = False,
) -> int:
    """Put onto a unit what it gets of a key: that of its prescriptions and the first of its
    journal. From then on it takes prescriptions that are signed with this key, and no others.

    Pull and verify the journal of a unit that had another key before: its old records can be
    verified with the old key alone.
    """
    from tools.prescription import keyfile as files

    key = files.read(keyfile)
    if output is None:
        from tools.unit.exchange import install as run

        return run(key, name_unit(device, simulated), replace)
    if device is not None or simulated is not None:
        other = "--device" if simulated is None else "--sim"
        raise BadInput(f"--output with {other}: name one place")
    files.write_private(output, files.render_unit_keys(key))
    emit(f"Wrote the unit's keys to {output}; delete it once it is on the unit")
    return 0


@app.command()
def command(  # noqa: PLR0913, PLR0917 - a parameter is an option
    keyfile: Annotated[str, Argument(metavar="KEYFILE", help="The unit's.")],
    do: Annotated[Literal["clock", "visit", "leave"], Argument(help="What the unit is to do.")],
    value: Annotated[str, Argument(help="YYYY-MM-DDTHH:MM:SS; N or N@YYYY-MM-DD; nothing")] = "-",
    reason: Annotated[str, Option(help="For the journal.")] = "",
    unit: Annotated[
        str | None, Option(metavar="SERIAL", help="The one unit that may take it; else the key's.")
    ] = None,
    number: Annotated[
        int | None, Option(metavar="N", help="Else the one after the last that was signed.")
    ] = None,
    device: DeviceName = None,
    simulated: SimulatedFolder = None,
    only_print: Annotated[
        bool, Option("--print", help="Print the line that a unit takes; send nothing.")
    ] = False,
) -> int:
    """Sign a command that changes what a journal shows, and have the unit do it: dark, outside of
    a session, once, and with the reason in its journal.

    \b
    clock 2026-11-29T12:00:00   set the clock, back as well
    visit 3                     a wrong clock closed visit 3: it is the next to open
    visit 3@2026-11-08          likewise on a unit whose visits are lost, or that replaces another:
                                visit 1 was on that day
    leave                       the unit is in no trial any more: its ticket was removed
    """
    from tools.prescription import keyfile as files
    from tools.prescription.command import sign_command

    held = files.read(keyfile)
    serial = files.check_serial(unit) or held.unit
    if serial is None:
        raise BadInput(f"{keyfile}: names no unit: give --unit")
    if held.unit is not None and held.unit != serial:
        raise BadInput(f"{keyfile}: is the key of unit {held.unit}, not of {serial}")
    line, taken = sign_command(held, keyfile, serial, (do, value, reason), number)
    if only_print:
        emit(line)
        return 0
    from tools.unit.exchange import send_line

    where, said = send_line(line, name_unit(device, simulated))
    emit(f"{where}: {do} {value}, number {taken}: {said}")
    return 0
