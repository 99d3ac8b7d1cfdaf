"""Interpreters with the packages that the tests' scripts import."""

import shlex
import shutil
import sys

from .step import ROOT, SCRIPTS, TOOLS, fail, run, runs, say


def python():
    scripts = SCRIPTS / "python"
    yield "POSTHASTE_PYTHON", interpreter("python", scripts / "requirements.txt")
    yield "POSTHASTE_PYTHON_SVIX2", interpreter("python-svix2", scripts / "requirements-svix2.txt")


def interpreter(name, requirements, modules="svix, standardwebhooks"):
    """A command that runs this Python with the packages named in a file, which have these modules."""
    command, stamp = TOOLS / name, TOOLS / f"{name}.stamp"
    wanted = f"{sys.version}\n{requirements.read_text()}"
    if not (stamp.is_file() and stamp.read_text() == wanted and runs([command, "-c", ""])):
        stamp.unlink(missing_ok=True)
        say(f"installing {requirements.relative_to(ROOT)} into {TOOLS}")
        environment = TOOLS / f"{name}.packages"
        shutil.rmtree(environment, ignore_errors=True)
        line = with_venv(environment, requirements) or with_target(environment, requirements)
        command.write_text(f"#!/bin/sh\n{line} \"$@\"\n")
        command.chmod(0o755)
        if not runs([command, "-c", f"import {modules}"]):
            fail(f"the packages of {requirements} are installed, but do not import: try\n"
                 f"  {command} -c 'import {modules}'")
        stamp.write_text(wanted)
    return command


def with_venv(environment, requirements):
    """The line that starts the venv's Python, or None where this Python cannot make one (no ensurepip)."""
    if not runs([sys.executable, "-m", "venv", environment]):
        shutil.rmtree(environment, ignore_errors=True)
        return None
    inside = environment / "bin" / "python"
    pip_install([inside, "-m", "pip"], "--requirement", requirements)
    return f"exec {shlex.quote(str(inside))}"


def with_target(environment, requirements):
    pip_install(own_pip(), "--target", environment, "--requirement", requirements)
    return f"PYTHONPATH={shlex.quote(str(environment))} exec {shlex.quote(sys.executable)}"


def own_pip():
    pip = [sys.executable, "-m", "pip"]
    if not runs([*pip, "--version"]):
        fail("neither a virtual environment nor pip works here: install them (Debian: apt install python3-venv "
             "python3-pip)")
    return pip


def pip_install(pip, *what):
    done = run([*pip, "install", "--disable-pip-version-check", "--quiet", *what])
    if done.returncode != 0:
        fail(f"pip could not install {what[-1]}:\n{done.stdout.strip()}")
