using System.Globalization;
using System.Text.Json;
using Cairn.Identity.Files;

namespace Cairn.Identity;

/// <summary>
/// <c>roots.json</c> beside an authority's key: all roots that it ever had, oldest first, each with its state. An authority
/// that never changed its key has no such file. Written under the authority's lock only.
/// </summary>
internal static class RootsFile
{
    public const string Name = "roots.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The roots, and how often they have changed; null when there is no file.</summary>
    /// <exception cref="AuthorityException">The file has another form.</exception>
    public static (long Sequence, IReadOnlyList<AuthorityRoot> Roots)? Read(string directory)
    {
        var path = Path.Combine(directory, Name);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return (json.RootElement.GetProperty("sequence").GetInt64(), [.. json.RootElement.GetProperty("roots").EnumerateArray().Select(root => new AuthorityRoot(
                root.GetProperty("certificate").GetBytesFromBase64(),
                Enum.TryParse<RootState>(root.GetProperty("state").GetString(), ignoreCase: true, out var state) && Enum.IsDefined(state) ? state : throw new FormatException("a root's state is announced, issuing, retiring or removed"),
                DateTimeOffset.Parse(root.GetProperty("since").GetString()!, CultureInfo.InvariantCulture)))]);
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            throw new AuthorityException($"{path} is not a list of roots: {e.Message}", e);
        }
    }

    public static void Write(string directory, long sequence, IEnumerable<AuthorityRoot> roots) => DurableFile.Write(
        Path.Combine(directory, Name),
        JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                sequence,
                roots = roots.Select(root => new
                {
                    certificate = Convert.ToBase64String(root.Certificate),
                    state = root.State.ToString().ToLowerInvariant(),
                    since = root.Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                }),
            },
            Indented));
}
