using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Identity;
using Cairn.Identity.Files;
using Cairn.Ledger.Keys;
using Cairn.Ledger.Timestamps;

namespace Cairn.Ledger;

/// <summary>
/// Cairn's data directory: where everything of one ledger lies (docs/spec/data-directory.md). Opening never creates, and
/// creating never touches what is there.
/// </summary>
public sealed class LedgerDirectory
{
    /// <summary>The version of the directory's layout that this program reads and writes.</summary>
    public const int Format = 1;

    private const string Marker = "cairn.json";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private LedgerDirectory(string root, string origin, string trustDomain) => (Root, Origin, TrustDomain) = (root, origin, trustDomain);

    /// <summary>The directory's absolute path.</summary>
    public string Root { get; }

    /// <summary>The log's origin.</summary>
    public string Origin { get; }

    /// <summary>The trust domain of the emitters.</summary>
    public string TrustDomain { get; }

    /// <summary>Signing keys and the local authority; mode 0700.</summary>
    public string KeysPath => Path.Combine(Root, "keys");

    /// <summary>The journal: what was acknowledged.</summary>
    public string JournalPath => Path.Combine(Root, "journal.db");

    /// <summary>The static log, as any tlog client reads it.</summary>
    public string TilesPath => Path.Combine(Root, "ledger");

    /// <summary>Tiles on their way to being published.</summary>
    public string StagingPath => Path.Combine(Root, "staging");

    /// <summary>Where emitters on this machine keep what the ledger could not take yet.</summary>
    public string SpoolPath => Path.Combine(Root, "spool");

    /// <summary>The trails' content keys.</summary>
    public string VaultPath => Path.Combine(Root, "vault.db");

    /// <summary>The lock of whoever decides about a trail's content: shredding, and holds against it.</summary>
    public string ErasureLockPath => Path.Combine(Root, "erasure.lock");

    /// <summary>The projection that investigators query; can be deleted.</summary>
    public string IndexPath => Path.Combine(Root, "index.db");

    /// <summary>Which witnesses cosign this ledger's checkpoints; absent for none (docs/spec/witnessing.md §5).</summary>
    public string WitnessPolicyPath => Path.Combine(Root, "witness.policy");

    /// <summary>The newest signed head with the cosignatures that it has so far, and how each witness fared.</summary>
    public string WitnessingPath => Path.Combine(Root, "witnessing");

    internal string SequencerLockPath => Path.Combine(Root, "sequencer.lock");

    internal string JournalLockPath => Path.Combine(Root, "journal.lock");

    private string EmittersPath => Path.Combine(Root, "emitters.policy");

    /// <summary>Makes a new data directory. It appears whole or not at all.</summary>
    /// <exception cref="LedgerDirectoryException">The path exists and is not an empty folder, or can't be written.</exception>
    public static LedgerDirectory Create(string path, LedgerSettings settings, TimeProvider? time = null)
    {
        var root = Path.GetFullPath(path);
        if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any())
        {
            throw new LedgerDirectoryException($"{root} is not empty; a new ledger needs an empty or absent folder");
        }

        var origin = settings.Origin ?? $"{settings.TrustDomain}/ledger/{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        var temporary = $"{root}.new-{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(root)!);
            DurableFile.CreateDirectory(temporary);
            var made = new LedgerDirectory(temporary, origin, settings.TrustDomain);
            made.Fill(time ?? TimeProvider.System);
            if (Directory.Exists(root))
            {
                Directory.Delete(root);
            }

            Directory.Move(temporary, root);
            DurableFile.SyncDirectory(Path.GetDirectoryName(root)!);
            return new LedgerDirectory(root, origin, settings.TrustDomain);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or AuthorityException)
        {
            throw new LedgerDirectoryException($"{root} can't be made: {problem.Message}", problem);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    /// <summary>Opens a data directory.</summary>
    /// <exception cref="LedgerDirectoryException">It is missing, of another version, or a part is missing or open to others.</exception>
    public static LedgerDirectory Open(string path)
    {
        var root = Path.GetFullPath(path);
        var marker = Path.Combine(root, Marker);
        if (!File.Exists(marker))
        {
            throw new LedgerDirectoryException(Directory.Exists(root)
                ? $"{root} is not a Cairn data directory: it holds no {Marker}"
                : $"there is no Cairn data directory at {root}; `cairn mcp` and `cairn serve` make one, commands that read do not");
        }

        var (origin, trustDomain) = ReadMarker(marker);
        var directory = new LedgerDirectory(root, origin, trustDomain);
        foreach (var part in (string[])[directory.JournalPath, directory.VaultPath, .. LogKeyFiles.Algorithms.Select(one => new LogKeyFiles(directory).KeyPath(one.Name)), Path.Combine(directory.KeysPath, LocalAuthority.KeyFile)])
        {
            if (!File.Exists(part))
            {
                throw new LedgerDirectoryException($"{part} is missing: the ledger at {root} can't be opened without it, and nothing is made in its place");
            }
        }

        foreach (var secret in Directory.EnumerateFiles(directory.KeysPath, "*"))
        {
            var loose = File.GetUnixFileMode(secret) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
            if (loose != 0 && !secret.EndsWith(LocalAuthority.CertificateFile, StringComparison.Ordinal))
            {
                throw new LedgerDirectoryException($"{secret} is open to other users ({loose}); expected mode 0600. Run: chmod 600 {secret}");
            }
        }

        return directory;
    }

    /// <summary>Opens the directory, or makes it where there is none. Safe when several processes do it at once: one makes it.</summary>
    /// <exception cref="LedgerDirectoryException">As <see cref="Open"/> and <see cref="Create"/>.</exception>
    public static LedgerDirectory OpenOrCreate(string path, LedgerSettings? settings = null, TimeProvider? time = null)
    {
        var root = Path.GetFullPath(path);
        if (!File.Exists(Path.Combine(root, Marker)) && (!Directory.Exists(root) || !Directory.EnumerateFileSystemEntries(root).Any()))
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(root)!);
                using var guard = FileLock.Take($"{root}.create-lock", TimeSpan.FromSeconds(30));
                if (!File.Exists(Path.Combine(root, Marker)))
                {
                    Create(root, settings ?? new LedgerSettings(), time);
                }
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or TimeoutException)
            {
                throw new LedgerDirectoryException($"{root} can't be made: {problem.Message}", problem);
            }
        }

        return Open(root);
    }

    /// <summary>
    /// What a verifier should trust of this ledger: its log keys, those in force and those that were retired, the trust domain's roots, and emitters by path
    /// (<c>/agent/*</c>, <c>/gateway/*</c>, <c>/importer/*</c>, <c>/operator/*</c>), its timestamp authorities, with the lines of
    /// <c>emitters.policy</c> and the witnesses and quorum of <c>witness.policy</c> where those files exist.
    /// Removed roots are in it, since old evidence leads to them; the ledger itself says until where they count.
    /// </summary>
    /// <exception cref="LedgerDirectoryException">A part can't be read.</exception>
    public TrustPolicy TrustPolicy() => TrustPolicy(static _ => true);

    /// <summary>The same without removed roots: whose statements the ledger takes now.</summary>
    /// <exception cref="LedgerDirectoryException">A part can't be read.</exception>
    internal TrustPolicy IngestPolicy() => TrustPolicy(static root => root.State != RootState.Removed);

    /// <summary>The keys by which the ledger takes no statement any more: those revoked here, and by a line of <c>emitters.policy</c>.</summary>
    /// <param name="policy">What <see cref="IngestPolicy"/> gave.</param>
    /// <exception cref="LedgerDirectoryException">The list can't be read.</exception>
    internal IReadOnlySet<Digest> RefusedKeys(TrustPolicy policy)
    {
        try
        {
            return RevokedKeys.Read(KeysPath).Select(one => one.Key).Concat(policy.Revoked.Select(one => one.Key)).ToHashSet();
        }
        catch (AuthorityException problem)
        {
            throw new LedgerDirectoryException($"the revoked keys of {Root} can't be read: {problem.Message}", problem);
        }
    }

    /// <summary>A mark that changes whenever what <see cref="IngestPolicy"/> or <see cref="RefusedKeys"/> gives may have changed.</summary>
    internal (DateTime, DateTime, DateTime, DateTime) IngestStamp => (
        File.GetLastWriteTimeUtc(Path.Combine(KeysPath, LocalAuthority.CertificateFile)), File.GetLastWriteTimeUtc(Path.Combine(KeysPath, LocalAuthority.RootsFileName)), File.GetLastWriteTimeUtc(EmittersPath),
        File.GetLastWriteTimeUtc(Path.Combine(KeysPath, RevokedKeys.FileName)));

    private TrustPolicy TrustPolicy(Func<AuthorityRoot, bool> takes)
    {
        using var keys = new LogKeyFiles(this).Read();
        try
        {
            using var authority = LocalAuthority.Open(KeysPath, TrustDomain);
            var policy = Evidence.Trust.TrustPolicy.For(
                keys.InForce.Select(signer => signer.VerifierKey),
                [.. authority.Roots.Where(takes).Select(root => new TrustDomainRoot(TrustDomain, root.Certificate))],
                [
                    new EmitterRule(EmitterRole.Agent, $"spiffe://{TrustDomain}/agent/*"),
                    new EmitterRule(EmitterRole.Gateway, $"spiffe://{TrustDomain}/gateway/*"),
                    new EmitterRule(EmitterRole.Importer, $"spiffe://{TrustDomain}/importer/*"),
                    new EmitterRule(EmitterRole.Operator, $"spiffe://{TrustDomain}/operator/*"),
                ],
                new TimestampServices(this).Policy(),
                keys.Retired);
            policy = Witnessing.WitnessPolicy.Read(this) is { } witnesses ? policy.WithWitnesses(witnesses.Policy) : policy;
            return File.Exists(EmittersPath) ? Evidence.Trust.TrustPolicy.Parse(policy.Encode() + File.ReadAllText(EmittersPath)) : policy;
        }
        catch (Exception problem) when (problem is AuthorityException or EvidenceFormatException or TimestampException)
        {
            throw new LedgerDirectoryException($"the trust policy of {Root} can't be put together: {problem.Message}", problem);
        }
    }

    private static (string Origin, string TrustDomain) ReadMarker(string marker)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(marker));
            var format = json.RootElement.GetProperty("format").GetInt32();
            return format == Format
                ? (json.RootElement.GetProperty("origin").GetString()!, json.RootElement.GetProperty("trust_domain").GetString()!)
                : throw new LedgerDirectoryException($"{marker} says format {format}; this program reads format {Format}. Use the program version that wrote it, or export from there");
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new LedgerDirectoryException($"{marker} can't be read: {problem.Message}", problem);
        }
    }

    private void Fill(TimeProvider time)
    {
        foreach (var folder in new[] { KeysPath, TilesPath, StagingPath, SpoolPath })
        {
            DurableFile.CreateDirectory(folder);
        }

        LocalAuthority.Create(KeysPath, TrustDomain, time).Dispose();
        foreach (var (type, name) in LogKeyFiles.Algorithms)
        {
            using var signer = CheckpointSigner.Generate(type, Origin);
            DurableFile.Write(new LogKeyFiles(this).KeyPath(name), System.Text.Encoding.ASCII.GetBytes(signer.ExportPrivate() + "\n"));
        }

        Journal.Journal.Create(JournalPath, Origin);
        TrailVault.Open(VaultPath).Dispose();
        DurableFile.SyncDirectory(Root);
        DurableFile.Write(
            Path.Combine(Root, Marker),
            JsonSerializer.SerializeToUtf8Bytes(new { format = Format, origin = Origin, trust_domain = TrustDomain, created = time.GetUtcNow() }, Indented));
    }
}
