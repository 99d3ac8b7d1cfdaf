"""The program that has the SDK that is written in Rust built in."""

from .step import SCRIPTS, TOOLS, fail, run


def rust_sdk():
    package, folder = SCRIPTS / "rust", TOOLS / "rust"
    done = run(["cargo", "build", "--quiet", "--locked", "--manifest-path", package / "Cargo.toml", "--target-dir", folder])
    if done.returncode != 0:
        fail(f"cargo could not build {package}:\n{done.stdout.strip()}")
    yield "POSTHASTE_RUST_SDK", folder / "debug" / "sdk-operations"
