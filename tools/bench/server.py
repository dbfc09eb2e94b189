"""HTTP server of the bench page, on this machine's own address.

Called by `waistband bench`. Serves the files of `tools.bench.site`, as they are now, and nothing
else; refuses other host names.
"""

import errno
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from sim.common.errors import BadInput
from tools.bench.site import KINDS, content, names

LOOPBACK = "127.0.0.1"
INDEX = "index.html"
# Scripts, styles, pictures and data from this origin alone; MicroPython may be compiled.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def listen(port: int, board: str) -> ThreadingHTTPServer:
    """A server of the page, for a unit with this board, on this machine's own address. Raises
    BadInput."""
    try:
        return ThreadingHTTPServer((LOOPBACK, port), partial(Files, board))
    except OSError as why:
        if why.errno == errno.EADDRINUSE:
            raise BadInput(
                f"port {port} is in use: name another with --port, or any with --port 0"
            ) from None
        raise BadInput(f"port {port}: cannot be listened on: {why.strerror}") from None


class Files(BaseHTTPRequestHandler):
    """Serves the page's files to requests for this machine's own name."""

    protocol_version = "HTTP/1.1"
    server_version = "waistband"
    sys_version = ""

    def __init__(self, board: str, *connection: Any) -> None:
        self.board = board
        super().__init__(*connection)

    def do_GET(self) -> None:
        """Send the file that the path names; refuse another host's name."""
        host = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
        name = urlsplit(self.path).path.lstrip("/") or INDEX
        found = names()
        if host not in (LOOPBACK, "localhost"):
            self.reply(403, "text/plain", b"This is for this machine alone.\n")
        elif name not in found:
            self.reply(404, "text/plain", b"There is no such file.\n")
        else:
            self.reply(
                200, KINDS[PurePosixPath(name).suffix], content(name, found[name], self.board)
            )

    do_HEAD = do_GET

    def reply(self, code: int, kind: str, body: bytes) -> None:
        """Send headers, and the content unless only headers are asked for."""
        try:
            self.send_response(code)
            for key, value in HEADERS.items():
                self.send_header(key, value)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the page was closed meanwhile

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the terminal stays as it is."""
