using System.Globalization;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Identity;

/// <summary>A key that this installation makes no certificate for, and takes no statement by, any more.</summary>
/// <param name="Key">SHA-256 of its SubjectPublicKeyInfo.</param>
/// <param name="Emitter">Whose key it was, a SPIFFE ID; empty where nobody knows.</param>
/// <param name="Time">When it was revoked.</param>
public sealed record RefusedKey(Digest Key, string Emitter, DateTimeOffset Time);

/// <summary>
/// <c>revoked.json</c> beside an authority's keys: the keys that are refused, oldest first. It only refuses; what evidence under such
/// a key still proves is for the record in the ledger to say. Nothing is ever taken out.
/// </summary>
public static class RevokedKeys
{
    /// <summary>The file's name.</summary>
    public const string FileName = "revoked.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The keys that are refused.</summary>
    /// <param name="directory">The authority's directory.</param>
    /// <exception cref="AuthorityException">The file has another form: nobody knows then whom to refuse.</exception>
    public static IReadOnlyList<RefusedKey> Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
        {
            return [];
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return [.. json.RootElement.EnumerateArray().Select(one => new RefusedKey(
                Digest.ParseHex(one.GetProperty("key").GetString()!), one.GetProperty("emitter").GetString()!,
                DateTimeOffset.Parse(one.GetProperty("time").GetString()!, CultureInfo.InvariantCulture)))];
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or ArgumentException or EvidenceFormatException)
        {
            throw new AuthorityException($"{path} is not a list of revoked keys: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuthorityException($"{path} can't be read: {e.Message}", e);
        }
    }

    /// <summary>Refuses keys from now on; those that are refused already stay as they are. Durable when it returns.</summary>
    /// <param name="directory">The authority's directory.</param>
    /// <param name="keys">The keys.</param>
    /// <exception cref="AuthorityException">The file can't be read or written.</exception>
    public static void Add(string directory, IEnumerable<RefusedKey> keys)
    {
        try
        {
            using var guard = LocalAuthority.Guard(directory);
            var known = Read(directory);
            var all = known.Concat(keys.Where(one => known.All(other => other.Key != one.Key))).ToList();
            DurableFile.Write(Path.Combine(directory, FileName), JsonSerializer.SerializeToUtf8Bytes(
                all.Select(one => new
                {
                    key = one.Key.ToString(),
                    emitter = one.Emitter,
                    time = one.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                }),
                Indented));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuthorityException($"{Path.Combine(directory, FileName)} can't be written: {e.Message}", e);
        }
    }

    /// <summary>Whether a key is refused.</summary>
    /// <param name="directory">The authority's directory.</param>
    /// <param name="key">SHA-256 of its SubjectPublicKeyInfo.</param>
    /// <exception cref="AuthorityException">The file can't be read.</exception>
    public static bool Refuses(string directory, Digest key) => Read(directory).Any(one => one.Key == key);
}

/// <summary>No certificate is made for a key, since it was revoked.</summary>
public sealed class KeyRevokedException(Digest key, string emitter) : AuthorityException(
    $"the key {key}{(emitter.Length > 0 ? $" of {emitter}" : "")} was revoked: no certificate is made for it any more. Make a new key")
{
    /// <summary>SHA-256 of the key's SubjectPublicKeyInfo.</summary>
    public Digest Key { get; } = key;
}
