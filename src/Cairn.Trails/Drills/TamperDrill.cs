using Cairn.Evidence;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Trails.Drills;

/// <summary>The evidence that <c>cairn drill tamper</c> attacks, made for it, and its structured attacks.</summary>
public static class TamperDrill
{
    /// <summary>
    /// The smallest trail's bundle that has every member but disclosed content: one emitter, one statement, two records; a change of
    /// trust bundles before it, an anchor with a token behind it; both pages. With the policy that verifies it.
    /// </summary>
    public static (byte[] Bundle, TrustPolicy Policy) Smallest()
    {
        using var ledger = new DrillLedger();
        var trace = TraceId.New();
        var (owner, emitter, other) = (ledger.Operator(), ledger.Emitter(trace, "root"), ledger.Emitter(TraceId.New(), "other"));
        ledger.Append(owner, owner.TrustChanged(ledger.FirstTrust));
        ledger.Append(emitter, emitter.Started(), emitter.Ended());
        ledger.Append(other, other.Started());
        var bundle = ledger.Export(trace) with { Trust = [ledger.Trust(0)], Anchors = [ledger.Anchor(2)], Page = "<p>A page"u8.ToArray() };
        return (bundle.Pack(), ledger.Policy);
    }

    /// <summary>Makes every structured attack on a new story, each verified under the policy that the honest bundle is verified by.</summary>
    /// <exception cref="InvalidOperationException">The honest bundle is not verified.</exception>
    public static IReadOnlyList<AttackOutcome> Attack()
    {
        using var story = DrillStory.Tell();
        using var keys = KeyStory.Honest();
        var honest = Verify(story.Honest(), story.Ledger.Policy);
        var changed = Verify(keys.Bundle(keys.Next, [.. keys.Old, .. keys.Next]), keys.Before);
        return Codes(honest).Concat(Codes(changed)).ToList() is { Count: > 0 } codes
            ? throw new InvalidOperationException($"the drill's honest bundles are not verified: {string.Join(", ", codes)}")
            : [.. TamperAttacks.All.Select(attack => Try(attack, story, honest)), .. KeyAttacks.All.Select(Try)];
    }

    private static AttackOutcome Try(TamperAttack attack, DrillStory story, VerificationReport honest)
    {
        var report = Verify(attack.Make(story), story.Ledger.Policy);
        string[] expected = [.. attack.Codes.Order(StringComparer.Ordinal)];
        var found = Codes(report);
        var isSeen = expected.Length > 0 ? !report.Verified : VerificationJson.Encode(report).AsSpan().SequenceEqual(VerificationJson.Encode(honest));
        return new AttackOutcome(attack.Name, attack.How, expected, found, isSeen && expected.SequenceEqual(found));
    }

    private static AttackOutcome Try(KeyAttack attack)
    {
        using var story = attack.Tell();
        var report = Verify(attack.Make(story), attack.Policy(story));
        string[] expected = [.. attack.Codes.Order(StringComparer.Ordinal)];
        var found = Codes(report);
        return new AttackOutcome(attack.Name, attack.How, expected, found, !report.Verified && expected.SequenceEqual(found));
    }

    private static VerificationReport Verify(DrillBundle bundle, TrustPolicy policy) => BundleVerifier.Verify(new MemoryStream(bundle.Pack(), writable: false), policy);

    private static string[] Codes(VerificationReport report) =>
        [.. report.Integrity.Failures.Concat(report.Completeness.Failures).Select(failure => failure.Code).Distinct().Order(StringComparer.Ordinal)];
}
