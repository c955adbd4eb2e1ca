using System.Collections.Concurrent;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;
using Cairn.Identity.Files;
using Cairn.Witness.Storage;

namespace Cairn.Witness;

/// <summary>
/// A witness (C2SP tlog-witness): cosigns a log's checkpoint when it extends the latest one that it cosigned of that log, and
/// never two of which neither extends the other. Safe for several threads; one process at a time (witness.lock).
/// </summary>
public sealed class Cosigner : IDisposable
{
    private readonly WitnessDirectory _directory;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly FileLock _lock;
    private readonly WitnessStore _store;
    private readonly IReadOnlyList<CheckpointSigner> _signers;
    private readonly Dictionary<string, List<VerifierKey>> _logs;
    private readonly IReadOnlyList<RetiredKey> _retired;
    private readonly ConcurrentDictionary<string, Lock> _turns = [];

    private Cosigner(WitnessDirectory directory, FileLock held, WitnessStore store, IReadOnlyList<CheckpointSigner> signers, Dictionary<string, List<VerifierKey>> logs, IReadOnlyList<RetiredKey> retired, TimeProvider time, Action<string> log) =>
        (_directory, _lock, _store, _signers, _logs, _retired, _time, _log) = (directory, held, store, signers, logs, retired, time, log);

    /// <summary>The origins of the logs that it cosigns.</summary>
    public IReadOnlyCollection<string> Origins => _logs.Keys;

    /// <summary>Opens a witness for these logs.</summary>
    /// <param name="directory">Its keys and memory.</param>
    /// <param name="logs">The logs' keys. A log may have several.</param>
    /// <param name="time">The clock of the cosignatures.</param>
    /// <param name="log">Where it says what a person should know, one line each.</param>
    /// <param name="retired">Keys that these logs had before: the word of one counts for trees up to its size.</param>
    /// <exception cref="WitnessException">There is no log, a key is given twice, the memory is not these keys', or another process has it.</exception>
    public static Cosigner Open(WitnessDirectory directory, IReadOnlyList<PolicyLog> logs, TimeProvider time, Action<string> log, IReadOnlyList<RetiredKey>? retired = null)
    {
        if (logs.Count == 0)
        {
            throw new WitnessException("a witness for no log: the configuration has no `log` line. Take the log's from its operator, by `cairn keys`");
        }

        if (logs.GroupBy(one => Convert.ToBase64String(one.Key.PublicKey.Span)).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new WitnessException($"the key of the log {twice.First().Key.Name} is in the configuration twice");
        }

        FileLock? held = null;
        var signers = directory.OpenSigners();
        try
        {
            held = FileLock.TryTake(directory.LockPath) ?? throw new WitnessException($"another process is the witness at {directory.Root}: {directory.LockPath} is held");
            var store = WitnessStore.Open(directory.StatePath, signers.Select(signer => signer.VerifierKey));
            var keys = logs.GroupBy(one => one.Key.Name).ToDictionary(group => group.Key, group => group.Select(one => one.Key).ToList());
            return new Cosigner(directory, held, store, signers, keys, retired ?? [], time, log);
        }
        catch (WitnessException)
        {
            held?.Dispose();
            foreach (var signer in signers)
            {
                signer.Dispose();
            }

            throw;
        }
    }

    /// <summary>
    /// Answers an add-checkpoint request. The order: form (400), log (404), signature (403), sizes (400), the latest size
    /// (409), then what makes the new checkpoint an extension (422). Only then is it signed, and the answer leaves only when
    /// the checkpoint with its cosignatures is durable.
    /// </summary>
    public WitnessAnswer Add(ReadOnlySpan<byte> body)
    {
        AddCheckpointRequest request;
        Checkpoint checkpoint;
        try
        {
            request = AddCheckpointRequest.Parse(body);
            checkpoint = Checkpoint.Of(request.Checkpoint);
        }
        catch (EvidenceFormatException problem)
        {
            return EmptyTreeWithRoot(body) ?? Refuse(400, problem.Message);
        }

        if (!_logs.TryGetValue(checkpoint.Origin, out var present))
        {
            return Refuse(404, $"this witness does not know the log {checkpoint.Origin}");
        }

        List<VerifierKey> keys = [.. present, .. _retired.Where(one => one.Key.Name == checkpoint.Origin && one.Size >= checkpoint.Size).Select(one => one.Key)];

        var results = keys.Select(key => (Key: key, key.Verify(request.Checkpoint).Result)).ToList();
        if (results.Any(one => one.Result == NoteCheckResult.Bad) || results.All(one => one.Result == NoteCheckResult.Absent))
        {
            return Refuse(403, results.Any(one => one.Result == NoteCheckResult.Bad) ? "a signature by the log's key does not verify" : "no signature by a key of the log that this witness knows");
        }

        if (request.OldSize > checkpoint.Size)
        {
            return Refuse(400, $"the old size {request.OldSize} is above the checkpoint's {checkpoint.Size}");
        }

        lock (_turns.GetOrAdd(checkpoint.Origin, static _ => new Lock()))
        {
            return Cosign(request, checkpoint, keys, body);
        }
    }

    /// <summary>The latest cosigned checkpoint of the log whose origin has that hash (see <see cref="OriginHash"/>); null for none.</summary>
    public SignedNote? Latest(string originHash) =>
        OriginOf(originHash) is { } origin && _store.Latest(origin) is { } latest ? _store.Checkpoint(origin, latest.Head.Size) : null;

    /// <summary>A cosigned checkpoint of that size; null for none.</summary>
    public SignedNote? At(string originHash, long size) => OriginOf(originHash) is { } origin ? _store.Checkpoint(origin, size) : null;

    /// <summary>Heads that were cosigned, ascending from a size: one line "SIZE ROOT SECONDS" each; null for an unknown log.</summary>
    public string? History(string originHash, long from, int most) => OriginOf(originHash) is { } origin
        ? string.Concat(_store.History(origin, from, most).Select(one => $"{one.Head.Size} {one.Head.Root.ToBase64()} {one.Time.ToUnixTimeSeconds()}\n"))
        : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _store.Dispose();
        foreach (var signer in _signers)
        {
            signer.Dispose();
        }

        _lock.Dispose();
    }

    private static WitnessAnswer Refuse(int status, string reason) => new(status, Encoding.UTF8.GetBytes(reason + "\n"));

    /// <summary>A size of 0 with another root than the empty tree's is well formed and wrong: 422, once the log is known.</summary>
    private WitnessAnswer? EmptyTreeWithRoot(ReadOnlySpan<byte> body)
    {
        var split = body.IndexOf("\n\n"u8);
        return split >= 0 && Encoding.UTF8.GetString(body[(split + 2)..]).Split('\n') is [var origin, "0", var root, ..]
            && Convert.TryFromBase64String(root, new byte[root.Length], out var length) && length == Digest.Size
            ? _logs.ContainsKey(origin) ? Refuse(422, "a tree of size 0 has the root of the empty tree") : Refuse(404, $"this witness does not know the log {origin}")
            : null;
    }

    private WitnessAnswer Cosign(AddCheckpointRequest request, Checkpoint checkpoint, List<VerifierKey> keys, ReadOnlySpan<byte> body)
    {
        var latest = _store.Latest(checkpoint.Origin);
        var known = latest?.Head ?? new TreeHead(0, MerkleHash.EmptyTree);
        if (request.OldSize != known.Size)
        {
            NoteFork(checkpoint, request, $"not from the latest size {known.Size}", body);
            return new WitnessAnswer(409, AddCheckpointAnswer.EncodeSize(known.Size), AddCheckpointAnswer.SizeType);
        }

        if (Contradiction(known, checkpoint.Head, request.Proof) is { } contradiction)
        {
            NoteFork(checkpoint, request, contradiction, body);
            return Refuse(422, contradiction);
        }

        // A clock that went back must not make a newer cosignature look older.
        var time = _time.GetUtcNow() is var now && latest is { } before && before.Time > now ? before.Time : now;
        time = DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
        var cosignatures = _signers.Select(signer => signer.Sign(checkpoint, time)).ToList();
        var next = new CosignedHead(checkpoint.Head, time);
        return _store.TryAdvance(checkpoint.Origin, latest, next, Kept(request.Checkpoint, keys, cosignatures))
            ? new WitnessAnswer(200, AddCheckpointAnswer.EncodeCosignatures(cosignatures))
            : new WitnessAnswer(409, AddCheckpointAnswer.EncodeSize(_store.Latest(checkpoint.Origin)?.Head.Size ?? 0), AddCheckpointAnswer.SizeType);
    }

    /// <summary>Why the new head is no extension of the known one; null when it is.</summary>
    private static string? Contradiction(TreeHead known, TreeHead next, IReadOnlyList<Digest> proof)
    {
        if (known.Size == 0 && proof.Count > 0)
        {
            return "from size 0 the proof is empty";
        }

        return ConsistencyProof.Verify(known, next, [.. proof]) ? null
            : known.Size == next.Size ? $"the tree of size {known.Size} has the root {known.Root}, not {next.Root}"
            : $"the proof does not lead from the tree of size {known.Size} with root {known.Root} to the one of size {next.Size} with root {next.Root}";
    }

    /// <summary>The note as it is kept and shown to monitors: what the witness verified and what it answered.</summary>
    private static SignedNote Kept(SignedNote note, List<VerifierKey> keys, List<NoteSignature> cosignatures) =>
        new(note.Body, [.. note.Signatures.Where(line => keys.Any(key => key.KeyId == line.KeyId && key.Name == line.Name)), .. cosignatures]);

    /// <summary>The log signed it, so the request is kept whole; where it proves a fork to others, the proof is written too.</summary>
    private void NoteFork(Checkpoint checkpoint, AddCheckpointRequest request, string reason, ReadOnlySpan<byte> body)
    {
        var cosigned = _store.Checkpoint(checkpoint.Origin, Math.Min(request.OldSize, checkpoint.Size)) ?? _store.Checkpoint(checkpoint.Origin, checkpoint.Size);
        var same = _store.Checkpoint(checkpoint.Origin, checkpoint.Size);
        var proof = same is not null ? ForkProof.FromRefused(same, request.Checkpoint, [])
            : cosigned is not null ? ForkProof.FromRefused(cosigned, request.Checkpoint, request.Proof)
            : null;
        var isLate = reason.StartsWith("not from", StringComparison.Ordinal);
        if (isLate && proof is null)
        {
            return; // a request that came late or did not know the size: nothing speaks against the log
        }

        if (!_store.TryKeepRefused(checkpoint.Origin, new RefusedHead(checkpoint.Head, _time.GetUtcNow(), reason, body.ToArray())))
        {
            return;
        }

        _log($"REFUSED a checkpoint that the log {checkpoint.Origin} signed, of size {checkpoint.Size} with root {checkpoint.Root}: {reason}");
        if (proof is not null)
        {
            var path = Path.Combine(_directory.ForksPath, $"{OriginHash.Of(checkpoint.Origin)[..16]}-{checkpoint.Size}-{checkpoint.Root.ToString()[..16]}.json");
            DurableFile.Write(path, proof.Encode());
            _log($"the log {checkpoint.Origin} was FORKED: the proof is in {path}; `cairn verify-fork` verifies it");
        }
    }

    private string? OriginOf(string originHash) => _logs.Keys.FirstOrDefault(origin => OriginHash.Of(origin) == originHash);
}
