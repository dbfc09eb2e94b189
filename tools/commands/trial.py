"""`waistband trial`: a blinded trial, from allocation to report."""

from enum import StrEnum
from typing import Annotated

import typer

from tools.commands.options import DeviceName
from tools.common.files import emit

app = typer.Typer(
    rich_markup_mode=None, help="Run a blinded trial, from its allocation to its report."
)
Folder = Annotated[str, typer.Argument(metavar="TRIAL", help="The trial's folder.")]
Who = Annotated[str, typer.Option(metavar="P-07", help="By the trial's number.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="One line, for the log.")]
IdentityFile = Annotated[str, typer.Option(metavar="FILE", help="Their age identity.")]


class Severity(StrEnum):
    """Of an adverse event."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


@app.callback(invoke_without_command=True)
def trial(context: typer.Context) -> None:
    """Run a blinded trial, from its allocation to its report."""
    if context.invoked_subcommand is None:
        emit(context.get_help())


@app.command()
def identity(
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="DeviceName it is to be kept.")
    ],
) -> int:
    """Make an age identity, for the statistician or the officer, and say its recipient.

    As `age-keygen` does. Whoever has the file can open what is encrypted to the recipient.
    """
    from tools.trial import age

    public = age.new_identity(output)
    emit(f"Wrote an identity to {output}; keep a copy. Its recipient, to be given away:\n{public}")
    return 0


@app.command()
def new(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Annotated[str, typer.Argument(metavar="TRIAL", help="A new folder.")],
    plan: Annotated[
        str | None, typer.Option(metavar="PLAN.toml", help="All that the options name.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the trial.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(metavar="KEYFILE", help="A unit's; repeat for each unit.")
    ] = None,
    statistician: Annotated[
        str | None, typer.Option(metavar="age1...", help="Who may unseal.")
    ] = None,
    officer: Annotated[
        str | None, typer.Option(metavar="age1...", help="Who may break one code.")
    ] = None,
    board: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of every unit; else RPI_PICO.")
    ] = None,
    prescription: Annotated[
        str | None, typer.Option(metavar="FILE", help="For every unit; else the default one.")
    ] = None,
    block: Annotated[
        list[int] | None, typer.Option(metavar="N", help="A size of blocks; repeat. Else 4, 6.")
    ] = None,
    ratio: Annotated[str | None, typer.Option(metavar="1:1", help="Therapy to placebo.")] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Synthetic trials only: never with people.")
    ] = None,
) -> int:
    """Make a trial: allot the arms once, in permuted blocks, and conceal them.

    Writes a ticket and a signed prescription for each unit, the allocation encrypted to the
    statistician, an envelope a participant to the officer, and the log. From then on, keep the
    key files away from whoever is blinded: a key file and a ticket together open an arm.
    """
    from tools.trial import new as trial_new
    from tools.trial import plan as trial_plan

    options = {
        "name": name, "keys": key, "statistician": statistician, "officer": officer,
        "board": board, "prescription": prescription, "block_sizes": block, "ratio": ratio,
    }  # fmt: skip
    return trial_new.new(folder, trial_plan.read(plan, options), seed)


@app.command()
def enrol(
    folder: Folder,
    participant: Who,
    unit: Annotated[str, typer.Option(metavar="SERIAL", help="Of the belt that they get.")],
    ticket: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The unit's trial.json; else the one made for them."),
    ] = None,
) -> int:
    """Write into the log who gets which unit, with its ticket checked to be theirs."""
    from tools.trial.people import enrol as run

    return run(folder, participant, unit, ticket)


@app.command()
def push(
    folder: Folder,
    participant: Who,
    device: DeviceName = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove the visits of somebody else from the unit.")
    ] = False,
) -> int:
    """Put a participant's ticket and prescription onto their unit, which has its keys already.

    What the unit itself would refuse is not brought.
    """
    from tools.trial.push import push as run

    return run(folder, participant, device, replace)


@app.command()
def withdraw(folder: Folder, participant: Who, reason: Reason) -> int:
    """Write into the log that a participant goes no further; what they gave stays."""
    from tools.trial.people import withdraw as run

    return run(folder, participant, reason)


@app.command("adverse-event")
def adverse_event(
    folder: Folder,
    participant: Who,
    text: Annotated[str, typer.Option(metavar="TEXT", help="What happened, in one line.")],
    severity: Annotated[Severity, typer.Option(help="How bad it was.")],
    date: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="When it began.")],
    serious: Annotated[
        bool, typer.Option("--serious", help="Death, danger to life, hospital, lasting harm.")
    ] = False,
) -> int:
    """Write an adverse event into the log; what is marked at the belt is collected by itself."""
    from tools.trial.people import adverse_event as run

    return run(folder, participant, text, severity.value, date, serious)


@app.command("break-code")
def break_code(folder: Folder, participant: Who, reason: Reason, identity: IdentityFile) -> int:
    """Open one participant's arm, with the officer's identity. The log has it before it is said."""
    from tools.trial.people import break_code as run

    return run(folder, participant, reason, identity)


@app.command()
def collect(
    folder: Folder,
    journals: Annotated[
        list[str],
        typer.Argument(metavar="FOLDERS...", help="Pulled journals, and folders of such."),
    ],
) -> int:
    """Read journals into the trial's SQLite file, each verified; what fails is kept apart, with
    its reason. Reading the same again changes nothing.

    A folder named for a participant (P-07) or a unit must hold that one's journal.

    Exits 1 if anything is kept apart.
    """
    from tools.trial.collect import collect as run

    return run(folder, journals)


@app.command()
def report(
    folder: Folder,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE.html", help="One HTML file.")
    ] = None,
) -> int:
    """Tell how the trial stands, without arms: flow, adherence, ratings, adverse effects, and
    what was left out."""
    from tools.trial.report import report as run

    return run(folder, output)


@app.command()
def unseal(
    folder: Folder,
    identity: IdentityFile,
    output: Annotated[str, typer.Option("-o", "--output", metavar="FOLDER", help="A new one.")],
) -> int:
    """Open the arms, with the statistician's identity, and write the results: report.html,
    data.csv with REDCap's dictionary.csv, and sources.csv, which traces every number to records.

    The log has it before anything is told.
    """
    from tools.trial.unseal import unseal as run

    return run(folder, identity, output)
