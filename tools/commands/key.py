"""`waistband key`: makes the key that a clinic shares with a unit, and installs it."""

from typing import Annotated

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
