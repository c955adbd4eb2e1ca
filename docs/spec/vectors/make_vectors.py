#!/usr/bin/env python3
"""Writes the test vectors for records, statements, commitments and submissions.

An implementation of docs/spec of its own, sharing no code with Cairn: it needs Python 3 and the `cryptography` package.
All keys here are derived from published labels: they are for tests only and must never sign anything else.
Run in this directory: python3 make_vectors.py
"""
import datetime
import hashlib
import hmac
import json
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ECDSA_SHA256 = bytes.fromhex("2a8648ce3d040302")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
STREAM = bytes.fromhex("00112233445566778899aabbccddeeff")
ISSUER = "spiffe://example.org/gateway/one"
CONTENT_TYPE = "application/vnd.cairn.statement+cbor"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def seed(label):
    return hashlib.sha256(("cairn test vectors, never for use: " + label).encode()).digest()


def sha(data):
    return hashlib.sha256(data).digest()


# ---- CBOR, deterministic (RFC 8949 section 4.2.1) ----

class Tag:
    def __init__(self, number, value):
        self.number, self.value = number, value


def head(major, n):
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 1 << (8 * size):
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")
    raise ValueError(n)


def cbor(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(cbor(item) for item in value)
    if isinstance(value, dict):
        pairs = sorted((cbor(key), cbor(item)) for key, item in value.items())
        return head(5, len(pairs)) + b"".join(key + item for key, item in pairs)
    if isinstance(value, Tag):
        return head(6, value.number) + cbor(value.value)
    raise TypeError(value)


# ---- Merkle trees (RFC 9162 section 2.1.1) ----

def leaf_hash(entry):
    return sha(b"\x00" + entry)


def merkle_root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha(b"\x01" + merkle_root(leaves[:split]) + merkle_root(leaves[split:]))


# ---- Records ----

def uuid7(n):
    return "019b7647-b400-7000-8000-%012x" % n


def record(n, kind, member, body, **more):
    value = {"v": 1, "id": uuid7(n), "kind": kind, "time": "2026-01-01T00:00:%02d.%06dZ" % (n % 60, n),
             "trace": TRACE, "span": "00f067aa0ba9%04x" % (n + 1)}
    if more.get("parent"):
        value["parent"] = more["parent"]
    value["seq"] = n
    value["actor"] = {"id": "spiffe://example.org/agent/billing", "instance": "host-1/42", "owner": "team-billing"}
    value[member] = body
    if more.get("attributes"):
        value["attributes"] = more["attributes"]
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def held(label, length, content="none"):
    value = {"commitment": "hmac-sha256:" + seed(label).hex(), "bytes": length, "media": "application/json", "content": content}
    return {**value, "redacted_commitment": "hmac-sha256:" + seed(label + " redacted").hex()} if content == "redacted" else value


def all_kinds():
    digest = "sha256:" + seed("digest").hex()
    agent, other = "spiffe://example.org/agent/billing", "spiffe://example.org/agent/reader"
    act = "hmac-sha256:" + seed("action").hex()
    bodies = [
        ("task.started", "request", {"principal": "ana@example.org", "authenticated": "os-user", "channel": "mcp/stdio", "owner": "team-billing"}),
        ("context.captured", "context", {"subject": "mcp.server", "digest": digest, "name": "files", "version": "1.2.3", "protocol": "2025-11-25", "changed": False}),
        ("context.captured", "context", {"subject": "mcp.tools", "digest": digest, "tools": [{"name": "read_file", "digest": digest, "readOnly": True, "destructive": False}], "changed": True}),
        ("delegation.granted", "delegation", {"from": agent, "to": other, "scope": ["files:read"], "purpose": "read the invoices", "expires": "2026-01-01T01:00:00.000000Z", "child_span": "00f067aa0ba9aaaa"}),
        ("policy.decided", "policy", {"bundle": digest, "version": "7", "entry_point": "tools", "input": held("policy", 210), "decision": "allow", "obligations": [], "determining": ["permit-read"], "errors": [], "engine": "cedar", "engine_version": "4.13.0", "duration_us": 98}),
        ("approval.requested", "approval", {"action_digest": act, "approvers": ["group:finance"], "reason": "payment above the limit", "expires": "2026-01-01T00:30:00.000000Z"}),
        ("approval.recorded", "approval", {"requested": uuid7(5), "action_digest": act, "decision": "approved", "approver": "bo@example.org", "authenticated": "webauthn"}),
        ("credential.issued", "credential", {"id": "jti-1", "issuer": "https://broker.example.org", "subject": agent, "type": "oauth2.access_token", "holder_key": "x5t#" + seed("holder").hex(), "actors": [other, agent], "audience": ["files"], "scope": ["files:read"], "expires": "2026-01-01T00:05:00.000000Z"}),
        ("credential.used", "credential", {"id": "jti-1", "resource": "mcp://files/tools/read_file", "proof": "dpop"}),
        ("action.requested", "action", {"type": "tool.call", "resource": "mcp://files/tools/read_file", "input": held("input", 321), "writes": False, "tool_digest": digest, "strict": True}),
        ("action.completed", "action", {"type": "tool.call", "resource": "mcp://files/tools/read_file", "requested": uuid7(9), "status": "ok", "output": held("output", 4096, "redacted"), "duration_us": 1834}),
        ("action.completed", "action", {"type": "data.write", "resource": "file:///tmp/été/😀.txt", "requested": uuid7(9), "status": "tool_error", "error": {"code": "-32000", "message": "no \"such\" file\\dir\n"}, "duration_us": 0, "after": {"kind": "etag", "value": "W/\"1\""}}),
        ("effect.observed", "effect", {"system": "postgresql", "event_id": "0/16B3748", "event_time": "2026-01-01T00:00:11.500000Z", "resource": "db/invoices", "operation": "INSERT", "principal": "billing_rw", "status": "ok", "event": held("event", 512)}),
        ("credential.revoked", "credential", {"id": "jti-1", "reason": "task ended"}),
        ("delegation.ended", "delegation", {"granted": uuid7(3), "from": agent, "to": other, "reason": "done"}),
        ("gap.declared", "gap", {"reason": "spool_torn", "count": 0, "from": "2026-01-01T00:00:01.000000Z", "to": "2026-01-01T00:00:02.000000Z", "detail": "the tail of the spool could not be read", "subject": STREAM.hex()}),
        ("ledger.key_rotated", "ledger", {"by": "ops@example.org", "role": "emitter", "old": digest, "new": digest, "reason": "scheduled"}),
        ("ledger.trust_changed", "ledger", {"by": "ops@example.org", "trust_domain": "example.org", "new": digest}),
        ("ledger.enrolled", "ledger", {"by": "ops@example.org", "emitter": ISSUER, "role": "gateway", "expires": "2026-01-02T00:00:00.000000Z", "method": "token"}),
        ("ledger.accessed", "ledger", {"by": "auditor@example.org", "trails": [TRACE], "records": 12, "purpose": "incident 7"}),
        ("ledger.exported", "ledger", {"by": "auditor@example.org", "trails": [TRACE], "bundle": digest, "content": False}),
        ("ledger.shredded", "ledger", {"by": "ops@example.org", "trail": TRACE, "reason": "erasure request 9", "contents": 2}),
        ("ledger.held", "ledger", {"by": "counsel@example.org", "hold": "hold-1", "trails": [TRACE], "reason": "litigation"}),
        ("ledger.released", "ledger", {"by": "counsel@example.org", "hold": "hold-1"}),
        ("policy.loaded", "bundle", {"digest": digest, "version": "8", "name": "payments", "mode": "enforce", "replaces": digest, "status": "loaded", "engine": "cedar", "engine_version": "4.13.0", "engine_digest": digest}),
        ("credential.refused", "credential", {"issuer": "https://broker.example.org", "subject": agent, "error": "invalid_scope", "reason": "files:write is wider than the giver's scope", "audience": ["files"], "scope": ["files:write"]}),
        ("credential.expired", "credential", {"id": "jti-2", "expired": "2026-01-01T00:05:00.000000Z"}),
        ("action.completed", "action", {"type": "process.exec", "resource": "file:///usr/bin/make", "requested": uuid7(9), "status": "tool_error", "error": {"code": "exit_2", "message": "the command ended with exit code 2"}, "output": held("output", 70), "error_output": held("error_output", 12), "duration_us": 53021, "changes": {"created": 2, "modified": 1, "deleted": 1, "whole": True, "files": [{"path": "out/a.o", "operation": "created", "after": digest, "bytes": 9}, {"path": "src/a.c", "operation": "modified", "before": digest, "after": digest, "bytes": 120}, {"path": "src/b.c", "operation": "deleted", "before": digest}]}}),
        ("action.completed", "action", {"type": "http.request", "resource": "http://api.example.org/orders?token=", "requested": uuid7(9), "status": "ok", "output": held("output", 812), "request_body": held("request_body", 64), "duration_us": 20411}),
        ("ledger.key_revoked", "ledger", {"by": "ops@example.org", "key": seed("revoked").hex(), "emitter": ISSUER, "since": "2026-01-01T00:00:09.000000Z", "reason": "the host was taken over"}),
        ("task.ended", "outcome", {"status": "done", "emitters": [{"emitter": ISSUER, "stream": STREAM.hex(), "records": 31}]}),
    ]
    attributes = {"gen_ai.tool.name": "read_file", "mcp.method.name": "tools/call", "retries": 2, "ratio": 0.30000000000000004, "cached": False, "tags": ["a", "b"]}
    return [record(n, kind, member, body,
                   parent="00f067aa0ba9ffff" if kind.startswith("action.") else None,
                   attributes=attributes if kind == "action.requested" else None)
            for n, (kind, member, body) in enumerate(bodies)]


def ijson_cases():
    deep = lambda n: b'{"a":' + b"[" * (n - 1) + b"]" * (n - 1) + b"}"
    sized = lambda n: b'{"a":"' + b"x" * (n - 8) + b'"}'
    good = {
        "empty object": b"{}",
        "spaces between tokens": b' { "a" : [ 1 , true , null ] } ',
        "largest safe integers": b'{"a":9007199254740991,"b":-9007199254740991}',
        "17 significant digits": b'{"a":0.30000000000000004,"b":-1.5,"c":0.0}',
        "escapes and a surrogate pair": b'{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\\u0001"}',
        "text beyond ASCII": '{"été":"😀水"}'.encode(),
        "the same name in two objects": b'{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
        "depth 64": deep(64),
    }
    bad = {
        "nothing": b"", "an array": b"[]", "a number": b"1", "trailing bytes": b"{}x", "two objects": b"{}{}",
        "byte order mark": b"\xef\xbb\xbf{}", "newline": b'{"a":\n1}', "tab": b'{\t"a":1}', "NUL byte": b'{"a":"\x00"}',
        "trailing comma": b'{"a":1,}', "unquoted name": b"{a:1}", "single quotes": b"{'a':1}", "comment": b'{"a":1/**/}',
        "NaN": b'{"a":NaN}', "unterminated string": b'{"a":"x', "unterminated object": b'{"a":1',
        "repeated name": b'{"a":1,"a":1}', "repeated name, one escaped": b'{"a":1,"\\u0061":1}',
        "repeated name, deep": '{"x":[{"é":1,"\\u00E9":2}]}'.encode(),
        "lone high surrogate": b'{"a":"\\ud800"}', "lone low surrogate": b'{"a":"\\udc00"}',
        "surrogates in the wrong order": b'{"a":"\\udc00\\ud800"}', "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
        "overlong UTF-8": b'{"a":"\xc0\x80"}', "UTF-8 beyond U+10FFFF": b'{"a":"\xf4\x90\x80\x80"}', "cut UTF-8": b'{"a":"\xc3"}',
        "noncharacter": b'{"a":"\xef\xbf\xbf"}', "escaped noncharacter": b'{"a":"\\uFDD0"}', "escaped NUL": b'{"a":"\\u0000"}',
        "unknown escape": b'{"a":"\\x41"}', "bad hexadecimal": b'{"a":"\\u12g4"}',
        "integer beyond 2^53-1": b'{"a":9007199254740992}', "integer below -(2^53-1)": b'{"a":-9007199254740992}',
        "negative zero": b'{"a":-0}', "negative zero fraction": b'{"a":-0.00}', "exponent": b'{"a":1e3}', "capital exponent": b'{"a":1.5E-3}',
        "leading zero": b'{"a":01}', "plus sign": b'{"a":+1}', "no digit after the point": b'{"a":1.}', "no digit before the point": b'{"a":.5}',
        "18 significant digits": b'{"a":0.123456789012345678}', "depth 65": deep(65), "65537 bytes": sized(65537),
    }
    return ([{"name": name, "valid": True, "hex": data.hex()} for name, data in good.items()]
            + [{"name": name, "valid": False, "hex": data.hex()} for name, data in bad.items() if len(data) < 1000]
            + [{"name": "65536 bytes", "valid": True, "prefix": b'{"a":"'.hex(), "fill": "78", "count": 65528, "suffix": b'"}'.hex()},
               {"name": "65537 bytes", "valid": False, "prefix": b'{"a":"'.hex(), "fill": "78", "count": 65529, "suffix": b'"}'.hex()}])


def record_cases(example):
    text = example.decode()
    changes = {
        "other version": ('"v":1', '"v":2'), "version as fraction": ('"v":1', '"v":1.0'), "no version": ('"v":1,', ""),
        "id of version 4": ("-7000-8000-", "-4000-8000-"), "id of another variant": ("-7000-8000-", "-7000-7000-"), "id in capitals": ("019b7647-b400", "019B7647-b400"),
        "kind without a dot": ('"kind":"action.requested"', '"kind":"action"'), "body of another kind": ('"action":{', '"policy":{'),
        "leap second": ("00:00:09.000009Z", "00:00:60.000009Z"), "time with offset": (".000009Z", ".000009+00:00"), "time without microseconds": (".000009Z", ".009Z"),
        "30 February": ("2026-01-01T", "2026-02-30T"), "zero trace": (TRACE, "0" * 32), "trace in capitals": ("4bf92f", "4BF92F"),
        "null parent": ('"parent":"00f067aa0ba9ffff"', '"parent":null'), "negative seq": ('"seq":9', '"seq":-9'), "seq as text": ('"seq":9', '"seq":"9"'),
        "actor with a trailing slash": ("agent/billing", "agent/"), "actor of another scheme": ("spiffe://", "https://"), "escaped actor": ("spiffe:", "spif\\u0066e:"),
        "actor without owner": (',"owner":"team-billing"', ""), "body is an array": ('"action":{', '"action":[{'), "a second own member": ('"attributes":', '"extra":{},"attributes":'),
        "attributes as array": ('"attributes":{', '"attributes":[{'), "attribute as object": ('"retries":2', '"retries":{}'), "attribute as null": ('"retries":2', '"retries":null'),
        "array in an attribute's array": ('"tags":["a","b"]', '"tags":["a",["b"]]'), "null in an attribute's array": ('"tags":["a","b"]', '"tags":["a",null]'),
    }
    cases = []
    for name, (old, new) in changes.items():
        assert old in text, name
        changed = text.replace(old, new, 1)
        if name == "body is an array":
            changed = changed.replace('"strict":true}', '"strict":true}]', 1)
        if name == "attributes as array":
            changed = changed[:-1] + "]}"
        cases.append({"name": name, "record": changed})
    return cases


# ---- Statements ----

def p256(label):
    return ec.derive_private_key(int.from_bytes(seed(label), "big") % (P256_ORDER - 1) + 1, ec.SECP256R1())


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign_es256(key, message, low=True):
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    s = min(s, P256_ORDER - s) if low else max(s, P256_ORDER - s)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def payload(seq, previous, count, root, known=None):
    return [1, STREAM, seq, previous, count, root, known]


def header(alg, key_member, iss=ISSUER, sub=None):
    return {1: alg, 3: CONTENT_TYPE, 15: {1: iss, 2: sub or STREAM.hex()}, **key_member}


def sig_structure(protected, body):
    return cbor(["Signature1", protected, b"", body])


def sign1(protected, body, sign, unprotected=None):
    return cbor(Tag(18, [protected, unprotected or {}, body, sign(sig_structure(protected, body))]))


def statement(head_map, payload_list, sign):
    return sign1(cbor(head_map), cbor(payload_list), sign)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, public, issuer, issuer_key, serial, authority, uris, usage=None, days=3650, until=None, hash_algorithm=None):
    usage = usage or (dict(digital_signature=False, key_cert_sign=True, crl_sign=True) if authority else dict(digital_signature=True, key_cert_sign=False, crl_sign=False))
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(public).serial_number(serial)
               .not_valid_before(START).not_valid_after(until or START + datetime.timedelta(days=days))
               .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
               .add_extension(x509.KeyUsage(content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False, **usage), critical=True))
    if uris:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris]), critical=False)
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return builder.sign(issuer_key, hash_algorithm or hashes.SHA256(), ecdsa_deterministic=True).public_bytes(serialization.Encoding.DER)


def statements(records):
    leaves = [leaf_hash(one) for one in records]
    root = merkle_root(leaves)
    ed_key = ed25519.Ed25519PrivateKey.from_private_bytes(seed("ed25519"))
    ec_key, root_key, mid_key, leaf_key = p256("es256"), p256("root"), p256("intermediate"), p256("leaf")
    root_der = certificate("Test root", root_key.public_key(), "Test root", root_key, 1, True, ["spiffe://example.org"])
    mid_der = certificate("Test intermediate", mid_key.public_key(), "Test root", root_key, 2, True, ["spiffe://example.org"])
    leaf_der = certificate("Test workload", leaf_key.public_key(), "Test root", root_key, 3, False, [ISSUER], days=1)
    deep_der = certificate("Test workload", leaf_key.public_key(), "Test intermediate", mid_key, 4, False, [ISSUER], days=1)
    by_ed = lambda message: ed_key.sign(message)
    by_ec = lambda message: sign_es256(ec_key, message)
    by_leaf = lambda message: sign_es256(leaf_key, message)
    zeros = bytes(32)

    first = statement(header(-7, {33: leaf_der}), payload(0, zeros, len(records), root), by_leaf)
    second = statement(header(-7, {34: [-16, sha(leaf_der)]}), payload(1, sha(first), 1, leaves[0], [70000, seed("head")]), by_leaf)
    good = [
        ("ES256, one certificate", first, leaf_der, None),
        ("ES256, certificate by its hash", second, leaf_der, None),
        ("ES256, certificate and intermediate", statement(header(-7, {33: [deep_der, mid_der]}), payload(0, zeros, 1, leaves[0]), by_leaf), deep_der, None),
        ("ES256, bare key", statement(header(-7, {4: sha(spki(ec_key))}), payload(0, zeros, 3, merkle_root(leaves[:3])), by_ec), None, spki(ec_key)),
        ("EdDSA, bare key", statement(header(-8, {4: sha(spki(ed_key))}), payload(0, zeros, 65536, root), by_ed), None, spki(ed_key)),
    ]
    valid = [{"name": label, "hex": data.hex(), "sha256": sha(data).hex(), "leaf_hash": leaf_hash(data).hex(),
              **({"certificate": cert.hex()} if cert else {"spki": key.hex()})} for label, data, cert, key in good]

    kid = {4: sha(spki(ec_key))}
    body = payload(0, zeros, 1, leaves[0])
    good_header, good_body = cbor(header(-7, kid)), cbor(body)
    base = statement(header(-7, kid), body, by_ec)
    raw_map = lambda pairs: head(5, len(pairs)) + b"".join(cbor(key) + item for key, item in pairs)
    pairs = [(1, cbor(-7)), (3, cbor(CONTENT_TYPE)), (4, cbor(kid[4])), (15, cbor({1: ISSUER, 2: STREAM.hex()}))]
    malformed = [
        ("no tag", base[1:]), ("another tag", b"\xd3" + base[1:]), ("trailing byte", base + b"\x00"), ("cut short", base[:-1]), ("nothing", b""),
        ("array of three", b"\xd2\x83" + base[2:]), ("indefinite array", b"\xd2\x9f" + base[2:] + b"\xff"),
        ("unprotected header not empty", sign1(good_header, good_body, by_ec, {4: kid[4]})),
        ("header map not in order", sign1(raw_map([pairs[1], pairs[0], pairs[2], pairs[3]]), good_body, by_ec)),
        ("header key twice", sign1(raw_map([pairs[0], pairs[0], pairs[1], pairs[2], pairs[3]]), good_body, by_ec)),
        ("integer not in its shortest form", sign1(raw_map([(1, b"\x38\x06"), *pairs[1:]]), good_body, by_ec)),
        ("length not in its shortest form", b"\xd2\x84\x59\x00" + base[3:]),
        ("indefinite map", sign1(b"\xbf" + good_header[1:] + b"\xff", good_body, by_ec)),
        ("unknown header label", sign1(cbor({**header(-7, kid), 16: "x"}), good_body, by_ec)),
        ("no algorithm", sign1(raw_map(pairs[1:]), good_body, by_ec)), ("no content type", sign1(raw_map([pairs[0], pairs[2], pairs[3]]), good_body, by_ec)),
        ("no claims", sign1(raw_map(pairs[:3]), good_body, by_ec)), ("no key named", sign1(raw_map([pairs[0], pairs[1], pairs[3]]), good_body, by_ec)),
        ("two keys named", statement(header(-7, {**kid, 34: [-16, sha(leaf_der)]}), body, by_ec)),
        ("another algorithm", statement(header(-35, kid), body, by_ec)), ("another content type", sign1(cbor({**header(-7, kid), 3: "text/plain"}), good_body, by_ec)),
        ("x5chain as an array of one", statement(header(-7, {33: [leaf_der]}), body, by_leaf)),
        ("x5chain with an empty certificate", statement(header(-7, {33: [leaf_der, b""]}), body, by_leaf)),
        ("x5t with SHA-1", statement(header(-7, {34: [-14, sha(leaf_der)[:20]]}), body, by_leaf)),
        ("issuer is no SPIFFE ID", statement(header(-7, kid, iss="https://example.org"), body, by_ec)),
        ("claims with a third", sign1(cbor({**header(-7, kid), 15: {1: ISSUER, 2: STREAM.hex(), 6: 0}}), good_body, by_ec)),
        ("subject is another stream", statement(header(-7, kid, sub="f" * 32), body, by_ec)),
        ("payload of version 2", statement(header(-7, kid), [2, *body[1:]], by_ec)), ("payload with a member more", statement(header(-7, kid), [*body, 0], by_ec)),
        ("seq 0 with a previous statement", statement(header(-7, kid), payload(0, seed("x"), 1, leaves[0]), by_ec)),
        ("seq 1 without a previous statement", statement(header(-7, kid), payload(1, zeros, 1, leaves[0]), by_ec)),
        ("no records", statement(header(-7, kid), payload(0, zeros, 0, leaves[0]), by_ec)), ("too many records", statement(header(-7, kid), payload(0, zeros, 65537, leaves[0]), by_ec)),
        ("stream of 15 bytes", statement(header(-7, kid), [1, STREAM[:15], *body[2:]], by_ec)), ("negative seq", statement(header(-7, kid), [1, STREAM, -1, *body[3:]], by_ec)),
        ("higher s", statement(header(-7, kid), body, lambda message: sign_es256(ec_key, message, low=False))),
        ("signature of 63 bytes", statement(header(-7, kid), body, lambda message: by_ec(message)[:63])),
    ]
    flipped = bytearray(base)
    flipped[-70] ^= 1
    unverified = [
        ("payload altered", bytes(flipped), None, spki(ec_key)),
        ("signed by another key", statement(header(-7, kid), body, by_leaf), None, spki(ec_key)),
        ("key named is another", statement(header(-7, {4: sha(spki(leaf_key))}), body, by_ec), None, spki(ec_key)),
        ("EdDSA claimed, signed with ES256", statement(header(-8, kid), body, by_ec), None, spki(ec_key)),
        ("ES256 claimed, signed with EdDSA", statement(header(-7, {4: sha(spki(ed_key))}), body, lambda message: by_ed(message)[:32] + bytes(32)), None, spki(ed_key)),
        ("certificate named is another", statement(header(-7, {34: [-16, sha(deep_der)]}), body, by_leaf), leaf_der, None),
        ("external data signed too", sign1(good_header, good_body, lambda _: by_ec(cbor(["Signature1", good_header, b"x", good_body]))), None, spki(ec_key)),
    ]
    entry = lambda label, data, cert=None, key=None: {"name": label, "hex": data.hex(), **({"certificate": cert.hex()} if cert else {}), **({"spki": key.hex()} if key else {})}
    write("statements/statements.json", {
        "about": "Statements by test-only keys. valid: decode and verify under the given key. malformed: refused when decoding. unverified: decode, but do not verify under the given key.",
        "sig_structure_of_first": sig_structure(cbor(header(-7, {33: leaf_der})), cbor(payload(0, zeros, len(records), root))).hex(),
        "payload_of_second": {"stream": STREAM.hex(), "seq": 1, "prev": sha(first).hex(), "record_count": 1, "records_root": leaves[0].hex(), "known_size": 70000, "known_root": seed("head").hex()},
        "valid": valid, "malformed": [entry(*one) for one in malformed], "unverified": [entry(*one) for one in unverified]})
    svids(root_key, root_der, mid_key, mid_der, leaf_key, leaf_der, deep_der)
    return first, by_ec, kid


def svids(root_key, root_der, mid_key, mid_der, leaf_key, leaf_der, deep_der):
    public = leaf_key.public_key()
    leaf = lambda uris, **more: certificate("Test workload", public, "Test root", root_key, 9, False, uris, days=1, **more)
    other_key = p256("other root")
    other_root = certificate("Test root", other_key.public_key(), "Test root", other_key, 1, True, ["spiffe://example.org"])
    foreign_mid = certificate("Test foreign", mid_key.public_key(), "Test root", root_key, 5, True, ["spiffe://other.org"])
    foreign_leaf = certificate("Test workload", public, "Test foreign", mid_key, 6, False, [ISSUER], days=1)
    leaf_signed = certificate("Test workload 2", mid_key.public_key(), "Test workload", leaf_key, 7, False, [ISSUER], days=1)
    noon, later, before = "2026-01-01T12:00:00Z", "2026-01-03T00:00:00Z", "2025-12-31T00:00:00Z"
    usage = lambda **more: {"digital_signature": True, "key_cert_sign": False, "crl_sign": False, **more}
    cases = [
        ("directly under the root", [leaf_der], [root_der], noon, "none"), ("through an intermediate", [deep_der, mid_der], [root_der], noon, "none"),
        ("root included", [leaf_der, root_der], [root_der], noon, "none"), ("one of two roots", [leaf_der], [other_root, root_der], noon, "none"),
        ("intermediate missing", [deep_der], [root_der], noon, "untrusted"), ("another root of the same name", [leaf_der], [other_root], noon, "untrusted"),
        ("root only in the chain", [leaf_der, root_der], [other_root], noon, "untrusted"), ("no roots", [leaf_der, root_der], [], noon, "untrusted"),
        ("leaf signed by a leaf", [leaf_signed, leaf_der], [root_der], noon, "untrusted"),
        ("expired", [leaf_der], [root_der], later, "outside-validity"), ("not yet valid", [leaf_der], [root_der], before, "outside-validity"),
        ("another id", [leaf(["spiffe://example.org/gateway/two"])], [root_der], noon, "wrong-id"), ("two URI names", [leaf([ISSUER, "spiffe://example.org/gateway/two"])], [root_der], noon, "wrong-id"),
        ("no URI name", [leaf([])], [root_der], noon, "wrong-id"), ("intermediate of another trust domain", [foreign_leaf, foreign_mid], [root_der], noon, "wrong-id"),
        ("may sign certificates", [leaf([ISSUER], usage=usage(key_cert_sign=True))], [root_der], noon, "wrong-usage"), ("may sign CRLs", [leaf([ISSUER], usage=usage(crl_sign=True))], [root_der], noon, "wrong-usage"),
        ("may not sign data", [leaf([ISSUER], usage=usage(digital_signature=False, key_cert_sign=False))], [root_der], noon, "wrong-usage"),
        ("is an authority", [certificate("Test workload", public, "Test root", root_key, 9, True, [ISSUER])], [root_der], noon, "wrong-usage"),
        ("no certificate", [], [root_der], noon, "not-certificates"), ("bytes that are none", [b"\x30\x03\x02\x01\x01"], [root_der], noon, "not-certificates"),
        ("until the calendar's last second", [certificate("Test workload", public, "Test root", root_key, 9, False, [ISSUER], until=datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.timezone.utc))], [root_der], noon, "none"),
        ("extensions in version 2", [leaf_der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01", 1)], [root_der], noon, "not-certificates"),
        ("two algorithms for one signature", [leaf_der.replace(ECDSA_SHA256, ECDSA_SHA256[:-1] + b"\x03", 1)], [root_der], noon, "not-certificates"),
    ]
    write("statements/svids.json", {
        "about": "Certificate chains (leaf first) that do or do not show that the leaf's key is the id's, at a time, given roots. All keys are test-only.", "id": ISSUER,
        "cases": [{"name": label, "chain": [der.hex() for der in chain], "roots": [der.hex() for der in roots], "at": at, "fault": fault} for label, chain, roots, at, fault in cases]})


# ---- Commitments ----

def derive(trail_key, label, record_id, member):
    info = label.encode() + b"\x00" + record_id.encode() + b"\x00" + member.encode()
    prk = hmac.new(bytes(32), trail_key, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()


def commitments():
    cases = []
    for label, record_id, member, content in (
            ("short text", uuid7(9), "input", b'{"path":"/etc/hosts"}'), ("nothing", uuid7(9), "output", b""),
            ("bytes", uuid7(10), "output", bytes(range(256))), ("member name beyond ASCII", uuid7(10), "résumé", "été".encode())):
        trail_key, nonce = seed("trail " + label), seed("nonce " + label)[:12]
        commitment_key = derive(trail_key, "cairn/v1/commitment", record_id, member)
        content_key = derive(trail_key, "cairn/v1/content", record_id, member)
        aad = record_id.encode() + b"\x00" + member.encode()
        cases.append({"name": label, "trail_key": trail_key.hex(), "record": record_id, "member": member, "content": content.hex(),
                      "commitment_key": commitment_key.hex(), "commitment": hmac.new(commitment_key, content, hashlib.sha256).hexdigest(),
                      "redacted_commitment_key": derive(trail_key, "cairn/v1/commitment", record_id, member + ".redacted").hex(),
                      "content_key": content_key.hex(), "ciphertext": (nonce + AESGCM(content_key).encrypt(nonce, content, aad)).hex()})
    write("commitments/commitments.json", {"about": "Keys, commitments and sealed contents under test-only trail keys.", "cases": cases})
    return cases


# ---- Submissions ----

def submissions(records, sealed, by_ec, kid):
    some = records[9:11]
    leaves = [leaf_hash(one) for one in some]
    body = payload(0, bytes(32), 2, merkle_root(leaves))
    signed = statement(header(-7, kid), body, by_ec)
    content = [sealed[0]["record"], sealed[0]["member"], TRACE, bytes.fromhex(sealed[0]["ciphertext"])]
    good = [1, signed, some, [content]]
    stranger = [uuid7(99), "input", TRACE, bytes(28)]
    malformed = [
        ("version 2", cbor([2, signed, some, []])), ("no contents member", cbor([1, signed, some])), ("trailing byte", cbor(good) + b"\x00"), ("cut short", cbor(good)[:-1]),
        ("a record missing", cbor([1, signed, some[:1], []])), ("statement malformed", cbor([1, signed[:-1], some, []])),
        ("content with a bad record id", cbor([1, signed, some, [["x", "input", TRACE, bytes(28)]]])), ("more records announced than sent", head(4, 4) + cbor(1) + cbor(signed) + b"\x9a\xff\xff\xff\xff"),
    ]
    inconsistent = [
        ("records in another order", cbor([1, signed, some[::-1], []])), ("a record altered", cbor([1, signed, [some[0].replace(b"host-1", b"host-2"), some[1]], []])),
        ("a record that is none", cbor([1, signed, [b"{}", some[1]], []])), ("content of another record", cbor([1, signed, some, [stranger]])),
        ("content of another trail", cbor([1, signed, some, [[content[0], content[1], "f" * 32, content[3]]]])),
    ]
    write("submissions/submissions.json", {
        "about": "Submissions by a test-only key. malformed: refused when decoding. inconsistent: decode, but their records or contents do not fit the statement.",
        "valid": [{"name": "two records and a content", "hex": cbor(good).hex(), "statement": signed.hex(), "records": [one.hex() for one in some], "contents": [[*content[:3], content[3].hex()]]}],
        "batch": (head(4, 2) + cbor(good) + cbor([1, signed, some, []])).hex(),
        "malformed": [{"name": label, "hex": data.hex()} for label, data in malformed], "inconsistent": [{"name": label, "hex": data.hex()} for label, data in inconsistent]})


def write(path, value):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), path), "w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def main():
    records = all_kinds()
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "records/records.jsonl"), "wb") as file:
        file.write(b"".join(one + b"\n" for one in records))
    write("records/expected.json", {
        "about": "What a reader finds in records.jsonl, line by line; the Merkle root is over all of them in order.",
        "merkle_root": merkle_root([leaf_hash(one) for one in records]).hex(),
        "records": [{"bytes": len(one), "leaf_hash": leaf_hash(one).hex(), **{member: json.loads(one).get(member) for member in ("id", "kind", "time", "trace", "span", "parent", "seq")}} for one in records]})
    write("records/ijson.json", {"about": "Bytes that are or are not I-JSON as records.md §2 has it. Long ones: prefix, fill byte times count, suffix.", "cases": ijson_cases()})
    write("records/invalid.json", {"about": "I-JSON that is not a record (records.md §3).", "cases": record_cases(records[9])})
    _, by_ec, kid = statements(records)
    submissions(records, commitments(), by_ec, kid)


if __name__ == "__main__":
    main()
