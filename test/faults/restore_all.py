"""Restores every archive named on stdin with recover.py, and says what came of it: one JSON line each.

An argument is a directory that is described first, as what the archives were made of.
"""
import contextlib
import hashlib
import importlib.util
import io
import json
import os
import shutil
import stat
import sys
import tempfile

spec = importlib.util.spec_from_file_location("recover", sys.argv[1])
recover = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recover)


def describe(top):
    lines = []
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            content = ""
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            lines.append("%s %o %d %s" % (os.path.relpath(path, top), status.st_mode, status.st_mtime_ns, content))
    return sorted(lines)


def restore(archive, below):
    target = tempfile.mkdtemp()
    notes = io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(notes):
            try:
                code = recover.run([archive, "restore", target])
            except recover.Stop as stop:
                code = stop.code
                print(stop, file=notes)
        return {"code": code, "notes": notes.getvalue(), "lines": describe(os.path.join(target, below.lstrip("/")))}
    finally:
        shutil.rmtree(target)


source = sys.argv[2]
print(json.dumps({"code": 0, "notes": "", "lines": describe(source)}))
for archive in sys.stdin.read().splitlines():
    print(json.dumps(restore(archive, source)), flush=True)
