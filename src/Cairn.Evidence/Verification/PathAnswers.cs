using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Verification;

/// <summary>
/// What <see cref="SvidChain"/> said of paths before, by all that it was asked about: the certificates' bytes, the name, the roots' bytes
/// and the time, as a hash. Nothing else goes into its answer, so that the same question has the same answer in another verification:
/// those that verify one bundle after another, each a little different, share one of these (decision 0198). For many threads.
/// </summary>
internal sealed class PathAnswers
{
    /// <summary>The first answers are kept, and no more: what comes later is asked anew each time.</summary>
    private const int Most = 1024;

    private readonly ConcurrentDictionary<Digest, (SvidCheck Check, PathValidity? Holds)> _answers = [];

    /// <inheritdoc cref="SvidChain.VerifyPath"/>
    public SvidCheck VerifyPath(
        IReadOnlyList<ReadOnlyMemory<byte>> chain, SpiffeId expected, IReadOnlyList<ReadOnlyMemory<byte>> roots, DateTimeOffset at, out PathValidity? holds)
    {
        var question = Question(chain, expected, roots, at);
        if (_answers.TryGetValue(question, out var known))
        {
            holds = known.Holds;
            return known.Check;
        }

        var check = SvidChain.VerifyPath(chain, expected, roots, at, out holds);
        if (_answers.Count < Most)
        {
            _answers.TryAdd(question, (check, holds));
        }

        return check;
    }

    private static Digest Question(IReadOnlyList<ReadOnlyMemory<byte>> chain, SpiffeId expected, IReadOnlyList<ReadOnlyMemory<byte>> roots, DateTimeOffset at)
    {
        // Each part behind its length, so that no two questions have the same bytes.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(ReadOnlySpan<byte> part)
        {
            hash.AppendData(BitConverter.GetBytes(part.Length));
            hash.AppendData(part);
        }

        Add(BitConverter.GetBytes(at.UtcTicks));
        Add(Encoding.UTF8.GetBytes(expected.ToString()));
        Add(BitConverter.GetBytes(chain.Count));
        foreach (var certificate in chain.Concat(roots))
        {
            Add(certificate.Span);
        }

        return new Digest(hash.GetHashAndReset());
    }
}
