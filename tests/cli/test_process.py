"""The command line as a process: exit codes, closed pipes, full disks, Ctrl-C, terminals without Unicode, and the extra that may be missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command_line import write
from tests.routing.scenes import row, scene

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "routecore"]


def call(*arguments, command=COMMAND, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=60, check=False, **options)


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        (scene(row("p")), 0),
        (scene(row("p"), provider={"sort": 1}), 2),
        (scene(row("p", context_length=-1)), 2),
        (scene(row("p"), model="x/y"), 3),
        (scene(row("p"), provider={"zdr": True}), 3),
    ],
)
def test_exit_codes_say_whose_fault_it_is(tmp_path, scenario, code):
    done = call("plan", write(tmp_path, "s.json", scenario))
    assert done.returncode == code
    assert bool(done.stdout) == (code == 0)
    assert done.stderr.startswith("error: ") == (code != 0)
    assert "Traceback" not in done.stderr


def test_without_the_extra_one_line_says_how_to_install_it():
    for missing in ("click", "rich"):
        done = call(command=[sys.executable, "-c", f"import sys; sys.modules[{missing!r}] = None; from routecore.cli import run; run()"])
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr == "routecore: the command line needs click and rich: pip install 'routecore[cli]'\n"


def test_help_and_version_need_no_input():
    assert call("--version").stdout.startswith("routecore ")
    assert call().stdout == call("--help").stdout
    assert call().returncode == 0


@pytest.mark.parametrize("arguments", [["demo"], ["catalog", "show", "example", "--json"], ["--help"]])
def test_a_reader_that_goes_away_ends_the_command_without_a_word(arguments):
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(60) == 141
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
def test_a_full_disk_is_told_in_one_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "demo"], stdout=full, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=False
        )
    assert done.returncode == 74
    assert done.stderr == "error: the output cannot be written: No space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="streams are closed otherwise there")
@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["catalog", "show", "example", "--json"], 0), (["plan", "no-such-file", "--json"], 2)])
def test_streams_that_are_closed_from_the_start_change_no_exit_code(arguments, code):
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        done = call(command=["sh", "-c", f'exec "$0" "$@" {closed}', *COMMAND, *arguments])
        assert done.returncode == code
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_ctrl_c_ends_with_one_word():
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys\nfrom routecore.cli.app import main\nprint('ready', file=sys.stderr, flush=True)\nmain()", "plan", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    assert process.stderr.readline() == b"ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"interrupted\n")


def test_a_terminal_without_unicode_gets_escapes_and_json_stays_json(tmp_path):
    path = write(tmp_path, "s.json", scene(row("p", price=None), row("q-ü"), provider={"order": ["q-ü"]}))
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    human = call("plan", path, "--explain", env=ascii_only)
    assert human.returncode == 0
    assert "a/b@q-\\xfc" in human.stdout
    machine = call("plan", path, "--json", env=ascii_only)
    assert json.loads(machine.stdout)["attempts"][0]["slug"] == "q-ü"


def test_the_bug_switch_brings_the_traceback_back(tmp_path):
    broken = "import routecore.cli.commands.plan as plan\ndef fail(*_): raise RuntimeError('boom')\nplan.plan_scenario = fail\nfrom routecore.cli.app import main\nmain()"
    done = call("plan", write(tmp_path, "s.json", scene(row("p"))), command=[sys.executable, "-c", broken], env={"ROUTECORE_TRACEBACK": "1"})
    assert "Traceback" in done.stderr
