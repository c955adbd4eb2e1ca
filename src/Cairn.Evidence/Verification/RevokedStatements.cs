using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>A revocation as it stands in a ledger.</summary>
/// <param name="Index">Index of its statement.</param>
/// <param name="TrustDomain">The trust domain of the operator who signed it.</param>
/// <param name="Revocation">What it says.</param>
public sealed record RecordedRevocation(long Index, string TrustDomain, KeyRevocation Revocation);

/// <summary>Judges statements whose key was revoked without a bundle, as whoever verifies one would (docs/spec/verification.md §14).</summary>
public static class RevokedStatements
{
    /// <summary>The revoked keys that the statements are signed with, and which of these stand.</summary>
    /// <param name="policy">Keys that it revokes, and whether it asks for a quorum.</param>
    /// <param name="brackets">Who says when which tree existed.</param>
    /// <param name="revocations">Revocations by operators whom the policy believes.</param>
    /// <param name="statements">Issuer, index, and SHA-256 of the key's SubjectPublicKeyInfo of each statement, by ascending index.</param>
    public static IReadOnlyList<RevokedKeySummary> Judge(
        TrustPolicy policy, TimeBrackets brackets, IEnumerable<RecordedRevocation> revocations, IEnumerable<(SpiffeId Issuer, long Index, Digest Key)> statements)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(revocations);
        ArgumentNullException.ThrowIfNull(statements);
        var check = new RevocationCheck(policy, new TimesCheck(brackets), new FailureList(0), new FailureList(0));
        foreach (var (index, domain, revocation) in revocations)
        {
            check.Accept(index, domain, revocation);
        }

        foreach (var (issuer, index, key) in statements)
        {
            check.JudgeOfTrail(issuer, index, key);
        }

        return check.Summary;
    }
}
