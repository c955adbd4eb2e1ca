"""The bundles with revoked keys (verification.md section 14) of make_bundles.py, which calls this."""
import base64
import datetime
import json
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from make_bundles import OTHER_TRACE, SIGNED_AT, Emitter, LogKeys, b64, call, certificate, compact, consistency, ended, files_of, started, zipped
from make_vectors import leaf_hash, merkle_root, p256, seed, sha, spki

MINUTE = SIGNED_AT - 180  # 2026-01-01T00:02:00Z; the helper's records are of its first seconds
at = lambda seconds: "2026-01-01T00:02:%09.6fZ" % seconds


# ---- Who says when ----

class Witness:
    name = "witness.example.org/W"

    def __init__(self):
        self.key = ed25519.Ed25519PrivateKey.from_private_bytes(seed("bundle witness"))
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = sha(self.name.encode() + b"\n\4" + self.public)[:4]

    def policy_line(self):
        return f"witness W {self.name}+{self.id.hex()}+{b64(bytes([4]) + self.public)}\n"

    def cosign(self, note, time):
        text = note.split("\n\n")[0] + "\n"
        signed = self.key.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        return note + f"\u2014 {self.name} {b64(self.id + struct.pack('>Q', time) + signed)}\n"


def der(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body)]) if len(body) < 256 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + size + body


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = b""
    for arc in [40 * first + second, *rest]:
        digits = [arc & 127]
        while arc := arc >> 7:
            digits.append(128 | arc & 127)
        out += bytes(reversed(digits))
    return der(6, out)


class Timestamper:
    """An authority of one root and one signer; its tokens are of the profile of timestamps.md section 2."""

    def __init__(self):
        root, self.key = p256("bundle timestamp root"), p256("bundle timestamper")
        self.issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test timestamp root")])
        start = datetime.datetime(2025, 12, 31, tzinfo=datetime.timezone.utc)

        def made(subject, key, serial, authority):
            builder = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])).issuer_name(self.issuer)
                       .public_key(key.public_key()).serial_number(serial).not_valid_before(start).not_valid_after(start + datetime.timedelta(days=3650))
                       .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True))
            if not authority:
                builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            return builder.sign(root, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)

        self.root, self.leaf = made("Test timestamp root", root, 1, True), made("Test timestamper", self.key, 2, False)

    def policy_line(self):
        return f"timestamper T {b64(self.root)}\n"

    def stamp(self, note, time):
        text, sha256 = (note.split("\n\n")[0] + "\n").encode(), der(0x30, oid("2.16.840.1.101.3.4.2.1"))
        digits = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y%m%d%H%M%SZ").encode()
        info = der(0x30, der(2, b"\1"), oid("1.3.6.1.4.1.13762.3"), der(0x30, sha256, der(4, sha(text))), der(2, b"\7"), der(0x18, digits), der(0x30, der(2, b"\1")))
        attributes = sorted([
            der(0x30, oid("1.2.840.113549.1.9.3"), der(0x31, oid("1.2.840.113549.1.9.16.1.4"))),
            der(0x30, oid("1.2.840.113549.1.9.4"), der(0x31, der(4, sha(info)))),
            der(0x30, oid("1.2.840.113549.1.9.16.2.47"), der(0x31, der(0x30, der(0x30, der(0x30, der(4, sha(self.leaf)))))))])
        signature = self.key.sign(sha(der(0x31, *attributes)), ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True))
        signer = der(0x30, der(2, b"\1"), der(0x30, self.issuer.public_bytes(), der(2, b"\2")), sha256, der(0xA0, *attributes),
                     der(0x30, oid("1.2.840.10045.4.3.2")), der(4, signature))
        signed = der(0x30, der(2, b"\3"), der(0x31, sha256), der(0x30, oid("1.2.840.113549.1.9.16.1.4"), der(0xA0, der(4, info))), der(0xA0, self.leaf), der(0x31, signer))
        return der(0x30, oid("1.2.840.113549.1.7.2"), der(0xA0, signed))


# ---- The story ----

def story(since=None, role="operator", behind=False, key=None, thief=False):
    """The helper's key is revoked: by whom, since when (none: from the record on), and whether the helper still signs behind the record.

    thief: the operator's own key is revoked too, by another operator, since when the first was still to speak."""
    root_key = p256("bundle root")
    root_der = certificate("Test root", root_key.public_key(), "Test root", root_key, 1, True, ["spiffe://example.org"])
    root, helper, operator, other = Emitter("root", "orchestrator", root_key, 1), Emitter("helper", "writer", root_key, 2), Emitter("ledger", "ledger", root_key, 3, role=role), Emitter("second", "ledger", root_key, 4, role="operator")

    def revoke(by, name, since):
        body = {"by": "ops@example.org", "key": name, "emitter": helper.issuer, **({"since": since} if since else {}), "reason": "the host was taken over"}
        first = by.record("task.started", "request", {"principal": "ops@example.org", "authenticated": "os-user", "channel": "cli", "owner": "ops"}, trace=OTHER_TRACE)
        changes.append(len(entries))
        entries.append(by.sign([first, by.record("ledger.key_revoked", "ledger", body, trace=OTHER_TRACE)]))

    entries, changes = [root.sign([started(root)])], []
    entries.append(helper.sign([started(helper, parent=root.task)]))
    asked, done, _ = call(root, "read_file", b"{}", b"{}")
    entries.append(root.sign([asked, done], known=[2, merkle_root([leaf_hash(signed) for signed, _ in entries])]))
    asked, done, _ = call(helper, "write_file", b"{}", b"{}")
    entries.append(helper.sign([asked, done]))
    if not behind:
        entries.append(helper.sign([ended(helper)]))
    revoke(operator, key or sha(spki(helper.key)).hex(), since)
    if behind:
        entries.append(helper.sign([ended(helper)]))
    if thief:
        revoke(other, sha(spki(operator.key)).hex(), at(30))
    entries.append(root.sign([ended(root, [helper])]))
    return entries, [root, helper, operator, other], root_der, changes, sha(spki(helper.key)).hex()


def add(case, made, kept, used):
    """Adds the cases. Statements of the helper are 1, 3 and 4 of the ledger."""
    log, witness, timestamper = LogKeys(), Witness(), Timestamper()

    def note(leaves, time, seen):
        text = log.note(len(leaves), merkle_root(leaves), kept, time)
        used.update({key: value for key, value in kept.items() if key.startswith(text.split("\n\n")[0])})
        return witness.cosign(text, seen) if seen else text

    def bundle(anchors=(), leave_out=(), edit=None, **how):
        """anchors: (size, log's seconds, witness's or none, timestamper's or none), after 00:02:00."""
        entries, emitters, root_der, changes, key = story(**how)
        leaves = [leaf_hash(signed) for signed, _ in entries]
        policy = (witness.policy_line() + "quorum none\n" + timestamper.policy_line() + f"trustdomain example.org {b64(root_der)}\n"
                  "emitter gateway spiffe://example.org/gateway/*\nemitter operator spiffe://example.org/operator/*\n")
        files = files_of(entries, emitters, [], policy, log, kept, leave_out=changes, changes=[i for i in changes if i not in leave_out])
        files["checkpoint"] = note(leaves, SIGNED_AT, SIGNED_AT + 1).encode()
        lines = []
        for size, signed, seen, stamped in anchors:
            text = note(leaves[:size], MINUTE + signed, seen and MINUTE + seen)
            lines.append(compact({"checkpoint": b64(text.encode()), "consistency": [b64(one) for one in consistency(size, leaves)],
                                  "tokens": [b64(timestamper.stamp(text, MINUTE + stamped))] if stamped else []}) + "\n")
        if lines:
            files["anchors.jsonl"] = "".join(lines).encode()
        if edit:
            files["trust.jsonl"] = edit(files["trust.jsonl"])
        made["revoked.policy"] = files["trust.policy"]
        made["revoked-quorum.policy"] = files["trust.policy"].replace(b"quorum none", b"quorum W")
        made["revoked-known.policy"] = files["trust.policy"] + f"revoked {key} 2026-01-01T00:02:15Z\n".encode()
        return zipped(files)

    def good(name, data, warnings=(), policy="revoked.policy"):
        case(name, data, "passed", "passed", "passed", warnings=warnings, policy=policy)

    def bad(name, data, codes=("key-revoked",), policy="revoked.policy", warnings=()):
        case(name, data, "failed", "passed", "unproven", list(codes), warnings, policy=policy)

    def postdate(data):
        line = json.loads(data)
        record = json.loads(base64.b64decode(line["bodies"][0]))
        record["ledger"]["since"] = at(59)
        line["bodies"][0] = b64(compact(record).encode())
        return (compact(line) + "\n").encode()

    by_witness, by_timestamper, by_log = [(5, 20, 29, None)], [(5, 20, None, 28)], [(5, 20, None, None)]
    good("revoked-before-by-witness", bundle(by_witness, since=at(30)))
    good("revoked-before-by-witness", bundle(by_witness, since=at(30)), policy="revoked-quorum.policy")
    bad("revoked-before-by-witness", bundle(by_witness, since=at(30)), policy="revoked-known.policy")
    bad("revoked-in-the-second-of-the-witness", bundle(by_witness, since=at(29.999999)), policy="revoked-quorum.policy")
    good("revoked-before-by-timestamper", bundle(by_timestamper, since=at(30)))
    bad("revoked-in-the-accuracy-of-the-timestamper", bundle(by_timestamper, since=at(29)), policy="revoked-quorum.policy")
    good("revoked-before-by-log", bundle(by_log, since=at(30)), ["before-revocation-by-log"])
    bad("revoked-before-by-log", bundle(by_log, since=at(30)), policy="revoked-quorum.policy")
    bad("revoked-after", bundle([(4, 10, 11, None), (5, 20, 21, None)], since=at(15)))
    bad("revoked-without-anchor", bundle(since=at(30)))
    good("revoked-without-since", bundle())
    bad("revoked-without-since", bundle(), policy="revoked-known.policy")
    bad("revoked-key-used-behind", bundle(behind=True))
    bad("revoked-by-an-agent", bundle(by_witness, since=at(1), role="agent"), ["issuer-unknown", "trust-change-untrusted"])
    good("revocation-left-out", bundle(by_witness, since=at(1), leave_out=[5]))
    bad("revocation-left-out", bundle(by_witness, since=at(1), leave_out=[5]), policy="revoked-known.policy")
    bad("revocation-altered", bundle(by_witness, since=at(1), edit=postdate), ["records-root"])
    bad("revocation-malformed", bundle(by_witness, since=at(1), key=seed("x").hex().upper()), ["trust-change-malformed"])
    bad("revocation-by-a-revoked-operator", bundle(by_witness, since=at(30), thief=True))
