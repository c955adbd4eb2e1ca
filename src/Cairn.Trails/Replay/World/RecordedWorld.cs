using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Trails.Contents;

namespace Cairn.Trails.Replay.World;

/// <summary>One MCP server as one agent met it in a trail: what it said of itself, its tools, and every call with its answer.</summary>
public sealed class RecordedWorld
{
    private const string Scheme = "mcp://";

    private RecordedWorld(string server) => Server = server;

    /// <summary>The server's name, as resources have it.</summary>
    public string Server { get; }

    /// <summary>The calls in causal order: by time of request, within one stream by ordinal.</summary>
    public required IReadOnlyList<RecordedCall> Calls { get; init; }

    /// <summary>The manifests, in order.</summary>
    public required IReadOnlyList<RecordedManifest> Manifests { get; init; }

    /// <summary>What the server answered to <c>initialize</c> or <c>server/discover</c>; null when that was not kept.</summary>
    public JsonElement? Introduction { get; init; }

    /// <summary>The server's name and version, and the revision it spoke, as the record of it says; null where not told.</summary>
    public (string? Name, string? Version, string? Protocol) Identity { get; init; }

    /// <summary>How often the server asked its client for something: a replay does not ask again.</summary>
    public int AskedOfClient { get; init; }

    /// <summary>The servers that agents called in a trail, with how many calls each got, by name.</summary>
    public static IReadOnlyList<(string Server, int Calls)> Servers(Trail trail)
    {
        ArgumentNullException.ThrowIfNull(trail);
        return [.. Calling(trail).GroupBy(call => call.Stream).Select(calls => (Server: NameOf(calls.First().Action, calls), Calls: calls.Count()))
            .GroupBy(server => server.Server, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, group.Sum(server => server.Calls)))];
    }

    /// <summary>The world of one server.</summary>
    /// <param name="trail">The trail.</param>
    /// <param name="contents">Its contents.</param>
    /// <param name="server">The server's name.</param>
    /// <param name="agent">Only calls of the agent whose SPIFFE ID is, or ends in, this; null: of all.</param>
    public static RecordedWorld Of(Trail trail, IKeptContents contents, string server, string? agent = null)
    {
        ArgumentNullException.ThrowIfNull(trail);
        ArgumentNullException.ThrowIfNull(contents);
        var streams = Calling(trail).GroupBy(call => call.Stream).Where(calls => NameOf(calls.First().Action, calls) == server)
            .SelectMany(calls => calls).Where(call => agent is null || IsNamed(call.Action, agent)).ToList();
        var completions = FirstCompletions(trail);
        var calls = streams.Select((call, place) => new RecordedCall(
            place + 1, call.Action, call.Record, completions.GetValueOrDefault(call.Record.Id), call.Method, NameIn(call.Record, call.Method, call.Action), contents)).ToList();
        var own = streams.Select(call => call.Stream).ToHashSet();
        var contexts = trail.Contexts.Where(context => own.Contains(context.Stream)).ToList();
        var introduced = contexts.Where(context => context.Subject == "mcp.server").ToList();
        return new RecordedWorld(server)
        {
            Calls = calls,
            Manifests = RecordedManifest.Of(contexts.Where(context => calls.Count == 0 || context.Stream == calls[0].Action.Stream), trail, contents),
            Introduction = introduced.Select(context => contents.Find(trail.Find.Record(context.Record)!.Record, "commitment").Bytes).OfType<ReadOnlyMemory<byte>>()
                .Select(bytes => (JsonElement?)JsonElement.Parse(bytes.Span)).FirstOrDefault(),
            Identity = introduced.Select(context => trail.Find.Record(context.Record)!.Record.ReadBody()).Select(body => (body.Text("name"), body.Text("version"), body.Text("protocol"))).FirstOrDefault(),
            AskedOfClient = trail.Actions.Count(action => own.Contains(action.Stream) && IsOfServer(trail.Find.Record(action.Request)!.Record)),
        };
    }

    private static IEnumerable<(Evidence.StreamId Stream, TrailAction Action, Record Record, string Method)> Calling(Trail trail) =>
        from action in trail.Actions
        let record = trail.Find.Record(action.Request)!.Record
        let method = Attribute(record, "mcp.method.name")
        where method is not null && !IsOfServer(record)
        select (action.Stream, action, record, method);

    private static bool IsOfServer(Record record) => Attribute(record, "cairn.mcp.initiator") == "server";

    // A resource that was read has a URI of its own: the server is then the one of the stream's other calls.
    private static string NameOf(TrailAction first, IEnumerable<(Evidence.StreamId Stream, TrailAction Action, Record Record, string Method)> calls) =>
        calls.Select(call => ServerIn(call.Action.Resource)).FirstOrDefault(name => name is not null) ?? first.Issuer.Path;

    private static string? ServerIn(string resource) =>
        resource.StartsWith(Scheme, StringComparison.Ordinal) && resource.IndexOf('/', Scheme.Length) is > 6 and var end ? Uri.UnescapeDataString(resource[Scheme.Length..end]) : null;

    private static bool IsNamed(TrailAction action, string agent) =>
        action.Actor.Id.ToString() == agent || action.Actor.Id.Path.EndsWith("/" + agent.TrimStart('/'), StringComparison.Ordinal);

    private static string? NameIn(Record record, string method, TrailAction action) => method switch
    {
        "tools/call" => Attribute(record, "gen_ai.tool.name") ?? action.Tool,
        "prompts/get" => Attribute(record, "gen_ai.prompt.name"),
        _ => null,
    };

    private static string? Attribute(Record record, string name) => record.Root.TryGetProperty("attributes", out var attributes) ? attributes.Text(name) : null;

    // The first outcome is what the caller was answered; an act that was accepted has a later one.
    private static Dictionary<Evidence.RecordId, Record> FirstCompletions(Trail trail)
    {
        var completions = new Dictionary<Evidence.RecordId, Record>();
        foreach (var entry in trail.Records.Where(entry => entry.Record.Kind == RecordKinds.ActionCompleted))
        {
            if (entry.Record.ReadBody().RecordId("requested") is { } request)
            {
                completions.TryAdd(request, entry.Record);
            }
        }

        return completions;
    }
}
