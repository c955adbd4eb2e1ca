using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Identity.Enrolment;

/// <summary>
/// The registration entries of a data directory, in <c>entries.json</c> (0600). A server that runs sees a change within a
/// second; a process whose entry is removed gets no further SVID.
/// </summary>
public sealed class RegistrationEntries
{
    /// <summary>File name of the entries.</summary>
    public const string FileName = "entries.json";

    private const int Most = 10_000;
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly string _path;
    private readonly string _trustDomain;

    /// <summary>The entries in a directory, whose identities are of one trust domain.</summary>
    public RegistrationEntries(string directory, string trustDomain) => (_path, _trustDomain) = (Path.Combine(directory, FileName), trustDomain);

    /// <summary>A mark that changes whenever the entries do.</summary>
    public DateTime Stamp => File.GetLastWriteTimeUtc(_path);

    /// <summary>All entries, in the order in which they were added.</summary>
    /// <exception cref="AuthorityException">The file can't be read.</exception>
    public IReadOnlyList<RegistrationEntry> All()
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        try
        {
            DurableFile.RequireOwnerOnly(_path);
            using var json = JsonDocument.Parse(File.ReadAllBytes(_path));
            return [.. json.RootElement.GetProperty("entries").EnumerateArray().Select(Read)];
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new AuthorityException($"the registration entries in {_path} can't be read: {e.Message}", e);
        }
    }

    /// <summary>Adds an entry.</summary>
    /// <exception cref="AuthorityException">The identity is of another trust domain, the lifetime out of range, no selector given, or the very entry is there.</exception>
    public RegistrationEntry Add(SpiffeId id, string owner, TimeSpan ttl, IReadOnlyList<Selector> selectors)
    {
        ArgumentNullException.ThrowIfNull(selectors);
        if (id.TrustDomain != _trustDomain || id.Path.Length == 0)
        {
            throw new AuthorityException($"no entry for \"{id}\": this authority gives identities of the form spiffe://{_trustDomain}/PATH");
        }

        if (ttl < RegistrationEntry.ShortestTtl || ttl > RegistrationEntry.LongestTtl)
        {
            throw new AuthorityException($"no entry for {id}: a lifetime is from {RegistrationEntry.ShortestTtl.TotalSeconds:0} s to {RegistrationEntry.LongestTtl.TotalDays:0} days, found {ttl}");
        }

        if (selectors.Count == 0)
        {
            throw new AuthorityException($"no entry for {id}: without a selector every process on the machine would be {id}");
        }

        return Change(entries =>
        {
            var wanted = selectors.Distinct().ToHashSet();
            if (entries.FirstOrDefault(entry => entry.SpiffeId == id && wanted.SetEquals(entry.Selectors)) is { } same)
            {
                throw new AuthorityException($"entry {same.Id} is for {id} with the same selectors already");
            }

            if (entries.Count >= Most)
            {
                throw new AuthorityException($"{_path} has {Most} entries; there is no room for more");
            }

            var entry = new RegistrationEntry(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), id, owner, ttl, [.. selectors.Distinct()]);
            entries.Add(entry);
            return entry;
        });
    }

    /// <summary>Removes an entry.</summary>
    /// <exception cref="AuthorityException">There is none with that id.</exception>
    public RegistrationEntry Remove(string id) => Change(entries =>
    {
        var entry = entries.FirstOrDefault(one => one.Id == id) ?? throw new AuthorityException($"{_path} has no entry {id}; `cairn identity entry list` shows them");
        entries.Remove(entry);
        return entry;
    });

    private T Change<T>(Func<List<RegistrationEntry>, T> change)
    {
        try
        {
            using var guard = FileLock.Take(_path + ".lock", LockPatience);
            var entries = All().ToList();
            var result = change(entries);
            DurableFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    entries = entries.Select(entry => new
                    {
                        id = entry.Id,
                        spiffe_id = entry.SpiffeId.ToString(),
                        owner = entry.Owner,
                        ttl_seconds = (long)entry.Ttl.TotalSeconds,
                        selectors = entry.Selectors.Select(selector => selector.ToString()),
                    }),
                },
                Indented));
            return result;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException)
        {
            throw new AuthorityException($"the registration entries in {_path} can't be changed: {e.Message}", e);
        }
    }

    private static RegistrationEntry Read(JsonElement json) => new(
        json.GetProperty("id").GetString()!,
        SpiffeId.Parse(json.GetProperty("spiffe_id").GetString()!),
        json.GetProperty("owner").GetString()!,
        TimeSpan.FromSeconds(json.GetProperty("ttl_seconds").GetInt64()),
        [.. json.GetProperty("selectors").EnumerateArray().Select(selector => Selector.Parse(selector.GetString()!))]);
}
