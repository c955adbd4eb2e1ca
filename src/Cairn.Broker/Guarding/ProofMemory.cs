using System.Collections.Concurrent;
using Cairn.Identity.Credentials;

namespace Cairn.Broker.Guarding;

/// <summary>
/// Proofs that were shown, as long as they could be shown again. In this process's memory: a resource of several processes
/// asks for nonces of its own, or has the broker introspect. Bounded; when it is full, new proofs are refused.
/// </summary>
internal sealed class ProofMemory(TimeSpan memory)
{
    private const int Most = 200_000;
    private readonly ConcurrentDictionary<(string Key, string Id), DateTimeOffset> _seen = new();
    private long _swept;

    /// <summary>Whether it is shown for the first time.</summary>
    /// <exception cref="CredentialRefusedException"><c>unavailable</c>: there is no room to remember it.</exception>
    public bool TrySee(string key, string id, DateTimeOffset now)
    {
        Sweep(now);
        return _seen.Count < Most
            ? _seen.TryAdd((key, id), now + memory)
            : throw new CredentialRefusedException("unavailable", $"{Most} proofs were shown within {memory.TotalSeconds:0} s; no more can be remembered");
    }

    private void Sweep(DateTimeOffset now)
    {
        var last = Interlocked.Read(ref _swept);
        if (now.UtcTicks - last < TimeSpan.TicksPerSecond || Interlocked.CompareExchange(ref _swept, now.UtcTicks, last) != last)
        {
            return;
        }

        foreach (var (proof, until) in _seen)
        {
            if (until < now)
            {
                _seen.TryRemove(proof, out _);
            }
        }
    }
}
