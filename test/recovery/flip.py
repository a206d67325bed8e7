"""Damages an archive in every way of one kind and reads it with recover.py each time, in this one process.

  python3 flip.py RECOVER.PY ARCHIVE flip|cut|extend [STEP [FROM]]

Prints how often what happened. Anything but the true content, damage, or a wrong key ends it with exit 1.
"""
import collections, importlib.util, json, os, sys

spec = importlib.util.spec_from_file_location("recover", sys.argv[1])
recover = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recover)
recover.note = lambda text: None
path, kind, step = sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 1
start = int(sys.argv[5]) if len(sys.argv) > 5 else 0


class Sink:
    def __init__(self):
        self.parts = {}
        self.at = 0

    def seek(self, at):
        self.at = at

    def write(self, data):
        self.parts[self.at] = bytes(data)
        self.at += len(data)

    def truncate(self, size):
        self.parts["size"] = size

    def flush(self):
        pass


def content():
    """Every entry with its bytes, or the exit code; a code 4 for one file counts for all."""
    try:
        lineage = recover.Lineage(path, recover.Secret())
        found, failures = {}, []
        for entry in lineage.entries(failures.append):
            sink = Sink()
            if entry.type == "f":
                lineage.write(entry, sink)
            found[entry.path] = (entry.type, entry.mode, entry.mtime, entry.link, sink.parts)
        os.close(lineage.top.fd)
        return ("damage" if failures else "healed" if lineage.top.healed else "same"), found
    except recover.Stop as stop:
        return {4: "damage", 1: "failure"}[stop.code], None


with open(path, "rb") as file:
    original = file.read()
_, truth = content()
counts = collections.Counter()
positions = range(1, 65) if kind == "extend" else range(start, len(original), step)
for at in positions:
    changed = bytearray(original)
    if kind == "flip":
        changed[at] ^= 1 << at % 8
    else:
        changed = original[:at] if kind == "cut" else original + bytes(at)
    with open(path, "wb") as file:
        file.write(changed)
    outcome, found = content()
    if outcome in ("same", "healed") and found != truth:
        sys.exit("wrong content after %s at %d" % (kind, at))
    counts[outcome] += 1
print(json.dumps(counts))
