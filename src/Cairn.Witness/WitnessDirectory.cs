using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Identity.Files;
using Cairn.Witness.Storage;

namespace Cairn.Witness;

/// <summary>
/// A witness's folder: its keys, and what it has cosigned (docs/spec/witnessing.md §4). The two are made together and never
/// apart: a witness whose memory is gone must not sign with the old key again, since it could cosign a second history.
/// </summary>
public sealed class WitnessDirectory
{
    private const string Marker = "witness.json";
    private static readonly (byte Type, string Name)[] KeyFiles = [(KeyType.CosignatureEd25519, "ed25519"), (KeyType.MlDsa44, "mldsa44")];

    private WitnessDirectory(string root, string name) => (Root, Name) = (root, name);

    /// <summary>The folder's absolute path.</summary>
    public string Root { get; }

    /// <summary>The witness's name, which both its keys have.</summary>
    public string Name { get; }

    /// <summary>What was cosigned, and what was refused.</summary>
    public string StatePath => Path.Combine(Root, "state.db");

    /// <summary>Proofs of forks that were found.</summary>
    public string ForksPath => Path.Combine(Root, "forks");

    internal string LockPath => Path.Combine(Root, "witness.lock");

    /// <summary>Makes a witness with new keys. The folder appears whole or not at all.</summary>
    /// <param name="path">An absent or empty folder.</param>
    /// <param name="name">The witness's name: a URL without scheme, say.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="WitnessException">The folder is not empty or can't be written, or the name is none for a key.</exception>
    public static WitnessDirectory Create(string path, string name, TimeProvider? time = null)
    {
        var root = Path.GetFullPath(path);
        if (File.Exists(root) || (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any()))
        {
            throw new WitnessException($"{root} is not empty; a new witness needs an empty or absent folder");
        }

        var temporary = $"{root}.new-{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(root)!);
            DurableFile.CreateDirectory(temporary);
            new WitnessDirectory(temporary, name).Fill(time ?? TimeProvider.System);
            if (Directory.Exists(root))
            {
                Directory.Delete(root);
            }

            Directory.Move(temporary, root);
            DurableFile.SyncDirectory(Path.GetDirectoryName(root)!);
            return new WitnessDirectory(root, name);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or EvidenceFormatException)
        {
            throw new WitnessException($"a witness can't be made at {root}: {problem.Message}", problem);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    /// <summary>Opens a witness's folder. Nothing that is missing is made.</summary>
    /// <exception cref="WitnessException">It is none, or a part is missing, open to others or another witness's.</exception>
    public static WitnessDirectory Open(string path)
    {
        var root = Path.GetFullPath(path);
        var marker = Path.Combine(root, Marker);
        if (!File.Exists(marker))
        {
            throw new WitnessException($"there is no witness at {root}: no {Marker}. `cairn witness init` makes a new one, with new keys");
        }

        var directory = new WitnessDirectory(root, ReadMarker(marker));
        foreach (var (_, name) in KeyFiles)
        {
            if (!File.Exists(directory.KeyPath(name)))
            {
                throw new WitnessException($"{directory.KeyPath(name)} is missing: the witness at {root} can't be opened without it, and nothing is made in its place");
            }
        }

        return File.Exists(directory.StatePath)
            ? directory
            : throw new WitnessException($"{directory.StatePath} is missing, and the keys have signed before: a witness without its memory could cosign a second history. Bring the file back as it was, or retire these keys and make a new witness with `cairn witness init`");
    }

    /// <summary>The witness's two keys: Ed25519 and ML-DSA-44, both for cosignatures.</summary>
    /// <exception cref="WitnessException">A key file is not one, is another witness's, or is open to others.</exception>
    public IReadOnlyList<CheckpointSigner> OpenSigners()
    {
        var signers = new List<CheckpointSigner>();
        foreach (var (type, name) in KeyFiles)
        {
            var path = KeyPath(name);
            try
            {
                DurableFile.RequireOwnerOnly(path);
                var signer = CheckpointSigner.ParsePrivate(File.ReadAllText(path).Trim());
                signers.Add(signer);
                if (signer.VerifierKey.Type != type || signer.VerifierKey.Name != Name)
                {
                    throw new WitnessException($"{path} should hold a key of type 0x{type:x2} named {Name}, found 0x{signer.VerifierKey.Type:x2} named {signer.VerifierKey.Name}");
                }
            }
            catch (Exception problem) when (problem is EvidenceFormatException or IOException or UnauthorizedAccessException or WitnessException)
            {
                signers.ForEach(signer => signer.Dispose());
                throw problem as WitnessException ?? new WitnessException($"{path} can't be read: {problem.Message}", problem);
            }
        }

        return signers;
    }

    /// <summary>
    /// The lines by which a trust policy names this witness: one for each key, and a group that wants both, so that the
    /// witness counts once and whoever breaks one algorithm has gained nothing.
    /// </summary>
    /// <param name="url">Its submission prefix; null leaves it out, which is enough for verifiers.</param>
    /// <exception cref="WitnessException">A key can't be read.</exception>
    public string PolicyLines(string? url)
    {
        var signers = OpenSigners();
        var lines = new StringBuilder();
        var names = KeyFiles.Select(file => $"{Name}/{file.Name}").ToList();
        foreach (var (signer, name) in signers.Zip(names))
        {
            lines.Append("witness ").Append(name).Append(' ').Append(signer.VerifierKey).Append(url is null ? "" : $" {url}").Append('\n');
            signer.Dispose();
        }

        return lines.Append("group ").Append(Name).Append(" all ").AppendJoin(' ', names).Append('\n').ToString();
    }

    private static string ReadMarker(string marker)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(marker));
            return json.RootElement.GetProperty("format").GetInt32() is 1
                ? json.RootElement.GetProperty("name").GetString() ?? throw new JsonException("no name")
                : throw new WitnessException($"{marker} is of another format; this program reads format 1");
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new WitnessException($"{marker} can't be read: {problem.Message}", problem);
        }
    }

    private string KeyPath(string name) => Path.Combine(Root, "keys", $"witness.{name}");

    private void Fill(TimeProvider time)
    {
        DurableFile.CreateDirectory(Path.Combine(Root, "keys"));
        DurableFile.CreateDirectory(ForksPath);
        var keys = new List<VerifierKey>();
        foreach (var (type, name) in KeyFiles)
        {
            using var signer = CheckpointSigner.Generate(type, Name);
            keys.Add(signer.VerifierKey);
            DurableFile.Write(KeyPath(name), Encoding.UTF8.GetBytes(signer.ExportPrivate() + "\n"));
        }

        WitnessStore.Create(StatePath, keys);
        DurableFile.SyncDirectory(Root);
        DurableFile.Write(Path.Combine(Root, Marker), JsonSerializer.SerializeToUtf8Bytes(new { format = 1, name = Name, created = time.GetUtcNow() }));
    }
}
