"""A second, independent writer of Holdfast archives, for the tests of the recovery scripts only.

  python3 make_archive.py OUT '{"scenario": "tree", "comp": "zstd", "key": "<64 hex>", ...}'

writes OUT/archives/<backup id>/files.tar... (and manifest.json) and prints JSON: the archive's path and what a
restore must give. It takes the format from the specification alone: nothing from src/, nothing from recovery/.
"""
import base64, bz2, ctypes, hashlib, hmac, json, lzma, os, struct, subprocess, sys, unicodedata, zlib

crypto = ctypes.CDLL("libcrypto.so.3")
crypto.EVP_CIPHER_CTX_new.restype = crypto.EVP_aes_256_gcm.restype = ctypes.c_void_p


def seal(key, iv, plain, aad=b""):
    context, out, n = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new()), ctypes.create_string_buffer(len(plain) + 16), ctypes.c_int()
    crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, iv)
    if aad:
        crypto.EVP_EncryptUpdate(context, None, ctypes.byref(n), aad, len(aad))
    if plain:
        crypto.EVP_EncryptUpdate(context, out, ctypes.byref(n), plain, len(plain))
    crypto.EVP_EncryptFinal_ex(context, ctypes.create_string_buffer(16), ctypes.byref(n))
    tag = ctypes.create_string_buffer(16)
    crypto.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag)
    crypto.EVP_CIPHER_CTX_free(context)
    return out.raw[: len(plain)] + tag.raw


def hkdf(key, salt, info):
    return hmac.new(hmac.new(salt, key, hashlib.sha256).digest(), info + b"\x01", hashlib.sha256).digest()


def compress(comp, raw):
    if comp == "zstd":
        # one file argument gives the frame its content size; --check its checksum
        return subprocess.run(["zstd", "-q", "-3", "-c", "--check", "--stream-size=%d" % len(raw)], input=raw, stdout=subprocess.PIPE, check=True).stdout
    if comp == "gzip":
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = deflate.compress(raw) + deflate.flush()
        return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + struct.pack("<II", zlib.crc32(raw), len(raw))
    return {"xz": lzma.compress, "bzip2": bz2.compress, "none": bytes}[comp](raw)


def wrap_locator(comp, place, length_before):
    size = {"zstd": 72, "gzip": 93, "none": 512, "xz": 64, "bzip2": 64}[comp]
    head = b"BKALOC1\n" + struct.pack(">5Q", *place, length_before + size) + bytes(12)
    locator = head + struct.pack(">I", zlib.crc32(head))
    if comp == "zstd":
        return bytes.fromhex("5b2a4d1840000000") + locator
    if comp == "gzip":
        return bytes.fromhex("1f8b08040000000000ff4400") + b"BK\x40\0" + locator + bytes.fromhex("010000ffff") + bytes(8)
    return locator + bytes(size - 64)


def tar_block(name, size=0, kind=b"0", mode=0o644, uid=0, gid=0, mtime=0, link=b""):
    def octal(number, digits):
        return b"%0*o\0" % (digits - 1, number)

    block = bytearray(512)
    block[0:100] = name[:100].ljust(100, b"\0")
    block[100:108], block[108:116], block[116:124] = octal(mode, 8), octal(uid & 0o7777777, 8), octal(gid & 0o7777777, 8)
    block[124:136], block[136:148], block[148:156] = octal(size, 12), octal(min(max(0, mtime), 0o77777777777), 12), b" " * 8
    block[156:157], block[157:257], block[257:265] = kind, link[:100].ljust(100, b"\0"), b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def pax(records, kind=b"x"):
    body = b""
    for key, value in records:
        size = len(key) + len(value) + 3
        while len(str(size)) + len(key) + len(value) + 3 != size:
            size = len(str(size)) + len(key) + len(value) + 3
        body += b"%d %s=%s\n" % (size, key, value)
    return tar_block(b"pax", len(body), kind) + padded(body)


def is_text(value):
    try:
        value.decode()
        return True
    except UnicodeDecodeError:
        return False


def tar_header(entry, size):
    """ustar, with a PAX header only where it is needed."""
    path, link = entry["path"], entry.get("link", b"")
    records = []
    if not (is_text(path) and is_text(link)):
        records.append((b"hdrcharset", b"BINARY"))
    if len(path) > 100 or not path.isascii():
        records.append((b"path", path))
    if len(link) > 100 or not link.isascii():
        records.append((b"linkpath", link))
    seconds, nanos = divmod(entry["mtime"], 10**9)
    if nanos or seconds < 0 or seconds > 0o77777777777:
        records.append((b"mtime", b"%d.%09d" % (seconds, nanos) if seconds >= 0 else b"-%d.%09d" % divmod(-entry["mtime"], 10**9)))
    for key in ("uid", "gid"):
        if entry[key] > 0o7777777:
            records.append((key.encode(), b"%d" % entry[key]))
    for name, value in entry.get("xattrs", {}).items():
        records.append((b"SCHILY.xattr." + name.encode(), value))
    if "sparse" in entry:
        records += [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", path), (b"GNU.sparse.realsize", b"%d" % entry["size"])]
    kind = {"f": b"0", "d": b"5", "l": b"2", "h": b"1", "c": b"3", "b": b"4", "p": b"6"}.get(entry["t"], b"0")
    block = tar_block(path + (b"/" if entry["t"] == "d" else b""), size, kind, entry["mode"], entry["uid"], entry["gid"], seconds, link)
    return (pax(records) if records else b"") + block


class Writer:
    """Collects raw tar in pieces; a cut ends a frame."""

    def __init__(self, comp, frame):
        self.comp, self.target, self.stream, self.frames, self.pending, self.raw = comp, frame, bytearray(), [], bytearray(), 0

    def put(self, data):
        """Appends and gives the raw offset at which it begins."""
        at = self.raw
        for start in range(0, len(data), self.target):
            piece = data[start : start + self.target]
            self.pending += piece
            self.raw += len(piece)
            if len(self.pending) >= self.target:
                self.cut()
        return at

    def cut(self):
        if self.pending:
            body = compress(self.comp, bytes(self.pending))
            self.frames.append((len(self.stream), len(body), self.raw - len(self.pending), len(self.pending)))
            self.stream += body
            self.pending.clear()

    def place(self, raw, length):
        """[S_off, clen, inner] of raw bytes whose frames are all cut."""
        hit = [f for f in self.frames if f[2] < raw + length and f[2] + f[3] > raw]
        return [hit[0][0], hit[-1][0] + hit[-1][1] - hit[0][0], raw - hit[0][2]]


def line_of(entry):
    line = {}
    line.update({"p": entry["path"].decode()} if is_text(entry["path"]) else {"pb": base64.b64encode(entry["path"]).decode()})
    line.update({"t": entry["t"], "m": entry["mode"], "u": entry["uid"], "g": entry["gid"]})
    if entry["t"] in "fh":
        line["s"] = entry["size"]
    line.update({"mt": str(entry["mtime"]), "ct": str(entry["mtime"]), "i": 7, "dv": 1})
    if "rd" in entry:
        line["rd"] = entry["rd"]
    if "link" in entry:
        line.update({"l": entry["link"].decode()} if is_text(entry["link"]) else {"lb": base64.b64encode(entry["link"]).decode()})
    for key in ("h", "x", "r", "ck", "ckx"):
        if key in entry:
            line[key] = entry[key]
    if entry.get("xattrs"):
        line["xa"] = {name: base64.b64encode(value).decode() for name, value in entry["xattrs"].items()}
    for key in ("acl", "torn"):
        if key in entry:
            line[key] = entry[key]
    if "sparse" in entry:
        line["sp"] = entry["sparse"]
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def make(out, entries, options, ordinal=1, deps=(), page_refs=(), backup="2026-11-20T02-00-00Z-full-7f3k"):
    comp, frame = options.get("comp", "zstd"), options.get("frame", 65536)
    ident = hashlib.sha256(backup.encode()).digest()[:16]
    ident_hex = ident.hex()
    writer = Writer(comp, frame)
    writer.put(pax([(b"comment", b"BKA1 " + ident_hex.encode())], b"g"))
    readme = b"restore instructions\n"
    writer.put(tar_block(b".bka/%s/README.txt" % ident_hex.encode(), len(readme)) + padded(readme))
    places, by_path = [], {}
    for entry in entries:
        data = entry.pop("data", None)
        if data is None:
            if entry["t"] not in "fh":
                writer.put(tar_header(entry, 0))
            elif entry["t"] == "h" and not entry.get("alone"):
                carrier = by_path[entry["link"]]
                writer.put(tar_header(entry, 0))
                entry["size"] = carrier["size"]
                places.append(("same", entry, carrier))
            continue  # a file without data: its line says where it lies (another archive)
        by_path[entry["path"]] = entry
        stored = data
        if "sparse" in entry:
            stored = b"".join(data[at : at + length] for at, length in entry["sparse"])
        entry["size"] = entry.get("size", len(data))
        entry["h"] = entry.get("h") or hashlib.sha256(data).hexdigest()
        if entry.get("parts"):  # a dump of unknown length: several tar entries, one line
            pieces = []
            for number, start in enumerate(range(0, len(data), entry["parts"])):
                piece = data[start : start + entry["parts"]]
                writer.put(tar_block(entry["path"] + b".bkpart/%06d" % number, len(piece)))
                pieces.append((writer.put(piece), len(piece), hashlib.sha256(piece).hexdigest()))
                writer.put(bytes(-len(piece) % 512))
            places.append(("chunks", entry, pieces))
            continue
        size_map = b""
        if "sparse" in entry:
            size_map = padded(b"".join(b"%d\n" % n for n in [len(entry["sparse"])] + [n for pair in entry["sparse"] for n in pair]))
        writer.put(tar_header(dict(entry, t="f") if entry["t"] == "h" else entry, len(size_map) + len(stored)) + size_map)
        at = writer.put(stored)
        writer.put(bytes(-len(stored) % 512))
        if entry.get("reuse"):  # keyed mix of chunks of this archive and older ones
            places.append(("mixed", entry, (at, len(stored))))
        elif stored:
            places.append(("extent", entry, (at, len(stored))))
    writer.cut()
    lists = []
    for kind, entry, what in places:
        if kind == "extent":
            entry["x"] = writer.place(*what)
        elif kind == "chunks":
            entry["ck"] = [[0, *writer.place(at, size), size] + ([sha] if n % 2 else []) for n, (at, size, sha) in enumerate(what)]
            if entry.get("list_apart"):
                lists.append(entry)
        elif kind == "mixed":
            entry["ck"] = [row if row[0] != "own" else [0, *writer.place(what[0] + row[1], row[2]), row[2]] for row in entry["reuse"]]
    for entry in lists:
        body = json.dumps(entry.pop("ck")).encode()
        writer.put(tar_block(b".bka/%s/ck/0" % ident_hex.encode(), len(body)))
        writer.cut()
        at = writer.put(padded(body))
        writer.cut()
        entry["ckx"] = [*writer.place(at, len(body)), len(body)]
    for kind, entry, what in places:
        if kind == "same":
            entry.update({key: what[key] for key in ("size", "h", "x", "ck", "ckx") if key in what})
    # the table of contents: one frame per page
    per_page = options.get("page", 8)
    lines = [line_of(entry) for entry in entries]
    pages, own = [], []
    for start in range(0, len(lines), per_page):
        body = b"".join(lines[start : start + per_page])
        first = entries[start]["path"]
        own.append((first, body, min(per_page, len(lines) - start)))
    total = sum(len(body) for _, body, _ in own)
    writer.put(tar_block(b".bka/%s/toc.jsonl" % ident_hex.encode(), total))
    writer.cut()
    for first, body, count in own:
        writer.pending += body  # put() would cut a page at the frame size
        writer.raw += len(body)
        writer.cut()
        at = writer.frames[-1]
        name = first.decode() if is_text(first) else {"pb": base64.b64encode(first).decode()}
        pages.append([name, at[0], at[1], count, hashlib.sha256(body).hexdigest()])
    pages = sorted(pages + list(page_refs), key=lambda row: (row[0].encode() if isinstance(row[0], str) else base64.b64decode(row[0]["pb"])).replace(b"/", b"\0"))
    table = b"".join(struct.pack(">QQ", f[0], f[2]) for f in writer.frames) + struct.pack(">QQ", len(writer.stream), writer.raw)
    writer.put(bytes(-total % 512) + tar_block(b".bka/%s/frames.bin" % ident_hex.encode(), len(table)))
    writer.cut()
    writer.pending += table
    writer.raw += len(table)
    writer.cut()
    at = writer.frames[-1]
    root = {"v": 1, "id": ident_hex, "ord": ordinal, "kind": "full" if ordinal == 1 else "incr", "deps": list(deps), "prev": None, "source": {"paths": []},
            "service": {"name": "files", "type": "files"}, "toc": {"n": sum(p[3] for p in pages), "raw": total, "pages": pages},
            "frames": {"n": len(writer.frames), "at": [at[0], at[1]]}, "stats": {"files": 0, "bytes": 0, "warnings": 0},
            "compat": [], "incompat": options.get("incompat", [])}  # fmt: skip
    body = json.dumps(root, separators=(",", ":"), ensure_ascii=False).encode()
    writer.put(bytes(-len(table) % 512) + tar_block(b".bka/%s/root.json" % ident_hex.encode(), len(body)))
    root_at = writer.put(body)
    writer.put(bytes(-len(body) % 512 + 1024))
    writer.cut()
    place = [*writer.place(root_at, len(body)), len(body)]
    encrypted = "key" in options or "slots" in options
    stream = bytes(writer.stream)
    if encrypted or comp not in ("xz", "bzip2"):
        stream += wrap_locator(comp, place, len(stream))
    suffix = {"zstd": ".zst", "gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "none": ""}[comp]
    folder = os.path.join(out, "archives", backup)
    os.makedirs(folder, exist_ok=True)
    name = "files.tar" + suffix + (".enc" if encrypted else "")
    blob = encrypt(stream, ident, comp, options) if encrypted else stream
    with open(os.path.join(folder, name), "wb") as file:
        file.write(blob)
    if not options.get("no_manifest"):
        with open(os.path.join(folder, "manifest.json"), "w") as file:
            json.dump({"v": 1, "id": backup, "archives": [{"file": name, "id": ident_hex, "service": "files", "size": len(blob), "comp": comp, "root": place, "deps": []}], "deps": []}, file)
    return {"path": os.path.join(folder, name), "ord": ordinal, "id": ident_hex, "size": len(blob), "pages": pages, "file": backup + "/" + name,
            "root": hashlib.sha256(body).hexdigest(), "header": 8192 if encrypted else 0, "stream": stream}  # fmt: skip


def encrypt(stream, ident, comp, options):
    seg = options.get("seg", 1 << 20)
    dek = hashlib.sha256(b"dek" + ident).digest()
    slots = options.get("slots") or [{"t": "raw", "secret": options["key"]}]
    rows = []
    for number, slot in enumerate(slots):
        slot = dict(slot)
        kind = slot["t"]
        if "passphrase" in slot:
            passphrase, salt = unicodedata.normalize("NFC", slot.pop("passphrase")).encode(), b"salt%012d" % number
            slot["s"] = base64.b64encode(salt).decode()
            if kind == "scrypt":
                secret = hashlib.scrypt(passphrase, salt=salt, n=1 << slot["n"], r=slot["r"], p=slot["p"], maxmem=1 << 30, dklen=32)
            elif kind == "pbkdf2":
                secret = hashlib.pbkdf2_hmac("sha256", passphrase, salt, slot["i"], 32)
        else:  # argon2id comes with its derived secret and salt: this Python has none
            secret = bytes.fromhex(slot.pop("secret"))
        if kind in ("raw", "keyfile"):
            slot["kid"] = hkdf(secret, b"", b"BKA1/kid")[:8].hex()
        iv = hashlib.sha256(b"iv%d" % number + ident).digest()[:12]
        slot["w"] = base64.b64encode(iv + seal(hkdf(secret, ident, b"BKA1/slot/" + kind.encode()), iv, dek, b"BKA1/slot\0" + ident)).decode()
        rows.append(slot)
    pub = {"fmt": "BKA1", "id": ident.hex(), "created": "2026-11-20T21:16:15.123Z", "kind": "full", "tenant": "-", "profile": "self", "set": "x", "deps": [],
           "comp": comp, "loc": {"zstd": 72, "gzip": 93, "none": 512, "xz": 64, "bzip2": 64}[comp], "enc": {"alg": "tink-aes256-gcm-hkdf-sha256", "seg": seg},
           "commit": hkdf(dek, ident, b"BKA1/commit").hex()}  # fmt: skip
    pub_bytes, slot_bytes = json.dumps(pub, separators=(",", ":")).encode(), json.dumps(rows).encode()
    salt, prefix = hashlib.sha256(b"salt" + ident).digest(), hashlib.sha256(b"prefix" + ident).digest()[:7]
    return header(dek, ident, pub_bytes, slot_bytes) + payload(dek, ident, pub_bytes, salt, prefix, seg, stream)


def header(dek, ident, pub_bytes, slot_bytes):
    half = 4096
    while 96 + len(pub_bytes) + len(slot_bytes) > half:
        half *= 2
    head = b"\x89BKA1\r\n\x1a\x01\x00\x00\x00" + struct.pack(">5I", 2 * half, len(pub_bytes), len(slot_bytes), half, 0) + pub_bytes + slot_bytes
    head += hmac.new(hkdf(dek, ident, b"BKA1/header-mac"), head, hashlib.sha256).digest()
    head += hashlib.sha256(head).digest()
    return (head + bytes(half - len(head))) * 2


def payload(dek, ident, pub_bytes, salt, prefix, seg, stream):
    key = hkdf(hkdf(dek, ident, b"BKA1/stream"), salt, hashlib.sha256(b"BKA1/aad\0" + pub_bytes).digest())
    at = seg - 56
    pieces = [stream[:at]]
    while at < len(stream):
        pieces.append(stream[at : at + seg - 16])
        at += seg - 16
    return b"\x28" + salt + prefix + b"".join(seal(key, prefix + struct.pack(">IB", n, n == len(pieces) - 1), piece) for n, piece in enumerate(pieces))


def known_answers(out, options):
    """An archive file around each known answer: the payload as it stands there, the slot as it stands there."""
    with open(options["answers"]) as file:
        answers = json.load(file)
    made = []
    for number, vector in enumerate(answers["vectors"]):
        ident, dek, pub = (bytes.fromhex(vector[key]) if key != "pub" else vector[key].encode() for key in ("archive_id", "dek", "pub"))
        plain = bytes((i * 7 + 3 + (i >> 8)) & 255 for i in range(vector["plaintext_len"]))
        body = bytes.fromhex(vector["ciphertext"]) if "ciphertext" in vector else payload(dek, ident, pub, bytes.fromhex(vector["salt"]), bytes.fromhex(vector["nonce_prefix"]), vector["seg"], plain)
        path = os.path.join(out, "known-%d.tar.enc" % number)
        with open(path, "wb") as file:
            file.write(header(dek, ident, pub, json.dumps([{"t": "raw", "kid": "00" * 8, "w": answers["slot"]["w"]}]).encode()) + body)
        made.append({"path": path, "length": len(plain), "plain": hashlib.sha256(plain).hexdigest(), "cipher": hashlib.sha256(body).hexdigest(), "expected": vector["ciphertext_sha256"]})
    print(json.dumps({"key": answers["slot"]["secret"], "made": made}))


# ---------------------------------------------------------------- scenarios

WHEN = 1_700_000_000_123_456_789


def file(path, data, **more):
    return {"path": path, "t": "f", "mode": 0o640, "uid": 0, "gid": 0, "mtime": WHEN, "data": data, **more}


def folder(path, mode=0o755, **more):
    return {"path": path, "t": "d", "mode": mode, "uid": 0, "gid": 0, "mtime": WHEN - 5 * 10**9, **more}


def other(kind, path, **more):
    return {"path": path, "t": kind, "mode": 0o777 if kind == "l" else 0o620, "uid": 0, "gid": 0, "mtime": WHEN, **more}


def noise(seed, size):
    return hashlib.shake_256(seed).digest(size)


def tree(options):
    deep = b"srv/deep/" + b"/".join(b"d%03d" % n + b"x" * 60 for n in range(75))
    names = [b"srv/deep/" + b"/".join(deep.split(b"/")[2 : 3 + n]) for n in range(75)]
    sparse = bytearray(3 << 20)
    sparse[65536:65536 + 5] = b"first"
    sparse[1 << 20 : (1 << 20) + 70000] = noise(b"sparse", 70000)
    entries = [
        folder(b"etc"), file(b"etc/hosts", b"127.0.0.1 localhost\n" * 40), file(b"etc/empty", b""), folder(b"etc/empty dir", 0o2750),
        file(b"etc/owned", b"mine", uid=1234, gid=2_222_333, mode=0o4755),
        other("l", b"etc/link", link=b"../nowhere/at all"), other("l", b"etc/link-bytes", link=b"to-\xff\xfe"),
        folder(b"srv", 0o555), *[folder(name) for name in names], file(deep + b"/end", b"far below"),
        file(b"srv/a", b"a"), file(b"srv/a-b", b"a-b"), file(b"srv/-rf", b"dash"), file(b"srv/new\nline\x1b[31m", b"control"),
        file(b"srv/bytes-\xff\xfe", noise(b"bytes", 1000)), file("srv/жук-\U0001f600".encode(), b"astral"), file("srv/\uff5e".encode(), b"bmp"),
        file(b"srv/" + b"n" * 255, b"longest name"), file(b"srv/big", noise(b"big", 700_000)), file(b"srv/zeros", bytes(200_000)),
        file(b"srv/old", b"old", mtime=-1_500_000_000), file(b"srv/future", b"far", mtime=9_000_000_000 * 10**9),
        file(b"srv/twin-1", b"two names"), other("h", b"srv/twin-2", link=b"srv/twin-1", mode=0o640),
        file(b"srv/holes", bytes(sparse), sparse=[[65536, 5], [1 << 20, 70000], [3 << 20, 0]]),
        file(b"srv/only-hole", bytes(1 << 20), sparse=[[1 << 20, 0]]),
        file(b"srv/xattr", b"x", xattrs={"user.plain": b"v", "user.binary": b"a\0b\nc=d"}),
        file(b"srv/acl", b"acl", mode=0o660, acl={"access": "user::rw-,user:nobody-here:r--:1234,group::r--,mask::rw-,other::---"}),
        folder(b"srv/acl-dir", 0o750, acl={"default": "user::rwx,user:1234:r-x,group::r-x,mask::r-x,other::---"}, xattrs={"user.dir": b"\0"}),
        file(b"srv/dump.sql", noise(b"dump", 300_000), parts=100_000), file(b"srv/chunky", noise(b"chunky", 200_000), parts=30_000, list_apart=True),
        other("p", b"srv/pipe"), other("c", b"srv/null", rd=[1, 3]),
    ]  # fmt: skip
    return sorted(entries, key=lambda e: e["path"].replace(b"/", b"\0"))


def small(options):
    return [folder(b"a"), file(b"a/one", b"first file\n"), file(b"a/two", b"second file\n" * 50), other("l", b"a/way", link=b"one")]


def torn(options):
    return [folder(b"a"), file(b"a/calm", b"calm"), file(b"a/log", b"torn content", torn=1)]


def damaged(options):
    """One file whose promised hash does not fit, one that is fine."""
    return [folder(b"a"), file(b"a/bad", b"rotten", h="0" * 64), file(b"a/good", b"good"), file(b"a/same", b"x")]


def hostile(options):
    outside = options["outside"].encode()
    return [
        file(b"/absolute", b"evil"), file(b"../escape", b"evil"), file(b"a/../../escape2", b"evil"), file(b"a//b", b"evil"), file(b"nul\0name", b"evil"),
        file(b".bka/inner", b"evil"), file(b"before", b"good"),
        other("l", b"lnk", link=outside), file(b"lnk/under-link", b"evil"),
        file(b"plain", b"good"), file(b"plain/below", b"evil"),
        file(b"twice", b"good"), file(b"twice", b"evil"),
        other("l", b"zlnk", link=outside), file(b"zz", b"good"), file(b"zlnk/later", b"evil"), folder(b"zlnk"),
        other("h", b"zzhard", link=b"../" * 8 + outside.lstrip(b"/") + b"/secret", mode=0o644, data=b"own content", alone=True),
        other("h", b"zzhard2", link=b"zlnk/secret", mode=0o644, data=b"own again", alone=True),
        {**file(b"zzz-unknown", b"?"), "t": "q"},
    ]  # fmt: skip


def many(options):
    return [folder(b"many")] + [file(b"many/%05d" % n, noise(b"%d" % n, 300)) for n in range(options.get("count", 900))]


def strip(entries):
    """What a restore must give: everything the tests compare, paths in base64."""
    rows = []
    for entry in entries:
        row = {"path": base64.b64encode(entry["path"]).decode(), "t": entry["t"], "mode": entry["mode"], "uid": entry["uid"], "gid": entry["gid"], "mtime": str(entry["mtime"])}
        if "data" in entry:
            row.update(size=len(entry["data"]), sha256=hashlib.sha256(entry["data"]).hexdigest())
        if "link" in entry:
            row["link"] = base64.b64encode(entry["link"]).decode()
        if entry.get("xattrs"):
            row["xattrs"] = {k: base64.b64encode(v).decode() for k, v in entry["xattrs"].items()}
        rows.append(row)
    return rows


def lineage(out, options):
    """A full and an incremental over it: pages and content of the full are used, one file mixes chunks of both."""
    big = noise(b"lineage", 50_000)
    first = [folder(b"a")] + [file(b"a/%02d" % n, noise(b"a%d" % n, 2000)) for n in range(15)] + [folder(b"b"), file(b"b/big", big), file(b"b/gone", b"gone"), file(b"b/keep", b"keep")]
    expect = strip(e for e in first if e["path"] not in (b"b/gone", b"b/big"))
    full = make(out, first, options)
    lines = {e["path"]: e for e in first}
    x = lines[b"b/big"]["x"]
    changed = big[:20_000] + b"inserted" + big[20_000:]
    new = file(b"b/big", changed)
    expect += strip([new, file(b"b/new", b"new")])
    mixed = {**new, "data": b"inserted", "reuse": [[1, *x, 20_000, hashlib.sha256(big[:20_000]).hexdigest()], ["own", 0, 8], [1, x[0], x[1], x[2] + 20_000, 30_000]]}
    mixed["size"], mixed["h"] = len(changed), hashlib.sha256(changed).hexdigest()
    second = [folder(b"b"), mixed, {**lines[b"b/keep"], "r": 1}, file(b"b/new", b"new")]
    deps = [{"i": 1, "id": full["id"], "file": full["file"], "size": full["size"], "root": full["root"]}]
    refs = [page + [1] for page in full["pages"] if not str(page[0]).startswith("b")]
    incr = make(out, second, options, 2, deps, refs, "2026-11-21T02-00-00Z-incremental-8g4m")
    return full, incr, sorted(expect, key=lambda r: base64.b64decode(r["path"]).replace(b"/", b"\0"))


def main():
    out, options = sys.argv[1], json.loads(sys.argv[2])
    scenario = options["scenario"]
    if scenario == "known":
        known_answers(out, options)
        return
    if scenario == "lineage":
        full, incr, expect = lineage(out, options)
        print(json.dumps({"path": incr["path"], "full": full["path"], "expect": expect}))
        return
    entries = {"tree": tree, "small": small, "torn": torn, "damaged": damaged, "hostile": hostile, "many": many}[scenario](options)
    expect = strip(entries)
    made = make(out, entries, options)
    print(json.dumps({"path": made["path"], "header": made["header"], "expect": expect, "stream": hashlib.sha256(made["stream"]).hexdigest()}))


if __name__ == "__main__":
    main()
