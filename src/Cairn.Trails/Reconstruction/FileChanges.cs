namespace Cairn.Trails;

/// <summary>A file that an act left otherwise than it had found it.</summary>
/// <param name="Path">Its path below the folder that was watched.</param>
/// <param name="Operation">created, modified or deleted.</param>
/// <param name="Before">Digest of its content before, as <c>sha256:</c> and hexadecimal digits; null where there was none or it was not read.</param>
/// <param name="After">The same after.</param>
/// <param name="Bytes">Its length after; null where it is not told.</param>
public sealed record ChangedFile(string Path, string Operation, string? Before, string? After, long? Bytes);

/// <summary>What an act changed below the folder that was watched (docs/spec/records.md §4).</summary>
/// <param name="Created">How many files it created.</param>
/// <param name="Modified">How many it modified.</param>
/// <param name="Deleted">How many it deleted.</param>
/// <param name="IsWhole">Whether every file of the folder was looked at, before and after.</param>
/// <param name="Files">The files; fewer than the counts say where the record has no room for all.</param>
public sealed record FileChanges(long Created, long Modified, long Deleted, bool IsWhole, IReadOnlyList<ChangedFile> Files)
{
    /// <summary>How many files changed.</summary>
    public long Count => Created + Modified + Deleted;

    /// <summary>Reads the member <c>changes</c> of an outcome; null where there is none.</summary>
    internal static FileChanges? Read(RecordBody body) => body.Object("changes") is not { } changes ? null : new FileChanges(
        changes.Number("created") ?? 0, changes.Number("modified") ?? 0, changes.Number("deleted") ?? 0, changes.Flag("whole") ?? false,
        [
            .. changes.Objects("files").Select(file => new ChangedFile(
                file.Text("path") ?? "?", file.Text("operation") ?? "?", file.Text("before"), file.Text("after"), file.Number("bytes"))),
        ]);
}
