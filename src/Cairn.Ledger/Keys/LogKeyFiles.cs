using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Keys;

/// <summary>
/// The files of a ledger's own keys (docs/spec/data-directory.md §7): <c>keys/log.ALGORITHM</c>, which sign, and
/// <c>keys/log.next.ALGORITHM</c>, which sign beside them until they take their place; <c>keys/log.retirement.json</c> while they
/// do; and <c>successions/INDEX.json</c> for each time that they did. Files appear whole; any process may read at any time.
/// </summary>
public sealed class LogKeyFiles(LedgerDirectory directory)
{
    /// <summary>The algorithms that a ledger signs with, in the order of its signature lines.</summary>
    public static IReadOnlyList<(byte Type, string Name)> Algorithms { get; } = [(KeyType.Ed25519, "ed25519"), (KeyType.MlDsa44, "mldsa44")];

    private string SuccessionsPath => Path.Combine(directory.Root, "successions");

    private string RetirementPath => Path.Combine(directory.KeysPath, "log.retirement.json");

    /// <summary>The path of a key that signs.</summary>
    internal string KeyPath(string algorithm) => Path.Combine(directory.KeysPath, $"log.{algorithm}");

    private string NextPath(string algorithm) => Path.Combine(directory.KeysPath, $"log.next.{algorithm}");

    /// <summary>A mark that changes whenever the keys that sign may have changed.</summary>
    internal string Stamp => string.Join(' ', Algorithms.SelectMany(one => new[] { KeyPath(one.Name), NextPath(one.Name) }).Append(RetirementPath).Select(path => File.GetLastWriteTimeUtc(path).Ticks));

    /// <summary>Reads the keys that sign now. The caller disposes them.</summary>
    /// <exception cref="LedgerDirectoryException">A file can't be read, or is another ledger's.</exception>
    public LogKeys Read()
    {
        // Next first, then present, then the successions: so whatever moves meanwhile is seen in one place at least.
        var (next, present) = (new List<CheckpointSigner>(), new List<CheckpointSigner>());
        try
        {
            next.AddRange(Algorithms.Select(one => Signer(NextPath(one.Name), one.Type)).OfType<CheckpointSigner>());
            present.AddRange(Algorithms.Select(one => Signer(KeyPath(one.Name), one.Type)
                ?? throw new LedgerDirectoryException($"{KeyPath(one.Name)} is missing: the ledger at {directory.Root} can't sign without it, and nothing is made in its place")));
            var successions = Successions();
            var (retired, arrived) = (successions.SelectMany(one => one.Succession.Old).ToHashSet(), successions.SelectMany(one => one.Succession.New).ToHashSet());
            var moved = next.Where(key => arrived.Contains(key.VerifierKey) || present.Any(one => one.VerifierKey.Equals(key.VerifierKey))).ToList();
            List<CheckpointSigner> inForce =
                [.. present.Where(key => !retired.Contains(key.VerifierKey)).Concat(moved).DistinctBy(key => key.VerifierKey).OrderBy(key => key.VerifierKey.Type)];
            List<CheckpointSigner> waiting = [.. next.Except(moved)];
            foreach (var unused in present.Concat(next).Except(inForce).Except(waiting))
            {
                unused.Dispose();
            }

            return new LogKeys(inForce, waiting, successions);
        }
        catch
        {
            present.Concat(next).ToList().ForEach(signer => signer.Dispose());
            throw;
        }
    }

    /// <summary>All successions so far, by ascending index.</summary>
    /// <exception cref="LedgerDirectoryException">A file can't be read.</exception>
    public IReadOnlyList<KeptSuccession> Successions() => !Directory.Exists(SuccessionsPath) ? [] :
    [
        .. Directory.EnumerateFiles(SuccessionsPath, "*.json").Select(path => Json(path, json => new KeptSuccession(
            json.GetProperty("index").GetInt64(), Note(json), new KeySuccession(Checkpoint.Of(Note(json)).Size, Keys(json, "old"), Keys(json, "new")))))
            .OrderBy(one => one.Index),
    ];

    /// <summary>The retirement that is under way; null for none.</summary>
    /// <exception cref="LedgerDirectoryException">The file can't be read.</exception>
    public KeyRetirement? Retirement() => File.Exists(RetirementPath)
        ? Json(RetirementPath, json => new KeyRetirement(json.GetProperty("index").GetInt64(), Keys(json, "old"), Keys(json, "new")))
        : null;

    /// <summary>Makes successors for the keys of these algorithms, or goes on with those that are there. Durable when it returns; from then on they sign too.</summary>
    public IReadOnlyList<VerifierKey> MakeNext(IEnumerable<byte> types)
    {
        var keys = new List<VerifierKey>();
        foreach (var (type, name) in Algorithms.Where(one => types.Contains(one.Type)))
        {
            using var signer = Signer(NextPath(name), type) ?? CheckpointSigner.Generate(type, directory.Origin);
            if (!File.Exists(NextPath(name)))
            {
                DurableFile.Write(NextPath(name), Encoding.ASCII.GetBytes(signer.ExportPrivate() + "\n"));
            }

            keys.Add(signer.VerifierKey);
        }

        return keys;
    }

    /// <summary>The retirement is in the ledger: whoever makes checkpoints carries it out.</summary>
    internal void Begin(KeyRetirement retirement) => DurableFile.Write(RetirementPath, JsonSerializer.SerializeToUtf8Bytes(
        new { index = retirement.Index, old = retirement.Old.Select(key => key.ToString()), @new = retirement.New.Select(key => key.ToString()) }));

    /// <summary>
    /// Ends a retirement whose succession checkpoint is signed; only the sequencer does. Each step is durable before the next,
    /// and each may be done again: the succession is kept → the new keys take the old ones' files, which destroys those → the
    /// mark goes.
    /// </summary>
    internal void End(KeyRetirement retirement, SignedNote note, Action<string> step)
    {
        DurableFile.CreateDirectory(SuccessionsPath);
        var path = Path.Combine(SuccessionsPath, $"{retirement.Index}.json");
        if (!File.Exists(path))
        {
            DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(new
            {
                index = retirement.Index,
                checkpoint = Encoding.UTF8.GetString(note.Encode()),
                old = retirement.Old.Select(key => key.ToString()),
                @new = retirement.New.Select(key => key.ToString()),
            }));
        }

        step("succession");
        foreach (var (type, name) in Algorithms)
        {
            using var next = Signer(NextPath(name), type);
            if (next is null || !retirement.New.Contains(next.VerifierKey))
            {
                continue;
            }

            File.Move(NextPath(name), KeyPath(name), overwrite: true);
            DurableFile.SyncDirectory(directory.KeysPath);
            step($"promoted-{name}");
        }

        File.Delete(RetirementPath);
        DurableFile.SyncDirectory(directory.KeysPath);
        step("retired");
    }

    /// <summary>The key of a file; null when the file is not there, or went away in this moment.</summary>
    private CheckpointSigner? Signer(string path, byte type)
    {
        try
        {
            var signer = CheckpointSigner.ParsePrivate(File.ReadAllText(path).Trim());
            if (signer.VerifierKey.Type == type && signer.VerifierKey.Name == directory.Origin)
            {
                return signer;
            }

            signer.Dispose();
            throw new LedgerDirectoryException($"{path} should hold a key of type 0x{type:x2} named {directory.Origin}, found 0x{signer.VerifierKey.Type:x2} named {signer.VerifierKey.Name}");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception problem) when (problem is EvidenceFormatException or UnauthorizedAccessException)
        {
            throw new LedgerDirectoryException($"a log key below {directory.KeysPath} can't be read: {problem.Message}", problem);
        }
    }

    private static T Json<T>(string path, Func<JsonElement, T> read)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return read(json.RootElement);
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new LedgerDirectoryException($"{path} can't be read: {problem.Message}", problem);
        }
    }

    private static SignedNote Note(JsonElement json) => SignedNote.Parse(Encoding.UTF8.GetBytes(json.GetProperty("checkpoint").GetString()!));

    private static List<VerifierKey> Keys(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(key => VerifierKey.Parse(key.GetString()!))];
}
