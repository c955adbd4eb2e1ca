using System.Diagnostics;
using System.IO.Enumeration;
using Cairn.Evidence;

namespace Cairn.Gateway.Changes;

/// <summary>How far a look at a folder goes.</summary>
public sealed record WatchLimits
{
    /// <summary>The most files that are looked at.</summary>
    public int Files { get; init; } = 100_000;

    /// <summary>How long listing a folder may take.</summary>
    public TimeSpan ListingTime { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The most bytes that are read beforehand, so that a file that changes has a digest from before.</summary>
    public long BytesBefore { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long reading beforehand may take.</summary>
    public TimeSpan TimeBefore { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The most bytes of changed files that are read afterwards.</summary>
    public long BytesAfter { get; init; } = 512 * 1024 * 1024;

    /// <summary>The most files that a record lists; further ones are counted.</summary>
    public int Listed { get; init; } = 96;
}

/// <summary>
/// The files below a folder at one time: a stamp for each, and a digest for as many as the limits allow, those changed last
/// first, because what was worked on is worked on again. Symbolic links are not followed.
/// </summary>
internal sealed class FolderSnapshot
{
    private readonly Dictionary<string, FileStamp> _files;
    private readonly Dictionary<string, Digest> _digests = new(StringComparer.Ordinal);

    private FolderSnapshot(string root, Dictionary<string, FileStamp> files, bool isWhole) => (Root, _files, IsWhole) = (root, files, isWhole);

    /// <summary>The folder, absolute.</summary>
    public string Root { get; }

    /// <summary>Whether every file was looked at: no limit was reached and no folder was closed to us.</summary>
    public bool IsWhole { get; }

    /// <summary>Stamps by path below the root.</summary>
    public IReadOnlyDictionary<string, FileStamp> Files => _files;

    /// <summary>The digest of a file's content at that time; null where it was not read.</summary>
    public Digest? DigestOf(string path) => _digests.TryGetValue(path, out var digest) ? digest : null;

    /// <summary>Lists a folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="excluded">Absolute paths of folders that are not looked into.</param>
    /// <param name="limits">How far to go.</param>
    public static FolderSnapshot Take(string root, IReadOnlyList<string> excluded, WatchLimits limits)
    {
        var started = Stopwatch.GetTimestamp();
        var files = new Dictionary<string, FileStamp>(StringComparer.Ordinal);
        var whole = true;
        root = root.Length > 1 ? root.TrimEnd('/') : root;
        using var listing = new Listing(root, path => IsExcluded(root, path, excluded));
        while (listing.MoveNext())
        {
            if (files.Count >= limits.Files || Stopwatch.GetElapsedTime(started) > limits.ListingTime)
            {
                whole = false;
                break;
            }

            if (FileStamp.Of(Path.Join(root, listing.Current)) is not { } stamp)
            {
                // Gone in between; or a name that is not UTF-8, which can't be asked for by its text.
                whole &= !listing.Current.Contains('\uFFFD', StringComparison.Ordinal);
            }
            else if (stamp.IsRegular || stamp.IsLink)
            {
                files[listing.Current] = stamp;
            }
        }

        return new FolderSnapshot(root, files, whole && !listing.MetClosedFolder);
    }

    /// <summary>Reads files until the limits are reached.</summary>
    public void ReadAhead(WatchLimits limits)
    {
        var started = Stopwatch.GetTimestamp();
        var left = limits.BytesBefore;
        foreach (var (path, stamp) in _files.OrderByDescending(file => file.Value.Modified))
        {
            if (Stopwatch.GetElapsedTime(started) > limits.TimeBefore)
            {
                return;
            }

            if (stamp.Size <= left && FileDigest.Of(Path.Join(Root, path), stamp) is { } digest)
            {
                left -= stamp.Size;
                _digests[path] = digest;
            }
        }
    }

    /// <summary>Version control's own stores change with every act of theirs, by hash and beside the files that matter.</summary>
    private static bool IsExcluded(string root, ReadOnlySpan<char> path, IReadOnlyList<string> excluded)
    {
        if (path.EndsWith("/.git/objects"))
        {
            return true;
        }

        foreach (var one in excluded)
        {
            if (path.SequenceEqual(one) && one != root)
            {
                return true;
            }
        }

        return false;
    }

    private delegate bool PathRule(ReadOnlySpan<char> path);

    private sealed class Listing : FileSystemEnumerator<string>
    {
        private readonly string _beginning;
        private readonly PathRule _isExcluded;

        public Listing(string root, PathRule isExcluded)
            : base(root, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false, ReturnSpecialDirectories = false })
        {
            (_beginning, _isExcluded) = (root.EndsWith('/') ? root : root + "/", isExcluded);
        }

        public bool MetClosedFolder { get; private set; }

        protected override bool ShouldIncludeEntry(ref FileSystemEntry entry) => !entry.IsDirectory || IsLink(ref entry);

        protected override bool ShouldRecurseIntoEntry(ref FileSystemEntry entry) => !IsLink(ref entry) && !_isExcluded(entry.ToFullPath());

        protected override string TransformEntry(ref FileSystemEntry entry) => entry.ToFullPath()[_beginning.Length..];

        protected override bool ContinueOnError(int error) => MetClosedFolder = true;

        private static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;
    }
}
