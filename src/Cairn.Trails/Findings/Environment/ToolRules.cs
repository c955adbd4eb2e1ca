namespace Cairn.Trails.Findings;

/// <summary>Whether the tools were those that the agent had been shown, from servers that somebody watches.</summary>
internal static class ToolRules
{
    public static readonly Rule NotInManifest = new("environment.tool_not_in_manifest", Severity.High, "A tool was called that its server had not listed", trail =>
    {
        var manifests = trail.Trail.Contexts.Where(context => context.Subject == "mcp.tools")
            .GroupBy(context => (context.Stream, context.Task)).ToDictionary(group => group.Key, group => group.OrderBy(context => context.Seq).ToList());
        return manifests.Count == 0 ? [] :
            from action in trail.Trail.Actions
            where action is { WasDone: true, Tool: not null, Task: not null }
            let shown = manifests.GetValueOrDefault((action.Stream, action.Task!.Value))?.TakeWhile(context => context.Seq < action.Seq).ToList()
            where shown is { Count: > 0 } && !shown.Any(context => context.Manifest.Any(tool => tool.Name == action.Tool))
            select new Miss(TrailCase.Name(action), "a tool of the manifest that was captured before", $"none of its {shown.Sum(context => context.Manifest.Count)} tools", action.Request, shown[^1].Record);
    })
    { RestsOnAbsence = true };

    public static readonly Rule ManifestChanged = new("environment.manifest_changed", Severity.Medium, "A server's tools changed in mid-run", trail =>
        from manifests in trail.Trail.Contexts.Where(context => context.Subject == "mcp.tools").GroupBy(context => (context.Stream, context.Task))
        let ordered = manifests.OrderBy(context => context.Seq).ToList()
        from place in Enumerable.Range(0, ordered.Count)
        let context = ordered[place]
        where context.Changed
        let before = place == 0 ? null : ordered[place - 1]
        select new Miss($"the tools shown to {context.Agent.Id}", before is null ? "the manifest of the start" : $"the manifest {before.Digest}", $"another: {context.Digest}",
            before is null ? [context.Record] : [context.Record, before.Record]));

    public static readonly Rule UnmanagedServer = new("environment.unmanaged_server", Severity.Medium, "An agent used a server that no gateway stands before", trail =>
    {
        var observed = trail.Trail.Actions.Where(action => action.Issuer != action.Actor.Id && ServerOf(action.Resource) is not null)
            .Select(action => (ServerOf(action.Resource)!, action.Actor.Id)).ToHashSet();
        return from action in trail.Trail.Actions
               where action.WasDone && action.Issuer == action.Actor.Id && ServerOf(action.Resource) is not null
               group action by (Server: ServerOf(action.Resource)!, Agent: action.Actor.Id) into calls
               where !observed.Contains(calls.Key)
               select new Miss($"the server {calls.Key.Server}, as called by {calls.Key.Agent}", "a gateway's record of the calls", $"{calls.Count()} calls that only the agent itself tells", calls.Take(20).Select(call => call.Request)) { IsAboutSubject = true };
    })
    { RestsOnAbsence = true };

    private static string? ServerOf(string resource) =>
        resource.StartsWith("mcp://", StringComparison.Ordinal) && resource.IndexOf('/', 6) is > 6 and var end ? resource[6..end] : null;
}
