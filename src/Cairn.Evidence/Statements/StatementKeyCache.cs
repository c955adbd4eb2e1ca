using System.Collections.Concurrent;

namespace Cairn.Evidence.Statements;

/// <summary>
/// Keys by the hash of their certificate, so that reading a certificate is paid once and a statement costs one
/// signature check. Safe to share between threads. It says nothing of trust: only which key a certificate holds.
/// </summary>
/// <param name="capacity">How many keys are kept; when one more comes, all are forgotten, so that hostile certificates can't fill memory.</param>
public sealed class StatementKeyCache(int capacity = 4096)
{
    private readonly ConcurrentDictionary<Digest, StatementKey> _keys = new();

    /// <summary>The key of a certificate. It belongs to the cache: don't dispose it.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a certificate with a P-256 or Ed25519 key.</exception>
    public StatementKey ForCertificate(ReadOnlySpan<byte> der)
    {
        var hash = Digest.Sha256(der);
        if (_keys.TryGetValue(hash, out var known))
        {
            return known;
        }

        // A forgotten key may still be in use by another thread: it is left to the garbage collector.
        if (_keys.Count >= capacity)
        {
            _keys.Clear();
        }

        return _keys.GetOrAdd(hash, StatementKey.FromCertificate(der));
    }

    /// <summary>The key of a certificate that <see cref="ForCertificate"/> has seen, by the certificate's SHA-256 (a statement's <c>x5t</c>).</summary>
    public bool TryGet(Digest certificateHash, out StatementKey? key) => _keys.TryGetValue(certificateHash, out key);
}
