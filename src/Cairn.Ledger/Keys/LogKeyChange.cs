using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;

namespace Cairn.Ledger.Keys;

/// <summary>
/// The two steps of a change of a ledger's keys, as an operator takes them; the records are written by the caller in between.
/// <list type="number">
/// <item>Rotate: successors are made, durable (<see cref="AnnounceAsync"/>), and sign beside the old keys from the next checkpoint on →
/// the announcement is recorded.</item>
/// <item>Retire: the retirement is recorded → the mark is set (<see cref="Begin"/>) → whoever makes checkpoints signs one that covers
/// the record with all keys, keeps it, and lets the old keys go.</item>
/// </list>
/// A crash in between leaves both sets signing, and each step may be taken again.
/// </summary>
public sealed class LogKeyChange(LedgerDirectory directory, EmbeddedLedger ledger)
{
    private readonly LogKeyFiles _files = new(directory);

    /// <summary>Makes successors of the keys of these types.</summary>
    /// <returns>The announcement, and whether the ledger holds it already: then nothing is left to do.</returns>
    /// <exception cref="LogKeyChangeException">Another change is under way.</exception>
    public async Task<(KeyRotation Rotation, bool IsRecorded)> AnnounceAsync(IReadOnlyList<byte> types, string by, string reason, CancellationToken cancellationToken)
    {
        if (_files.Retirement() is { } retirement)
        {
            throw new LogKeyChangeException($"keys of {directory.Origin} are being retired (statement {retirement.Index}); the next checkpoint ends it");
        }

        using (var keys = _files.Read())
        {
            var waiting = keys.Next.Select(signer => signer.VerifierKey.Type).ToList();
            if (waiting.Except(types).Any() || (waiting.Count > 0 && await IsAnnouncedAsync(keys, cancellationToken)))
            {
                throw new LogKeyChangeException($"keys of {directory.Origin} were rotated already: {Describe(keys.Next)} sign beside the old ones until those are retired");
            }
        }

        _files.MakeNext(types);
        using var present = _files.Read();
        return (Rotation(present, KeyRotation.Announced, by, reason), await IsAnnouncedAsync(present, cancellationToken));
    }

    /// <summary>What retiring the old keys would say.</summary>
    /// <exception cref="LogKeyChangeException">No new keys sign, or they are not announced.</exception>
    public async Task<(KeyRotation Rotation, DateTimeOffset AnnouncedAt)> RetirementAsync(string by, string reason, CancellationToken cancellationToken)
    {
        using var keys = _files.Read();
        if (_files.Retirement() is { } retirement)
        {
            throw new LogKeyChangeException($"keys of {directory.Origin} are being retired (statement {retirement.Index}); the next checkpoint ends it");
        }

        if (keys.Next.Count == 0)
        {
            throw new LogKeyChangeException($"no new keys of {directory.Origin} sign beside the old ones: there is nothing to retire");
        }

        var rotation = Rotation(keys, KeyRotation.Retired, by, reason);
        return await AnnouncementAsync(rotation.New, cancellationToken) is { } time
            ? (rotation, time)
            : throw new LogKeyChangeException($"the new keys of {directory.Origin} are not announced in the ledger: the rotation was cut short");
    }

    /// <summary>The retirement is recorded in the statement at that index: from here on it is carried out, whatever happens to this process.</summary>
    public void Begin(KeyRotation rotation, long index)
    {
        ArgumentNullException.ThrowIfNull(rotation);
        _files.Begin(new KeyRetirement(index, rotation.Old, rotation.New));
    }

    /// <summary>The statement that holds the retirement of exactly these keys; null when the ledger has none yet.</summary>
    public async Task<long?> FindRetirementAsync(KeyRotation rotation, CancellationToken cancellationToken)
    {
        await foreach (var (index, _, found) in RotationsAsync(cancellationToken))
        {
            if (found.Phase == KeyRotation.Retired && found.New.ToHashSet().SetEquals(rotation.New) && found.Old.ToHashSet().SetEquals(rotation.Old))
            {
                return index;
            }
        }

        return null;
    }

    /// <summary>Waits until the succession is kept and the old keys are gone; null when no process made the checkpoint in time.</summary>
    public async Task<KeptSuccession?> WaitAsync(long index, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        while (true)
        {
            if (_files.Retirement() is null && _files.Successions().FirstOrDefault(one => one.Index == index) is { } done)
            {
                return done;
            }

            if (Environment.TickCount64 > until)
            {
                return null;
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    private static string Describe(IEnumerable<CheckpointSigner> keys) => string.Join(", ", keys.Select(signer => $"{signer.VerifierKey.Name}+{signer.VerifierKey.KeyId:x8}"));

    private KeyRotation Rotation(LogKeys keys, string phase, string by, string reason)
    {
        List<VerifierKey> next = [.. keys.Next.Select(signer => signer.VerifierKey)];
        return new KeyRotation(directory.Origin, phase, [.. keys.InForce.Select(signer => signer.VerifierKey).Where(key => next.Any(one => one.Type == key.Type))], next, by, reason);
    }

    private async Task<bool> IsAnnouncedAsync(LogKeys keys, CancellationToken cancellationToken) =>
        await AnnouncementAsync([.. keys.Next.Select(signer => signer.VerifierKey)], cancellationToken) is not null;

    private async Task<DateTimeOffset?> AnnouncementAsync(IReadOnlyList<VerifierKey> keys, CancellationToken cancellationToken)
    {
        await foreach (var (_, time, found) in RotationsAsync(cancellationToken))
        {
            if (found.Phase == KeyRotation.Announced && keys.All(found.New.Contains))
            {
                return time;
            }
        }

        return null;
    }

    private async IAsyncEnumerable<(long Index, DateTimeOffset Time, KeyRotation Rotation)> RotationsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in ledger.OperatorEntriesAsync(directory.TrustPolicy(), IsKeyRotation, cancellationToken))
        {
            foreach (var bytes in entry.Records.Where(record => IsKeyRotation(record)))
            {
                var record = Record.Parse(bytes);
                if (Read(record) is { } rotation)
                {
                    yield return (entry.Index, record.Time, rotation);
                }
            }
        }
    }

    private static KeyRotation? Read(Record record)
    {
        try
        {
            return KeyRotation.Parse(record.Body);
        }
        catch (EvidenceFormatException)
        {
            return null; // another version's: it announces nothing that this one could sign with
        }
    }

    /// <summary>Whether a record retires keys of the log.</summary>
    public static bool IsRetirement(ReadOnlyMemory<byte> record) => IsKeyRotation(record) && Read(Record.Parse(record)) is { Phase: KeyRotation.Retired };

    /// <summary>Whether a record is about a change of keys, the log's or others.</summary>
    public static bool IsKeyRotation(ReadOnlyMemory<byte> record) => RecordView.Parse(record.Span).Kind.SequenceEqual("ledger.key_rotated"u8);
}

/// <summary>A step of a change of a ledger's keys can't be taken now.</summary>
public sealed class LogKeyChangeException(string message) : Exception(message);
