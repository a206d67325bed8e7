"""What lies below a directory, as JSON: python3 survey.py DIR. Paths and link targets in base64."""
import base64, hashlib, json, os, stat, sys

KINDS = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFIFO: "p", stat.S_IFCHR: "c", stat.S_IFBLK: "b"}


def text(value):
    return base64.b64encode(value).decode()


rows = []
for path, folders, files, fd in os.fwalk(os.fsencode(sys.argv[1]), follow_symlinks=False):
    for name in folders + files:
        found = os.lstat(name, dir_fd=fd)
        kind = KINDS[stat.S_IFMT(found.st_mode)]
        full = b"/proc/self/fd/%d/%s" % (fd, name)
        row = {"path": text(os.path.relpath(os.path.join(path, name), os.fsencode(sys.argv[1]))), "t": kind, "mode": stat.S_IMODE(found.st_mode),
               "uid": found.st_uid, "gid": found.st_gid, "mtime": str(found.st_mtime_ns), "nlink": found.st_nlink, "blocks": found.st_blocks,
               "xattrs": {n: text(os.getxattr(full, n, follow_symlinks=False)) for n in os.listxattr(full, follow_symlinks=False)}}  # fmt: skip
        if kind == "f":
            with open(os.open(name, os.O_RDONLY, dir_fd=fd), "rb") as file:
                data = file.read()
            row.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        if kind == "l":
            row["link"] = text(os.readlink(name, dir_fd=fd))
        if kind in "cb":
            row["rd"] = [os.major(found.st_rdev), os.minor(found.st_rdev)]
        rows.append(row)
print(json.dumps(rows))
