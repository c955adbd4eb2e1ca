using System.Collections.Concurrent;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Bundles;
using Cairn.Identity.Enrolment;

namespace Cairn.Workload.Server;

/// <summary>Which identities a process has at this moment, and the evidence that it was given them.</summary>
internal sealed class IdentityRegister(WorkloadServerOptions options)
{
    private const int MostRemembered = 65_536;
    private readonly ConcurrentDictionary<(int Pid, ulong Started, string Entry, Digest? Program), Task> _enrolled = new();
    private readonly Lock _turn = new();
    private (DateTime Stamp, IReadOnlyList<RegistrationEntry> Entries)? _read;

    /// <summary>The entries that speak of a process, in the order in which they were added.</summary>
    /// <exception cref="AuthorityException">The entries can't be read.</exception>
    public IReadOnlyList<RegistrationEntry> EntriesOf(PeerFacts peer) => [.. Entries().Where(entry => entry.Covers(peer))];

    /// <summary>The own trust bundle, and those of the trust domains that are federated with.</summary>
    /// <exception cref="AuthorityException">A part can't be read.</exception>
    public (TrustBundle Own, IReadOnlyList<TrustBundle> Federated) Bundles() =>
        (options.Authority.Bundle() with { JwtAuthorities = options.JwtKeys.Published() }, options.Federated());

    /// <summary>Has the enrolment of a process under an entry recorded, unless it was.</summary>
    /// <exception cref="Exception">It could not be recorded; the next attempt tries again.</exception>
    public async Task RecordAsync(WorkloadEnrolment enrolment, CancellationToken cancellationToken)
    {
        var key = (enrolment.Peer.Pid, enrolment.Peer.Started, enrolment.Entry.Id, enrolment.Peer.Sha256);
        if (_enrolled.Count >= MostRemembered)
        {
            _enrolled.Clear(); // forgotten ones are recorded again, never less
        }

        var recorded = _enrolled.GetOrAdd(key, _ => options.Enrolled(enrolment, CancellationToken.None));
        try
        {
            await recorded.WaitAsync(cancellationToken);
        }
        catch when (recorded.IsFaulted || recorded.IsCanceled)
        {
            _enrolled.TryRemove(new(key, recorded));
            throw;
        }
    }

    private IReadOnlyList<RegistrationEntry> Entries()
    {
        lock (_turn)
        {
            var stamp = options.Entries.Stamp;
            if (_read is not { } read || read.Stamp != stamp)
            {
                _read = read = (stamp, options.Entries.All());
            }

            return read.Entries;
        }
    }
}
