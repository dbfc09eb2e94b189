"""`waistband bench`: what it serves, to whom, and how it ends."""

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import NamedTuple

import pytest

from sim.common.boards import REFERENCE
from sim.scenario.scenario import read
from tests.support.command import Waistband
from tools.bench import site
from tools.bench.server import LOOPBACK, listen
from tools.commands import bench

KINDS = {
    "bundle.json": "application/json",
    "worker.js": "text/javascript; charset=utf-8",
    "vendor/micropython.mjs": "text/javascript; charset=utf-8",
    "vendor/micropython.wasm": "application/wasm",
    "vendor/uPlot.min.css": "text/css; charset=utf-8",
    "vendor/smol-toml/index.js": "text/javascript; charset=utf-8",
    "vendor/LICENSES.txt": "text/plain; charset=utf-8",
}
BUDGET_BYTES = 1_700_000


pytestmark = pytest.mark.usefixtures("npm")


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that runs."""
    server = listen(0, REFERENCE)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


class Answer(NamedTuple):
    """What came of a request."""

    status: int
    headers: HTTPMessage
    body: bytes


def asked(port: int, path: str, method: str = "GET", host: str = "") -> Answer:
    """A request's answer."""
    with closing(HTTPConnection(LOOPBACK, port)) as connection:
        connection.request(method, path, headers={"Host": host} if host else {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


@pytest.mark.parametrize("name", KINDS)
def test_each_file_comes_as_what_it_is(port: int, name: str) -> None:
    answer = asked(port, f"/{name}?seen=1")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == KINDS[name]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.body == site.site()[name]


def test_scripts_and_data_may_come_from_this_origin_alone(port: int) -> None:
    answer = asked(port, "/worker.js")
    rules = dict(
        rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";")
    )
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == rules["worker-src"] == rules["style-src"] == "'self'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert "http" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    ["/page.py", "/package.json", "/replay.mjs", "/../cli.py", "/%2e%2e/cli.py", "/vendor/",
     "/node_modules/uplot/package.json", "//etc/passwd", "/vendor/../worker.js"],
)  # fmt: skip
def test_nothing_else_is_served(port: int, path: str) -> None:
    answer = asked(port, path)
    assert answer.status == 404
    assert b"no such file" in answer.body


@pytest.mark.parametrize("host", ["example.org", "example.org:80", "127.0.0.1.example.org:80"])
def test_another_host_s_name_is_refused(port: int, host: str) -> None:
    answer = asked(port, "/worker.js", host=host)
    assert answer.status == 403
    assert b"MicroPython" not in answer.body
    assert asked(port, "/worker.js", host=f"localhost:{port}").status == 200


def test_head_says_the_same_and_gives_nothing(port: int) -> None:
    answer = asked(port, "/worker.js", "HEAD")
    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) == len(site.site()["worker.js"])
    assert answer.body == b""
    assert asked(port, "/worker.js", "POST").status == 501


def test_what_was_changed_since_is_served_as_it_is_now(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = json.loads(asked(port, "/bundle.json").body)
    for part in site.UNIT:
        skipped = shutil.ignore_patterns("__pycache__", "node_modules", "chip", "prove", "pin")
        shutil.copytree(site.ROOT / part, tmp_path / part, ignore=skipped)
    monkeypatch.setattr(site, "ROOT", tmp_path)
    path = tmp_path / "firmware/core/limits.py"
    path.write_text(path.read_text() + "SPARE = 1\n")
    after = json.loads(asked(port, "/bundle.json").body)
    assert before["files"].keys() == after["files"].keys()
    changed = [key for key in before["files"] if before["files"][key] != after["files"][key]]
    assert changed == ["firmware/core/limits.py"]


def test_it_listens_on_this_machine_s_own_address_alone() -> None:
    server = listen(0, REFERENCE)
    try:
        assert server.socket.getsockname()[0] == "127.0.0.1"
    finally:
        server.server_close()


def test_a_port_in_use_is_said_in_one_line(waistband: Waistband) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        number = taken.getsockname()[1]
        code, out, err = waistband("bench", "--no-open", "--port", str(number))
    assert (code, out) == (2, "")
    assert err == (
        f"waistband: port {number} is in use: name another with --port, or any with --port 0\n"
    )


def test_ctrl_c_ends_it_without_a_word() -> None:
    command = [sys.executable, "-m", "tools.commands.main", "bench", "--no-open", "--port", "0"]
    with subprocess.Popen(
        command, cwd=site.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        said = server.stdout.readline()
        assert said.startswith("The bench is at http://127.0.0.1:")
        number = int(said.split(":")[2].split("/")[0])
        assert asked(number, "/worker.js").status == 200
        server.send_signal(signal.SIGINT)
        out, err = server.communicate()
    assert (server.returncode, out, err) == (0, "", "")


def test_it_opens_a_browser_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", lambda _: None)
    bench.bench("0", False, None, REFERENCE)
    assert opened == []
    bench.bench("0", True, None, REFERENCE)
    assert [address[:17] for address in opened] == ["http://127.0.0.1:"]


def test_the_page_can_be_written_for_any_host(waistband: Waistband) -> None:
    code, out, err = waistband("bench", "-o", "site")
    assert (code, err) == (0, "")
    files = {
        path.relative_to("site").as_posix(): path.read_bytes()
        for path in Path("site").rglob("*") if path.is_file()
    }  # fmt: skip
    assert files == site.site()
    assert out.startswith(f"Wrote site: {len(files)} files, ")
    code, _, err = waistband("bench", "-o", "site")
    assert code == 2
    assert "site: is there already" in err
    assert not [name for name in os.listdir() if name.startswith(".site")]


def test_what_the_page_imports_is_written_in_micropython_s_syntax() -> None:
    """It has no `(*a, b)`, no `[*a, b]` and no `{**a}`; CPython's own tests would not find one."""

    def unpacks(node: ast.AST) -> bool:
        if isinstance(node, ast.Dict):
            return None in node.keys
        parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else []
        return any(isinstance(part, ast.Starred) for part in parts)

    found = [
        f"{name}:{node.lineno}"
        for name, text in site.unit().items() for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.expr) and unpacks(node)
    ]  # fmt: skip
    assert found == []


def test_the_copy_for_use_without_a_network_is_of_every_file_as_it_is() -> None:
    whole = site.site()
    kept = json.loads(whole[site.OFFLINE])
    assert set(kept["files"]) == set(whole) - {site.OFFLINE, "sw.js"}
    other = json.loads(site.site("EXAMPLE_1200NM")[site.OFFLINE])
    assert kept["files"] == other["files"] and kept["version"] != other["version"]


def test_the_gallery_has_the_document_s_scenario_and_all_of_it_runs_on_each_board() -> None:
    text = (site.ROOT / "docs/bench/simulator.md").read_text(encoding="utf-8")
    shown = tomllib.loads(text.split("```toml\n")[1].split("```")[0])
    assert any(
        # the document comes to expectations further down
        isinstance(story := row["scenario"], dict)
        and {**story, "expect": 0} == {**shown, "expect": 0}
        for row in site.gallery()
    )
    for row in site.gallery():
        assert row["title"] and row["words"]
        for board in (REFERENCE, "EXAMPLE_1200NM"):
            read(row["scenario"], str(row["title"]), board=board)


def test_the_whole_page_is_within_its_budget() -> None:
    assert sum(map(len, site.site().values())) <= BUDGET_BYTES


def test_what_npm_did_not_bring_is_said_with_the_way_to_it(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(site, "VENDOR", {"micropython.wasm": tmp_path / "none"})
    for options in (["--no-open", "--port", "0"], ["-o", "site"]):
        code, out, err = waistband("bench", *options)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert "make setup" in err
    assert not Path("site").exists()


def test_the_doctor_lists_node_and_what_npm_brought(waistband: Waistband) -> None:
    out = waistband("doctor").out
    wanted = json.loads((site.BENCH / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        line = next(line for line in out.splitlines() if f"npm {name.rpartition('/')[2]} " in line)
        assert line.split() == ["ok", "npm", name.rpartition("/")[2], version]
    assert "  node " in out


def test_the_licence_of_each_part_that_npm_brought_is_served_with_it() -> None:
    """As `package.json` and the parts themselves have name, version and text."""
    text = site.site()["vendor/LICENSES.txt"].decode()
    locked = json.loads((site.BENCH / "package.json").read_text())["dependencies"]
    titles = {"uplot": "uPlot", "@micropython/micropython-webassembly-pyscript": "MicroPython"}
    for name, version in locked.items():
        folder = site.MODULES / name
        licence = json.loads((folder / "package.json").read_text())["license"]
        assert re.search(rf"^{titles.get(name, name)} {version} .*: {licence}$", text, re.MULTILINE)
        if (folder / "LICENSE").exists():
            assert (folder / "LICENSE").read_text().strip() in text
