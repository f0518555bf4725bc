"""The store's own tests, on a second implementation of DynamoDB."""

import os
import subprocess

import template


def test_the_store_on_ministack(environment):
    """The tests that `cargo test` runs on the embedded engine."""
    command = ["cargo", "test", "--quiet", "--package", "noticeboard-store", "--test", "store"]
    settings = environment | {"NOTICEBOARD_TEST_ENDPOINT": environment["AWS_ENDPOINT_URL"]}
    done = subprocess.run(command, cwd=template.ROOT, env=os.environ | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
