#!/usr/bin/env python3
"""Writes the test vectors of bundle.md and verification.md: a good bundle, and bundles that a forger made of it.

An implementation of the specification of its own, sharing no code with Cairn; needs Python 3.10 and the `cryptography`
package in a version that has ML-DSA-44. Keys are derived from published labels, for tests only. ML-DSA signatures of that
package are not deterministic: a checkpoint that bundles/checkpoints.json already holds for the same text is kept.
Run in this directory: python3 make_bundles.py
"""
import base64
import datetime
import hashlib
import hmac
import io
import json
import os
import re
import struct
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from make_vectors import certificate, derive, header, leaf_hash, merkle_root, p256, seed, sha, sign_es256, spki, statement

HERE = os.path.dirname(os.path.abspath(__file__))
ORIGIN = "example.org/ledger/vectors"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER_TRACE = "0af7651916cd43dd8448eb211c80319c"
SIGNED_AT = 1767225900  # 2026-01-01T00:05:00Z
FILES = ["manifest.json", "checkpoint", "trust.policy", "trust.jsonl", "keys.jsonl", "certificates.jsonl", "heads.jsonl", "anchors.jsonl", "statements.bin", "proofs.jsonl",
         "records.jsonl", "content.jsonl", "content.bin", "policies.jsonl", "policies.bin", "engine.wasm"]
b64 = lambda data: base64.b64encode(data).decode()
compact = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# ---- Merkle proofs (RFC 9162 sections 2.1.3.1 and 2.1.4.1) ----

def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    return path(m, leaves[:k]) + [merkle_root(leaves[k:])] if m < k else path(m - k, leaves[k:]) + [merkle_root(leaves[:k])]


def consistency(m, leaves, whole=True):
    if m == len(leaves):
        return [] if whole else [merkle_root(leaves)]
    k = split(len(leaves))
    return (consistency(m, leaves[:k], whole) + [merkle_root(leaves[k:])] if m <= k
            else consistency(m - k, leaves[k:], False) + [merkle_root(leaves[:k])])


# ---- Checkpoint ----

class LogKeys:
    def __init__(self, label=""):
        self.ed = ed25519.Ed25519PrivateKey.from_private_bytes(seed("bundle log ed25519" + label))
        self.ml = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed("bundle log ml-dsa-44" + label))
        self.public = [(1, self.ed.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)), (6, self.ml.public_key().public_bytes_raw())]

    def ids(self):
        return [sha(ORIGIN.encode() + b"\n" + bytes([kind]) + key)[:4] for kind, key in self.public]

    def vkeys(self):
        return [f"{ORIGIN}+{key_id.hex()}+{b64(bytes([kind]) + key)}" for key_id, (kind, key) in zip(self.ids(), self.public)]

    def policy_lines(self):
        return "".join(f"log {vkey}\n" for vkey in self.vkeys())

    def retired_lines(self, size):
        return "".join(f"retired {vkey} {size}\n" for vkey in self.vkeys())

    def note(self, size, root, kept, at=SIGNED_AT):
        return together([self], size, root, kept, at=at)

    def lines(self, size, root, kept, at=SIGNED_AT):
        """The text, and this log's two signature lines."""
        text = f"{ORIGIN}\n{size}\n{b64(root)}\n"
        name = text + self.ids()[1].hex() + ("" if at == SIGNED_AT else f" {at}")
        message = (b"subtree/v1\n\0" + bytes([len(ORIGIN)]) + ORIGIN.encode() + struct.pack(">Q", at)
                   + bytes([len(ORIGIN)]) + ORIGIN.encode() + struct.pack(">QQ", 0, size) + root)
        old = kept.get(name)
        try:
            signature = base64.b64decode(old or "")
            self.ml.public_key().verify(signature, message)
        except (InvalidSignature, ValueError):
            signature = self.ml.sign(message)
        kept[name] = b64(signature)
        ed, ml = (key_id + blob for key_id, blob in zip(self.ids(), [self.ed.sign(text.encode()), struct.pack(">Q", at) + signature]))
        return text, [f"\u2014 {ORIGIN} {b64(ed)}\n", f"\u2014 {ORIGIN} {b64(ml)}\n"]


def together(keys, size, root, kept, only=None, at=SIGNED_AT):
    """The note of a tree by several sets of keys; with `only`, those signature lines of all."""
    read = [one.lines(size, root, kept, at) for one in keys]
    lines = [line for _, own in read for line in own]
    return read[0][0] + "\n" + "".join(lines if only is None else [lines[i] for i in only])


# ---- Emitters and the story ----

class Emitter:
    def __init__(self, name, actor, root_key, number, role="gateway"):
        self.issuer, self.actor = f"spiffe://example.org/{role}/{name}", f"spiffe://example.org/agent/{actor}"
        self.key, self.stream = p256("bundle " + name), seed("stream " + name)[:16]
        self.leaf = certificate("Test workload", self.key.public_key(), "Test root", root_key, number, False, [self.issuer], days=1)
        self.chain = [self.leaf]
        self.task = "00f067aa0ba9%04x" % (number * 256)
        self.number, self.seq, self.statements, self.previous = number, 0, 0, bytes(32)

    def record(self, kind, member, body, span=None, parent=None, trace=TRACE, counted=True):
        """The record's id and bytes; it takes the emitter's next place in the trail."""
        n = self.number * 1000 + self.seq
        value = {"v": 1, "id": self.id_of(self.seq), "kind": kind, "time": "2026-01-01T00:%02d:%02d.%06dZ" % (self.number, self.seq, n), "trace": trace,
                 "span": span or self.task, **({"parent": parent} if parent else {}), "seq": self.seq if counted else 0,
                 "actor": {"id": self.actor, "instance": "host-1/42", "owner": "team-billing"}, member: body}
        if counted:
            self.seq += 1
        return compact(value).encode()

    def id_of(self, seq):
        return "019b7647-b400-7%03x-8000-%012x" % (self.number, seq)

    def sign_at_year_1(self, records):
        return self.sign([re.sub(rb'"time":"[^"]*"', b'"time":"0001-01-01T00:00:00.000000Z"', one) for one in records])

    def sign(self, records, known=None, key=None):
        leaves = [leaf_hash(one) for one in records]
        named = {33: self.leaf} if self.statements == 0 else {34: [-16, sha(self.leaf)]}
        body = [1, self.stream, self.statements, self.previous, len(records), merkle_root(leaves), known]
        signed = statement(header(-7, named, iss=self.issuer, sub=self.stream.hex()), body, lambda message: sign_es256(key or self.key, message))
        self.statements, self.previous = self.statements + 1, sha(signed)
        return signed, records


def held(trail_key, record_id, member, content, keep="none"):
    key = derive(trail_key, "cairn/v1/commitment", record_id, member)
    return {"commitment": "hmac-sha256:" + hmac.new(key, content, hashlib.sha256).hexdigest(), "bytes": len(content), "media": "application/json", "content": keep}


def started(emitter, parent=None):
    return emitter.record("task.started", "request", {"principal": "ana@example.org", "authenticated": "os-user", "channel": "mcp/stdio", "owner": "team-billing"}, parent=parent)


def call(emitter, tool, given, answer, status="ok", keep="none"):
    """An action of two records; the contents are committed to, and given back with their keys."""
    trail_key, span, at = seed("trail"), "00f067aa0ba9%04x" % (emitter.number * 256 + emitter.seq + 1), emitter.seq
    what = {"type": "tool.call", "resource": f"mcp://files/tools/{tool}"}
    first, second = emitter.id_of(at), emitter.id_of(at + 1)
    asked = emitter.record("action.requested", "action", {**what, "input": held(trail_key, first, "input", given, keep), "writes": False, "strict": True}, span, emitter.task)
    done = emitter.record("action.completed", "action", {**what, "requested": first, "status": status, "output": held(trail_key, second, "output", answer, keep), "duration_us": 1834}, span, emitter.task)
    contents = [(identity, member, derive(trail_key, "cairn/v1/commitment", identity, member), content)
                for identity, member, content in ((first, "input", given), (second, "output", answer))]
    return asked, done, contents if keep == "full" else []


def ended(emitter, others=()):
    counts = [(emitter, emitter.seq + 1)] + [(other, other.seq) for other in others]
    return emitter.record("task.ended", "outcome", {"status": "done", "emitters": [{"emitter": e.issuer, "stream": e.stream.hex(), "records": n} for e, n in counts]})


def story(forge=None):
    """A trail of two emitters, entry by entry. forge(entries, root, helper) may change what the emitters sign."""
    root_key = p256("bundle root")
    root_der = certificate("Test root", root_key.public_key(), "Test root", root_key, 1, True, ["spiffe://example.org"])
    root, helper = Emitter("root", "orchestrator", root_key, 1), Emitter("helper", "writer", root_key, 2)
    entries = [root.sign_at_year_1([started(root)]) if forge == "begun in year 1" else root.sign([started(root)])]
    foreign = helper.record("task.started", "request", {"principal": "bo@example.org", "authenticated": "os-user", "channel": "mcp/stdio", "owner": "team-other"}, trace=OTHER_TRACE, counted=False)
    foreign = foreign.replace(helper.id_of(0).encode(), helper.id_of(4000).encode())
    entries.append(helper.sign([foreign, started(helper, parent=root.task)]))
    asked, done, contents = call(root, "read_file", b'{"path":"invoices.csv"}', b'{"content":[{"type":"text","text":"3 invoices"}]}', keep="full")
    leaves = [leaf_hash(signed) for signed, _ in entries]
    entries.append(root.sign([asked, done], known=[2, merkle_root(leaves)]))
    asked, done, _ = call(helper, "write_file", b'{"path":"report.md"}', b'{"isError":true}', status="tool_error")
    others = [] if forge == "helper not counted" else [helper]
    if forge in ("outcome in a later run", "outcome by another emitter"):
        helper.seq -= 1
        entries += [helper.sign([asked])]
        others.append(later_run(forge, helper, asked, root_key, root, entries))
    else:
        entries += [helper.sign([asked]), helper.sign([done])]
    if forge == "declared gap":
        entries.append(helper.sign([helper.record("gap.declared", "gap", {"reason": "spool_torn", "count": 0})]))
    if forge != "helper never ended":
        entries.append(helper.sign([ended(helper)]))
    entries.append(root.sign([ended(root, others)], key=p256("stranger") if forge == "signed by a stranger" else None))
    policy = f"quorum none\ntrustdomain example.org {b64(root_der)}\nemitter gateway spiffe://example.org/gateway/*\n"
    return entries, [root, helper], contents, policy


def later_run(forge, helper, asked, root_key, root, entries):
    """Another stream, of the helper's issuer or of another, that tells the outcome of what the helper requested."""
    later = Emitter("helper" if forge == "outcome in a later run" else "stranger", "writer", root_key, 3)
    later.stream = seed("stream later")[:16]
    request = json.loads(asked)
    begun = started(later, parent=root.task)
    done = later.record("action.completed", "action", {
        "type": request["action"]["type"], "resource": request["action"]["resource"], "requested": request["id"], "status": "ok",
        "output": held(seed("trail"), later.id_of(1), "output", b"{}"), "duration_us": 1834}, request["span"], helper.task)
    entries.append(later.sign([begun, done, ended(later)]))
    later.seq = 3
    return later


def spiffe_bundle(*roots):
    return compact({"keys": [{"use": "x509-svid", "kty": "EC", "crv": "P-256", "x": "", "y": "", "x5c": [b64(root)]} for root in roots]}).encode()


def rotation(forge=None):
    """A trail in whose middle the trust domain gets a new root: entries, and which of them hold changes of trust bundles."""
    old_key, new_key = p256("bundle root"), p256("bundle new root")
    old, new = (certificate("Test root", key.public_key(), "Test root", key, number, True, ["spiffe://example.org"]) for key, number in ((old_key, 1), (new_key, 9)))
    root, helper = Emitter("root", "orchestrator", old_key, 1), Emitter("helper", "writer", new_key, 2)
    operator = Emitter("ledger", "ledger", new_key if forge == "vouched for by itself" else old_key, 3, role="agent" if forge == "changed by an agent" else "operator")
    documents = [spiffe_bundle(old), spiffe_bundle(old, new), spiffe_bundle(new)]

    def change(step, domain="example.org"):
        before = {"old": "sha256:" + sha(documents[step - 1]).hex()} if step else {}
        body = {"by": "ops@example.org", "trust_domain": domain, **before, "new": "sha256:" + sha(documents[step]).hex(),
                "reason": ["first", "rotation", "removal"][step], "bundle": b64(documents[step])}
        other = operator.record("task.started", "request", {"principal": "ops@example.org", "authenticated": "os-user", "channel": "cli", "owner": "ops"}, trace=OTHER_TRACE)
        return operator.sign([other, operator.record("ledger.trust_changed", "ledger", body, trace=OTHER_TRACE)])

    entries, changes = [], []

    def changed(step, **more):
        changes.append(len(entries))
        entries.append(change(step, **more))

    entries.append(root.sign([started(root)]))
    changed(0)
    asked, done, _ = call(root, "read_file", b"{}", b"{}")
    entries.append(root.sign([asked, done], known=[2, merkle_root([leaf_hash(signed) for signed, _ in entries])]))
    if forge == "new root too early":
        entries.append(helper.sign([started(helper, parent=root.task)]))
    changed(1, **({"domain": "example.com"} if forge == "changed for another domain" else {}))
    if forge != "new root too early":
        entries.append(helper.sign([started(helper, parent=root.task)]))
    entries.append(helper.sign([ended(helper)]))
    if forge == "removed root used":
        changed(2)
    entries.append(root.sign([ended(root, [helper])]))
    if forge is None:
        changed(2)
    policy = f"quorum none\ntrustdomain example.org {b64(old)}\nemitter gateway spiffe://example.org/gateway/*\nemitter operator spiffe://example.org/operator/*\n"
    return entries, [root, helper, operator], policy, changes


class Chained(Emitter):
    """An emitter whose certificate leads through an intermediate; it says itself by what each statement names its key."""

    def __init__(self, name, actor, root_key, number):
        super().__init__(name, actor, root_key, number)
        between = p256("bundle intermediate")
        self.between = certificate("Test intermediate", between.public_key(), "Test root", root_key, 40, True, ["spiffe://example.org"])
        self.leaf = certificate("Test workload", self.key.public_key(), "Test intermediate", between, number, False, [self.issuer], days=1)
        self.chain = [self.leaf, self.between]

    def named(self, chain, records):
        by_hash = {34: [-16, sha(self.leaf)]}
        body = [1, self.stream, self.statements, self.previous, len(records), merkle_root([leaf_hash(one) for one in records]), None]
        signed = statement(header(-7, {33: chain} if chain else by_hash, iss=self.issuer, sub=self.stream.hex()), body, lambda message: sign_es256(self.key, message))
        self.statements, self.previous = self.statements + 1, sha(signed)
        return signed, records


def chained(whole_first):
    """A certificate named by its hash, then brought along with the intermediate or without it, then named by its hash again."""
    root_key = p256("bundle root")
    root_der = certificate("Test root", root_key.public_key(), "Test root", root_key, 1, True, ["spiffe://example.org"])
    one = Chained("chained", "orchestrator", root_key, 4)
    begun = started(one)
    asked, done, _ = call(one, "read_file", b"{}", b"{}")
    entries = [one.named([one.leaf, one.between] if whole_first else None, [begun, asked])]
    entries += [one.named(None if whole_first else one.leaf, [done]), one.named(None, [ended(one)])]
    return entries, [one], f"quorum none\ntrustdomain example.org {b64(root_der)}\nemitter gateway spiffe://example.org/gateway/*\n"


def named_later():
    """A second operator under the new root speaks before that root is named, of trust and then in the trail."""
    old_key, new_key = p256("bundle root"), p256("bundle new root")
    old, new = (certificate("Test root", key.public_key(), "Test root", key, number, True, ["spiffe://example.org"]) for key, number in ((old_key, 1), (new_key, 9)))
    root, first, second = Emitter("root", "orchestrator", old_key, 1), Emitter("ledger", "ledger", old_key, 3, role="operator"), Emitter("second", "ledger", new_key, 5, role="operator")
    documents = [spiffe_bundle(old, new), spiffe_bundle(new)]

    def change(operator, step):
        before = {"old": "sha256:" + sha(documents[step - 1]).hex()} if step else {}
        body = {"by": "ops@example.org", "trust_domain": "example.org", **before, "new": "sha256:" + sha(documents[step]).hex(), "reason": "rotation", "bundle": b64(documents[step])}
        other = operator.record("task.started", "request", {"principal": "ops@example.org", "authenticated": "os-user", "channel": "cli", "owner": "ops"}, trace=OTHER_TRACE, counted=False)
        changed = operator.record("ledger.trust_changed", "ledger", body, trace=OTHER_TRACE, counted=False)
        return operator.sign([other, changed.replace(operator.id_of(operator.seq).encode(), operator.id_of(4000 + step).encode())])

    entries = [root.sign([started(root)]), change(second, 1), second.sign([started(second, parent=root.task)]), change(first, 0), second.sign([ended(second)]), root.sign([ended(root, [second])])]
    policy = f"quorum none\ntrustdomain example.org {b64(old)}\nemitter gateway spiffe://example.org/gateway/*\nemitter operator spiffe://example.org/operator/*\n"
    return entries, [root, first, second], policy, [1, 3]


def key_change(old, new, kept, forge=None):
    """A trail in whose middle the keys of the log change: entries, the index of the retirement, and the line of keys.jsonl but for its proofs."""
    root_key = p256("bundle root")
    root_der = certificate("Test root", root_key.public_key(), "Test root", root_key, 1, True, ["spiffe://example.org"])
    root = Emitter("root", "orchestrator", root_key, 1)
    operator = Emitter("ledger", "ledger", root_key, 3, role="agent" if forge == "by an agent" else "operator")
    entries = [root.sign([started(root)])]
    asked, done, _ = call(root, "read_file", b"{}", b"{}")
    entries.append(root.sign([asked]))
    entries.append(root.sign([done], known=[2, merkle_root([leaf_hash(signed) for signed, _ in entries])]))
    other = operator.record("task.started", "request", {"principal": "ops@example.org", "authenticated": "os-user", "channel": "cli", "owner": "ops"}, trace=OTHER_TRACE)
    next_keys = new.vkeys()[:1] if forge == "downgrade" else new.vkeys()
    if forge == "unknown algorithm":
        typed = bytes([7]) + seed("key of an unknown algorithm")
        key_id = sha(ORIGIN.encode() + b"\n" + typed)[:4]
        next_keys = next_keys + [f"{ORIGIN}+{key_id.hex()}+{b64(typed)}"]
    entries.append(operator.sign([other, operator.record("ledger.key_rotated", "ledger", {
        "by": "ops@example.org", "role": "log", "origin": ORIGIN, "phase": "retired", "old_keys": old.vkeys(), "new_keys": next_keys, "reason": "rotation"}, trace=OTHER_TRACE)]))
    leaves = [leaf_hash(signed) for signed, _ in entries]
    only = {"by a stranger": [2, 3], "without possession": [0, 1, 2], "downgrade": [0, 1, 2]}.get(forge)
    note = together([old, new], len(leaves), merkle_root(leaves), kept, only)
    entries.append(root.sign([ended(root)]))
    policy = f"quorum none\ntrustdomain example.org {b64(root_der)}\nemitter gateway spiffe://example.org/gateway/*\nemitter operator spiffe://example.org/operator/*\n"
    return entries, [root, operator], policy, note


# ---- Bundle ----

def proof_line(index, records, leaves, keep):
    present = [i for i, one in enumerate(records) if json.loads(one)["trace"] == TRACE]
    absent = [i for i in range(len(records)) if i not in present]
    return compact({"index": index, "records": present if absent else "all", "siblings": [b64(leaf_hash(records[i])) for i in absent],
                    "path": [b64(one) for one in path(index, leaves)], "hints": "".join(leaf_hash(records[i])[:4].hex() for i in present)})


def trust_line(index, entry, leaves):
    signed, records = entry
    return compact({"index": index, "statement": b64(signed), "records": [1], "bodies": [b64(records[1])], "siblings": [b64(leaf_hash(records[0]))],
                    "path": [b64(one) for one in path(index, leaves)]})


def key_line(index, size, note, entry, leaves):
    return ('{"checkpoint":"' + b64(note.encode()) + '","consistency":' + compact([b64(one) for one in consistency(size, leaves)]) + "," + trust_line(index, entry, leaves)[1:])


def files_of(entries, emitters, contents, policy, keys, kept, leave_out=(), order=None, changes=()):
    leaves = [leaf_hash(signed) for signed, _ in entries]
    chosen = order or [i for i in range(len(entries)) if i not in leave_out]
    files = {"checkpoint": keys.note(len(leaves), merkle_root(leaves), kept), "trust.policy": keys.policy_lines() + policy}
    if changes:
        files["trust.jsonl"] = "".join(trust_line(i, entries[i], leaves) + "\n" for i in changes)
    files["certificates.jsonl"] = "".join(compact({"x5t": sha(e.leaf).hex(), "chain": [b64(one) for one in e.chain]}) + "\n" for e in emitters)
    files["heads.jsonl"] = compact({"size": 2, "root": b64(merkle_root(leaves[:2])), "consistency": [b64(one) for one in consistency(2, leaves)]}) + "\n"
    files["statements.bin"] = b"".join(struct.pack(">H", len(entries[i][0])) + entries[i][0] for i in chosen)
    files["proofs.jsonl"] = "".join(proof_line(i, entries[i][1], leaves, chosen) + "\n" for i in chosen)
    files["records.jsonl"] = b"".join(one + b"\n" for i in chosen for one in entries[i][1] if json.loads(one)["trace"] == TRACE)
    if contents:
        files["content.jsonl"] = "".join(compact({"record": identity, "member": member, "key": key.hex(), "bytes": len(content)}) + "\n" for identity, member, key, content in contents)
        files["content.bin"] = b"".join(content for *_, content in contents)
    return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


def manifest(files):
    lines = lambda name: files.get(name, b"").count(b"\n")
    value = {"format": "cairn-bundle/1", "trace": TRACE, "origin": ORIGIN, "created": "2026-01-01T00:06:00Z",
             "counts": {"statements": lines("proofs.jsonl"), "records": lines("records.jsonl"), "heads": lines("heads.jsonl"), "certificates": lines("certificates.jsonl"), "contents": lines("content.jsonl")},
             "files": [{"name": name, "bytes": len(files[name]), "sha256": sha(files[name]).hex()} for name in FILES if name in files]}
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def zipped(files, fit=True, names=None):
    if fit:
        files = {"manifest.json": manifest(files), **files}
    output, central = io.BytesIO(), b""
    members = [(name, files[name]) for name in FILES if name in files] if names is None else names(files)
    for name, data in members:
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(name), 0)
        central += (b"PK\1\2" + struct.pack("<H", 0x0314) + fields + struct.pack("<HHHII", 0, 0, 0, 0x81A40000, output.tell()) + name.encode())
        output.write(b"PK\3\4" + fields + name.encode() + data)
    at = output.tell()
    output.write(central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(central), at, 0))
    return output.getvalue()


def main():
    import make_revocations  # which takes this module's parts

    with open(os.path.join(HERE, "bundles/checkpoints.json"), encoding="utf-8") as file:
        kept = json.load(file)
    used, keys, cases, made = {}, LogKeys(), [], {}

    def build(*args, forge=None, log=keys, **more):
        entries, emitters, contents, policy = story(forge)
        files = files_of(entries, emitters, contents, policy, log, kept, *args, **more)
        used.update({key: value for key, value in kept.items() if key.startswith(files["checkpoint"].decode().split("\n\n")[0])})
        return files

    def case(name, data, integrity, completeness, corroboration, codes=(), warnings=(), policy="trust.policy"):
        made[name + ".zip"] = data
        cases.append({"bundle": name + ".zip", "policy": policy, "verified": "failed" not in (integrity, completeness, corroboration),
                      "integrity": integrity, "completeness": completeness, "corroboration": corroboration, "codes": sorted(codes), "warnings": sorted(warnings)})

    def edited(name, edit, **more):
        files = build(**more)
        files[name] = edit(files[name])
        return files

    good = build()
    made["trust.policy"] = good["trust.policy"]
    made["other-log.policy"] = LogKeys(" of another log").policy_lines().encode() + good["trust.policy"].split(b"\n", 2)[2]
    case("good", zipped(good), "passed", "passed", "passed")
    cases.append({**cases[-1], "policy": None})
    cases.append({**cases[0], "policy": "other-log.policy", "verified": False, "integrity": "failed", "corroboration": "unproven", "codes": ["checkpoint-unsigned"]})
    case("declared-gap", zipped(build(forge="declared gap")), "passed", "unproven", "passed", warnings=["gap-declared"])
    case("tail-removed", zipped(build((5, 6))), "passed", "failed", "passed", ["emitter-open"])
    case("middle-removed", zipped(build((3,))), "passed", "failed", "passed", ["sequence-gap", "action-unrequested", "records-missing"])
    case("emitter-removed", zipped(build((1, 3, 4, 5))), "passed", "failed", "passed", ["emitter-missing"])
    case("helper-never-ended", zipped(build(forge="helper never ended")), "passed", "failed", "passed", ["emitter-open"])
    case("begun-in-year-1", zipped(build(forge="begun in year 1")), "passed", "passed", "passed", warnings=["certificate-later"])
    case("outcome-in-a-later-run", zipped(build(forge="outcome in a later run")), "passed", "passed", "passed")
    case("outcome-by-another-emitter", zipped(build(forge="outcome by another emitter")), "passed", "failed", "passed", ["action-unrequested", "action-open"])
    case("reordered", zipped(build(order=[0, 1, 2, 4, 3, 5, 6])), "failed", "failed", "unproven", ["index-order", "stream-order", "sequence-gap", "sequence-repeated", "action-unrequested", "action-open"])
    case("duplicated", zipped(build(order=[0, 1, 2, 2, 3, 4, 5, 6])), "failed", "passed", "unproven", ["index-order", "stream-order", "record-duplicate", "sequence-repeated"])
    case("record-replaced", zipped(edited("records.jsonl", lambda data: data.replace(b"read_file", b"kill_file", 1))), "failed", "passed", "unproven", ["records-root"])
    case("record-edited-manifest-kept", zipped({"manifest.json": manifest(good), **good, "records.jsonl": good["records.jsonl"].replace(b"ana@", b"eve@", 1)}, fit=False), "failed", "passed", "unproven", ["records-root", "file-digest"])
    case("signed-by-a-stranger", zipped(build(forge="signed by a stranger")), "failed", "passed", "unproven", ["statement-signature"])
    case("checkpoint-of-another-log", zipped(build(log=LogKeys(" of another log"))), "failed", "passed", "unproven", ["checkpoint-unsigned"])
    case("path-altered", zipped(edited("proofs.jsonl", lambda data: alter_path(data))), "failed", "passed", "unproven", ["inclusion-root"])
    case("head-altered", zipped(edited("heads.jsonl", lambda data: data.replace(json.loads(data)["root"].encode(), b64(seed("fork")).encode()))), "failed", "passed", "unproven", ["head-inconsistent"])
    case("content-altered", zipped(edited("content.bin", lambda data: data.replace(b"3 invoices", b"4 invoices"))), "failed", "passed", "unproven", ["content-mismatch"])
    case("truncated", zipped(good)[:-700], "failed", "unproven", "unproven", ["zip-truncated"])
    case("path-trick", zipped(good, names=lambda files: [("../" + name if name == "records.jsonl" else name, files[name]) for name in FILES if name in files]), "failed", "unproven", "unproven", ["zip-path"])
    case("unknown-file", zipped(good, names=lambda files: [(name, files[name]) for name in FILES if name in files] + [("notes.txt", b"hello\n")]), "failed", "unproven", "unproven", ["zip-unknown-entry"])
    case("bytes-after-the-end", zipped(good) + b"\0", "failed", "unproven", "unproven", ["zip-malformed"])

    size = f'"bytes": {len(good["statements.bin"])}'.encode()
    case("manifest-number-too-large", zipped({"manifest.json": manifest(good).replace(size, b'"bytes": 9007199254740992'), **good}, fit=False), "failed", "unproven", "unproven", ["manifest-malformed"])

    case("manifest-origin-in-any-script", zipped({"manifest.json": manifest(good).replace(ORIGIN.encode(), "ledger<\u00e9 & \U0001f600's+\u2028\x7f>".encode()), **good}, fit=False), "failed", "passed", "unproven", ["checkpoint-origin"])
    case("manifest-with-an-escape-more", zipped({"manifest.json": manifest(good).replace(b'"origin": "e', b'"origin": "\\u0065'), **good}, fit=False), "failed", "unproven", "unproven", ["manifest-malformed"])

    def rotated(forge=None, keep=lambda changes: changes, edit=None, certificates=None):
        entries, emitters, policy, changes = rotation(forge)
        files = files_of(entries, emitters, [], policy, keys, kept, leave_out=changes, changes=keep(changes))
        used.update({key: value for key, value in kept.items() if key.startswith(files["checkpoint"].decode().split("\n\n")[0])})
        made["rotation.policy"] = files["trust.policy"]
        if edit:
            files["trust.jsonl"] = edit(files["trust.jsonl"])
        if certificates:
            files["certificates.jsonl"] = certificates(files["certificates.jsonl"])
        return zipped(files)

    def pinned(name, data, *rest):
        case(name, data, *rest, policy="rotation.policy")

    def swap(data):
        stranger = certificate("Test root", p256("stranger").public_key(), "Test root", p256("stranger"), 9, True, ["spiffe://example.org"])
        lines = [json.loads(line) for line in data.splitlines()]
        record = json.loads(base64.b64decode(lines[1]["bodies"][0]))
        document = spiffe_bundle(stranger)
        record["ledger"].update({"new": "sha256:" + sha(document).hex(), "bundle": b64(document)})
        lines[1]["bodies"][0] = b64(compact(record).encode())
        return "".join(compact(line) + "\n" for line in lines).encode()

    pinned("ca-rotated", rotated(), "passed", "passed", "passed")
    pinned("new-root-too-early", rotated("new root too early"), "failed", "passed", "unproven", ["root-not-yet-trusted"])
    pinned("removed-root-used", rotated("removed root used"), "failed", "passed", "unproven", ["root-removed"])
    pinned("trust-change-swapped", rotated(edit=swap), "failed", "passed", "unproven", ["records-root", "certificate-untrusted", "trust-change-missing"])
    pinned("trust-change-by-an-agent", rotated("changed by an agent"), "failed", "passed", "unproven", ["issuer-unknown", "trust-change-untrusted", "certificate-untrusted"])
    pinned("trust-change-by-the-new-root", rotated("vouched for by itself"), "failed", "passed", "unproven", ["certificate-untrusted"])
    pinned("trust-change-for-another-domain", rotated("changed for another domain"), "failed", "passed", "unproven", ["certificate-untrusted"])
    pinned("trust-change-left-out", rotated(keep=lambda changes: [changes[0], changes[2]]), "failed", "passed", "unproven", ["certificate-untrusted", "trust-change-missing"])
    pinned("trust-changes-left-out", rotated(keep=lambda changes: []), "failed", "passed", "unproven", ["certificate-untrusted"])

    pinned("certificates-in-statements-alone", rotated(certificates=lambda data: b""), "passed", "passed", "passed")

    def chains(whole_first, certificates):
        entries, emitters, policy = chained(whole_first)
        files = files_of(entries, emitters, [], policy, keys, kept)
        used.update({key: value for key, value in kept.items() if key.startswith(files["checkpoint"].decode().split("\n\n")[0])})
        made["chains.policy"] = files["trust.policy"]
        files["certificates.jsonl"] = b"".join(certificates(emitters[0]))
        return zipped(files)

    def certificate_line(leaf, *chain):
        return (compact({"x5t": sha(leaf).hex(), "chain": [b64(one) for one in (leaf, *chain)]}) + "\n").encode()

    whole, leaf = (lambda one: certificate_line(one.leaf, one.between)), (lambda one: certificate_line(one.leaf))
    case("chain-of-the-latest-statement", chains(True, lambda one: [leaf(one)]), "passed", "passed", "passed", policy="chains.policy")
    case("chain-brought-along-too-short", chains(False, lambda one: [whole(one)]), "failed", "passed", "unproven", ["certificate-untrusted"], policy="chains.policy")
    case("first-line-of-a-certificate", chains(True, lambda one: [whole(one), leaf(one)]), "passed", "passed", "passed", policy="chains.policy")

    entries, emitters, policy, changes = named_later()
    files = files_of(entries, emitters, [], policy, keys, kept, leave_out=changes, changes=changes)
    used.update({key: value for key, value in kept.items() if key.startswith(files["checkpoint"].decode().split("\n\n")[0])})
    case("root-named-after-both", zipped(files), "failed", "passed", "unproven", ["certificate-untrusted", "root-not-yet-trusted"], policy="rotation.policy")

    old, new = LogKeys(" of before"), LogKeys(" of after")

    def changed(forge=None, log=new, bring=True, edit=lambda line: line):
        entries, emitters, policy, note = key_change(old, new, kept, forge)
        leaves = [leaf_hash(signed) for signed, _ in entries]
        files = files_of(entries, emitters, [], policy, log, kept, leave_out=(3,))
        if bring:
            files["keys.jsonl"] = (edit(key_line(3, 4, note, entries[3], leaves)) + "\n").encode()
        anchor = old.note(2, merkle_root(leaves[:2]), kept)
        files["anchors.jsonl"] = (compact({"checkpoint": b64(anchor.encode()), "consistency": [b64(one) for one in consistency(2, leaves)], "tokens": []}) + "\n").encode()
        for text in (files["checkpoint"].decode(), note, anchor):
            used.update({key: value for key, value in kept.items() if key.startswith(text.split("\n\n")[0])})
        for name, lines in (("keys-old", old.policy_lines()), ("keys-new", new.policy_lines()), ("keys-both", old.policy_lines() + new.policy_lines()), ("keys-retired", new.policy_lines() + old.retired_lines(4))):
            made[name + ".policy"] = (lines + policy).encode()
        made["keys-revoked.policy"] = made["keys-old.policy"] + f"revoked {sha(spki(emitters[1].key)).hex()} 2026-01-01T00:00:00Z\n".encode()
        return zipped(files)

    def keyed(name, data, **codes):
        for policy in ("old", "new", "both", "retired", "revoked"):
            if policy in codes:
                found = codes[policy]
                case(name, data, *(("failed", "passed", "unproven") if found else ("passed", "passed", "passed")), found, policy=f"keys-{policy}.policy")

    keyed("log-keys-changed", changed(), old=[], new=[], both=[], retired=[], revoked=["key-revoked"])
    keyed("log-keys-change-left-out", changed(bring=False), old=["checkpoint-unsigned"], new=["checkpoint-unsigned"], retired=[])
    keyed("log-keys-change-by-a-stranger", changed("by a stranger"), old=["checkpoint-unsigned", "succession-malformed", "succession-unsigned"])
    keyed("log-keys-change-without-possession", changed("without possession"), old=["checkpoint-unsigned", "succession-malformed", "succession-unsigned"])
    keyed("log-keys-change-by-an-agent", changed("by an agent"), old=["checkpoint-unsigned", "issuer-unknown", "succession-untrusted"])
    keyed("log-keys-change-downgraded", changed("downgrade"), old=["checkpoint-unsigned", "succession-downgrade"])
    keyed("log-keys-of-an-unknown-algorithm", changed("unknown algorithm"), old=["algorithm-unknown", "checkpoint-unsigned"])
    keyed("log-keys-change-moved", changed(edit=lambda line: line.replace('"index":3', '"index":2')), old=["checkpoint-unsigned", "inclusion-root"])
    keyed("retired-log-keys-sign-on", changed(log=old, bring=False), old=[], retired=["checkpoint-unsigned", "key-retired"])
    keyed("retired-log-keys-sign-on-after-their-succession", changed(log=old), old=["checkpoint-unsigned", "key-retired"])

    make_revocations.add(case, made, kept, used)
    for name, data in made.items():
        with open(os.path.join(HERE, "bundles", name), "wb") as file:
            file.write(data)
    for name, value in (("checkpoints.json", used), ("expected.json", {
            "about": "What verifying each bundle under each policy gives (null: none, the bundle's own is believed). codes: all failures' codes of the three verdicts; warnings: all warnings' codes. Times in records, certificates and the checkpoint lie on 2026-01-01; no clock is read.",
            "cases": cases})):
        with open(os.path.join(HERE, "bundles", name), "w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=name == "checkpoints.json") + "\n")


def alter_path(data):
    at = data.index(b'"path":["') + len(b'"path":["')
    return data[:at] + b64(seed("elsewhere")).encode() + data[at + 44:]


if __name__ == "__main__":
    main()
