#!/usr/bin/env python3
"""Writes the test vectors of verification.md section 12 into decisions/: bundles whose policy decisions can be recomputed, and what
an emitter or a forger may make of them.

Emitters, ledger and bundle are those of make_bundles.py; policy bundles, inputs and decisions those of policy/, which
make_policy.mjs made by Cedar in JavaScript. Nothing here evaluates a policy. Run in this directory: python3 make_decisions.py
"""
import json
import os

from make_bundles import HERE, Emitter, LogKeys, b64, certificate, compact, derive, ended, files_of, held, leaf_hash, merkle_root, p256, seed, sha, started, zipped

with open(os.path.join(HERE, "policy/decisions.json"), encoding="utf-8") as file:
    VECTORS = json.load(file)
SEALED = {}
for name in ("payments", "coding-agent", "read-only-assistant"):
    with open(os.path.join(HERE, f"policy/{name}.cairn-policy"), "rb") as file:
        SEALED[name] = file.read()
CASES = {(bundle["name"], case["name"]): case for bundle in VECTORS["bundles"] for case in bundle["decisions"]}
NOT_MONEY = "argument amount: expected a number below 922337203685477 with at most four digits after the point and no exponent, found another"
NO_DOCUMENT = "the input is no decision's input document (docs/spec/policy-bundle.md §5)"
TOLD = [
    ("payments", "a small transfer passes, with a credential for it alone"),
    ("payments", "a cent more waits for finance"),
    ("payments", "and passes once it is approved"),
    ("payments", "more than 50,000 never passes"),
    ("payments", "another currency is not permitted"),
    ("payments", "an amount finer than money goes is refused, not rounded"),
    ("coding-agent", "asks before it pushes"),
    ("coding-agent", "builds"),
]
SMALL, WAITS, APPROVED, NEVER, CURRENCY, REFUSED, PUSHES, BUILDS = range(len(TOLD))


def named(sealed):
    return "sha256:" + sha(sealed).hex()


def manifest_of(sealed):
    """bundle.json of a sealed bundle."""
    text = sealed.decode()
    return json.JSONDecoder().raw_decode(text, text.index("\n", text.index("\nbundle.json ") + 1) + 1)[0]


def recorded(name, case_name):
    """What a gateway's record says of a case of the policy vectors, and the input."""
    case, sealed = CASES[name, case_name], SEALED[name]
    lists = {"obligations": case["obligations"], "determining": case["determining"], "errors": [NOT_MONEY] if case["failed"] else []}
    body = {"bundle": named(sealed), "version": manifest_of(sealed)["version"], "entry_point": "authorize", "decision": case["decision"],
            **{member: texts for member, texts in lists.items() if texts}, "engine": VECTORS["engine"], "engine_version": VECTORS["engine_version"],
            "duration_us": 83, "mode": "enforce", "engine_digest": VECTORS["engine_digest"], "reason": case["reason"]}
    return [body, case["input"].encode()]


def story(change=None, keep=lambda number: "full"):
    """A trail of one gateway that decides. change(decisions) alters what it signs, a list of [body, input]; keep says how it keeps which input."""
    root_key = p256("bundle root")
    root_der = certificate("Test root", root_key.public_key(), "Test root", root_key, 1, True, ["spiffe://example.org"])
    gateway, trail_key = Emitter("root", "orchestrator", root_key, 1), seed("trail")
    decisions = [recorded(*case) for case in TOLD]
    if change:
        change(decisions)
    entries, contents = [gateway.sign([started(gateway)])], []

    def decide(number):
        body, given = decisions[number]
        identity, member = gateway.id_of(gateway.seq), "input"
        commitment = held(trail_key, identity, member, given, keep(number))
        if keep(number) == "redacted":
            member, given = "input.redacted", given.replace(b"user:alice", b"[redacted:value]")
            commitment["redacted_commitment"] = held(trail_key, identity, member, given)["commitment"]
        if keep(number) != "none":
            contents.append((identity, "input", derive(trail_key, "cairn/v1/commitment", identity, member), given))
        return gateway.record("policy.decided", "policy", {**body, "input": commitment}, parent=gateway.task)

    half = len(decisions) // 2
    entries.append(gateway.sign([decide(number) for number in range(half)]))
    entries.append(gateway.sign([decide(number) for number in range(half, len(decisions))], known=[2, merkle_root([leaf_hash(signed) for signed, _ in entries])]))
    entries.append(gateway.sign([ended(gateway)]))
    policy = f"quorum none\ntrustdomain example.org {b64(root_der)}\nemitter gateway spiffe://example.org/gateway/*\n"
    return entries, [gateway], contents, policy


def policy_files(policies):
    """policies.jsonl and policies.bin of sealed bundles, named by these digests."""
    ordered = sorted(policies, key=lambda one: one[0])
    return {"policies.jsonl": "".join(compact({"digest": digest, "bytes": len(data)}) + "\n" for digest, data in ordered).encode(), "policies.bin": b"".join(data for _, data in ordered)}


BROUGHT = [(sha(SEALED[name]).hex(), SEALED[name]) for name in ("payments", "coding-agent")]


def main():
    with open(os.path.join(HERE, "bundles/checkpoints.json"), encoding="utf-8") as file:
        kept = json.load(file)
    own = os.path.join(HERE, "decisions/checkpoints.json")
    if os.path.exists(own):
        with open(own, encoding="utf-8") as file:
            kept = {**kept, **json.load(file)}
    keys, used, cases, made = LogKeys(), {}, [], {}

    def build(change=None, keep=lambda number: "full", policies=BROUGHT, disclosed=lambda number: True, more=None):
        entries, emitters, contents, policy = story(change, keep)
        files = files_of(entries, emitters, [one for number, one in enumerate(contents) if disclosed(number)], policy, keys, kept)
        used.update({key: value for key, value in kept.items() if key.startswith(files["checkpoint"].decode().split("\n\n")[0])})
        made["trust.policy"] = files["trust.policy"]
        return {**files, **(policy_files(policies) if policies else {}), **(more or {})}

    def case(name, files, recomputed, differ=0, codes=(), integrity="passed", completeness="passed", corroboration=None, data=None, recorded=None, **why):
        made[name + ".zip"] = data or zipped(files)
        states = (integrity, completeness, corroboration or ("failed" if differ else "unproven" if integrity == "failed" else "passed"))
        cases.append({"bundle": name + ".zip", "verified": "failed" not in states, "integrity": states[0], "completeness": states[1], "corroboration": states[2],
                      "codes": sorted(codes), "decisions": {"recorded": len(TOLD) if recorded is None else recorded, "recomputed": recomputed, "differ": differ,
                                                            "not_recomputed": [{"reason": reason.replace("_", "-"), "count": count} for reason, count in why.items()]}})

    def differs(name, change, differ=1):
        case(name, build(change), len(TOLD), differ, ["decision-differs"])

    def alter(number, **members):
        """Signs other members in a decision; None takes one out."""
        def change(decisions):
            body = decisions[number][0]
            body.update(members)
            for member in [member for member, value in members.items() if value is None]:
                del body[member]
        return change

    payments = len([one for one in TOLD if one[0] == "payments"])
    case("good", build(), len(TOLD))

    # What an emitter signs that does not follow.
    differs("allowed-what-is-forbidden", alter(NEVER, decision="allow"))
    differs("denied-what-is-allowed", alter(SMALL, decision="deny", obligations=None, determining=None, reason="no policy permits it"))
    differs("approval-left-out", alter(WAITS, decision="allow", obligations=None, reason="permitted by large-transfers"))
    differs("another-obligation", alter(WAITS, obligations=["approval:group:interns"]))
    differs("another-policy-determined", alter(BUILDS, determining=["git"]))
    differs("another-reason", alter(CURRENCY, reason="the caller asked nicely"))
    differs("error-left-out", alter(REFUSED, errors=None))
    differs("another-version", alter(SMALL, version="0.0.1"))
    differs("another-policy-named", alter(SMALL, bundle=named(SEALED["coding-agent"])))
    differs("input-is-no-document", lambda decisions: decisions[SMALL].__setitem__(1, b'{"v":2}'))
    differs("lists-of-another-form", alter(PUSHES, obligations="approval:group:maintainers", determining=["git", 5]))

    # What emitters may leave out of texts.
    case("texts-with-markers", build(alter(NEVER, reason="transfers of more than [redacted:value], approved or not")), len(TOLD))
    differs("marker-in-another-text", alter(NEVER, reason="transfers of [redacted:value] are fine"))
    case("failed-as-it-should", build(lambda decisions: decisions.__setitem__(SMALL, [
        {**{member: value for member, value in decisions[SMALL][0].items() if member not in ("obligations", "determining")},
         "decision": "deny", "errors": [NO_DOCUMENT], "reason": "policy could not be evaluated"}, b"no document"])), len(TOLD))

    # What can't be recomputed.
    case("inputs-not-disclosed", build(disclosed=lambda number: number not in (SMALL, BUILDS)), len(TOLD) - 2, no_input=2)
    case("input-not-kept", build(keep=lambda number: "none" if number == NEVER else "full"), len(TOLD) - 1, no_input=1)
    case("input-redacted", build(keep=lambda number: "redacted" if number == NEVER else "full"), len(TOLD) - 1, input_redacted=1)
    case("nothing-evaluated", build(alter(NEVER, entry_point="timeout", decision="deny", determining=None, reason="the decision took too long")), len(TOLD) - 1, not_evaluated=1)
    case("engine-gave-up-then", build(alter(NEVER, determining=None, errors=["the policy engine failed: the evaluation used up its budget of work"], reason="policy could not be evaluated")), len(TOLD) - 1, engine_failed=1)
    case("engine-unknown", build(alter(NEVER, engine_digest=named(b"another engine"))), len(TOLD) - 1, engine_unknown=1)
    case("no-policies", build(policies=[]), 0, no_policy=len(TOLD))
    case("one-policy", build(policies=BROUGHT[1:]), len(TOLD) - payments, no_policy=payments)
    unusable = [b"not a sealed bundle\n", SEALED["payments"].replace(b'@id("ceiling")', b'@is("ceiling")')]
    for name, sealed in zip(("policy-is-none", "policy-with-unknown-annotation"), unusable):
        case(name, build(alter(NEVER, bundle=named(sealed)), policies=[*BROUGHT, (sha(sealed).hex(), sealed)]), len(TOLD) - 1, policy_unusable=1)

    # What a forger makes of the bundle.
    other = SEALED["payments"].replace(b"50000.0", b"90000.0")
    swapped = [(BROUGHT[0][0], other if other != SEALED["payments"] else SEALED["read-only-assistant"]), BROUGHT[1]]
    case("policy-swapped", build(policies=swapped), len(TOLD) - payments, codes=["policy-mismatch"], integrity="failed", no_policy=payments)
    case("policy-unclaimed", build(policies=[*BROUGHT, (sha(SEALED["read-only-assistant"]).hex(), SEALED["read-only-assistant"])]), len(TOLD), codes=["policy-unclaimed"], integrity="failed")
    good = build()
    last = max(BROUGHT)[1] is SEALED["payments"]
    case("policies-cut", {**good, "policies.bin": good["policies.bin"][:-1]}, len(TOLD) - (payments if last else len(TOLD) - payments), codes=["policy-mismatch"], integrity="failed",
         no_policy=payments if last else len(TOLD) - payments)
    case("policies-with-more-bytes", {**good, "policies.bin": good["policies.bin"] + b"\n"}, len(TOLD), codes=["policy-unclaimed"], integrity="failed")
    backwards = {"policies.jsonl": b"".join(reversed(good["policies.jsonl"].splitlines(keepends=True))), "policies.bin": b"".join(data for _, data in sorted(BROUGHT, reverse=True))}
    case("policies-in-another-order", {**good, **backwards}, 0, codes=["line-malformed"], integrity="failed", completeness="unproven", recorded=0)
    case("policies-without-index", {name: data for name, data in good.items() if name != "policies.jsonl"}, 0, codes=["zip-missing-entry"], integrity="failed", completeness="unproven", recorded=0)
    case("input-altered", {**good, "content.bin": good["content.bin"].replace(b'"amount":', b'"amount":', 1).replace(b"finance operations", b"finance_operations", 1)}, len(TOLD) - 1,
         codes=["content-mismatch"], integrity="failed", no_input=1)
    case("engine-of-nobody", build(more={"engine.wasm": b"\0asm\1\0\0\0"}), len(TOLD), codes=["policy-unclaimed"], integrity="failed")

    os.makedirs(os.path.join(HERE, "decisions"), exist_ok=True)
    for name, data in made.items():
        with open(os.path.join(HERE, "decisions", name), "wb") as file:
            file.write(data)
    for name, value in (("checkpoints.json", used), ("expected.json", {
            "about": "What verifying each bundle under trust.policy gives a verifier that has the engine of policy/decisions.json. codes: all failures' codes of the three verdicts; decisions: as in the report.",
            "cases": cases})):
        with open(os.path.join(HERE, "decisions", name), "w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=name == "checkpoints.json") + "\n")


if __name__ == "__main__":
    main()
