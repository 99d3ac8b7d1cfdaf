"""What makes requests up from our specification."""

import shlex

from .python import interpreter
from .step import SCRIPTS, TOOLS


def schemathesis():
    python = interpreter("schemathesis-python", SCRIPTS / "python" / "schemathesis.txt", modules="schemathesis")
    command = TOOLS / "schemathesis"
    command.write_text(f"#!/bin/sh\nexec {shlex.quote(str(python))} -m schemathesis.cli \"$@\"\n")
    command.chmod(0o755)
    yield "SCHEMATHESIS", command
