using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>Whether credentials were used by their holder, for what they permit, and by nobody else.</summary>
internal static class HolderRules
{
    public static readonly Rule OutsideScope = new("credentials.outside_scope", Severity.High, "A credential was used for a tool that it does not permit", trail =>
        from use in Issued(trail)
        where use.Use.For?.Tool is { } tool && Scope.Of(use.Credential.Scope).PermitsTool(tool) == false
        select Misuse(use, $"a use within {string.Join(' ', use.Credential.Scope)}", $"a call of {use.Use.For!.Tool}"));

    public static readonly Rule OutsideAudience = new("credentials.outside_audience", Severity.High, "A credential was used at a target that it is not for", trail =>
        from use in Issued(trail)
        where use.Use.Resource is { } resource && IsOutside(use.Credential.Audience, resource)
        select Misuse(use, $"a use at {string.Join(' ', use.Credential.Audience)}", $"one at {use.Use.Resource}"));

    public static readonly Rule AnotherKey = new("credentials.another_key", Severity.High, "A credential was used without the key that it is bound to", trail =>
        from use in Issued(trail)
        where use.Credential.HolderKey is not null
        let shown = use.Use.Use.HolderKey is { } key && key != use.Credential.HolderKey ? $"the key {key}" : use.Use.Use.Proof == "none" ? "no proof of a key" : null
        where shown is not null
        select Misuse(use, $"proof of the key {use.Credential.HolderKey}", shown));

    public static readonly Rule AnotherWorkload = new("credentials.another_workload", Severity.High, "A credential was used by another workload than its holder", trail =>
        from use in Issued(trail)
        let holder = use.Credential.Actors.Count > 0 ? use.Credential.Actors[0] : use.Credential.Subject
        where SpiffeId.TryParse(holder, out _) && use.Use.For is not null && use.Use.Use.By.ToString() != holder
        select Misuse(use, $"a use by its holder {holder}", $"one by {use.Use.Use.By}"));

    public static readonly Rule SharedByAgents = new("credentials.shared_by_agents", Severity.High, "One credential was used by several agents", trail =>
        from use in trail.Uses.DistinctBy(use => use.Credential)
        let holdings = trail.Credentials.Holdings(use.Credential)
        let agents = holdings.Select(holding => holding.Agent).Distinct().ToList()
        where agents.Count > 1
        select new Miss($"the credential {use.Credential}", "uses by one agent", $"uses by {string.Join(", ", agents.Take(5))}{(agents.Count > 5 ? " …" : "")}",
            new[] { Own(trail, use) }.Concat(holdings.DistinctBy(holding => holding.Agent).Select(holding => holding.Record))) { IsAboutSubject = true });

    public static readonly Rule SharedByTasks = new("credentials.shared_by_tasks", Severity.Medium, "One credential was used in several trails", trail =>
        from use in trail.Uses.DistinctBy(use => use.Credential)
        where !IsIdentity(trail.Credentials.Find(use.Credential))
        let holdings = trail.Credentials.Holdings(use.Credential).DistinctBy(holding => holding.Trace).ToList()
        where holdings.Count > 1
        select new Miss($"the credential {use.Credential}", "uses in one trail", $"uses in {holdings.Count}: {string.Join(", ", holdings.Take(5).Select(holding => holding.Trace))}{(holdings.Count > 5 ? " …" : "")}",
            new[] { Own(trail, use) }.Concat(holdings.Select(holding => holding.Record))) { IsAboutSubject = true });

    private static IEnumerable<(UsedCredential Use, TrailCredential Credential)> Issued(TrailCase trail) =>
        from use in trail.Uses
        let credential = trail.Credentials.Find(use.Credential)
        where credential?.IssueRecord is not null
        select (use, credential);

    private static Miss Misuse((UsedCredential Use, TrailCredential Credential) use, string expected, string found) =>
        new($"the credential {use.Credential.Id}", expected, found, use.Use.Use.Record, use.Credential.IssueRecord!.Value);

    // The finding is about this trail's first use, whatever other trails did.
    private static RecordId Own(TrailCase trail, UsedCredential use) =>
        trail.Credentials.Holdings(use.Credential).Where(holding => holding.Trace == trail.Trail.Trace).Select(holding => (RecordId?)holding.Record).FirstOrDefault() ?? use.Use.Record;

    // An SVID is who a workload is; it belongs to no task.
    private static bool IsIdentity(TrailCredential? credential) => credential?.Type is "x509-svid" or "jwt-svid";

    // Only names of one scheme can be compared: what an https audience has to do with an mcp resource is not known here.
    private static bool IsOutside(IReadOnlyList<string> audience, string resource)
    {
        var scheme = SchemeOf(resource);
        var comparable = audience.Where(name => scheme is not null && SchemeOf(name) == scheme).ToList();
        return comparable.Count > 0 && comparable.Count == audience.Count && !comparable.Any(name => IsWithin(resource, name));
    }

    private static bool IsWithin(string resource, string audience)
    {
        var stem = audience.TrimEnd('/');
        return resource.StartsWith(stem, StringComparison.OrdinalIgnoreCase) && (resource.Length == stem.Length || resource[stem.Length] is '/' or '?');
    }

    private static string? SchemeOf(string text) => text.IndexOf("://", StringComparison.Ordinal) is > 0 and var at ? text[..at].ToLowerInvariant() : null;
}
