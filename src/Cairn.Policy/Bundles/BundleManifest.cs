using Cairn.Evidence.Records;

namespace Cairn.Policy.Bundles;

/// <summary>What an argument must be to reach the policy.</summary>
public enum ArgumentKind
{
    /// <summary>A text; Cedar's String.</summary>
    Text,

    /// <summary>A whole number within ±(2^53 − 1); Cedar's Long.</summary>
    WholeNumber,

    /// <summary>A number, or a text that is one, with at most four digits after the point; Cedar's decimal.</summary>
    DecimalNumber,

    /// <summary>True or false; Cedar's Bool.</summary>
    Flag,

    /// <summary>An array of texts; Cedar's Set of String.</summary>
    Texts,

    /// <summary>Anything without fractions; records and sets of it.</summary>
    Json,
}

/// <summary>Asks for members of an action's arguments: no others reach the policy, or its recorded input.</summary>
/// <param name="Pattern">Which actions.</param>
/// <param name="Members">Names of members, and what each must be.</param>
public sealed record ArgumentRule(ActionPattern Pattern, IReadOnlyDictionary<string, ArgumentKind> Members);

/// <summary>Says how much is kept of an action.</summary>
/// <param name="Pattern">Which actions.</param>
/// <param name="Input">How the decision's input is kept; null: by the next rule.</param>
/// <param name="Content">How the action's own content is kept; null: by the next rule.</param>
public sealed record CaptureRule(ActionPattern Pattern, ContentHandling? Input, ContentHandling? Content);

/// <summary>What <c>bundle.json</c> says (docs/spec/policy-bundle.md §3).</summary>
public sealed record BundleManifest
{
    /// <summary>The bundle's name.</summary>
    public required string Name { get; init; }

    /// <summary>The bundle's version, as its authors count.</summary>
    public required string Version { get; init; }

    /// <summary>What it is for, in a sentence.</summary>
    public string Description { get; init; } = "";

    /// <summary>Whether its decisions bind where nobody says otherwise.</summary>
    public PolicyMode Mode { get; init; } = PolicyMode.Enforce;

    /// <summary>The engine's version that it was written for, or the beginning of it, such as <c>4.13</c>; null: any.</summary>
    public string? EngineVersion { get; init; }

    /// <summary>Which arguments it asks for.</summary>
    public IReadOnlyList<ArgumentRule> Arguments { get; init; } = [];

    /// <summary>How much is kept: for each action and each of the two, the first rule that says something.</summary>
    public IReadOnlyList<CaptureRule> Capture { get; init; } = [];

    /// <summary>Credentials that policies may grant, by name.</summary>
    public IReadOnlyDictionary<string, CredentialRule> Credentials { get; init; } = new Dictionary<string, CredentialRule>();

    /// <summary>How long an approval is waited for where the policy does not say; null: the gateway's own limit.</summary>
    public TimeSpan? ApprovalTimeout { get; init; }

    /// <summary>Reads a bundle's manifest alone.</summary>
    /// <exception cref="PolicyBundleException">It is not what it should be.</exception>
    public static BundleManifest Read(BundleFiles files)
    {
        var problems = new List<PolicyProblem>();
        return ManifestReader.Read(files, problems) is { } manifest && problems.Count == 0 ? manifest : throw new PolicyBundleException(problems);
    }

    /// <summary>The members that the bundle asks for of an action's arguments; null when it asks for none of this action.</summary>
    public IReadOnlyDictionary<string, ArgumentKind>? ArgumentsOf(string action, string server, string name)
    {
        SortedDictionary<string, ArgumentKind>? members = null;
        foreach (var rule in Arguments)
        {
            if (rule.Pattern.Matches(action, server, name))
            {
                members ??= new(StringComparer.Ordinal);
                foreach (var (member, kind) in rule.Members)
                {
                    members.TryAdd(member, kind);
                }
            }
        }

        return members;
    }

    /// <summary>Whether any rule asks for arguments of this type of action: then its context has <c>arguments</c>, if only an empty record.</summary>
    public bool AsksArguments(string action) => Arguments.Any(r => r.Pattern.Action is null || new ActionPattern(r.Pattern.Action, null, null).Matches(action, "", ""));

    /// <summary>How an action's decision input and content are kept.</summary>
    public (ContentHandling Input, ContentHandling? Content) CaptureOf(string action, string server, string name)
    {
        ContentHandling? input = null, content = null;
        foreach (var rule in Capture)
        {
            if (rule.Pattern.Matches(action, server, name))
            {
                input ??= rule.Input;
                content ??= rule.Content;
            }
        }

        return (input ?? ContentHandling.Full, content);
    }
}
