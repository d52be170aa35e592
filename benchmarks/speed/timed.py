"""Run a command and say, as a line of JSON, what it took.

    python -S timed.py OUTPUT COMMAND...

A program of its own: a child's peak memory counts from the size of the process that started it.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Run, wait, report; the command's output goes into the file OUTPUT."""
    output, *command = sys.argv[1:]
    with Path(output).open("wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    # Popen would otherwise wait once more.
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    report = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
        "status": process.returncode,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
