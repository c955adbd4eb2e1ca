using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>
/// Judges statements whose key was revoked (docs/spec/verification.md §14): one stands when it is not behind the revocation's
/// record and, where a time is named from which on the key was in doubt, somebody's word puts it before that time. Revocations
/// only take trust away, so that their order changes nothing.
/// </summary>
internal sealed class RevocationCheck(TrustPolicy policy, TimesCheck times, FailureList integrity, FailureList warnings)
{
    private readonly Dictionary<Digest, DateTimeOffset> _policy = policy.Revoked.ToDictionary(one => one.Key, one => one.Since);
    private readonly Dictionary<(string TrustDomain, Digest Key), Revocation> _records = [];
    private readonly List<Tally> _tallies = [];
    private readonly Dictionary<(string TrustDomain, Digest Key), Tally> _byKey = [];

    /// <summary>The revoked keys that statements of the trail are signed with, in the order of these.</summary>
    public IReadOnlyList<RevokedKeySummary> Summary => [.. _tallies.Select(tally => tally.Summary())];

    /// <summary>Takes a revocation into account, of a key that emitters of the operator's trust domain signed with.</summary>
    public void Accept(long index, string trustDomain, KeyRevocation revocation)
    {
        var known = _records.GetValueOrDefault((trustDomain, revocation.Key), new Revocation(index, null));
        _records[(trustDomain, revocation.Key)] = new Revocation(Math.Min(known.Record!.Value, index), Earlier(known.Since, revocation.Since));
    }

    /// <summary>Judges a statement of the trail.</summary>
    /// <param name="issuer">Its issuer.</param>
    /// <param name="index">Its index in the ledger.</param>
    /// <param name="key">SHA-256 of its key's SubjectPublicKeyInfo.</param>
    public void JudgeOfTrail(SpiffeId issuer, long index, Digest key)
    {
        if (Find(issuer, key) is not { } revocation)
        {
            return;
        }

        if (!_byKey.TryGetValue((issuer.TrustDomain, key), out var tally))
        {
            _byKey.Add((issuer.TrustDomain, key), tally = new Tally(key, issuer, revocation));
            _tallies.Add(tally);
        }

        tally.Take(Judge(revocation, index, "statement", key));
    }

    /// <summary>Judges an operator's statement with changes of trust, or of the log's keys.</summary>
    /// <param name="issuer">Its issuer.</param>
    /// <param name="index">Its index in the ledger.</param>
    /// <param name="kind">What failures call it.</param>
    /// <param name="key">SHA-256 of its key's SubjectPublicKeyInfo.</param>
    public void JudgeOther(SpiffeId issuer, long index, string kind, Digest key)
    {
        if (Find(issuer, key) is { } revocation)
        {
            Judge(revocation, index, kind, key);
        }
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;

    private Revocation? Find(SpiffeId issuer, Digest key)
    {
        var byPolicy = _policy.TryGetValue(key, out var since) ? new Revocation(null, since) : null;
        return !_records.TryGetValue((issuer.TrustDomain, key), out var recorded) ? byPolicy : recorded with { Since = Earlier(recorded.Since, byPolicy?.Since) };
    }

    private Proof Judge(Revocation revocation, long index, string kind, Digest key)
    {
        if (index > revocation.Record)
        {
            return Fail(kind, index, key, revocation, $"one behind it, at {index}");
        }

        if (revocation.Since is not { } since)
        {
            return new Proof("place", null);
        }

        var bounds = times.Of(index, 0).Select(bracket => bracket.NotAfter).OfType<TimeClaim>().ToList();
        if (bounds.Where(claim => claim.By != TimeSource.Log).MinBy(claim => claim.NotAfter) is { } independent && independent.IsBefore(since))
        {
            return new Proof(independent.By == TimeSource.Witness ? "witness" : "timestamper", independent);
        }

        if (bounds.Find(claim => claim.By == TimeSource.Log) is { } log && log.IsBefore(since))
        {
            // Who asks for a quorum has said that the log's own word is not enough.
            if (policy.Log.Quorum is not null)
            {
                return Fail(kind, index, key, revocation, $"the log's own word for {Times.Text(log.NotAfter)}, and none of a witness or timestamper");
            }

            warnings.Add(
                ReasonCodes.BeforeRevocationByLog, kind, $"{index}", $"a witness's or timestamper's word that it was signed before {Times.Text(since)}, since when its key {key} is revoked",
                $"the log's own word for {Times.Text(log.NotAfter)}");
            return new Proof("log", log);
        }

        var earliest = bounds.MinBy(claim => claim.NotAfter);
        return Fail(kind, index, key, revocation, earliest is null ? "no word for when it existed" : $"one that existed at {Times.Text(earliest.NotAfter)}, by the word of {earliest.Name}: not provably before");
    }

    private Proof Fail(string kind, long index, Digest key, Revocation revocation, string found)
    {
        var before = revocation is { Since: null } ? $"the revocation at index {revocation.Record}" : $"{Times.Text(revocation.Since!.Value)}{(revocation.Record is { } record ? $", by the revocation at index {record}" : "")}";
        integrity.Add(ReasonCodes.KeyRevoked, kind, $"{index}", $"one signed before its key {key} was in doubt: before {before}", found);
        return new Proof("", null);
    }

    /// <summary>From which place in the ledger on, and from when on, a key is not believed.</summary>
    private sealed record Revocation(long? Record, DateTimeOffset? Since);

    /// <summary>Whose word puts a statement before the revocation; empty where nobody's does.</summary>
    private readonly record struct Proof(string By, TimeClaim? Claim);

    private sealed class Tally(Digest key, SpiffeId issuer, Revocation revocation)
    {
        private static readonly string[] Order = ["place", "witness", "timestamper", "log"];
        private readonly Dictionary<string, (TimeClaim? Latest, long Statements)> _before = [];
        private long _statements;
        private long _unproven;

        public void Take(Proof proof)
        {
            _statements++;
            if (proof.By.Length == 0)
            {
                _unproven++;
                return;
            }

            var (latest, statements) = _before.GetValueOrDefault(proof.By);
            _before[proof.By] = (latest is null || proof.Claim!.NotAfter > latest.NotAfter ? proof.Claim : latest, statements + 1);
        }

        public RevokedKeySummary Summary() => new(
            key.ToString(), issuer.ToString(), revocation.Since is { } since ? Times.Text(since) : null, revocation.Record, _statements,
            [.. Order.Where(_before.ContainsKey).Select(by => new BeforeRevocation(
                by, _before[by].Latest?.Name, _before[by].Latest is { } claim ? Times.Text(claim.NotAfter) : null, _before[by].Statements))],
            _unproven);
    }
}
