#!/usr/bin/env python3
"""Makes the vectors of docs/spec/timestamps.md with OpenSSL's own timestamp authority (`openssl ts`, `openssl cms`) and faketime.

Keys and serial numbers are new with each run, so the files are; the cases and their results are not.
"""
import base64
import json
import pathlib
import subprocess
import sys
import tempfile

OUT = pathlib.Path(__file__).parent / "timestamps"
TEXT = b"ledger.example/acme\n70000\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
OTHER = b"ledger.example/acme\n70001\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
STAMPING = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\nbasicConstraints=CA:FALSE\n"
AUTHORITY = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
NOW = "2026-06-01 12:00:00"


def run(*words, at=NOW, **more):
    done = subprocess.run(["faketime", "-f", f"@{at}", *map(str, words)], capture_output=True, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"}, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr.decode()}")
    return done.stdout


class Maker:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.serial = 100

    def path(self, name):
        return self.folder / name

    def key(self, name, kind="ec"):
        options = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else \
            ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"] if kind == "p384" else \
            ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind}"]
        run("openssl", "genpkey", *options, "-out", self.path(f"{name}.key"))

    def certificate(self, name, issuer, extensions, kind="ec", days=3650, digest="sha256"):
        self.key(name, kind)
        self.serial += 1
        self.path(f"{name}.ext").write_text(extensions)
        run("openssl", "req", "-new", "-key", self.path(f"{name}.key"), "-subj", f"/O=Example/CN={name}", "-out", self.path(f"{name}.csr"))
        signed = ["-signkey", self.path(f"{name}.key")] if issuer is None else ["-CA", self.path(f"{issuer}.pem"), "-CAkey", self.path(f"{issuer}.key")]
        run("openssl", "x509", "-req", "-in", self.path(f"{name}.csr"), *signed, "-set_serial", self.serial, "-days", days, f"-{digest}",
            "-extfile", self.path(f"{name}.ext"), "-out", self.path(f"{name}.pem"))

    def der(self, name):
        return run("openssl", "x509", "-in", self.path(f"{name}.pem"), "-outform", "DER")

    def stamp(self, signer, text, chain=(), imprint="sha256", digest="sha256", ess="sha256", accuracy="secs:1, millisecs:500", at=NOW):
        config = self.path("ts.cnf")
        self.path("serial").write_text("1F\n")
        config.write_text(f"[tsa]\ndefault_tsa=one\n[one]\nserial={self.path('serial')}\ndefault_policy=1.3.6.1.4.1.13762.3\nother_policies=1.3.6.1.4.1.13762.3\n"
                          f"digests=sha256,sha384,sha512\nsigner_digest={digest}\ness_cert_id_alg={ess}\nordering=no\ntsa_name=no\ness_cert_id_chain=no\n"
                          + (f"accuracy={accuracy}\n" if accuracy else ""))
        self.path("text").write_bytes(text)
        run("openssl", "ts", "-query", "-data", self.path("text"), f"-{imprint}", "-cert", "-out", self.path("q.tsq"))
        if chain:
            self.path("chain.pem").write_bytes(b"".join(self.path(f"{one}.pem").read_bytes() for one in chain))
        run("openssl", "ts", "-reply", "-config", config, "-queryfile", self.path("q.tsq"), "-signer", self.path(f"{signer}.pem"), "-inkey", self.path(f"{signer}.key"),
            *(["-chain", self.path("chain.pem")] if chain else []), "-token_out", "-out", self.path("t.der"), at=at)
        return self.path("t.der").read_bytes()

    def signed_again(self, token, signer, digest="sha256", content="1.2.840.113549.1.9.16.1.4", more=()):
        """The same TSTInfo under another signature: for certificates that `openssl ts` refuses to sign with."""
        self.path("again.der").write_bytes(token)
        run("openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", self.path("again.der"), "-binary", "-out", self.path("info.der"))
        return run("openssl", "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-econtent_type", content, "-cades", "-nosmimecap", *more, "-md", digest,
                   "-in", self.path("info.der"), "-signer", self.path(f"{signer}.pem"), "-inkey", self.path(f"{signer}.key"))


def main():
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.tst"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        make = Maker(folder)
        make.certificate("root", None, AUTHORITY)
        make.certificate("second", None, AUTHORITY, kind="4096", digest="sha512")
        make.certificate("stranger", None, AUTHORITY)
        make.certificate("alone", None, STAMPING)
        make.certificate("stamper", "root", STAMPING)
        make.certificate("rsa", "second", STAMPING, kind="2048")
        make.certificate("weak", "second", STAMPING, kind="1024")
        make.certificate("between", "root", AUTHORITY, kind="p384", digest="sha384")
        make.certificate("below", "between", STAMPING, kind="p384")
        make.certificate("short", "root", STAMPING, days=1)
        make.certificate("unknown", "stranger", STAMPING)
        make.certificate("mixed", "root", STAMPING.replace("timeStamping", "timeStamping,codeSigning"))
        make.certificate("lenient", "root", STAMPING.replace("critical,timeStamping", "timeStamping"))
        make.certificate("agreeing", "root", STAMPING.replace("digitalSignature", "keyAgreement"))
        good = make.stamp("stamper", TEXT)
        cases = {
            "good": (good, "good", "one"),
            "good-without-accuracy": (make.stamp("stamper", TEXT, accuracy=None), "good", "one"),
            "good-rsa": (make.stamp("rsa", TEXT, imprint="sha512", digest="sha512"), "good", "two"),
            "good-through-intermediate": (make.stamp("below", TEXT, chain=["between"], imprint="sha384", digest="sha384"), "good", "one"),
            "good-with-older-attribute": (make.stamp("stamper", TEXT, ess="sha1"), "good", "one"),
            "good-self-signed": (make.stamp("alone", TEXT), "good", "three"),
            "good-of-last-second": (make.stamp("short", TEXT, at="2026-06-02 12:00:00"), "good", "one"),
            "another-text": (make.stamp("stamper", OTHER), "timestamp-imprint", None),
            "unknown-authority": (make.stamp("unknown", TEXT), "timestamp-unknown", None),
            "intermediate-left-out": (make.stamp("below", TEXT, imprint="sha384", digest="sha384"), "timestamp-unknown", None),
            "signers-certificate-left-out": (make.signed_again(good, "stamper", more=["-nocerts"]), "timestamp-unknown", None),
            "after-the-certificate": (make.stamp("short", TEXT, at="2026-06-02 12:00:01"), "timestamp-expired", "one"),
            "before-the-certificate": (make.stamp("stamper", TEXT, at="2026-05-31 12:00:00"), "timestamp-expired", "one"),
            "another-purpose-too": (make.signed_again(good, "mixed"), "timestamp-usage", "one"),
            "purpose-not-critical": (make.signed_again(good, "lenient"), "timestamp-usage", "one"),
            "key-usage-without-signatures": (make.signed_again(good, "agreeing"), "timestamp-usage", "one"),
            "weak-rsa": (make.signed_again(good, "weak"), "timestamp-signature", "two"),
            "signature-altered": (flipped(good, -3), "timestamp-signature", "one"),
            "content-of-another-type": (make.signed_again(good, "stamper", content="1.2.840.113549.1.7.1"), "timestamp-malformed", None),
            "byte-after-the-end": (good + b"\0", "timestamp-malformed", None),
            "cut-off": (good[:-1], "timestamp-malformed", None),
            "no-token": (b"0\x03\x02\x01\x01", "timestamp-malformed", None),
        }
        cases["time-altered"] = (flipped(good, good.index(b"20260601120000Z") + 3), "timestamp-signature", "one")
        lines = [f"timestamper {name} {base64.b64encode(make.der(root)).decode()}" for name, root in (("one", "root"), ("two", "second"), ("three", "alone"))]
    (OUT / "text").write_bytes(TEXT)
    (OUT / "timestampers.policy").write_text("quorum none\n" + "\n".join(lines) + "\n")
    expected = []
    for name, (token, result, timestamper) in cases.items():
        (OUT / f"{name}.tst").write_bytes(token)
        one = {"token": f"{name}.tst", "result": result}
        if timestamper:
            one["timestamper"] = timestamper
        if result == "good":
            one["not_after"] = not_after(name)
        expected.append(one)
    (OUT / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


def flipped(token, at):
    changed = bytearray(token)
    changed[at] ^= 1
    return bytes(changed)


def not_after(name):
    return {"good-without-accuracy": "2026-06-01T12:00:00Z", "good-of-last-second": "2026-06-02T12:00:01.5Z"}.get(name, "2026-06-01T12:00:01.5Z")


if __name__ == "__main__":
    main()
