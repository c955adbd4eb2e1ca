using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>One policy of a bundle.</summary>
public sealed class BundlePolicy
{
    internal BundlePolicy(PolicySource source, JsonElement json, int line)
    {
        (Source, Line) = (source, line);
        Annotations = json.TryGetProperty("annotations", out var annotations)
            ? annotations.EnumerateObject().ToDictionary(a => a.Name, a => a.Value.GetString() ?? "", StringComparer.Ordinal) : [];
        IsPermit = json.GetProperty("effect").GetString() == "permit";
        Id = Annotations.GetValueOrDefault("id", "");
        Scope = PolicyScope.Read(json);
        var named = new HashSet<EntityUid>();
        EntityUid.Collect(json, named);
        Entities = named;
        Json = json.Clone();
    }

    /// <summary>Its <c>@id</c>: unique in the bundle, and what decisions name.</summary>
    public string Id { get; }

    /// <summary>The file that it stands in.</summary>
    public string File => Source.File;

    /// <summary>The line that it begins in, from 1.</summary>
    public int Line { get; }

    /// <summary>Its text.</summary>
    public string Text => Source.Text;

    /// <summary>Whether it permits; otherwise it forbids.</summary>
    public bool IsPermit { get; }

    /// <summary>Its annotations, <c>@id</c> among them.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; }

    /// <summary>Who may approve what it permits; empty: nobody needs to.</summary>
    public IReadOnlyList<string> Approvers { get; internal set; } = [];

    /// <summary>How long an approval is waited for; null: as the bundle says.</summary>
    public TimeSpan? ApprovalTimeout { get; internal set; }

    /// <summary>The credential that goes with what it permits; null: none.</summary>
    public string? Credential => Annotations.GetValueOrDefault("credential");

    /// <summary>Why, in words for people; null when it does not say.</summary>
    public string? Reason => Annotations.GetValueOrDefault("reason");

    internal PolicySource Source { get; }

    internal PolicyScope Scope { get; }

    internal JsonElement Json { get; }

    internal IReadOnlySet<EntityUid> Entities { get; }
}
