using System.Text.Json;

namespace Cairn.Gateway.Approvals;

/// <summary>
/// Who is in which group of approvers: <c>approvers.json</c> in the data directory, an object from group to an array of
/// user names, such as <c>{"group:finance": ["alice", "uid:1007"]}</c>. Read anew for each answer.
/// </summary>
/// <param name="path">The file; one that is not there has no groups.</param>
internal sealed class ApproverGroups(string path)
{
    /// <summary>Whether a user may answer a request.</summary>
    /// <param name="user">The user's id.</param>
    /// <param name="name">The user's name; null where the system knows none.</param>
    /// <param name="approvers">Whom the policy names: groups, or users as <c>os-user:NAME</c>, <c>user:NAME</c> or <c>uid:N</c>. None: anybody who is authenticated.</param>
    /// <exception cref="ApprovalFormatException">The file can't be understood.</exception>
    public bool May(uint user, string? name, IReadOnlyList<string> approvers)
    {
        if (approvers.Count == 0 || approvers.Any(a => Is(a, user, name)))
        {
            return true;
        }

        var groups = Read();
        return approvers.Any(a => groups.TryGetValue(a, out var members) && members.Any(m => Is(m, user, name)));
    }

    private Dictionary<string, List<string>> Read()
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.EnumerateObject().ToDictionary(
                g => g.Name, g => g.Value.EnumerateArray().Select(m => m.GetString() ?? "").ToList(), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new ApprovalFormatException($"{path}: expected an object from group to an array of user names: {e.Message}", e);
        }
    }

    private static bool Is(string named, uint user, string? name)
    {
        if (named == $"uid:{user}")
        {
            return true;
        }

        var bare = named.StartsWith("os-user:", StringComparison.Ordinal) ? named["os-user:".Length..]
            : named.StartsWith("user:", StringComparison.Ordinal) ? named["user:".Length..]
            : named;
        return name is { Length: > 0 } && string.Equals(bare, name, StringComparison.Ordinal);
    }
}
