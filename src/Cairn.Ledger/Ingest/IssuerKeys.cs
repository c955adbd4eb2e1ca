using System.Collections.Concurrent;
using System.Formats.Cbor;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Trust;

namespace Cairn.Ledger.Ingest;

/// <summary>
/// The keys that statements may be signed with: leaves of SVID chains that lead to the trust domain's root, and keys
/// enrolled by policy. A chain is verified once and kept, also in the journal, since later statements name it by hash.
/// When the policy changes (a root joins or is removed, a key is revoked), nothing that was verified before it counts any more.
/// </summary>
internal sealed class IssuerKeys : IDisposable
{
    private const long LookEvery = 1000; // milliseconds
    private readonly Func<Digest, byte[]?> _storedChain;
    private readonly Func<Trusted?> _changed;
    private Trusted _trusted;
    private long _looked = Environment.TickCount64;

    /// <summary>Keys by a policy that stays as it is.</summary>
    public IssuerKeys(TrustPolicy policy, Func<Digest, byte[]?> storedChain)
        : this(new Trusted(policy, new HashSet<Digest>()), storedChain, static () => null)
    {
    }

    private IssuerKeys(Trusted trusted, Func<Digest, byte[]?> storedChain, Func<Trusted?> changed) =>
        (_trusted, _storedChain, _changed) = (trusted, storedChain, changed);

    /// <summary>Keys by what a directory says at the time.</summary>
    public static IssuerKeys Of(LedgerDirectory directory, Func<Digest, byte[]?> storedChain)
    {
        var stamp = directory.IngestStamp;
        return new IssuerKeys(Trusted.By(directory), storedChain, () =>
        {
            var now = directory.IngestStamp;
            if (now == stamp)
            {
                return null;
            }

            try
            {
                var trusted = Trusted.By(directory);
                stamp = now;
                return trusted;
            }
            catch (LedgerDirectoryException problem)
            {
                throw new LedgerUnavailableException($"whom to believe can't be read again: {problem.Message}", problem);
            }
        });
    }

    /// <summary>The key of a statement, whose issuer is trusted at the time of its records.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="at">The time of its first record: the certificate must have been valid then.</param>
    /// <exception cref="SubmissionRejectedException">The issuer or its certificate is not trusted, or its key was revoked.</exception>
    public StatementKey KeyFor(SignedStatement statement, DateTimeOffset at)
    {
        var trusted = Present();
        var key = KeyFor(statement, at, trusted.Policy, trusted.Good);
        return !trusted.Refused.Contains(key.SpkiHash)
            ? key
            : throw new SubmissionRejectedException("key-revoked", $"statement {statement.Payload.Seq} of stream {statement.Payload.Stream} is signed with the key {key.SpkiHash} of {statement.Issuer}, which was revoked; sign with another key");
    }

    private StatementKey KeyFor(SignedStatement statement, DateTimeOffset at, TrustPolicy policy, ConcurrentDictionary<(SpiffeId, Digest), Known> good)
    {
        if (statement.KeyId is { } keyId)
        {
            return Enrolled(policy, good, statement.Issuer, new Digest(keyId.Span));
        }

        var chain = statement.X5Chain;
        var thumbprint = chain.Count > 0 ? Digest.Sha256(chain[0].Span) : statement.X5t
            ?? throw new SubmissionRejectedException("unknown-emitter", $"statement {statement.Payload.Seq} of stream {statement.Payload.Stream} names no key");
        if (good.TryGetValue((statement.Issuer, thumbprint), out var known) && at >= known.NotBefore && at <= known.NotAfter)
        {
            return known.Key;
        }

        if (chain.Count == 0)
        {
            chain = _storedChain(thumbprint) is { } stored
                ? DecodeChain(stored)
                : throw new SubmissionRejectedException("unknown-emitter", $"statement {statement.Payload.Seq} of stream {statement.Payload.Stream} names certificate {thumbprint}, which no statement has brought");
        }

        if (policy.RuleFor(statement.Issuer) is null)
        {
            throw new SubmissionRejectedException("unknown-emitter", $"{statement.Issuer} is not an emitter that this ledger takes statements from");
        }

        var check = SvidChain.Verify(chain, statement.Issuer, policy.RootsOf(statement.Issuer.TrustDomain), at);
        return check.IsGood
            ? good.GetOrAdd((statement.Issuer, thumbprint), _ => Known.Of(chain[0].Span)).Key
            : throw new SubmissionRejectedException("unknown-emitter", $"the certificate of {statement.Issuer}: {check.Reason}");
    }

    /// <summary>A chain as the journal stores it: a CBOR array of byte strings.</summary>
    public static byte[] EncodeChain(IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(chain.Count);
        foreach (var certificate in chain)
        {
            writer.WriteByteString(certificate.Span);
        }

        writer.WriteEndArray();
        return writer.Encode();
    }

    public static IReadOnlyList<ReadOnlyMemory<byte>> DecodeChain(byte[] stored)
    {
        var reader = new CborReader(stored, CborConformanceMode.Canonical);
        var chain = new List<ReadOnlyMemory<byte>>();
        for (var left = reader.ReadStartArray() ?? 0; left > 0; left--)
        {
            chain.Add(reader.ReadByteString());
        }

        reader.ReadEndArray();
        return chain;
    }

    public void Dispose()
    {
        foreach (var known in _trusted.Good.Values)
        {
            known.Key.Dispose();
        }
    }

    // A removed root must be noticed while statements under it stream in: looked for once a second, by whoever comes first.
    // Keys of before are left to the collector, since other threads may be verifying with them.
    private Trusted Present()
    {
        var (now, looked) = (Environment.TickCount64, Interlocked.Read(ref _looked));
        if (now - looked >= LookEvery && Interlocked.CompareExchange(ref _looked, now, looked) == looked && _changed() is { } changed)
        {
            Volatile.Write(ref _trusted, changed);
        }

        return Volatile.Read(ref _trusted);
    }

    private static StatementKey Enrolled(TrustPolicy policy, ConcurrentDictionary<(SpiffeId, Digest), Known> good, SpiffeId issuer, Digest keyId) => good.GetOrAdd((issuer, keyId), pair =>
    {
        var rule = policy.RuleFor(pair.Item1, pair.Item2)
            ?? throw new SubmissionRejectedException("unknown-emitter", $"{pair.Item1} has no enrolled key with id {pair.Item2}");
        return new Known(StatementKey.FromSpki(rule.SubjectPublicKeyInfo!.Value.Span), DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
    }).Key;

    /// <summary>A policy, what was found good by it, and the keys that are revoked.</summary>
    private sealed record Trusted(TrustPolicy Policy, IReadOnlySet<Digest> Refused)
    {
        public ConcurrentDictionary<(SpiffeId, Digest), Known> Good { get; } = new();

        public static Trusted By(LedgerDirectory directory)
        {
            var policy = directory.IngestPolicy();
            return new Trusted(policy, directory.RefusedKeys(policy));
        }
    }

    /// <summary>A key and the time in which its certificate is valid: within it, the chain need not be verified again.</summary>
    private sealed record Known(StatementKey Key, DateTimeOffset NotBefore, DateTimeOffset NotAfter)
    {
        public static Known Of(ReadOnlySpan<byte> der)
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            return new Known(StatementKey.FromCertificate(der), certificate.NotBefore, certificate.NotAfter);
        }
    }
}
