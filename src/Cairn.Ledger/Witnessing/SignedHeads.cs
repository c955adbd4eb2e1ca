using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Identity.Files;
using Cairn.Ledger.Sequencing;

namespace Cairn.Ledger.Witnessing;

/// <summary>
/// The two places of a signed head whose tiles are out: <c>witnessing/checkpoint</c>, the newest with the cosignatures that it
/// has so far, and <c>ledger/checkpoint</c>, which readers take: the newest that has its quorum. Without a witness policy there
/// is only the second, and it is the newest. One process writes (the sequencer's), any number read. Safe for several threads.
/// </summary>
internal sealed class SignedHeads(LedgerDirectory directory, WitnessPolicy? policy)
{
    private const int MostGathering = 16;
    private readonly Lock _gate = new();
    private readonly KeptCheckpoints _kept = new(directory, policy);
    private readonly SortedDictionary<long, SignedNote> _gathering = [];
    private (byte[] Bytes, SignedNote Note, bool Met)? _seen;

    public string FinalPath { get; } = new TileFolder(directory.TilesPath).CheckpointPath;

    public string NewestPath { get; } = Path.Combine(directory.WitnessingPath, "checkpoint");

    /// <summary>What readers take, whether or not the policy as it is now accepts it.</summary>
    public SignedNote? Published() => Read(FinalPath)?.Note;

    /// <summary>The newest checkpoint that has its quorum; null for none yet.</summary>
    public SignedNote? Final() => Read(FinalPath) is { Met: true } found ? found.Note : null;

    /// <summary>The newest signed head whose tiles are out, final or not.</summary>
    public SignedNote? Newest()
    {
        var published = Published();
        var newest = policy is not null && File.Exists(NewestPath) ? Parse(NewestPath, File.ReadAllBytes(NewestPath)) : null;
        return newest is null || (published is not null && SizeOf(published) > SizeOf(newest)) ? published : newest;
    }

    /// <summary>Whether there is a witness policy.</summary>
    public bool AsksWitnesses => policy is not null;

    /// <summary>The sequencer made a head whose tiles are out; durable when it returns.</summary>
    public void Publish(byte[] note)
    {
        lock (_gate)
        {
            if (policy is null)
            {
                PublishFinal(note);
                return;
            }

            var signed = SignedNote.Parse(note);
            Keep(Newest() is { } newest && newest.Body == signed.Body ? Union(newest, signed.Signatures) : signed);
        }
    }

    /// <summary>A witness cosigned a head. Returns what that head has now; it is published if that makes it final.</summary>
    public SignedNote Add(SignedNote note, IReadOnlyList<NoteSignature> cosignatures)
    {
        lock (_gate)
        {
            var size = SizeOf(note);
            var merged = Union(_gathering.TryGetValue(size, out var before) && before.Body == note.Body ? before : note, cosignatures);
            _gathering[size] = merged;
            if (_gathering.Count > MostGathering)
            {
                _gathering.Remove(_gathering.First().Key);
            }

            if (Newest() is { } newest && newest.Body == note.Body)
            {
                Keep(merged = Union(newest, merged.Signatures));
            }
            else if (policy!.Standing(merged) is { IsMet: true } standing && (Published() is not { } published || SizeOf(published) < size))
            {
                PublishFinal(merged, standing);
            }

            return merged;
        }
    }

    /// <summary>The standing of a head; that of a ledger without witnesses where no policy is.</summary>
    public CheckpointStanding Standing(SignedNote note) => policy?.Standing(note) ?? CheckpointStanding.Unwitnessed(SizeOf(note));

    private static SignedNote Parse(string path, byte[] bytes)
    {
        try
        {
            return SignedNote.Parse(bytes);
        }
        catch (EvidenceFormatException problem)
        {
            throw new EvidenceFormatException($"{path}: {problem.Message}", problem);
        }
    }

    private static long SizeOf(SignedNote note) => Checkpoint.Of(note).Size;

    private static SignedNote Union(SignedNote note, IEnumerable<NoteSignature> more) =>
        new(note.Body, [.. note.Signatures.Concat(more).GroupBy(line => (line.Name, line.KeyId)).Select(lines => lines.First())]);

    /// <summary>The one place where readers' checkpoint is replaced: what is to be kept of before is kept.</summary>
    private void PublishFinal(byte[] note)
    {
        _kept.BeforeReplacing(FinalPath, DateTimeOffset.UtcNow);
        Publisher.PublishCheckpoint(note, FinalPath);
    }

    private void PublishFinal(SignedNote cosigned, CheckpointStanding standing)
    {
        PublishFinal(cosigned.Encode());
        _kept.Offer(cosigned, standing);
    }

    private void Keep(SignedNote signed)
    {
        DurableFile.CreateDirectory(directory.WitnessingPath);
        DurableFile.Write(NewestPath, signed.Encode());
        if (policy!.Standing(signed) is { IsMet: true } standing)
        {
            PublishFinal(signed, standing);
        }
    }

    /// <summary>Judging a note costs several signature checks: it is done once for the same bytes.</summary>
    private (SignedNote Note, bool Met)? Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        lock (_gate)
        {
            if (_seen is not { } seen || !seen.Bytes.AsSpan().SequenceEqual(bytes))
            {
                var note = Parse(path, bytes);
                _seen = seen = (bytes, note, Standing(note).IsMet);
            }

            return (seen.Note, seen.Met);
        }
    }
}
