using System.Security.Cryptography;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>
/// Whose key signed a statement, by the trust policy: an X.509-SVID of a trust domain's root, or a pinned key
/// (docs/spec/verification.md §4.5). The roots are those in force at the statement's place. Each certificate is checked once
/// for each set of roots.
/// </summary>
internal sealed class IssuerTrust(TrustPolicy policy, TrustTimeline timeline, KnownChains chains, DateTimeOffset? checkpointTime, VerifyOptions options) : IDisposable
{
    private const int MostKeys = 16384;

    // By issuer, by the name of its chain or key, and by the roots that it is held to.
    private readonly Dictionary<(SpiffeId Issuer, Digest Name, int Epoch), Identity> _identities = [];

    /// <summary>The rule that gives the issuer its role; null when the policy does not know it.</summary>
    public EmitterRule? RuleFor(SignedStatement statement) => statement.KeyId is { } kid
        ? policy.RuleFor(statement.Issuer, new Digest(kid.Span))
        : policy.RuleFor(statement.Issuer);

    /// <summary>Checks key, chain and signature.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="index">Its index in the ledger.</param>
    /// <param name="kind">What failures call it.</param>
    /// <param name="signedAfter">The time of its latest record: it was signed then or later.</param>
    /// <param name="failures">Where failures go.</param>
    /// <param name="warnings">Where warnings go.</param>
    /// <returns>SHA-256 of the key's SubjectPublicKeyInfo; null where no key was found.</returns>
    public Digest? Check(SignedStatement statement, long index, string kind, DateTimeOffset signedAfter, FailureList failures, FailureList warnings)
    {
        var subject = $"{index}";
        var chain = chains.Of(statement);
        if (RuleFor(statement) is not { } rule)
        {
            failures.Add(ReasonCodes.IssuerUnknown, kind, subject, "an issuer that the trust policy has an emitter line for", Describe(statement));
            return null;
        }

        if (statement.KeyId is null && chain is null)
        {
            failures.Add(ReasonCodes.CertificateMissing, kind, subject, $"the certificate {statement.X5t} in the statement or in {BundleFiles.Certificates}", "none");
            return null;
        }

        var epoch = timeline.At(statement.Issuer.TrustDomain, index);
        var identity = IdentityOf(statement, rule, chain, epoch);
        if (identity.Key is null)
        {
            failures.Add(ReasonCodes.CertificateUntrusted, kind, subject, "a certificate or key that can be read", identity.Problem);
            return null;
        }

        if (!statement.Verify(identity.Key))
        {
            failures.Add(ReasonCodes.StatementSignature, kind, subject, $"a signature by the key of {Hex.Excerpt(statement.Issuer.ToString())}", "one that does not verify");
        }

        if (statement.KeyId is null)
        {
            CheckChain(statement, index, kind, identity, epoch, signedAfter, failures, warnings);
        }

        return identity.Key.SpkiHash;
    }

    public void Dispose()
    {
        foreach (var identity in _identities.Values)
        {
            identity.Key?.Dispose();
        }
    }

    private static string Describe(SignedStatement statement) =>
        $"{Hex.Excerpt(statement.Issuer.ToString())}{(statement.KeyId is { } kid ? $" with key {Convert.ToHexStringLower(kid.Span)}" : "")}";

    private void CheckChain(SignedStatement statement, long index, string kind, Identity identity, TrustEpoch epoch, DateTimeOffset signedAfter, FailureList failures, FailureList warnings)
    {
        var subject = $"{index}";
        var at = signedAfter;
        if (at < identity.NotBefore)
        {
            warnings.Add(ReasonCodes.CertificateLater, kind, subject, $"a certificate that was valid at its last record's time {Times.Text(signedAfter)}", $"one valid from {Times.Text(identity.NotBefore)}: it was signed later");
            at = identity.NotBefore;
        }

        if (checkpointTime is { } until && at - until > options.ClockTolerance)
        {
            failures.Add(ReasonCodes.CertificateExpired, kind, subject, $"a certificate valid before the checkpoint of {Times.Text(until)}", $"one valid from {Times.Text(identity.NotBefore)}");
            return;
        }

        // Building a path costs more than checking a statement of a hundred records: it is built again only for a time
        // that the last good one does not cover.
        if (identity.Permanent is null && identity.Holds is { } known && known.Holds(at))
        {
            return;
        }

        PathValidity? holds = null;
        var check = identity.Permanent ?? options.Paths.VerifyPath(identity.Chain, statement.Issuer, epoch.Roots, at, out holds);
        identity.Holds = holds ?? identity.Holds;
        if (!check.IsGood)
        {
            var elsewhere = check.Fault == SvidFault.Untrusted ? RootElsewhere(statement.Issuer, identity, index, at) : "";
            var code = elsewhere.Length > 0 ? elsewhere : check.Fault == SvidFault.OutsideValidity ? ReasonCodes.CertificateExpired : ReasonCodes.CertificateUntrusted;
            var expected = epoch.Number == 0 ? "a trust domain root of the policy" : $"a root that is in the trust bundle at index {index}";
            failures.Add(code, kind, subject, $"a certificate of {Hex.Excerpt(statement.Issuer.ToString())} under {expected}", code switch
            {
                ReasonCodes.RootRemoved => "one under a root that had been removed",
                ReasonCodes.RootNotYetTrusted => "one under a root that joined later",
                _ => check.Reason,
            });
        }
    }

    /// <summary>The code for a chain that leads to a root of another time; empty when it leads to none of any time.</summary>
    private string RootElsewhere(SpiffeId issuer, Identity identity, long index, DateTimeOffset at)
    {
        // While trust.jsonl is read each change may name the root that this chain leads to.
        if (identity.Elsewhere is var (changes, found) && changes == timeline.Changes)
        {
            return found;
        }

        var code = "";
        foreach (var (root, wasBefore) in timeline.Others(issuer.TrustDomain, index))
        {
            if (SvidChain.Verify(identity.Chain, issuer, [root], at) is { Fault: SvidFault.None or SvidFault.OutsideValidity })
            {
                code = wasBefore ? ReasonCodes.RootRemoved : ReasonCodes.RootNotYetTrusted;
                break;
            }
        }

        identity.Elsewhere = (timeline.Changes, code);
        return code;
    }

    private Identity IdentityOf(SignedStatement statement, EmitterRule rule, KnownChain? chain, TrustEpoch epoch)
    {
        var name = chain?.Name ?? new Digest(statement.KeyId!.Value.Span);
        if (_identities.TryGetValue((statement.Issuer, name, epoch.Number), out var known))
        {
            return known;
        }

        if (_identities.Count >= MostKeys)
        {
            Dispose();
            _identities.Clear();
        }

        return _identities[(statement.Issuer, name, epoch.Number)] = chain is null ? Pinned(rule) : Certified(statement.Issuer, chain.Certificates, epoch.Roots);
    }

    private static Identity Pinned(EmitterRule rule) => new() { Key = StatementKey.FromSpki(rule.SubjectPublicKeyInfo!.Value.Span) };

    private Identity Certified(SpiffeId issuer, IReadOnlyList<ReadOnlyMemory<byte>> chain, IReadOnlyList<ReadOnlyMemory<byte>> roots)
    {
        try
        {
            using var leaf = DerCertificate.Load(chain[0].Span);
            var (from, to) = (new DateTimeOffset(leaf.NotBefore.ToUniversalTime()), new DateTimeOffset(leaf.NotAfter.ToUniversalTime()));
            var atStart = options.Paths.VerifyPath(chain, issuer, roots, from, out var holds);
            var atEnd = options.Paths.VerifyPath(chain, issuer, roots, to, out var holdsLate);
            return new Identity
            {
                Key = StatementKey.FromCertificate(chain[0].Span),
                Chain = chain,
                NotBefore = from,
                Holds = holds ?? holdsLate,
                Permanent = new[] { atStart, atEnd }.Where(check => !check.IsGood && check.Fault != SvidFault.OutsideValidity).Select(check => (SvidCheck?)check).FirstOrDefault(),
            };
        }
        catch (Exception error) when (error is CryptographicException or EvidenceFormatException)
        {
            return new Identity { Problem = error.Message };
        }
    }

    private sealed class Identity
    {
        public StatementKey? Key { get; init; }

        public IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; init; } = [];

        public DateTimeOffset NotBefore { get; init; }

        /// <summary>When the last path that was found good holds; null before there was one.</summary>
        public PathValidity? Holds { get; set; }

        /// <summary>A fault that holds at every time.</summary>
        public SvidCheck? Permanent { get; init; }

        /// <summary>
        /// The code for a root of another time, empty where there is none such, and how many changes of trust were known when it
        /// was looked for; null before.
        /// </summary>
        public (int Changes, string Code)? Elsewhere { get; set; }

        public string Problem { get; init; } = "";
    }
}
