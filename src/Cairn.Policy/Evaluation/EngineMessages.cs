using System.Text.RegularExpressions;

namespace Cairn.Policy.Evaluation;

/// <summary>What of the engine's messages may stand in a record: they quote values, which may be content.</summary>
internal static partial class EngineMessages
{
    /// <summary>An error of one policy's evaluation.</summary>
    public static string OfPolicy(string id, string message)
    {
        // These name attributes and types, which are the policy's own words; others quote the values that they failed on.
        var safe = message.StartsWith("record does not have the attribute", StringComparison.Ordinal)
            || message.StartsWith("type error: expected", StringComparison.Ordinal);
        return $"policy {id}: {(safe ? message : WithoutValues(message))}";
    }

    /// <summary>The request as a whole was not accepted.</summary>
    public static string OfRequest(string action, string message) => message switch
    {
        _ when message.StartsWith("while parsing context", StringComparison.Ordinal) || message.StartsWith("type error", StringComparison.Ordinal)
            => $"the request does not fit the schema of action {action}: {message}",
        _ => $"the request does not fit the schema of action {action}: {WithoutValues(message)}",
    };

    private static string WithoutValues(string message) => Quoted().Replace(message, "`…`");

    [GeneratedRegex("`[^`]*`|\"[^\"]*\"", RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();
}
