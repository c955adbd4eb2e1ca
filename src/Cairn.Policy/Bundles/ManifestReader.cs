using Cairn.Evidence.Records;

namespace Cairn.Policy.Bundles;

/// <summary>Reads <c>bundle.json</c>; whatever is not as it should be is noted with its place.</summary>
internal static class ManifestReader
{
    private static readonly (string, ContentHandling)[] Handlings =
        [("none", ContentHandling.None), ("redacted", ContentHandling.Redacted), ("full", ContentHandling.Full)];

    private static readonly (string, ArgumentKind)[] Kinds =
    [
        ("text", ArgumentKind.Text), ("integer", ArgumentKind.WholeNumber), ("decimal", ArgumentKind.DecimalNumber),
        ("flag", ArgumentKind.Flag), ("texts", ArgumentKind.Texts), ("json", ArgumentKind.Json),
    ];

    /// <returns>Null when the file is not JSON.</returns>
    public static BundleManifest? Read(BundleFiles files, List<PolicyProblem> problems)
    {
        if (JsonPlace.Read(files, BundleFiles.Manifest, problems) is not { } root)
        {
            return null;
        }

        var members = root.Members("name", "version", "description", "mode", "engine", "arguments", "capture", "credentials", "approval_timeout");
        return new BundleManifest
        {
            Name = Required(root, members, "name", 64),
            Version = Required(root, members, "version", 64),
            Description = members.TryGetValue("description", out var description) ? description.Text() : "",
            Mode = members.TryGetValue("mode", out var mode) ? mode.OneOf(("enforce", PolicyMode.Enforce), ("shadow", PolicyMode.Shadow)) : PolicyMode.Enforce,
            EngineVersion = members.TryGetValue("engine", out var engine) ? Engine(engine) : null,
            Arguments = members.TryGetValue("arguments", out var arguments) ? [.. arguments.Items().Select(Argument)] : [],
            Capture = members.TryGetValue("capture", out var capture) ? [.. capture.Items().Select(Capture)] : [],
            Credentials = members.TryGetValue("credentials", out var credentials)
                ? credentials.AnyMembers().ToDictionary(c => c.Key, c => Credential(c.Key, c.Value), StringComparer.Ordinal) : [],
            ApprovalTimeout = members.TryGetValue("approval_timeout", out var timeout) ? timeout.Duration() : null,
        };
    }

    private static string Required(JsonPlace root, Dictionary<string, JsonPlace> members, string name, int longest)
    {
        if (!members.TryGetValue(name, out var member))
        {
            root.Problem($"expected the member {name}, found none");
            return "";
        }

        var text = member.Text();
        if (text.Length == 0 || text.Length > longest || text.Any(c => c is < ' ' or > '~'))
        {
            member.Problem($"expected 1 to {longest} printable ASCII characters, found \"{text}\"");
        }

        return text;
    }

    private static string? Engine(JsonPlace engine)
    {
        var members = engine.Members("name", "version");
        if (members.TryGetValue("name", out var name))
        {
            name.OneOf(("cedar", true));
        }

        return members.TryGetValue("version", out var version) ? version.Text() : null;
    }

    private static ActionPattern Pattern(Dictionary<string, JsonPlace> members) => new(
        members.TryGetValue("action", out var action) ? action.Text() : null,
        members.TryGetValue("server", out var server) ? server.Text() : null,
        members.TryGetValue("name", out var name) ? name.Text() : null);

    private static ArgumentRule Argument(JsonPlace rule)
    {
        var members = rule.Members("action", "server", "name", "members");
        if (!members.TryGetValue("members", out var asked))
        {
            rule.Problem("expected the member members, found none");
            return new ArgumentRule(Pattern(members), new Dictionary<string, ArgumentKind>());
        }

        return new ArgumentRule(Pattern(members), asked.AnyMembers().ToDictionary(m => m.Key, m => m.Value.OneOf(Kinds), StringComparer.Ordinal));
    }

    private static CaptureRule Capture(JsonPlace rule)
    {
        var members = rule.Members("action", "server", "name", "input", "content");
        if (!members.ContainsKey("input") && !members.ContainsKey("content"))
        {
            rule.Problem("expected input or content, found neither: the rule says nothing");
        }

        return new CaptureRule(
            Pattern(members),
            members.TryGetValue("input", out var input) ? input.OneOf(Handlings) : null,
            members.TryGetValue("content", out var content) ? content.OneOf(Handlings) : null);
    }

    private static CredentialRule Credential(string name, JsonPlace rule)
    {
        var members = rule.Members("audience", "scope", "ttl", "per_task");
        foreach (var needed in (ReadOnlySpan<string>)["audience", "scope", "ttl"])
        {
            if (!members.ContainsKey(needed))
            {
                rule.Problem($"expected the member {needed}, found none");
            }
        }

        return new CredentialRule(
            name,
            members.TryGetValue("audience", out var audience) ? audience.Text() : "",
            members.TryGetValue("scope", out var scope) ? scope.Texts() : [],
            members.TryGetValue("ttl", out var ttl) ? ttl.Duration() : default,
            members.TryGetValue("per_task", out var perTask) && perTask.Flag());
    }
}
