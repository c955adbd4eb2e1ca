using System.Text.Json;
using Cairn.Evidence;
using Cairn.Gateway.Capture;
using Cairn.Sdk;

namespace Cairn.Gateway.Changes;

/// <summary>A file that was created, modified or deleted.</summary>
/// <param name="Path">Its path below the folder.</param>
/// <param name="Operation">created, modified or deleted.</param>
/// <param name="Before">SHA-256 before; null where there was none or it was not read.</param>
/// <param name="After">SHA-256 after; null where there is none or it was not read.</param>
/// <param name="Bytes">Length after; null for a deleted file.</param>
internal sealed record FileChange(string Path, string Operation, Digest? Before, Digest? After, long? Bytes);

/// <summary>What differs between two looks at a folder.</summary>
/// <param name="Files">Every changed file, by path.</param>
/// <param name="IsWhole">Whether both looks saw every file.</param>
/// <param name="Limits">How much of it a record lists.</param>
internal sealed record FolderChanges(IReadOnlyList<FileChange> Files, bool IsWhole, WatchLimits Limits)
{
    private const int LongestPath = 512;

    /// <summary>Bytes of the list within one record; the rest of a record has 16 KiB at least.</summary>
    private const int MostListBytes = 40 * 1024;

    /// <summary>Compares.</summary>
    /// <param name="before">The folder before.</param>
    /// <param name="after">The same folder after.</param>
    /// <param name="limits">How much is read.</param>
    public static FolderChanges Between(FolderSnapshot before, FolderSnapshot after, WatchLimits limits)
    {
        var changes = new List<FileChange>();
        var left = limits.BytesAfter;
        var whole = before.IsWhole && after.IsWhole;
        foreach (var (path, now) in after.Files)
        {
            var isKnown = before.Files.TryGetValue(path, out var then);
            if ((isKnown && then == now) || (!isKnown && !before.IsWhole))
            {
                continue; // untouched; or it may have been there and not been looked at
            }

            var digest = now.Size <= left ? FileDigest.Of(Path.Join(after.Root, path), now) : null;
            left -= digest is null ? 0 : now.Size;
            var earlier = before.DigestOf(path);
            if (isKnown && digest is not null && digest == earlier && then.Mode == now.Mode)
            {
                continue; // written again, with the same content
            }

            changes.Add(new FileChange(path, isKnown ? "modified" : "created", earlier, digest, now.Size));
        }

        if (after.IsWhole)
        {
            changes.AddRange(before.Files.Keys.Where(path => !after.Files.ContainsKey(path))
                .Select(path => new FileChange(path, "deleted", before.DigestOf(path), null, null)));
        }

        changes.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new FolderChanges(changes, whole, limits);
    }

    /// <summary>Writes the member <c>changes</c> of <c>action.completed</c> (docs/spec/records.md §4).</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("changes"u8);
        foreach (var operation in new[] { "created", "modified", "deleted" })
        {
            writer.WriteNumber(operation, Files.Count(file => file.Operation == operation));
        }

        writer.WriteBoolean("whole"u8, IsWhole);
        writer.WriteStartArray("files"u8);
        var begun = writer.BytesCommitted + writer.BytesPending;
        foreach (var file in Files.Take(Limits.Listed))
        {
            if (writer.BytesCommitted + writer.BytesPending - begun > MostListBytes)
            {
                break;
            }

            writer.WriteStartObject();
            writer.WriteString("path"u8, ResourceNames.Bounded(Redactor.RedactText(file.Path), LongestPath));
            writer.WriteString("operation"u8, file.Operation);
            if (file.Before is { } before)
            {
                writer.WriteString("before"u8, $"sha256:{before}");
            }

            if (file.After is { } after)
            {
                writer.WriteString("after"u8, $"sha256:{after}");
            }

            if (file.Bytes is { } bytes)
            {
                writer.WriteNumber("bytes"u8, bytes);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
