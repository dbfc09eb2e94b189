"""`waistband bench`: serves the bench page on this machine, or writes it as a folder for a host."""

import webbrowser
from typing import Annotated

import typer

from sim.common.boards import find_board
from tools.commands.options import BOARD, BoardName, parse_integer
from tools.common.files import emit, write_folder

PORT = 8017
PORT_MAX = 65_535


def bench(
    port: Annotated[
        str | None, typer.Option(metavar="N", help="Of 127.0.0.1; else 8017. 0: any free one.")
    ] = None,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = True,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Write it for any static host."),
    ] = None,
    board: BoardName = BOARD,
) -> int:
    """The unit in a browser tab: the unmodified firmware and simulator on MicroPython's own
    WebAssembly build. Live with it, break any part of it, go back in time.

    Served on this machine's own address until Ctrl-C; the page asks nobody else for anything.
    """
    from tools.bench.server import LOOPBACK, listen
    from tools.bench.site import bundle, names, site

    find_board(board)
    number = parse_integer(port, "--port", 0, PORT_MAX)
    if output is not None:
        files = site(board)
        write_folder(output, files)
        size = sum(map(len, files.values()))
        emit(f"Wrote {output}: {len(files)} files, {size / 1e6:.2f} MB; any static host will do")
        return 0
    names()  # refuses now what the page would lack later
    bundle(board)  # made before the page asks for it
    server = listen(PORT if number is None else number, board)
    address = f"http://{LOOPBACK}:{server.server_address[1]}/"
    emit(f"The bench is at {address}; Ctrl-C ends it")
    if opens:
        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0
