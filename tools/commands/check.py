"""`waistband check`: options of `faults`, `campaign`, `blind` and `prove`.

Each calls a file of its own, such as `check_faults`.
"""

from typing import Annotated

import typer

from sim.common.errors import BadInput
from tools.commands.options import command_group

app = command_group("Show by trying that what the unit promises holds.")

NoCompile = Annotated[bool, typer.Option("--no-compile", help="Run the sources as they are.")]


@app.command()
def faults(
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This fault only; may be repeated.")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="In this state only; may be repeated.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was measured as one JSON object.")
    ] = False,
    plot: Annotated[
        str | None, typer.Option(metavar="FILE.png", help="Draw it as a heat map.")
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="FILE.md", help="Write the table as Markdown.")
    ] = None,
    jobs: Annotated[
        str | None, typer.Option(metavar="N", help="On so many processes; else on all cores.")
    ] = None,
) -> int:
    """Put every fault on the unit in every state where it can strike, on each pad, with the
    hardware alert working and dead: from its onset to dark, true contact, light after the
    onset, each beside its bound.

    With --fault, a line a state. Exits 1 if any bound is broken.
    """
    from tools.commands.check_faults import check_faults

    return check_faults(
        fault or [], state or [], as_json=as_json, plot=plot, report=report, jobs=jobs
    )


@app.command()
def campaign(  # noqa: PLR0913, PLR0917 - one parameter an option
    sessions: Annotated[
        int, typer.Option(metavar="N", help="Whole sessions, each without faults and with.")
    ] = 20,
    windows: Annotated[
        int, typer.Option(metavar="N", help="Windows of 200 s with one fault or two.")
    ] = 200,
    quiet_windows: Annotated[
        int, typer.Option(metavar="N", help="Windows of 200 s without a fault.")
    ] = 200,
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything that is drawn.")] = 1,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Processes; else one a core.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Send the work to a Dask cluster, tcp://HOST:PORT."),
    ] = None,
    no_compile: NoCompile = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object.")
    ] = False,
    report: Annotated[str | None, typer.Option(metavar="FILE.md", help="Write the report.")] = None,
    replay: Annotated[
        str | None, typer.Option(metavar="CASE", help="Run one case alone, such as 1-17-f4.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(metavar="FILE.toml", help="With --replay: write it for `waistband sim`."),
    ] = None,
) -> int:
    """Run random sessions and windows with random faults, and judge each by its physics.

    Windows begin in states that whole sessions were in. A large campaign first compiles the
    simulated unit, which takes a minute or two, once. A case that breaks a rule is named:
    --replay runs it again, with the same sources to the last digit.

    Exits 1 if any rule is broken.
    """
    from tools.commands import check_campaign

    size = check_campaign.Size(sessions, windows, quiet_windows, seed)
    if replay is not None:
        check_campaign.check_size(size, jobs, scheduler)
        return check_campaign.replay_case(replay, scenario)
    if scenario is not None:
        raise BadInput("--scenario without --replay: name the case that is to be written")
    return check_campaign.run(
        size, jobs=jobs, scheduler=scheduler, compile_it=not no_compile, as_json=as_json,
        report=report,
    )  # fmt: skip


@app.command()
def blind(
    visits: Annotated[int, typer.Option(metavar="N", help="Visits, each of a pair.")] = 20,
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything that is drawn.")] = 1,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Processes; else one a core.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object.")
    ] = False,
) -> int:
    """Run random visits of a blinded trial with pairs of units, one of each arm.

    Whatever one of a pair shows, sounds or says, and the other does not, is named. Exits 1 where a
    pair parted with equally warm pads, or while both units did the same.
    """
    from tools.commands.check_blind import check_visits

    return check_visits(visits, seed, jobs, as_json)


@app.command()
def prove(
    row: Annotated[
        str | None,
        typer.Option(
            metavar="STATE,EVENT,TO",
            help="Change this row of the table first, and stop at what it breaks.",
        ),
    ] = None,
    diagram: Annotated[
        str | None, typer.Option(metavar="FILE.md", help="Write the table, drawn, and stop.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as one JSON object.")
    ] = False,
) -> int:
    """Search every state and every event of the firmware's own code, breadth first, for a way
    to anything that must never be: any press, cable, fault and pair of faults, at any moment.

    Takes two to four minutes of one core. With --row TREAT,PRESS,ignored, for one, it shows that a
    wrong table is found.

    Exits 1 if there is such a way, and tells the shortest.
    """
    from tools.commands.check_prove import prove as search

    return search(row=row, diagram=diagram, as_json=as_json)
