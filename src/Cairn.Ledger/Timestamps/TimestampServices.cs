using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Cairn.Evidence.Trust;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Timestamps;

/// <summary>The timestamp authorities of a data directory, in <c>timestampers.json</c>.</summary>
public sealed partial class TimestampServices(LedgerDirectory directory)
{
    private string FilePath => Path.Combine(directory.Root, "timestampers.json");

    /// <summary>All of them, in the order in which they were added.</summary>
    /// <exception cref="TimestampException">The file can't be read.</exception>
    public IReadOnlyList<TimestampService> All()
    {
        if (!File.Exists(FilePath))
        {
            return [];
        }

        try
        {
            return [.. JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), TimestampJson.Default.ListSavedService)!.Select(saved => new TimestampService(
                Checked(saved.Name), saved.Url is null ? null : new Uri(saved.Url, UriKind.Absolute), [.. saved.Roots.Select(Convert.FromBase64String)]))];
        }
        catch (Exception problem) when (problem is JsonException or FormatException or NullReferenceException)
        {
            throw new TimestampException($"{FilePath} can't be read: {problem.Message}", problem);
        }
    }

    /// <summary>The same as lines of a trust policy.</summary>
    /// <exception cref="TimestampException">The file can't be read.</exception>
    public IReadOnlyList<Timestamper> Policy() => [.. All().Where(service => service.Roots.Count > 0).Select(service => new Timestamper(service.Name, [.. service.Roots.Select(root => (ReadOnlyMemory<byte>)root)]))];

    /// <summary>Adds one, or replaces where it is asked and adds to its roots.</summary>
    /// <exception cref="TimestampException">Name or URL has another form, or a root is no certificate or another's root.</exception>
    public void Add(string name, Uri url, IReadOnlyList<byte[]> roots)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https"))
        {
            throw new TimestampException($"{url} is no address of a timestamp authority; expected one that begins with https:// or http://");
        }

        var all = All();
        var known = all.FirstOrDefault(service => service.Name == Checked(name))?.Roots ?? [];
        foreach (var root in roots)
        {
            CheckRoot(root, all.FirstOrDefault(service => service.Name != name && service.Roots.Any(other => other.AsSpan().SequenceEqual(root)))?.Name);
        }

        var added = new TimestampService(name, url, [.. known, .. roots.Where(root => !known.Any(other => other.AsSpan().SequenceEqual(root)))]);
        Save([.. all.Where(service => service.Name != name), added]);
    }

    /// <summary>Asks one no more. Its roots stay in the trust policy unless they are distrusted too: tokens that it made still count.</summary>
    /// <exception cref="TimestampException">There is none of that name.</exception>
    public void Remove(string name, bool distrust)
    {
        var all = All();
        var one = all.FirstOrDefault(service => service.Name == name) ?? throw new TimestampException($"there is no timestamp authority {name} here; there is {(all.Count == 0 ? "none" : string.Join(", ", all.Select(service => service.Name)))}");
        Save(distrust ? [.. all.Where(service => service != one)] : [.. all.Select(service => service == one ? one with { Url = null } : service)]);
    }

    private static string Checked(string name) => Names().IsMatch(name)
        ? name
        : throw new TimestampException($"\"{name}\" is no name for a timestamp authority; expected 1 to 64 letters, digits, dots, hyphens and underscores");

    private static void CheckRoot(byte[] root, string? owner)
    {
        if (owner is not null)
        {
            throw new TimestampException($"that root is the timestamp authority {owner}'s already");
        }

        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(root);
            if (!certificate.RawDataMemory.Span.SequenceEqual(root))
            {
                throw new TimestampException("the root is not one DER certificate and nothing else");
            }
        }
        catch (System.Security.Cryptography.CryptographicException problem)
        {
            throw new TimestampException($"the root is no certificate: {problem.Message}", problem);
        }
    }

    private void Save(IReadOnlyList<TimestampService> services) => DurableFile.Write(
        FilePath, JsonSerializer.SerializeToUtf8Bytes([.. services.Select(service => new SavedService(service.Name, service.Url?.ToString(), [.. service.Roots.Select(Convert.ToBase64String)]))], TimestampJson.Default.ListSavedService));

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}$")]
    private static partial Regex Names();
}

/// <summary>A service as the file has it.</summary>
internal sealed record SavedService(string Name, string? Url, List<string> Roots);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(List<SavedService>))]
internal sealed partial class TimestampJson : JsonSerializerContext;
