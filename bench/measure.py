"""Runs a pipeline of commands as whole processes and says what they took.

Reads one JSON object from stdin: {"stages": [[argv…], …], "directory", "environment", "stdout", "stderr"}.
Writes one to stdout: {"seconds", "stages": [{"exit", "userSeconds", "systemSeconds", "peakBytes", "readBytes", "writtenBytes"}]}.

wait4 gives the CPU time of a stage and of all children it waited for, and the peak RSS of the largest single process
among them. /proc/<pid>/io of a dead but unreaped child gives the bytes its read calls brought (rchar: files and pipes,
from the page cache or not; not what is mapped), again with the children it waited for; null where it may not be read.
"""

import json
import os
import signal
import subprocess
import sys
import time

request = json.load(sys.stdin)
children = []


class Stopped(Exception):
    pass


stopping = False
interruptible = False


def stop(_number, _frame):
    """While a child is being started only a note is taken: an exception there would lose the child."""
    global stopping
    stopping = True
    if interruptible:
        raise Stopped


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)


def transferred(pid):
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as file:
            counters = dict(line.split(": ") for line in file.read().splitlines())
        return int(counters["rchar"]), int(counters["wchar"])
    except (OSError, KeyError, ValueError):
        return None, None


def start(stages, stdout, stderr):
    upstream = subprocess.DEVNULL
    for at, argv in enumerate(stages):
        if stopping:
            raise Stopped
        child = subprocess.Popen(
            argv,
            stdin=upstream,
            stdout=stdout if at == len(stages) - 1 else subprocess.PIPE,
            stderr=stderr,
            cwd=request["directory"],
            env=request["environment"],
        )
        children.append(child)
        # Only the next stage may hold the reading end, or a stage that ends early would leave the one before it waiting.
        if upstream is not subprocess.DEVNULL:
            upstream.close()
        upstream = child.stdout


try:
    with open(request["stdout"], "wb") as stdout, open(request["stderr"], "wb") as stderr:
        began = time.perf_counter()
        start(request["stages"], stdout, stderr)
        interruptible = True
        if stopping:
            raise Stopped
        for child in children:
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        seconds = time.perf_counter() - began
        interruptible = False
except Stopped:
    interruptible = False
    for child in children:
        child.terminate()
    # Whoever asked removes their files next: none may still be written.
    for child in children:
        child.wait()
    sys.exit(143)

results = []
for child in children:
    read_bytes, written_bytes = transferred(child.pid)
    _, status, usage = os.wait4(child.pid, 0)
    results.append(
        {
            "exit": os.waitstatus_to_exitcode(status),
            "userSeconds": usage.ru_utime,
            "systemSeconds": usage.ru_stime,
            "peakBytes": usage.ru_maxrss * 1024,
            "readBytes": read_bytes,
            "writtenBytes": written_bytes,
        }
    )
for child in children:
    child.returncode = 0  # reaped above: keeps subprocess from waiting again
json.dump({"seconds": seconds, "stages": results}, sys.stdout)
