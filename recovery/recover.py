#!/usr/bin/env python3
"""Open a Holdfast archive on a machine that has no Holdfast.

  python3 recover.py ARCHIVE list                one line per entry, times in UTC
  python3 recover.py ARCHIVE cat                 the decrypted .tar.zst / .tar.gz / ... to stdout
  python3 recover.py ARCHIVE get PATH            one file to stdout, its SHA-256 checked first
  python3 recover.py ARCHIVE restore DIR         everything below DIR, which must be new or empty
Options: --keyfile F        the key file (otherwise BACKUP_ENCRYPTION_KEY, otherwise a prompt)
         --into-existing    restore into a DIR that has files; nothing in it is overwritten
An incremental archive needs the archives it builds on: keep archives/<backup id>/<file> as it was.
Exit: 0 fine, 1 failure or wrong key, 2 usage or no key, 3 done but entries refused or torn, 4 damage.

Needs Python 3.8 and the OpenSSL library every Linux has. One file, no other part of Holdfast: copy it anywhere.
The format is described in FORMAT.md, which lies beside this script in a repository.
"""
import base64, binascii, bz2, collections, ctypes, ctypes.util, datetime, errno, getpass, hashlib, hmac, io, json, lzma
import os, re, secrets, shutil, signal, stat, struct, subprocess, sys, tempfile, unicodedata, zlib

MAGIC = b"\x89BKA1\r\n\x1a"
FRAME_LIMIT = 16 << 20  # no frame decodes to more: the bound against decompression bombs
ROOT_LIMIT = 256 << 20
LOCATOR = {"zstd": (72, 8), "gzip": (93, 16), "none": (512, 0), "xz": (64, 0), "bzip2": (64, 0)}  # length, where L begins


class Stop(Exception):
    """Ends the program with this message and exit code."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


class Damage(Stop):
    def __init__(self, message):
        super().__init__(message, 4)


class Refused(Exception):
    """This one entry is not restored; the rest is."""


class NoKdf(Exception):
    """This machine cannot compute the key derivation a slot asks for."""


MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


def note(text):
    print("recover: " + text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- cryptography: OpenSSL through ctypes


def load_libcrypto():
    """The libcrypto that Python itself uses, or any other; None where there is none."""
    names = ["libcrypto.so.3", "libcrypto.so.1.1", ctypes.util.find_library("crypto")]
    try:
        import _hashlib

        names.insert(0, _hashlib.__file__)
    except (ImportError, AttributeError):
        pass
    for name in filter(None, names):
        try:
            library = ctypes.CDLL(name)
            library.EVP_CIPHER_CTX_new.restype = library.EVP_aes_256_gcm.restype = ctypes.c_void_p
            pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
            library.EVP_CIPHER_CTX_free.argtypes = [pointer]
            library.EVP_CIPHER_CTX_ctrl.argtypes = [pointer, number, number, text]
            library.EVP_DecryptInit_ex.argtypes = [pointer, pointer, pointer, text, text]
            library.EVP_DecryptUpdate.argtypes = [pointer, pointer, pointer, text, number]
            library.EVP_DecryptFinal_ex.argtypes = [pointer, pointer, pointer]
            return library
        except (OSError, AttributeError):
            continue
    return None


LIBCRYPTO = load_libcrypto()


def gcm_open(key, iv, sealed, aad=b""):
    """AES-256-GCM with a 12-byte IV and a 16-byte tag at the end. None where the tag does not fit."""
    if len(sealed) < 16:
        return None
    body, tag = sealed[:-16], sealed[-16:]
    if LIBCRYPTO is None:
        try:
            from cryptography.exceptions import InvalidTag
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise Stop("no AES here: install OpenSSL (libcrypto.so.3) or the Python package 'cryptography'")
        try:
            return AESGCM(key).decrypt(iv, sealed, aad)
        except InvalidTag:
            return None
    context, plain, count = LIBCRYPTO.EVP_CIPHER_CTX_new(), ctypes.create_string_buffer(len(body) + 16), ctypes.c_int(0)
    try:
        n = ctypes.byref(count)
        ok = LIBCRYPTO.EVP_DecryptInit_ex(context, LIBCRYPTO.EVP_aes_256_gcm(), None, key, iv) == 1
        ok = ok and (not aad or LIBCRYPTO.EVP_DecryptUpdate(context, None, n, aad, len(aad)) == 1)
        ok = ok and (not body or LIBCRYPTO.EVP_DecryptUpdate(context, plain, n, body, len(body)) == 1)
        ok = ok and LIBCRYPTO.EVP_CIPHER_CTX_ctrl(context, 0x11, 16, tag) == 1  # EVP_CTRL_AEAD_SET_TAG
        ok = ok and LIBCRYPTO.EVP_DecryptFinal_ex(context, ctypes.byref(plain, len(body)), n) == 1
        return ctypes.string_at(plain, len(body)) if ok else None
    finally:
        LIBCRYPTO.EVP_CIPHER_CTX_free(context)


def hkdf(key, salt, info):
    """HKDF-SHA256 (RFC 5869), 32 bytes."""
    extracted = hmac.new(salt, key, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def argon2id(password, salt, memory, passes, lanes):
    """By OpenSSL 3.2 or the package argon2-cffi; NoKdf where neither is here."""
    if hasattr(LIBCRYPTO, "EVP_KDF_fetch"):
        lib, pointer = LIBCRYPTO, ctypes.c_void_p
        lib.EVP_KDF_fetch.restype = lib.EVP_KDF_CTX_new.restype = pointer
        lib.EVP_KDF_fetch.argtypes = [pointer, ctypes.c_char_p, ctypes.c_char_p]
        lib.EVP_KDF_CTX_new.argtypes = lib.EVP_KDF_free.argtypes = lib.EVP_KDF_CTX_free.argtypes = [pointer]
        lib.EVP_KDF_derive.argtypes = [pointer, pointer, ctypes.c_size_t, pointer]
        kdf = lib.EVP_KDF_fetch(None, b"ARGON2ID", None)
        if kdf:

            class Param(ctypes.Structure):  # OSSL_PARAM; type 2 = unsigned integer, 5 = octet string
                _fields_ = [("key", ctypes.c_char_p), ("type", ctypes.c_uint), ("data", pointer),
                            ("size", ctypes.c_size_t), ("returned", ctypes.c_size_t)]  # fmt: skip

            octets = [(name, ctypes.create_string_buffer(value, len(value)), 5, len(value))
                      for name, value in ((b"pass", password), (b"salt", salt))]  # fmt: skip
            numbers = [(name, ctypes.c_uint32(value), 2, 4)
                       for name, value in ((b"iter", passes), (b"memcost", memory), (b"lanes", lanes))]  # fmt: skip
            rows = [Param(name, kind, ctypes.cast(ctypes.byref(data), pointer), size, 0)
                    for name, data, kind, size in octets + numbers]  # fmt: skip
            out, context = ctypes.create_string_buffer(32), lib.EVP_KDF_CTX_new(kdf)
            done = lib.EVP_KDF_derive(context, out, 32, (Param * 6)(*rows, Param()))
            lib.EVP_KDF_CTX_free(context)
            lib.EVP_KDF_free(kdf)
            if done == 1:
                return out.raw
    try:
        from argon2.low_level import Type, hash_secret_raw
    except ImportError:
        raise NoKdf("argon2id needs OpenSSL 3.2 or the Python package 'argon2-cffi'")
    return hash_secret_raw(password, salt, passes, memory, lanes, 32, Type.ID)


# ---------------------------------------------------------------- the key


class Secret:
    """What the operator gave: a passphrase or key bytes. Asked for once, kept for the archives this one builds on."""

    def __init__(self, keyfile=None):
        self.keyfile, self.known, self.passphrase, self.key = keyfile, False, None, None

    def load(self):
        if self.known:
            return
        self.known = True
        if self.keyfile:
            try:
                with open(self.keyfile, "rb") as file:
                    data = file.read(1 << 20)
            except OSError as error:
                raise Stop("cannot read the key file: %s" % error.strerror, 2)
            digits = re.fullmatch(rb"([0-9a-fA-F]{64})\r?\n?", data)
            self.key = bytes.fromhex(digits[1].decode()) if digits else data
            if len(self.key) < 32:
                raise Stop("the key file is too short: it must hold 32 raw bytes, 64 hex digits, or more than 32 bytes", 2)
            return
        text = os.environ.get("BACKUP_ENCRYPTION_KEY", "")
        if not text and sys.stdin and sys.stdin.isatty():
            text = getpass.getpass("Passphrase or 64 hex digits: ")
        if not text:
            raise Stop("this archive is encrypted and no key was given: set BACKUP_ENCRYPTION_KEY or use --keyfile F", 2)
        if re.fullmatch("[0-9a-fA-F]{64}", text):
            self.key = bytes.fromhex(text)
            return
        try:
            self.passphrase = unicodedata.normalize("NFC", text).encode("utf-8")
        except UnicodeEncodeError:
            raise Stop("the passphrase is not valid UTF-8", 2)

    def for_slot(self, slot):
        """The secret that may open this slot; None where it takes another kind; NoKdf where a KDF is missing."""
        kind = slot["t"]
        if kind in ("raw", "keyfile", "tk"):
            return self.key
        if self.passphrase is None or kind not in ("scrypt", "pbkdf2", "argon2id"):
            return None
        salt = base64.b64decode(slot["s"], validate=True)
        if kind == "pbkdf2":
            if slot["h"] != "sha256" or not 1 <= slot["i"] <= 10_000_000:
                return None
            return hashlib.pbkdf2_hmac("sha256", self.passphrase, salt, slot["i"], 32)
        if kind == "argon2id":
            if not (8 <= slot["m"] <= 2 << 20 and 1 <= slot["i"] <= 64 and 1 <= slot["p"] <= 16):
                return None
            return argon2id(self.passphrase, salt, slot["m"], slot["i"], slot["p"])
        n, r, p = slot["n"], slot["r"], slot["p"]  # n is the logarithm
        if not (1 <= n <= 20 and 1 <= r <= 16 and 1 <= p <= 8):
            return None
        if not hasattr(hashlib, "scrypt"):
            raise NoKdf("scrypt is not in this Python")
        memory = min(128 * r * ((1 << n) + p + 2) + (1 << 20), (1 << 31) - 1)
        return hashlib.scrypt(self.passphrase, salt=salt, n=1 << n, r=r, p=p, maxmem=memory, dklen=32)


# ---------------------------------------------------------------- decompression, one frame at a time


def zstd_decoder():
    """A function (frame, most bytes it may give) -> bytes, by whatever this machine has."""
    try:
        from compression import zstd  # Python 3.14

        return lambda frame, most: zstd.ZstdDecompressor().decompress(frame, most + 1)
    except ImportError:
        pass
    try:
        import zstandard

        return lambda frame, most: zstandard.ZstdDecompressor().decompress(frame, max_output_size=most)
    except ImportError:
        pass
    for name in ("libzstd.so.1", ctypes.util.find_library("zstd")):
        try:
            library = ctypes.CDLL(name) if name else None
            library.ZSTD_decompress.restype = ctypes.c_size_t
            library.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
            library.ZSTD_isError.argtypes = [ctypes.c_size_t]
        except (OSError, AttributeError):
            continue

        def by_library(frame, most):
            out = ctypes.create_string_buffer(most + 1)
            size = library.ZSTD_decompress(out, most, frame, len(frame))
            if library.ZSTD_isError(size):
                raise ValueError("zstd")
            return ctypes.string_at(out, size)

        return by_library
    if not shutil.which("zstd"):
        raise Stop("no zstd here: install the package 'zstd' or 'libzstd1', or the Python package 'zstandard'")

    def by_command(frame, most):
        done = subprocess.run(["zstd", "-dcq"], input=frame, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            raise ValueError("zstd")
        return done.stdout

    return by_command


ZSTD = None


def zstd_frame(read, at, end):
    """Length of the zstd frame at `at`, and its content size: None where it does not say, -1 for a skippable frame.

    Frames are told apart here because some decoders stop silently after the first one. RFC 8878, section 3.
    """

    def take(offset, length):
        if offset + length > end:
            raise Damage("a compressed frame is cut")
        return read(offset, length)

    magic = struct.unpack("<I", take(at, 4))[0]
    if magic & 0xFFFFFFF0 == 0x184D2A50:
        length = 8 + struct.unpack("<I", take(at + 4, 4))[0]
        take(at + length, 0)
        return length, -1
    flags = take(at + 4, 1)[0]
    if magic != 0xFD2FB528 or flags & 8:
        raise Damage("a compressed frame is damaged")
    single, field = flags >> 5 & 1, (flags >> 6 and 1 << (flags >> 6)) or (flags >> 5 & 1)
    here = at + 5 + (1 - single) + (0, 1, 2, 4)[flags & 3]
    size = int.from_bytes(take(here, field), "little") + (256 if field == 2 else 0) if field else None
    here += field
    last = False
    while not last:
        block = int.from_bytes(take(here, 3), "little")
        last, kind, length = block & 1, block >> 1 & 3, block >> 3
        if kind == 3 or length > 128 << 10:
            raise Damage("a compressed frame is damaged")
        here += 3 + (1 if kind == 1 else length)
    here += 4 if flags & 4 else 0
    take(here, 0)
    return here - at, size


def stream_frame(decoder, read, at, end):
    """Length and content of the gzip member, xz stream or bzip2 stream at `at`."""
    out, here = bytearray(), at
    while not decoder.eof:
        if here >= end:
            raise Damage("a compressed frame is cut")
        chunk = read(here, min(256 << 10, end - here))
        out += decoder.decompress(chunk, FRAME_LIMIT + 1 - len(out))
        if len(out) > FRAME_LIMIT:
            raise Damage("a compressed frame is larger than the format allows")
        here += len(chunk) - len(decoder.unused_data)
    return here - at, bytes(out)


# ---------------------------------------------------------------- one archive file


def parse_header(region, start):
    """The header copy at the start of `region`, or None where it is not intact: (PUB, SLOTS, sealed part, MAC, H)."""
    if len(region) < 96 or region[:8] != MAGIC:
        return None
    major, _minor, flags, size, pub_size, slots_size, second, zero = struct.unpack(">BBHIIIII", region[8:32])
    end = 32 + pub_size + slots_size
    if size != 2 * second or end + 64 > second or zero or size > 1 << 20 or start not in (0, second) or len(region) < end + 64:
        return None
    if hashlib.sha256(region[: end + 32]).digest() != region[end + 32 : end + 64]:
        return None
    if major != 1 or flags:
        raise Stop("this archive needs a newer recovery script (format %d, flags %d)" % (major, flags))
    return region[32 : 32 + pub_size], region[32 + pub_size : end], region[:end], region[end : end + 32], size


class Archive:
    """The stream S of one archive file: checked ranges of it, decoded frames of it, and its root."""

    def __init__(self, path, secret, wanted="root"):
        self.path, self.healed = path, False
        self.segments, self.decoded = collections.OrderedDict(), collections.OrderedDict()
        try:
            self.fd = os.open(path, os.O_RDONLY)
            self.size = os.fstat(self.fd).st_size
            head = self.file(0, min(512, self.size))
        except OSError as error:
            raise Stop("cannot open %s: %s" % (display(os.fsencode(path)), error.strerror))
        plain = None if head[:8] == MAGIC else compression_of(head)
        try:
            if plain:
                self.pub, self.compression, self.length = None, plain, self.size
            else:
                self.unlock(secret)
            if wanted == "root":
                self.root, self.root_hash = self.load_root()
        except MALFORMED:
            raise Damage("the header or root of this archive is malformed")

    def file(self, at, length):
        """Bytes of the file itself."""
        try:
            data = os.pread(self.fd, length, at)
            while len(data) < length:
                more = os.pread(self.fd, length - len(data), at + len(data))
                if not more:
                    raise Damage("the archive is cut")
                data += more
            return data
        except OSError as error:
            raise Damage("the archive cannot be read: %s" % error.strerror)

    def headers(self):
        """Every intact copy of the header: in the file (two), beside it after a key rotation, in the repository's keys."""
        found = [parse_header(self.file(0, min(1 << 19, self.size)), 0)]
        offsets = [found[0][4] // 2] if found[0] else [4096 << k for k in range(8)]
        found += [parse_header(self.file(at, min(1 << 19, self.size - at)), at) for at in offsets if at < self.size]
        if found[0] is None or found[1] is None:
            self.healed = True
            note("one copy of the header of %s is damaged; another is used" % display(os.fsencode(self.path)))
        manifest = self.manifest()
        extra = [self.path + ".hdr"]
        if re.fullmatch("[0-9a-f]{32}", str(manifest.get("id"))):
            extra.append(os.path.join(os.path.dirname(os.path.abspath(self.path)), "../../keys/headers", manifest["id"]))
        for name in extra:
            try:
                with open(name, "rb") as file:
                    found.append(parse_header(file.read(1 << 20), 0))
            except OSError:
                pass
        return list(dict.fromkeys(filter(None, found)))

    def manifest(self):
        """What manifest.json beside the archive says of it; {} where it says nothing. Not authenticated."""
        try:
            with open(os.path.join(os.path.dirname(os.path.abspath(self.path)), "manifest.json"), "rb") as file:
                rows = json.loads(file.read(64 << 20))["archives"]
            return next(row for row in rows if row["file"] == os.path.basename(self.path))
        except (OSError, StopIteration, *MALFORMED):
            return {}

    def unlock(self, secret):
        """From the operator's secret to the stream key. Nothing of the payload is used before the last segment is checked."""
        headers = self.headers()
        if not headers:
            raise Damage("this is no Holdfast archive, or every copy of its header is damaged")
        secret.load()
        missing, kinds = [], []
        for pub_bytes, slots_bytes, covered, mac, header_size in headers:
            pub = json.loads(pub_bytes)
            ident = bytes.fromhex(pub["id"])
            for slot in json.loads(slots_bytes)[:32]:
                kinds.append(str(slot["t"]))
                try:
                    key, wrapped = secret.for_slot(slot), base64.b64decode(slot["w"])
                except NoKdf as error:
                    missing.append(str(error))
                    continue
                if key is None or len(wrapped) != 60:
                    continue
                kek = hkdf(key, ident, b"BKA1/slot/" + slot["t"].encode())
                dek = gcm_open(kek, wrapped[:12], wrapped[12:], b"BKA1/slot\0" + ident)
                if dek:
                    break
            else:
                continue
            break
        else:
            hint = ", ".join(sorted(set(missing)))
            raise Stop("wrong key: it opens none of this archive's key slots (%s)%s"
                       % (", ".join(display(k.encode()) for k in dict.fromkeys(kinds)), hint and "; not tried: " + hint))  # fmt: skip
        if not hmac.compare_digest(hkdf(dek, ident, b"BKA1/commit"), bytes.fromhex(pub["commit"])):
            raise Damage("the header was tampered with: its key commitment does not fit the key")
        if not hmac.compare_digest(hmac.new(hkdf(dek, ident, b"BKA1/header-mac"), covered, hashlib.sha256).digest(), mac):
            raise Damage("the header was tampered with: its MAC does not fit the key")
        if pub["fmt"] != "BKA1" or pub["enc"]["alg"] != "tink-aes256-gcm-hkdf-sha256" or pub["comp"] not in LOCATOR:
            raise Stop("this archive needs a newer recovery script")
        self.pub, self.compression, self.segment_size, self.start = pub, pub["comp"], pub["enc"]["seg"], header_size
        tink = self.file(self.start, 40)
        if tink[0] != 40 or not 57 <= self.segment_size <= 1 << 24:
            raise Damage("the payload's header is damaged")
        context = hashlib.sha256(b"BKA1/aad\0" + pub_bytes).digest()
        self.key, self.nonce = hkdf(hkdf(dek, ident, b"BKA1/stream"), tink[1:33], context), tink[33:40]
        body = self.size - self.start
        self.count = max(1, -(-body // self.segment_size))
        self.length = body - 40 - 16 * self.count
        if self.length < 0 or (self.count > 1 and body - (self.count - 1) * self.segment_size <= 16):
            raise Damage("the archive is cut")
        self.segment(self.count - 1)  # first of all: it alone proves that nothing is cut off or added

    def segment(self, index):
        """Plaintext of one segment, after its tag was checked."""
        if index not in self.segments:
            start = self.start + (index * self.segment_size if index else 40)
            end = min(self.start + (index + 1) * self.segment_size, self.size)
            nonce = self.nonce + struct.pack(">IB", index, index == self.count - 1)
            plain = gcm_open(self.key, nonce, self.file(start, end - start))
            if plain is None:
                raise Damage("the archive is damaged, cut or extended: segment %d of %d does not authenticate" % (index + 1, self.count))
            self.segments[index] = plain
            if len(self.segments) > 4:
                self.segments.popitem(last=False)
        return self.segments[index]

    def read(self, at, length):
        """Bytes of S."""
        if at < 0 or length < 0 or at + length > self.length:
            raise Damage("a reference points outside the archive")
        if self.pub is None:
            return self.file(at, length)
        parts, first = [], self.segment_size - 56
        while length:
            index, inside = (0, at) if at < first else (1 + (at - first) // (self.segment_size - 16), (at - first) % (self.segment_size - 16))
            part = self.segment(index)[inside : inside + length]
            parts.append(part)
            at, length = at + len(part), length - len(part)
        return b"".join(parts)

    def frame(self, at, end):
        """Length in S and content of the frame at `at`. The last few are kept: small files share a frame."""
        if at not in self.decoded:
            self.decoded[at] = self.decode_frame(at, end)
            if len(self.decoded) > 6:
                self.decoded.popitem(last=False)
        return self.decoded[at]

    def decode_frame(self, at, end):
        global ZSTD
        try:
            if self.compression == "zstd":
                length, size = zstd_frame(self.read, at, end)
                if size == -1:
                    return length, b""
                if (size or 0) > FRAME_LIMIT or length > 2 * FRAME_LIMIT:
                    raise Damage("a compressed frame is larger than the format allows")
                ZSTD = ZSTD or zstd_decoder()
                data = ZSTD(self.read(at, length), FRAME_LIMIT if size is None else size)
                if len(data) > FRAME_LIMIT or (size is not None and len(data) != size):
                    raise Damage("a compressed frame does not decode to its length")
                return length, data
            decoder = {"gzip": lambda: zlib.decompressobj(31), "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ),
                       "bzip2": bz2.BZ2Decompressor}[self.compression]()  # fmt: skip
            return stream_frame(decoder, self.read, at, end)
        except Stop:
            raise
        except Exception as error:  # every decoder has its own exception
            raise Damage("a compressed frame does not decode (%s)" % type(error).__name__)

    def extract(self, at, stored, inner, length):
        """`length` bytes that begin `inner` bytes inside what the frames in [at, at + stored) decode to."""
        end = at + stored
        if min(at, stored, inner, length) < 0 or end > self.length:
            raise Damage("a reference points outside the archive")
        while length:
            if at >= end:
                raise Damage("a piece of content is shorter than promised")
            if self.compression == "none":
                at, inner = at + inner, 0
                used = min(max(end - at, 0), length, 1 << 20)
                data = self.read(at, used)
            else:
                used, data = self.frame(at, end)
            at, piece, inner = at + used, data[inner : inner + length], max(0, inner - len(data))
            length -= len(piece)
            yield piece

    def load_root(self):
        """root.json and its SHA-256, by the locator at the end of S (or manifest.json, where S has none)."""
        wrapper, inside = LOCATOR[self.compression]
        if self.pub is None and self.compression in ("xz", "bzip2"):
            try:
                place = [int(number) for number in self.manifest()["root"]]
            except MALFORMED:
                raise Stop("without manifest.json beside it, an unencrypted .tar.%s is opened by: tar -x%sf ARCHIVE -C DIR --exclude '.bka'"
                           % (("xz", "J") if self.compression == "xz" else ("bz2", "j")))  # fmt: skip
        else:
            tail = self.read(self.length - wrapper, wrapper) if self.length >= wrapper else b""
            locator = tail[inside : inside + 64]
            if locator[:8] != b"BKALOC1\n" or struct.pack(">I", zlib.crc32(locator[:60])) != locator[60:]:
                raise Damage("the archive is cut or damaged: it does not end with a locator")
            *place, total = struct.unpack(">5Q", locator[8:48])
            if total != self.length or (self.pub and self.pub["loc"] != wrapper):
                raise Damage("the archive's length is not what its locator says")
        if place[3] > ROOT_LIMIT:
            raise Damage("root.json is larger than the format allows")
        data = b"".join(self.extract(*place))
        root = json.loads(data)
        if root["v"] != 1 or root["incompat"]:
            raise Stop("this archive needs a newer recovery script (%s)" % display(json.dumps(root["incompat"]).encode()))
        if self.pub and root["id"] != self.pub["id"]:
            raise Damage("header and root belong to different archives")
        if not isinstance(root["ord"], int) or any(len(page) < 5 for page in root["toc"]["pages"]) or any(row["i"] < 1 for row in root["deps"]):
            raise ValueError("root")
        return root, hashlib.sha256(data).hexdigest()

    def cat(self, out):
        """S as an ordinary compressed tar: without the bare locator that xz and bzip2 readers would trip over."""
        end = self.length - (64 if self.pub and self.compression in ("xz", "bzip2") else 0)
        step = self.segment_size - 16 if self.pub else 1 << 20
        at = 0
        while at < end:
            out.write(self.read(at, min(step, end - at)))
            at += step


def compression_of(head):
    """How an unencrypted archive is compressed, by its first bytes; None where it is something else."""
    if head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50):
        return "zstd"
    for magic, name in ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2")):
        if head.startswith(magic):
            return name
    return "none" if head[257:262] == b"ustar" else None


# ---------------------------------------------------------------- an archive together with those it builds on


class Entry:
    """One line of the table of contents, checked for shape."""

    def __init__(self, line, page_holder):
        row = json.loads(line)
        self.page_holder = page_holder
        self.path = base64.b64decode(row["pb"], validate=True) if "pb" in row else row["p"].encode()
        self.link = base64.b64decode(row["lb"], validate=True) if "lb" in row else row["l"].encode() if "l" in row else None
        self.type, self.mode, self.uid, self.gid = str(row["t"]), int(row["m"]) & 0o7777, int(row["u"]), int(row["g"])
        self.size, self.mtime, self.hash = int(row.get("s", 0)), int(row["mt"]), row.get("h")
        self.device, self.torn = row.get("rd"), bool(row.get("torn"))
        self.holder, self.extent, self.chunks, self.chunk_list = row.get("r", 0), row.get("x"), row.get("ck"), row.get("ckx")
        self.sparse, self.acl = row.get("sp"), row.get("acl") or {}
        self.xattrs = {name: base64.b64decode(value, validate=True) for name, value in row.get("xa", {}).items()}
        if self.size < 0 or (self.type in "fh" and not isinstance(self.hash, str)) or (self.type in "hl" and self.link is None):
            raise ValueError("line")
        regions = [(int(at), int(length)) for at, length in self.sparse or []]
        ends = [0] + [at + length for at, length in regions]
        if any(at < end or length < 0 for (at, length), end in zip(regions, ends)) or ends[-1] > self.size:
            raise ValueError("sparse map")
        self.regions = regions if self.sparse is not None else [(0, self.size)]


class Lineage:
    def __init__(self, path, secret):
        self.top, self.secret, self.opened = Archive(path, secret), secret, {}
        self.base = os.path.join(os.path.dirname(os.path.abspath(path)), "..")

    def holder(self, ordinal, page_holder=0):
        """The archive with this ordinal; 0 is the one that stores the page. Damage where it is missing or another."""
        ordinal = ordinal or page_holder
        if ordinal in (0, self.top.root["ord"]):
            return self.top
        if ordinal not in self.opened:
            try:
                self.opened[ordinal] = self.open_dependency(ordinal)
            except Stop as stop:
                self.opened[ordinal] = Damage(str(stop))
                note(str(stop))
            except MALFORMED:
                self.opened[ordinal] = Damage("the list of needed archives is malformed")
        found = self.opened[ordinal]
        if isinstance(found, Damage):
            raise found
        return found

    def open_dependency(self, ordinal):
        row = next((row for row in self.top.root["deps"] if row["i"] == ordinal), None)
        if row is None:
            raise Damage("archive number %s is needed but not listed" % ordinal)
        name = row["file"]
        if not re.fullmatch(r"[^/\0]+/[^/\0]+", name) or ".." in name.split("/"):
            raise Damage("a needed archive has an unsafe name: %s" % display(name.encode()))
        path = os.path.join(self.base, name)
        if not os.path.exists(path):
            raise Damage("needed archive is missing: %s (looked for it at %s)" % (display(name.encode()), display(os.path.normpath(path).encode())))
        try:
            archive = Archive(path, self.secret)
        except Stop as stop:
            raise Damage("needed archive %s: %s" % (display(name.encode()), stop))
        if archive.root["id"] != row["id"] or archive.size != row["size"] or archive.root_hash != row["root"]:
            raise Damage("needed archive %s is not the one this archive was built on" % display(name.encode()))
        return archive

    def page(self, row):
        """The entries of one page."""
        try:
            ordinal = row[5] if len(row) > 5 else 0
            data = b"".join(self.whole(self.holder(ordinal), row[1], row[2]))
            if hashlib.sha256(data).hexdigest() != row[4]:
                raise Damage("its SHA-256 does not match")
            lines = data.split(b"\n")[:-1]
            if len(lines) != row[3] or not data.endswith(b"\n") and data:
                raise Damage("its number of lines does not match")
            return [Entry(line, ordinal) for line in lines]
        except MALFORMED:
            raise Damage("it is malformed")

    def whole(self, archive, at, stored):
        end = at + stored
        if archive.compression == "none":
            yield archive.read(at, stored)
            return
        while at < end:
            used, data = archive.frame(at, end)
            at += used
            yield data

    def entries(self, failed):
        """All entries in order. A page that cannot be read is reported to `failed`, and the rest goes on."""
        pages = self.top.root["toc"]["pages"]
        for number, row in enumerate(pages):
            try:
                entries = self.page(row)
            except Damage as damage:
                failed("page %d of %d of the table of contents, %s: %s" % (number + 1, len(pages), self.extent_of(number), damage))
                continue
            yield from entries

    def extent_of(self, number):
        """What is lost with a page, for a message."""
        pages = self.top.root["toc"]["pages"]
        first, *after = (display(path_of(row[0])) for row in pages[number : number + 2])
        return "%s entries from %s %s" % (pages[number][3], first, "to " + after[0] if after else "on")

    def find(self, path):
        """The entry with this path, or None. Pages are sorted component by component: '/' sorts before all else."""
        key, pages = path.replace(b"/", b"\0"), self.top.root["toc"]["pages"]
        low, high = 0, len(pages)
        while low < high:
            middle = (low + high) // 2
            first = path_of(pages[middle][0])
            low, high = (middle + 1, high) if first.replace(b"/", b"\0") <= key else (low, middle)
        return next((entry for entry in self.page(pages[low - 1]) if entry.path == path), None) if low else None

    def content(self, entry):
        """The stored bytes of a file: all of it, or its data regions one after the other."""
        total = sum(length for _, length in entry.regions)
        if entry.extent is not None:
            yield from self.holder(entry.holder, entry.page_holder).extract(*entry.extent, total)
        elif entry.chunks is not None or entry.chunk_list is not None:
            chunks, zero = entry.chunks, entry.page_holder
            if chunks is None:  # too long for its line: the list is a piece of the archive, and 0 in it means that archive
                zero = entry.holder or entry.page_holder
                if entry.chunk_list[3] > ROOT_LIMIT:
                    raise Damage("a list of chunks is larger than the format allows")
                chunks = json.loads(b"".join(self.holder(zero).extract(*entry.chunk_list)))
            for ordinal, at, stored, inner, length, *rest in chunks:
                digest = hashlib.sha256()
                for piece in self.holder(ordinal, zero).extract(at, stored, inner, length):
                    digest.update(piece)
                    yield piece
                if rest and rest[0] and digest.hexdigest() != rest[0]:
                    raise Damage("the SHA-256 of a chunk does not match")
                total -= length
            if total:
                raise Damage("its chunks do not add up to its size")
        elif total:
            raise Damage("the archive does not say where its content is")

    def write(self, entry, out):
        """The logical content of a file into an empty seekable file, holes left out. Damage where it is not what was backed up."""
        digest, at, zeros = hashlib.sha256(), 0, bytes(1 << 20)

        def hole(end):
            for start in range(at, end, len(zeros)):
                digest.update(zeros[: min(len(zeros), end - start)])

        out.truncate(entry.size)  # what the file system cannot hold is told before hours go into it
        try:
            regions = iter(entry.regions)
            offset = left = 0
            for piece in self.content(entry):
                while piece:
                    while not left:
                        offset, left = next(regions, (0, -1))
                        if left < 0:
                            raise Damage("it has more content than its size")
                        hole(offset)
                        at = max(at, offset)
                        out.seek(offset)
                    part, piece = piece[:left], piece[left:]
                    digest.update(part)
                    out.write(part)
                    at, left = at + len(part), left - len(part)
        except MALFORMED:
            raise Damage("its place in the archive is malformed")
        hole(entry.size)
        if digest.hexdigest() != entry.hash:
            raise Damage("its SHA-256 does not match")
        out.flush()


# ---------------------------------------------------------------- restoring

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
KEPT_OPEN = 48


def below(path, folder):
    """Whether a path is that folder or lies below it."""
    return path.startswith(folder) and path[len(folder) : len(folder) + 1] in (b"", b"/")


class Restore:
    """Writes entries below one directory. Parents are opened one by one and never through a symlink."""

    def __init__(self, lineage, target, into_existing):
        self.lineage, self.into_existing = lineage, into_existing
        os.makedirs(target, exist_ok=True)
        self.target = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
        if os.listdir(self.target) and not into_existing:
            raise Stop("%s is not empty: restore into a new or empty directory, or add --into-existing" % display(os.fsencode(target)), 2)
        self.parent_path, self.parent_fd, self.kept = b"", os.dup(self.target), {}
        self.folders, self.not_written, self.blocked, self.told = [], set(), None, set()
        self.done = self.refused = self.torn = self.damaged = 0
        self.root = os.geteuid() == 0
        if not self.root:
            self.once("not running as root: everything belongs to you, and no devices are made")

    def once(self, text):
        if text not in self.told:
            self.told.add(text)
            note(text)

    def fail(self, what):
        self.damaged += 1
        note("damaged: " + what)

    def open_folder(self, path, create):
        """A new descriptor of the directory, opened step by step from the nearest one that is kept open."""
        near = max((kept for kept in self.kept if below(path, kept)), key=len, default=b"")
        fd, end = os.dup(self.kept[near] if near else self.target), len(near)
        rest = path[end + 1 :] if near else path
        names = rest.split(b"/") if rest else []
        for left, name in zip(range(len(names) - 1, -1, -1), names):
            above = fd
            try:
                if create:
                    try:
                        os.mkdir(name, dir_fd=above)
                    except FileExistsError:
                        pass
                fd = os.open(name, FOLDER, dir_fd=above)
            except OSError as error:
                if error.errno in (errno.ENOTDIR, errno.ELOOP):
                    raise Refused("a directory above it is a symlink or a file")
                raise
            finally:
                os.close(above)
            end += len(name) + (end > 0)
            if left < KEPT_OPEN:
                self.keep(path[:end], fd)
        return fd

    def keep(self, path, fd):
        """Remembers the last few: whoever goes up or down a deep tree need not begin at its top every time."""
        if len(self.kept) >= KEPT_OPEN:
            os.close(self.kept.pop(next(iter(self.kept))))
        self.kept[path] = os.dup(fd)

    def parent(self, path):
        """The same for the parents of entry after entry: the last one is kept open."""
        if path != self.parent_path:
            fd = self.open_folder(path, True)
            os.close(self.parent_fd)
            self.parent_path, self.parent_fd = path, fd
        return self.parent_fd

    def entry(self, entry):
        try:
            path = entry.path
            if path == b"" and entry.type == "d":
                return  # the root of the file system was backed up: that is DIR itself
            parts = path.split(b"/")
            if b"\0" in path or len(path) > 65535 or any(part in (b"", b".", b"..") for part in parts):
                raise Refused("unsafe path")
            if parts[0] == b".bka":
                raise Refused("reserved name")
            if self.blocked is not None and path.startswith(self.blocked):
                raise Refused("it lies below something that is not a directory")
            if entry.type != "d":
                self.blocked = path + b"/"
            self.make(entry, self.parent(b"/".join(parts[:-1])), parts[-1])
            self.done += 1
            if entry.torn:
                self.torn += 1
                note("torn: %s changed while it was backed up" % display(path))
            return
        except Refused as why:
            self.refused += 1
            note("refused: %s: %s" % (display(entry.path), why))
        except Damage as why:
            self.fail("%s: %s" % (display(entry.path), why))
        except MALFORMED as why:
            self.fail("%s: malformed (%s)" % (display(entry.path), type(why).__name__))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
                raise Stop("cannot write %s: %s" % (display(entry.path), error.strerror))
            self.refused += 1
            note("refused: %s: %s" % (display(entry.path), error.strerror))
        self.not_written.add(entry.path)

    def make(self, entry, parent, name):
        try:
            there = os.lstat(name, dir_fd=parent)
            if not (entry.type == "d" and stat.S_ISDIR(there.st_mode)):
                raise Refused("it exists already")
            return  # a directory that was there keeps its attributes
        except FileNotFoundError:
            pass
        if entry.type == "d":
            os.mkdir(name, 0o700, dir_fd=parent)
            self.folders.append(entry)
        elif entry.type == "f" or entry.type == "h" and not self.linked(entry, parent, name):
            self.file(entry, parent, name)
        elif entry.type == "l":
            os.symlink(entry.link, name, dir_fd=parent)
            self.attributes(entry, name, parent)
        elif entry.type == "p":
            os.mkfifo(name, 0o600, dir_fd=parent)
            self.attributes(entry, name, parent)
        elif entry.type in ("c", "b"):
            if not self.root:
                raise Refused("only root can make a device")
            major, minor = entry.device
            if major > 0xFFF or minor > 0xFFFFF:  # the kernel would take another device for it
                raise Refused("its device number is impossible")
            os.mknod(name, 0o600 | (stat.S_IFCHR if entry.type == "c" else stat.S_IFBLK), os.makedev(major, minor), dir_fd=parent)
            self.attributes(entry, name, parent)
        elif entry.type != "h":
            raise Refused("its type is unknown to this script: " + display(entry.type.encode()))

    def file(self, entry, parent, name):
        """Under a name of its own until the SHA-256 has matched."""
        temporary = b".hf-" + secrets.token_hex(8).encode()
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
        try:
            with open(fd, "wb", closefd=False) as out:
                self.lineage.write(entry, out)
            self.attributes(entry, fd)
            os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            os.unlink(temporary, dir_fd=parent)
            raise
        finally:
            os.close(fd)

    def linked(self, entry, parent, name):
        """True where the other name of a hard link was restored and is linked to. If not, the content is written again."""
        if entry.link in self.not_written or b".." in entry.link.split(b"/") or entry.link.startswith(b"/"):
            return False
        above, _, other = entry.link.rpartition(b"/")
        there = -1
        try:
            there = self.open_folder(above, False)
            with open(os.open(other, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=there), "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode) or found.st_size != entry.size:
                    return False
                if self.into_existing and sha256_of(file) != entry.hash:
                    return False
            os.link(other, name, src_dir_fd=there, dst_dir_fd=parent, follow_symlinks=False)
            return True
        except (OSError, Refused):
            return False
        finally:
            if there >= 0:
                os.close(there)

    def attributes(self, entry, where, parent=None):
        """Owner, extended attributes, ACLs, mode and time, in this order: each would undo a later one. `where` is a
        descriptor, or with `parent` a name in it that must not be followed."""
        named = {} if parent is None else {"dir_fd": parent, "follow_symlinks": False}
        path = where if parent is None else b"/proc/self/fd/%d/%s" % (parent, where)
        mode, follow = entry.mode, parent is None
        if self.root:
            self.attempt("owners", os.chown, where, entry.uid, entry.gid, **named)
        elif (entry.uid, entry.gid) != (os.geteuid(), os.getegid()):
            mode &= 0o1777  # set-user-id for another owner would be a gift to the wrong user
        for name, value in entry.xattrs.items():
            self.attempt("extended attributes (%s)" % name.split(".")[0], os.setxattr, path, name, value, follow_symlinks=follow)
        for kind, text in entry.acl.items():
            if kind in ("access", "default"):
                self.attempt("ACLs", set_acl, path, kind, text, follow_symlinks=follow)
        if entry.type != "l":
            self.attempt("modes", os.chmod, where, mode, **({} if parent is None else {"dir_fd": parent}))
        self.attempt("times", os.utime, where, ns=(entry.mtime, entry.mtime), **named)

    def attempt(self, what, call, *arguments, **named):
        try:
            call(*arguments, **named)
        except (OSError, *MALFORMED) as error:
            self.once("some %s could not be restored: %s" % (what, getattr(error, "strerror", None) or error))

    def finish(self):
        """Modes and times of directories, the deepest first: writing into them would change both."""
        for entry in reversed(self.folders):
            try:
                fd = self.open_folder(entry.path, False)
                self.attributes(entry, fd)
                os.close(fd)
            except (OSError, Refused):
                self.once("some directories were changed by someone else during the restore")
        note("%d entries restored, %d refused, %d torn, %d damaged" % (self.done, self.refused, self.torn, self.damaged))
        healed = self.lineage.top.healed or any(getattr(archive, "healed", False) for archive in self.lineage.opened.values())
        return 4 if self.damaged else 3 if self.refused or self.torn or healed else 0


def sha256_of(file):
    digest = hashlib.sha256()
    for piece in iter(lambda: file.read(1 << 20), b""):
        digest.update(piece)
    return digest.hexdigest()


def set_acl(path, kind, text, **named):
    os.setxattr(path, "system.posix_acl_" + kind, encode_acl(text), **named)


def encode_acl(text):
    """The kernel's form of an ACL from its text: `user:anna:rw-:1000` with the number at the end, or without it."""
    tags = {"u": (1, 2), "g": (4, 8), "m": (16, 16), "o": (32, 32)}
    rows = []
    for item in filter(None, re.split("[,\n]", text)):
        tag, who, permissions, *number = item.strip().split(":")
        plain, named = tags[tag[0]]
        bits = sum(bit for letter, bit in (("r", 4), ("w", 2), ("x", 1)) if letter in permissions)
        if who and not number and not who.isdigit():
            import grp, pwd

            number = [pwd.getpwnam(who).pw_uid if tag[0] == "u" else grp.getgrnam(who).gr_gid]
        rows.append((named if who or number else plain, int(number[0] if number else who) if who or number else 0xFFFFFFFF, bits))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, bits, who) for tag, who, bits in sorted(rows))


# ---------------------------------------------------------------- what the operator sees


def path_of(json_path):
    return base64.b64decode(json_path["pb"]) if isinstance(json_path, dict) else json_path.encode()


def display(path):
    """A path for a terminal: nothing in it can move the cursor or turn the text around."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e", "\\": "\\\\"}
    try:
        text, unsafe = path.decode("utf-8"), "[\0-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\\\\]"
    except UnicodeDecodeError:
        text, unsafe, short = path.decode("latin-1"), r"[^ -\[\]-~]", {}
    return re.sub(unsafe, lambda m: short.get(m[0]) or ("\\x%02x" if ord(m[0]) < 256 else "\\u%04x") % ord(m[0]), text)


def describe(entry):
    kind = "-" if entry.type in "fh" else entry.type
    bits = list("rwxrwxrwx")
    for at in range(9):
        if not entry.mode >> (8 - at) & 1:
            bits[at] = "-"
    for at, bit, letter in ((2, 0o4000, "s"), (5, 0o2000, "s"), (8, 0o1000, "t")):
        if entry.mode & bit:
            bits[at] = letter if bits[at] == "x" else letter.upper()
    size = "%s,%s" % tuple(entry.device) if entry.type in "cb" and entry.device else str(entry.size)
    seconds = entry.mtime // 10**9
    try:
        when = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat(" ")
    except OverflowError:
        when = "@%d" % seconds
    tail = {"l": " -> ", "h": " link to "}.get(entry.type)
    name = display(entry.path or b"/") + (tail + display(entry.link) if tail else "") + (" [torn]" if entry.torn else "")
    return "%s%s %d/%d %s %s %s" % (display(kind.encode()), "".join(bits), entry.uid, entry.gid, size.rjust(12), when, name)


def list_entries(lineage):
    failures = []

    def failed(what):
        failures.append(what)
        note("damaged: " + what)

    for entry in lineage.entries(failed):
        sys.stdout.buffer.write(describe(entry).encode() + b"\n")
    return 4 if failures else 0


def get(lineage, path):
    wanted = path.strip(b"/")
    entry = lineage.find(wanted)
    if entry is None:
        raise Stop("the archive has no %s" % display(wanted))
    if entry.type not in ("f", "h"):
        raise Stop("%s is no file: %s" % (display(wanted), describe(entry)))
    large = entry.size > 32 << 20 or entry.sparse is not None
    with tempfile.TemporaryFile() if large else io.BytesIO() as spool:
        lineage.write(entry, spool)
        spool.seek(0)
        shutil.copyfileobj(spool, sys.stdout.buffer, 1 << 20)
    if entry.torn:
        note("torn: %s changed while it was backed up" % display(wanted))
    return 3 if entry.torn else 0


def run(arguments):
    words, keyfile, into_existing, rest = [], None, False, list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            words += rest
            break
        if word in ("-h", "--help"):
            print(__doc__)
            return 0
        if word == "--into-existing":
            into_existing = True
        elif word == "--keyfile" and rest:
            keyfile = rest.pop(0)
        elif word.startswith("--keyfile="):
            keyfile = word[10:]
        elif word.startswith("--"):
            raise Stop("unknown option %s\n%s" % (word, __doc__), 2)
        else:
            words.append(word)
    if len(words) < 2 or {"list": 2, "cat": 2, "get": 3, "restore": 3}.get(words[1]) != len(words):
        raise Stop("usage\n" + __doc__, 2)
    archive, command, secret = words[0], words[1], Secret(keyfile)
    if command == "cat":
        Archive(archive, secret, "stream").cat(sys.stdout.buffer)
        return 0
    lineage = Lineage(archive, secret)
    if command == "list":
        return list_entries(lineage)
    if command == "get":
        return get(lineage, os.fsencode(words[2]))
    restore = Restore(lineage, words[2], into_existing)
    for entry in lineage.entries(restore.fail):
        restore.entry(entry)
    return restore.finish()


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except Stop as stop:
        note(str(stop))
        code = stop.code
    except MALFORMED as error:
        note("the archive is malformed (%s)" % type(error).__name__)
        code = 4
    except OSError as error:
        note("%s: %s" % (error.filename or "failed", error.strerror))
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
