using Cairn.Evidence.Bundles;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Verification;

/// <summary>A certificate chain of a bundle, leaf first.</summary>
/// <param name="Name">SHA-256 over the SHA-256 of each certificate: two statements with the same chain have one name for it.</param>
/// <param name="Certificates">DER.</param>
internal sealed record KnownChain(Digest Name, IReadOnlyList<ReadOnlyMemory<byte>> Certificates);

/// <summary>
/// Chains by the hash of their leaf: those of certificates.jsonl, until a statement brings one along. Of several with one leaf
/// the latest statement's counts, whoever signed it (docs/spec/verification.md §4.5).
/// </summary>
internal sealed class KnownChains
{
    private readonly Dictionary<Digest, KnownChain> _latest = [];
    private readonly Dictionary<Digest, KnownChain> _stated = [];

    /// <summary>Takes a line of certificates.jsonl; the first one counts.</summary>
    public void Add(CertificateChain line) => _latest.TryAdd(line.X5t, new KnownChain(NameOf(line.Chain), line.Chain));

    /// <summary>The chain that the statement brings along, or names by its leaf's hash; null when nobody brought that one.</summary>
    public KnownChain? Of(SignedStatement statement)
    {
        if (statement.X5Chain.Count == 0)
        {
            return statement.X5t is { } named ? _latest.GetValueOrDefault(named) : null;
        }

        var name = NameOf(statement.X5Chain);
        if (!_stated.TryGetValue(name, out var chain))
        {
            _stated.Add(name, chain = new KnownChain(name, [.. statement.X5Chain.Select(der => (ReadOnlyMemory<byte>)der.ToArray())]));
        }

        return _latest[statement.X5t!.Value] = chain;
    }

    private static Digest NameOf(IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        var digests = new byte[Digest.Size * chain.Count];
        for (var i = 0; i < chain.Count; i++)
        {
            Digest.Sha256(chain[i].Span).CopyTo(digests.AsSpan(Digest.Size * i));
        }

        return Digest.Sha256(digests);
    }
}
