import subprocess
import sys

CODE = """
import os, sys
from cyclekit.cli.quiet_libraries import quiet_libraries
print("before", file=sys.stderr)
with quiet_libraries():
    os.write(2, b"a library\\n")
    print("ours", chr(0xdce9), file=sys.stderr)
os.write(2, b"after\\n")
print("ours again", file=sys.stderr)
with quiet_libraries():
    raise SystemExit("the end")
"""


def test_only_what_python_prints_reaches_stderr() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "before", "ours \\udce9", "after", "ours again", "the end",
    ]  # fmt: skip


def test_a_stderr_that_is_no_file_is_left_alone() -> None:
    code = "import sys, io; sys.stderr = io.StringIO()" + CODE.replace("(0xdce9)", "(0xe9)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stderr == b"a library\nafter\n"
