using System.Globalization;
using Cairn.Cli.Authorize;
using Cairn.Trails;

namespace Cairn.Cli.Investigate;

/// <summary>The files that a command changed, for people: one line for the command, one for each file.</summary>
internal static class ChangedFiles
{
    /// <summary>Files that are listed of one command; <c>--output json</c> has all that its record lists.</summary>
    private const int MostFiles = 20;

    /// <summary>Digits of a digest that tell two contents of one file apart.</summary>
    private const int ShownDigits = 12;

    /// <summary>The lines of an action; none where its emitter did not look.</summary>
    public static IEnumerable<string> Lines(TrailAction action)
    {
        if (action.Files is not { } changes)
        {
            yield break;
        }

        var counts = changes.Count == 0 ? "changed no file that was looked at" : $"{changes.Created} created, {changes.Modified} modified, {changes.Deleted} deleted";
        var whole = changes.IsWhole ? "" : "; not every file was looked at";
        yield return $"{ApprovalWords.Plain(action.ShortResource)} by {action.Actor.Id.Path}: {counts}{whole} (record {action.Completion})";
        var width = changes.Files.Take(MostFiles).Select(file => ApprovalWords.Plain(file.Path).Length).DefaultIfEmpty().Max();
        foreach (var file in changes.Files.Take(MostFiles))
        {
            yield return $"  {file.Operation,-8} {ApprovalWords.Plain(file.Path).PadRight(Math.Min(width, 60))}  {Versions(file)}".TrimEnd();
        }

        if (changes.Count > Math.Min(changes.Files.Count, MostFiles))
        {
            yield return $"  and {changes.Count - Math.Min(changes.Files.Count, MostFiles)} more; --output json has what the record lists ({changes.Files.Count} of {changes.Count})";
        }
    }

    private static string Versions(ChangedFile file)
    {
        var size = file.Bytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $", {bytes} B") : "";
        return file.Operation switch
        {
            "created" => $"→ {Digest(file.After)}{size}",
            "deleted" => $"{Digest(file.Before)} →",
            _ => $"{Digest(file.Before)} → {Digest(file.After)}{size}",
        };
    }

    private static string Digest(string? digest) => digest is null ? "not read" : ApprovalWords.Plain(digest[..Math.Min(digest.Length, "sha256:".Length + ShownDigits)]);
}
