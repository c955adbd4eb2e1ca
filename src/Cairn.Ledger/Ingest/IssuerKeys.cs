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
/// </summary>
internal sealed class IssuerKeys(TrustPolicy policy, Func<Digest, byte[]?> storedChain) : IDisposable
{
    private readonly ConcurrentDictionary<(SpiffeId, Digest), Known> _good = new();

    /// <summary>The key of a statement, whose issuer is trusted at the time of its records.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="at">The time of its first record: the certificate must have been valid then.</param>
    /// <exception cref="SubmissionRejectedException">The issuer or its certificate is not trusted.</exception>
    public StatementKey KeyFor(SignedStatement statement, DateTimeOffset at)
    {
        if (statement.KeyId is { } keyId)
        {
            return Enrolled(statement.Issuer, new Digest(keyId.Span));
        }

        var chain = statement.X5Chain;
        var thumbprint = chain.Count > 0 ? Digest.Sha256(chain[0].Span) : statement.X5t
            ?? throw new SubmissionRejectedException("unknown-emitter", $"statement {statement.Payload.Seq} of stream {statement.Payload.Stream} names no key");
        if (_good.TryGetValue((statement.Issuer, thumbprint), out var known) && at >= known.NotBefore && at <= known.NotAfter)
        {
            return known.Key;
        }

        if (chain.Count == 0)
        {
            chain = storedChain(thumbprint) is { } stored
                ? DecodeChain(stored)
                : throw new SubmissionRejectedException("unknown-emitter", $"statement {statement.Payload.Seq} of stream {statement.Payload.Stream} names certificate {thumbprint}, which no statement has brought");
        }

        if (policy.RuleFor(statement.Issuer) is null)
        {
            throw new SubmissionRejectedException("unknown-emitter", $"{statement.Issuer} is not an emitter that this ledger takes statements from");
        }

        var check = SvidChain.Verify(chain, statement.Issuer, policy.RootsOf(statement.Issuer.TrustDomain), at);
        return check.IsGood
            ? _good.GetOrAdd((statement.Issuer, thumbprint), _ => Known.Of(chain[0].Span)).Key
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
        foreach (var known in _good.Values)
        {
            known.Key.Dispose();
        }
    }

    private StatementKey Enrolled(SpiffeId issuer, Digest keyId) => _good.GetOrAdd((issuer, keyId), pair =>
    {
        var rule = policy.RuleFor(pair.Item1, pair.Item2)
            ?? throw new SubmissionRejectedException("unknown-emitter", $"{pair.Item1} has no enrolled key with id {pair.Item2}");
        return new Known(StatementKey.FromSpki(rule.SubjectPublicKeyInfo!.Value.Span), DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
    }).Key;

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
