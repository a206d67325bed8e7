"""Says what lies in a directory, and what the recovery script makes of an archive: one JSON line for each of stdin.

{"describe": PATH} or {"restore": ARCHIVE, "below": PATH}. Nothing of it is shared with what is tested.
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

sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("recover", sys.argv[1])
recover = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recover)

TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "char-device",
    stat.S_IFBLK: "block-device",
    stat.S_IFSOCK: "socket",
}


def describe(top):
    """Every name below, each with all that a file system says of it but times of access and of change."""
    found, groups = {}, {}

    def look(path, name):
        status = os.lstat(path)
        kind = TYPES[stat.S_IFMT(status.st_mode)]
        entry = {
            "type": kind,
            "mode": "%o" % stat.S_IMODE(status.st_mode),
            "owner": "%d:%d" % (status.st_uid, status.st_gid),
            "mtime": str(status.st_mtime_ns),
            "xattrs": " ".join(
                "%s=%s" % (key, os.getxattr(path, key, follow_symlinks=False).hex())
                for key in sorted(os.listxattr(path, follow_symlinks=False))
            ),
        }
        if kind == "file":
            with open(path, "rb") as file:
                entry["content"] = "%d %s" % (status.st_size, hashlib.sha256(file.read()).hexdigest())
        if kind == "symlink":
            entry["content"] = os.readlink(path)
        if kind != "directory":
            entry["sameAs"] = groups.setdefault((status.st_dev, status.st_ino), name)
        found[name] = entry
        if kind == "directory":
            for child in sorted(os.listdir(path)):
                look(os.path.join(path, child), child if name == "" else name + "/" + child)

    if os.path.lexists(top):
        look(top, "")
    return found


def descriptors():
    return {int(name) for name in os.listdir("/proc/self/fd")}


def restore(archive, below):
    target = tempfile.mkdtemp()
    notes = io.StringIO()
    before = descriptors()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(notes):
            try:
                code = recover.run([archive, "restore", target])
            except recover.Stop as stop:
                code = stop.code
                print(stop, file=notes)
            except recover.MALFORMED as error:
                code = 4
                print("malformed (%s)" % type(error).__name__, file=notes)
        tree = describe(os.path.join(target, below.lstrip("/")))
        return {"code": code, "notes": notes.getvalue(), "tree": tree}
    finally:
        # A script that ends closes nothing by itself; here it is called a thousand times.
        for left in descriptors() - before:
            with contextlib.suppress(OSError):
                os.close(left)
        shutil.rmtree(target)


for line in sys.stdin:
    asked = json.loads(line)
    told = describe(asked["describe"]) if "describe" in asked else restore(asked["restore"], asked["below"])
    print(json.dumps(told), flush=True)
