using Cairn.Evidence;

namespace Cairn.Trails.Reports;

/// <summary>
/// Identities as short as they are clear. Those of the trail's own trust domain stand by their path, and the page says which domain
/// that is; those of any other stand in full, so that no stranger reads like one of the house.
/// </summary>
internal sealed class Names(Trail trail)
{
    private readonly string _prefix = $"spiffe://{(trail.Root?.Issuer ?? trail.Records[0].Issuer).TrustDomain}/";

    /// <summary>The trust domain whose identities are shortened.</summary>
    public string Domain => _prefix["spiffe://".Length..^1];

    /// <summary>An identity.</summary>
    public string Of(SpiffeId id) => Of(id.ToString());

    /// <summary>An identity, as a record names it.</summary>
    public string Of(string id) => id.StartsWith(_prefix, StringComparison.Ordinal) ? id[(_prefix.Length - 1)..] : id;

    /// <summary>A sentence with its identities shortened.</summary>
    public string In(string sentence) => sentence.Replace(_prefix, "/", StringComparison.Ordinal);
}
