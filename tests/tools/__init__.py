"""What the tests need beside Rust: a module for each thing, whose functions yield names and paths."""
