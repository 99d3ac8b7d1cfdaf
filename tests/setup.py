#!/usr/bin/env python3
"""Gets what the tests need beside Rust, into target/tools, and says where it is.

    python3 tests/setup.py [nats-server | python | javascript | ruby | rust-sdk | postgres | php | promtool |
                            schemathesis]...

For each step named, or for all of them, prints lines NAME=path on stdout:

    nats-server  NATS_SERVER
    python       POSTHASTE_PYTHON and POSTHASTE_PYTHON_SVIX2, interpreters that have the packages of
                 tests/python/requirements.txt and of tests/python/requirements-svix2.txt
    javascript   POSTHASTE_NODE, the runtime, and POSTHASTE_JAVASCRIPT, a copy of tests/javascript/package.json with
                 its packages beside it
    ruby         RUBY
    rust-sdk     POSTHASTE_RUST_SDK, the program of tests/rust, which has the SDK built in
    postgres     POSTGRES_BIN, the folder of initdb and postgres
    php          PHP, the runtime
    promtool     PROMTOOL
    schemathesis SCHEMATHESIS

A step that was done before does nothing, so this may run ahead of every test run. Nothing is installed outside
target/tools, with one exception: where Postgres or PHP cannot be had otherwise, root has apt install it.
"""

import sys

# The folder is read like any other source; nothing is written beside it.
sys.dont_write_bytecode = True

from tools.javascript import javascript
from tools.nats_server import nats_server
from tools.php import php
from tools.postgres import postgres
from tools.promtool import promtool
from tools.python import python
from tools.ruby import ruby
from tools.rust_sdk import rust_sdk
from tools.schemathesis import schemathesis
from tools.step import TOOLS, fail

STEPS = {
    "nats-server": nats_server,
    "python": python,
    "javascript": javascript,
    "ruby": ruby,
    "rust-sdk": rust_sdk,
    "postgres": postgres,
    "php": php,
    "promtool": promtool,
    "schemathesis": schemathesis,
}


def main(wanted):
    unknown = [step for step in wanted if step not in STEPS]
    if unknown:
        fail(f"no step {', '.join(unknown)}; there are: {', '.join(STEPS)}")
    TOOLS.mkdir(parents=True, exist_ok=True)
    for step in wanted or STEPS:
        for name, path in STEPS[step]():
            print(f"{name}={path}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
