using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Policy.Bundles;

namespace Cairn.Policy.Checking;

/// <summary>One case of a bundle's own tests: a request, and what must become of it.</summary>
/// <param name="File">The file that it stands in.</param>
/// <param name="Name">What it shows, in words.</param>
/// <param name="Request">The request.</param>
/// <param name="Expected">What must become of it.</param>
public sealed record PolicyCase(string File, string Name, AuthorizationRequest Request, PolicyExpectation Expected)
{
    private static readonly string[] RequestMembers =
    [
        "principal", "owner", "authenticated", "delegation", "action", "name", "server", "resource", "writes", "scopes", "depth", "time", "arguments", "approved",
    ];

    /// <summary>Reads all cases of a bundle.</summary>
    /// <param name="files">The bundle.</param>
    /// <param name="problems">Gets what is wrong with them, with file and place.</param>
    public static IReadOnlyList<PolicyCase> Read(BundleFiles files, List<PolicyProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(problems);
        var cases = new List<PolicyCase>();
        foreach (var file in files.Files.Keys.Where(f => f.StartsWith("tests/", StringComparison.Ordinal)))
        {
            if (JsonPlace.Read(files, file, problems) is not { } root)
            {
                continue;
            }

            var members = root.Members("defaults", "cases");
            var defaults = members.TryGetValue("defaults", out var given) ? given.Members(RequestMembers) : [];
            if (!members.TryGetValue("cases", out var listed))
            {
                root.Problem("expected the member cases, found none");
                continue;
            }

            cases.AddRange(listed.Items().Select(c => One(file, c, defaults)));
        }

        return cases;
    }

    private static PolicyCase One(string file, JsonPlace place, Dictionary<string, JsonPlace> defaults)
    {
        var members = place.Members("name", "request", "expect");
        foreach (var needed in (ReadOnlySpan<string>)["name", "expect"])
        {
            if (!members.ContainsKey(needed))
            {
                place.Problem($"expected the member {needed}, found none");
            }
        }

        var request = new Dictionary<string, JsonPlace>(defaults, StringComparer.Ordinal);
        foreach (var (name, value) in members.TryGetValue("request", out var own) ? own.Members(RequestMembers) : [])
        {
            request[name] = value;
        }

        return new PolicyCase(
            file,
            members.TryGetValue("name", out var named) ? named.Text() : "",
            RequestOf(place, request),
            members.TryGetValue("expect", out var expected) ? PolicyExpectation.Read(expected) : new PolicyExpectation());
    }

    private static AuthorizationRequest RequestOf(JsonPlace place, Dictionary<string, JsonPlace> members)
    {
        string Text(string name, string otherwise) => members.TryGetValue(name, out var value) ? value.Text() : otherwise;

        var principal = Text("principal", "spiffe://example.org/agent");
        if (!SpiffeId.TryParse(principal, out var id))
        {
            place.Problem($"/principal: expected a SPIFFE ID, found \"{principal}\"");
        }

        var time = Text("time", "2026-01-01T12:00:00Z");
        if (!DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var when))
        {
            place.Problem($"/time: expected a time such as 2026-01-01T12:00:00Z, found \"{time}\"");
        }

        var (action, server, tool) = (Text("action", "tool.call"), Text("server", ""), Text("name", ""));
        var chain = members.TryGetValue("delegation", out var delegation) ? delegation.Texts() : [];
        return new AuthorizationRequest
        {
            Principal = id,
            Owner = Text("owner", ""),
            Authenticated = Text("authenticated", "x509-svid"),
            DelegationChain = chain,
            ActionType = action,
            ActionName = tool,
            Server = server,
            Resource = Text("resource", action == "tool.call" ? $"mcp://{Uri.EscapeDataString(server)}/tools/{Uri.EscapeDataString(tool)}" : ""),
            Writes = members.TryGetValue("writes", out var writes) && writes.Value.ValueKind != JsonValueKind.Null ? writes.Flag() : null,
            Scopes = members.TryGetValue("scopes", out var scopes) ? scopes.Texts() : [],
            Depth = members.TryGetValue("depth", out var depth) && depth.Value.TryGetInt32(out var deep) ? deep : chain.Count,
            Time = when,
            Trace = TraceId.Parse("00000000000000000000000000000001"),
            Arguments = members.TryGetValue("arguments", out var arguments) ? Encoding.UTF8.GetBytes(arguments.Value.GetRawText()) : default,
            Approved = members.TryGetValue("approved", out var approved) && approved.Flag(),
        };
    }
}
