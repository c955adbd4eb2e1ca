"""Checks the vectors of merkle, tiles, checkpoints, receipts, witnessing and trust-policy against the specification's text.

Written from docs/spec alone; shares no code with Cairn. Needs Python 3.10 and the `cryptography` package, in a
version that has ML-DSA-44 (48 does). Run it from anywhere; it exits 1 at the first difference.
"""

import base64
import hashlib
import json
import pathlib
import re
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32))
except (ImportError, UnsupportedAlgorithm):
    mldsa = None

HERE = pathlib.Path(__file__).parent
EMPTY = hashlib.sha256(b"").digest()
DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)
checks = 0


class Refused(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Refused(what)


def same(found, expected, where):
    global checks
    checks += 1
    if found != expected:
        sys.exit(f"{where}: expected {expected!r}, found {found!r}")


def refused(function, value, where):
    try:
        function(value)
    except Refused:
        same(True, True, where)
    else:
        sys.exit(f"{where}: should be refused")


def load(path):
    return json.loads((HERE / path).read_bytes())


def unbase64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as problem:
        raise Refused("base64") from problem
    need(base64.b64encode(data).decode() == text, "canonical base64")
    return data


def decimal(text):
    need(DECIMAL.fullmatch(text) and int(text) < 2**63, "decimal")
    return int(text)


# merkle.md


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return node(root(leaves[:k]), root(leaves[k:]))


def root_from(hash_, index, size, path):
    if index < 0 or index >= size:
        return None
    at, last = index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            hash_ = node(sibling, hash_)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hash_ = node(hash_, sibling)
        at, last = at >> 1, last >> 1
    return hash_ if last == 0 else None


def included(hash_, index, size, path, expected):
    return root_from(hash_, index, size, path) == expected


def fold(older, newer, start, rest):
    """The roots of the older and the newer tree that the nodes lead to, or None."""
    first, last = older - 1, newer - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    a = b = start
    for hash_ in rest:
        if last == 0:
            return None
        if first & 1 or first == last:
            a, b = node(hash_, a), node(hash_, b)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            b = node(b, hash_)
        first, last = first >> 1, last >> 1
    return (a, b) if last == 0 else None


def consistent(older, older_root, newer, newer_root, path):
    if older < 0 or older > newer:
        return False
    if older == 0 or older == newer:
        return not path and older_root == (newer_root if older else EMPTY)
    if not path:
        return False
    power = older & (older - 1) == 0
    return fold(older, newer, older_root if power else path[0], path if power else path[1:]) == (older_root, newer_root)


def hashes(texts):
    return [bytes.fromhex(text) for text in texts]


def check_merkle():
    roots = load("merkle/roots.json")
    leaves = [leaf(bytes.fromhex(entry)) for entry in roots["entries"]]
    same([x.hex() for x in leaves], roots["leaf_hashes"], "leaf hashes")
    same([root(leaves[: n + 1]).hex() for n in range(8)], roots["roots"], "roots")
    for case in load("merkle/inclusion.json")["cases"]:
        found = included(bytes.fromhex(case["leaf_hash"]), case["index"], case["size"], hashes(case["path"]), bytes.fromhex(case["root"]))
        same(found, case["valid"], f"inclusion: {case['name']}")
    for case in load("merkle/consistency.json")["cases"]:
        found = consistent(case["older_size"], bytes.fromhex(case["older_root"]), case["newer_size"], bytes.fromhex(case["newer_root"]), hashes(case["path"]))
        same(found, case["valid"], f"consistency: {case['name']}")


# tiles.md


def tile_path(text):
    """(level or None for entries, index, width)"""
    match = re.fullmatch(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", text, re.ASCII)
    need(match, "path")
    level = None if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("x", "").replace("/", ""))
    width = int(match[3]) if match[3] else 256
    need(not match[2].startswith("x000") and index < 2**63 and (level or 0) <= 63 and (match[3] is None or width < 256), "path")
    return level, index, width


def bundle_entries(data):
    entries = []
    while data:
        need(len(entries) < 256 and len(data) >= 2, "length")
        size = int.from_bytes(data[:2], "big")
        need(len(data) >= 2 + size, "entry")
        entries.append(data[2 : 2 + size])
        data = data[2 + size :]
    return entries


def check_tiles():
    paths = load("tiles/paths.json")
    for case in paths["valid"]:
        same(tile_path(case["path"]), (case.get("level"), case["index"], case["width"]), case["path"])
    for text in paths["invalid"]:
        refused(tile_path, text, text)
    for case in load("tiles/sizes.json")["cases"]:
        levels, count, level = [], case["size"], 0
        while count:
            levels.append({"level": level, "full": count // 256, "partial": count % 256})
            count, level = count // 256, level + 1
        same(levels, case["levels"], f"size {case['size']}")
    bundles = load("tiles/bundles.json")
    for case in bundles["valid"]:
        same([x.hex() for x in bundle_entries(bytes.fromhex(case["bundle"]))], case["entries"], "bundle")
    for case in bundles["invalid"]:
        refused(bundle_entries, bytes.fromhex(case["bundle"]), case["name"])
    check_tree(load("tiles/tree.json"))


def check_tree(tree):
    size = tree["size"]
    entries = [f"entry {i}".encode() for i in range(size)]
    levels = [[leaf(entry) for entry in entries]]
    while len(levels[-1]) >= 256:
        below = levels[-1]
        levels.append([root(below[i : i + 256]) for i in range(0, len(below) - len(below) % 256, 256)])
    expected = bytes.fromhex(tree["root"])
    same(root(levels[0]), expected, "root of the tree")
    for tile in tree["tiles"]:
        level, index, width = tile_path(tile["path"])
        data = b"".join(levels[level][256 * index : 256 * index + width])
        same((len(data), hashlib.sha256(data).hexdigest()), (32 * width, tile["sha256"]), tile["path"])
    for bundle in tree["bundles"]:
        _, index, width = tile_path(bundle["path"])
        data = b"".join(len(x).to_bytes(2, "big") + x for x in entries[256 * index : 256 * index + width])
        same(hashlib.sha256(data).hexdigest(), bundle["sha256"], bundle["path"])
    for case in tree["inclusion"]:
        same(included(levels[0][case["index"]], case["index"], size, hashes(case["path"]), expected), True, f"inclusion of {case['index']}")
    for case in tree["consistency"]:
        older = case["older_size"]
        same(root(levels[0][:older]).hex(), case["older_root"], f"root of {older}")
        same(consistent(older, bytes.fromhex(case["older_root"]), size, expected, hashes(case["path"])), True, f"consistency from {older}")


# checkpoints.md


def parse_note(data):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Refused("UTF-8") from problem
    need(not any(c < " " and c != "\n" for c in text), "control character")
    need("\n\n" in text and text.endswith("\n"), "layout")
    split = text.rindex("\n\n")
    lines = text[split + 2 :].split("\n")[:-1]
    need(1 <= len(lines) <= 1000, "signature lines")
    signatures = []
    for line in lines:
        parts = line.split(" ")
        need(len(parts) == 3 and parts[0] == "\u2014", "signature line")
        name, blob = parts[1], unbase64(parts[2])
        need(name and "+" not in name and not any(c.isspace() for c in name) and len(blob) > 4, "signature line")
        signatures.append((name, blob[:4], blob[4:]))
    return text[: split + 1], signatures


def parse_checkpoint(body):
    lines = body.split("\n")
    need(len(lines) >= 4 and lines[-1] == "", "lines")
    origin, size, hash_, extensions = lines[0], decimal(lines[1]), unbase64(lines[2]), lines[3:-1]
    need(1 <= len(origin.encode()) <= 255 and len(hash_) == 32 and all(extensions), "line")
    need(size or hash_ == EMPTY, "empty tree")
    return origin, size, hash_, extensions


def parse_key(text):
    parts = text.split("+", 2)
    need(len(parts) == 3 and re.fullmatch(r"[0-9a-f]{8}", parts[1]), "verifier key")
    data, name = unbase64(parts[2]), parts[0]
    need(data and name and len(name.encode()) <= 255 and not any(c.isspace() for c in name), "verifier key")
    need({1: 32, 4: 32, 6: 1312}.get(data[0]) == len(data) - 1, "type")
    key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    need(key_id.hex() == parts[1], "key id")
    return name, key_id, data[0], data[1:]


def message(key, body, time):
    name, _, kind, _ = key
    if kind == 1:
        return body.encode()
    if kind == 4:
        return f"cosignature/v1\ntime {time}\n{body}".encode()
    origin, size, hash_, _ = parse_checkpoint(body)
    name, origin = name.encode(), origin.encode()
    return (
        b"subtree/v1\n\0" + bytes([len(name)]) + name + time.to_bytes(8, "big") + bytes([len(origin)]) + origin
        + bytes(8) + size.to_bytes(8, "big") + hash_
    )


def verify(key, note):
    """('absent' | 'good' | 'bad', time)"""
    body, signatures = note
    name, key_id, kind, public = key
    times = []
    for _, _, blob in (s for s in signatures if s[:2] == (name, key_id)):
        time, signature = (0, blob) if kind == 1 else (int.from_bytes(blob[:8], "big"), blob[8:])
        if len(signature) != (2420 if kind == 6 else 64):
            return "bad", None
        try:
            if kind != 6:
                ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message(key, body, time))
            else:
                mldsa.MLDSA44PublicKey.from_public_bytes(public).verify(signature, message(key, body, time))
        except InvalidSignature:
            return "bad", None
        times.append(None if kind == 1 or (kind == 6 and time == 0) else time)
    return ("good", min((t for t in times if t is not None), default=None)) if times else ("absent", None)


def check_checkpoints():
    keys = {}
    for item in load("checkpoints/keys.json")["keys"]:
        keys[item["name"]] = key = parse_key(item["verifier"])
        seed = unbase64(item["private"].split("+", 4)[4])
        public = (
            ed25519.Ed25519PrivateKey.from_private_bytes(seed[1:]).public_key().public_bytes_raw() if seed[0] != 6
            else mldsa.MLDSA44PrivateKey.from_seed_bytes(seed[1:]).public_key().public_bytes_raw()
        )
        same((key[0], key[1].hex(), f"0x{key[2]:02x}", public), (item["key_name"], item["key_id"], item["type"], key[3]), item["name"])
    for case in load("checkpoints/verify.json")["cases"]:
        key = keys[case["key"]] if "key" in case else parse_key(case["verifier"])
        same(verify(key, parse_note((HERE / "checkpoints" / case["note"]).read_bytes())), (case["result"], case.get("time")), f"{case['note']} by {key[0]}")
    messages = load("checkpoints/messages.json")
    for case in messages["messages"]:
        same(message(keys[case["key"]], messages["checkpoint"], case.get("time", 0)).hex(), case["message"], f"message of {case['key']}")
    malformed = load("checkpoints/malformed.json")
    for case in malformed["notes"]:
        refused(parse_note, bytes.fromhex(case["note_hex"]), case["name"])
    for case in malformed["checkpoints"]:
        refused(parse_checkpoint, case["body"], case["name"])
    for case in malformed["verifier_keys"]:
        refused(parse_key, case["key"], case["name"])


# receipts.md


def parse_proof(data):
    head, found, note = data.partition(b"\n\n")
    need(found, "layout")
    lines = head.decode("utf-8", "replace").split("\n")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "version")
    if lines and lines[0].startswith("extra "):
        unbase64(lines.pop(0)[6:])
    need(lines and lines[0].startswith("index "), "index")
    index, path = decimal(lines[0][6:]), [unbase64(line) for line in lines[1:]]
    need(len(path) <= 63 and all(len(x) == 32 for x in path), "path")
    return index, path, parse_note(note)


def check_receipts():
    for case in load("receipts/verify.json")["cases"]:
        index, path, note = parse_proof((HERE / "receipts" / case["file"]).read_bytes())
        _, size, hash_, _ = parse_checkpoint(note[0])
        same(included(leaf(bytes.fromhex(case["entry"])), index, size, path, hash_), case["proves"], case["file"])
    for case in load("receipts/malformed.json")["cases"]:
        refused(parse_proof, case["text"].encode(), case["name"])


def cbor(data, at=0):
    """One item of CBOR with definite lengths, and where it ends; a tag is ("tag", number, value)."""
    need(at < len(data), "cut")
    major, argument, at = data[at] >> 5, data[at] & 31, at + 1
    if argument > 23:
        need(argument < 28, "definite length")
        size = 1 << argument - 24
        need(at + size <= len(data), "cut")
        argument, at = int.from_bytes(data[at : at + size], "big"), at + size
        need(argument >= (24 if size == 1 else 1 << size * 4), "shortest form")
    if major in (2, 3):
        need(at + argument <= len(data), "cut")
        value = data[at : at + argument]
        return (value if major == 2 else value.decode()), at + argument
    if major == 4:
        items = []
        for _ in range(argument):
            item, at = cbor(data, at)
            items.append(item)
        return items, at
    if major == 5:
        pairs = {}
        for _ in range(argument):
            key, at = cbor(data, at)
            need(key not in pairs, "each key once")
            pairs[key], at = cbor(data, at)
        return pairs, at
    if major == 6:
        value, at = cbor(data, at)
        return ("tag", argument, value), at
    if major == 7:
        need(argument == 22, "null")
        return None, at
    return (argument if major == 0 else -1 - argument), at


def whole(data):
    value, at = cbor(data)
    need(at == len(data), "the end")
    return value


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    size = next(i for i in range(4) if number < 1 << (8 << i))
    return bytes([major << 5 | 24 + size]) + number.to_bytes(1 << size, "big")


def octets(value):
    return head(2, len(value)) + value


def parse_cose(data):
    tagged = whole(data)
    need(isinstance(tagged, tuple) and tagged[1] == 18, "tag 18")
    protected, unprotected, payload, signature = tagged[2]
    header = whole(protected)
    need(set(header) <= {1, 4, 15, 395} and header.get(395) == 1, "protected header")
    need(header.get(1) in (-7, -8, -48), "alg")
    need(payload is None and set(unprotected) == {396} and len(unprotected[396]) == 1, "vdp")
    need(len(signature) == (2420 if header[1] == -48 else 64), "signature")
    ((kind, proofs),) = unprotected[396].items()
    need(kind in (-1, -2) and len(proofs) == 1, "one proof")
    first, second, path = whole(proofs[0])
    need(second < first if kind == -1 else first <= second, "order")
    need(len(path) <= 64 and all(len(x) == 32 for x in path), "path")
    return kind, first, second, path, header, protected, signature


def cose_key(key, thumbprint):
    kind, public = key[2], key[3]
    kty, tail = (b"\x01", b"\x20\x06\x21" + octets(public)) if kind == 1 else (b"\x07", b"\x20" + octets(public))
    alg = b"\x03" + (b"\x27" if kind == 1 else b"\x38\x2f")
    if thumbprint:
        return b"\xa3\x01" + kty + (b"" if kind == 1 else alg) + tail
    kid = b"\x02" + octets(hashlib.sha256(cose_key(key, True)).digest())
    return (b"\xa5\x01" if kind == 1 else b"\xa4\x01") + kty + kid + alg + tail


def cose_signed(receipt, key, root_):
    _, _, _, _, header, protected, signature = receipt
    if header.get(4) != hashlib.sha256(cose_key(key, True)).digest() or header[1] != (-8 if key[2] == 1 else -48):
        return False
    signed = b"\x84" + head(3, 10) + b"Signature1" + octets(protected) + octets(b"") + octets(root_)
    try:
        if key[2] == 1:
            ed25519.Ed25519PublicKey.from_public_bytes(key[3]).verify(signature, signed)
        elif mldsa is not None:
            mldsa.MLDSA44PublicKey.from_public_bytes(key[3]).verify(signature, signed)
        return True
    except InvalidSignature:
        return False


def check_cose():
    keys = {item["name"]: parse_key(item["verifier"]) for item in load("checkpoints/keys.json")["keys"]}
    vectors = load("receipts/cose.json")
    for item in vectors["keys"]:
        same(cose_key(keys[item["key"]], False).hex(), item["cose_key"], item["key"])
        same(hashlib.sha256(cose_key(keys[item["key"]], True)).hexdigest(), item["thumbprint"], item["key"])
    for case in vectors["inclusion"]:
        receipt = parse_cose((HERE / "receipts" / case["file"]).read_bytes())
        _, size, index, path, *_ = receipt
        found = root_from(leaf(bytes.fromhex(case["entry"])), index, size, path)
        same(found is not None and cose_signed(receipt, keys[case["key"]], found), case["proves"], case["file"])
    for case in vectors["consistency"]:
        receipt = parse_cose((HERE / "receipts" / case["file"]).read_bytes())
        _, older, newer, path, *_ = receipt
        roots = [bytes.fromhex(case[name]) for name in ("older_root", "newer_root")]
        same(consistent(older, roots[0], newer, roots[1], path) and cose_signed(receipt, keys[case["key"]], roots[1]), case["proves"], case["file"])
    data = (HERE / "receipts" / vectors["transparent"]["file"]).read_bytes()
    _, start = cbor(data, 2)
    receipts, end = cbor(data, start)
    same((data[:start] + b"\xa0" + data[end:]).hex(), vectors["transparent"]["statement"], "transparent.cose")
    for receipt in receipts[394]:
        parse_cose(receipt)
    for case in vectors["malformed"]:
        refused(parse_cose, bytes.fromhex(case["cbor"]), case["name"])


# witnessing.md


def only(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a member twice")
    return dict(pairs)


def parse_fork(data):
    try:
        proof = json.loads(data, object_pairs_hook=only)
    except ValueError as problem:
        raise Refused("JSON") from problem
    need(set(proof) == {"format", "older", "newer", "prefix"} and proof["format"] == "cairn-fork-proof/1", "members")
    path = [unbase64(text) for text in proof["prefix"]]
    need(len(path) <= 64 and all(len(x) == 32 for x in path), "path")
    return parse_note(proof["older"].encode()), parse_note(proof["newer"].encode()), path


def prefix_roots(older, newer, path):
    return fold(older, newer, path[0], path[1:]) if 1 <= older < newer and path else None


def forked(proof, keys):
    older, newer, path = proof
    (origin, size, root_, _), (origin2, size2, root2, _) = parse_checkpoint(older[0]), parse_checkpoint(newer[0])
    keys = [key for key in keys if key[0] == origin]
    for note in (older, newer):
        results = [verify(key, note)[0] for key in keys]
        if "bad" in results or "good" not in results:
            return False
    if size == size2:
        return origin == origin2 and root_ != root2
    roots = prefix_roots(size, size2, path)
    return origin == origin2 and roots is not None and roots[1] == root2 and roots[0] != root_


def check_witnessing():
    keys = [parse_key(item["verifier"]) for item in load("checkpoints/keys.json")["keys"] if item["name"] in ("log", "log_ml_dsa")]
    for case in load("witnessing/verify.json")["cases"]:
        same(forked(parse_fork((HERE / "witnessing" / case["file"]).read_bytes()), keys), case["proven"], case["file"])
    for case in load("witnessing/malformed.json")["cases"]:
        refused(parse_fork, case["text"], case["name"])


# trust-policy.md


def parse_policy(data):
    need(not any((c < 32 and c not in (9, 10)) or c == 127 for c in data), "control character")
    logs, witnesses, groups, emitters = [], {}, {}, {}
    quorum, names, members, publics = None, set(), set(), set()

    def vkey(word, kinds):
        key = parse_key(word.decode("utf-8", "surrogateescape"))
        need(key[2] in kinds and key[3] not in publics, "key")
        publics.add(key[3])
        return key

    def define(name):
        need(name != b"none" and name not in names, "name")
        names.add(name)

    for line in data.split(b"\n"):
        words = [word for word in re.split(rb"[\t ]+", line) if word]
        if not words or words[0].startswith(b"#"):
            continue
        kind, rest = words[0], words[1:]
        if kind == b"log" and len(rest) in (1, 2):
            logs.append(vkey(rest[0], (1, 6)))
        elif kind == b"witness" and len(rest) in (2, 3):
            define(rest[0])
            witnesses[rest[0]] = vkey(rest[1], (4, 6))
        elif kind == b"group" and len(rest) >= 3:
            for member in rest[2:]:
                need(member in names and member not in members, "member")
                members.add(member)
            count = {b"any": 1, b"all": len(rest) - 2}.get(rest[1]) or decimal(rest[1].decode("latin-1"))
            need(1 <= count <= len(rest) - 2, "threshold")
            define(rest[0])
            groups[rest[0]] = (count, rest[2:])
        elif kind == b"quorum" and len(rest) == 1:
            need(quorum is None and (rest[0] == b"none" or rest[0] in names), "quorum")
            quorum = rest[0]
        elif kind == b"trustdomain" and len(rest) == 2:
            need(re.fullmatch(rb"[a-z0-9._-]{1,255}", rest[0]), "trust domain")
            root_certificate(unbase64(rest[1].decode("latin-1")))
        elif kind == b"emitter" and len(rest) in (2, 3):
            need(rest[0] in (b"agent", b"gateway", b"importer", b"operator"), "role")
            need(re.fullmatch(rb"spiffe://[a-z0-9._-]{1,255}(/(?!\.{1,2}(/|\Z))[a-zA-Z0-9._-]+)*(/\*)?", rest[1]), "pattern")
            key = public_key(unbase64(rest[2].decode("latin-1"))) if len(rest) == 3 else None
            need((rest[1], key) not in emitters, "rule")
            emitters[rest[1], key] = rest[0]
        else:
            raise Refused("line")
    need(quorum, "no quorum")
    return logs, witnesses, groups, quorum, emitters


def root_certificate(der):
    try:
        signed = x509.load_der_x509_certificate(der).tbs_certificate_bytes
    except ValueError as problem:
        raise Refused("certificate") from problem
    version, serial, algorithm = der_elements(der_elements(signed)[0][1])[:3]
    need(version[0] == 0xA0 and serial[0] == 0x02 and algorithm == der_elements(der_elements(der)[0][1])[1], "two algorithms")


def der_elements(data):
    """Tags and contents of the DER elements that follow each other."""
    found, at = [], 0
    while at < len(data):
        width = data[at + 1] & 0x7F if data[at + 1] & 0x80 else 0
        start = at + 2 + width
        length = int.from_bytes(data[at + 2:start], "big") if width else data[at + 1]
        found.append((data[at], data[start:start + length]))
        at = start + length
    return found


def public_key(der):
    try:
        load_der_public_key(der)
    except ValueError as problem:
        raise Refused("key") from problem
    return hashlib.sha256(der).hexdigest()


def judge(policy, note):
    logs, witnesses, groups, quorum, _ = policy
    origin, _, _, extensions = parse_checkpoint(note[0])
    by_log = [(key, verify(key, note)[0]) for key in logs]
    ours = [(key, result) for key, result in by_log if key[0] == origin]
    by_witness = {name: verify(key, note)[0] for name, key in witnesses.items()}
    satisfied = {name for name, result in by_witness.items() if result == "good"}
    names = sorted(name.decode() for name in satisfied)
    for name, (count, members) in groups.items():
        if len(satisfied.intersection(members)) >= count:
            satisfied.add(name)
    accepted = (
        bool(ours) and all(result == "good" for _, result in ours)
        and "bad" not in [result for _, result in by_log] + list(by_witness.values())
        and (not extensions or any(key[2] == 1 for key, _ in ours))
        and (quorum == b"none" or quorum in satisfied)
    )
    return accepted, names


def role(policy, issuer, kid):
    best = None
    for (pattern, key), name in policy[4].items():
        pattern = pattern.decode()
        prefix = pattern.endswith("/*")
        covers = issuer.startswith(pattern[:-1]) if prefix else issuer == pattern
        if covers and key == kid and (best is None or (not prefix, len(pattern)) > best[0]):
            best = ((not prefix, len(pattern)), name.decode())
    return best and best[1]


def check_trust():
    for case in load("trust-policy/verify.json")["cases"]:
        policy = parse_policy((HERE / "trust-policy" / case["policy"]).read_bytes())
        note = parse_note((HERE / "trust-policy" / case["note"]).read_bytes())
        same(judge(policy, note), (case["accepted"], case["witnesses"]), f"{case['note']} by {case['policy']}")
    emitters = load("trust-policy/emitters.json")
    policy = parse_policy((HERE / "trust-policy" / emitters["policy"]).read_bytes())
    for case in emitters["cases"]:
        same(role(policy, case["issuer"], case.get("kid")), case.get("role"), case["issuer"])
    for case in load("trust-policy/malformed.json")["cases"]:
        refused(parse_policy, case["policy"].encode(), case["name"])


if __name__ == "__main__":
    if mldsa is None:
        sys.exit("this version of cryptography has no ML-DSA-44: install a newer one")
    for check in (check_merkle, check_tiles, check_checkpoints, check_receipts, check_cose, check_witnessing, check_trust):
        check()
    print(f"{checks} checks passed")
