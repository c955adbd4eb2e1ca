using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>The members of MCP messages that the gateway reads; every other member only passes.</summary>
internal static class MessagePaths
{
    /// <summary>For each object that is looked into (by its path; "" is the message), the members kept.</summary>
    private static readonly FrozenDictionary<string, Member[]> Known = new Dictionary<string, string[]>
    {
        [""] = ["jsonrpc", "id", "method", "params", "result", "error"],
        ["params"] =
        [
            "_meta", "name", "uri", "arguments", "cursor", "requestId", "task", "taskId", "protocolVersion", "clientInfo",
            "requestState", "inputResponses", "status", "result", "error",
        ],
        ["params._meta"] =
        [
            "traceparent", "progressToken", "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientInfo",
            "io.modelcontextprotocol/related-task",
        ],
        ["result"] =
        [
            "_meta", "isError", "resultType", "task", "taskId", "status", "statusMessage", "result", "error", "tools",
            "nextCursor", "serverInfo", "protocolVersion", "inputRequests", "requestState",
        ],
        ["result._meta"] = ["io.modelcontextprotocol/serverInfo"],
        ["result.result"] = ["isError"],
        ["result.error"] = ["code", "message"],
        ["result.task"] = ["taskId", "status"],
        ["params.result"] = ["isError"],
        ["params.error"] = ["code", "message"],
        ["error"] = ["code", "message"],
    }.ToFrozenDictionary(p => p.Key, p => p.Value.Select(n => new Member(p.Key, n)).ToArray());

    /// <summary>Members whose lookalikes in other letter case are refused: envelope and what names an action.</summary>
    private static readonly FrozenSet<string> Guarded = new[]
    {
        "jsonrpc", "id", "method", "params", "result", "error",
        "params._meta", "params.name", "params.uri", "params.arguments",
    }.ToFrozenSet();

    /// <summary>True when members of the object at <paramref name="path"/> are kept.</summary>
    public static bool IsKnownObject(string? path) => path is not null && Known.ContainsKey(path);

    /// <summary>The path of the member the reader stands on, when it is kept.</summary>
    public static string? Match(string parent, ref Utf8JsonReader name)
    {
        foreach (var member in Known[parent])
        {
            if (name.ValueTextEquals(member.Utf8))
            {
                return member.Path;
            }
        }

        return null;
    }

    /// <summary>The guarded name that <paramref name="name"/> resembles without being it; null when there is none.</summary>
    public static string? Lookalike(string parent, string name)
    {
        foreach (var member in Known[parent])
        {
            if (Guarded.Contains(member.Path) && member.Name.Length == name.Length && Fold(name) == Fold(member.Name) && name != member.Name)
            {
                return member.Name;
            }
        }

        return null;
    }

    /// <summary>Simple case folding over ASCII and the two letters outside it that fold into it (Unicode CaseFolding.txt).</summary>
    private static string Fold(string text) => string.Create(text.Length, text, static (folded, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            folded[i] = source[i] switch
            {
                '\u017F' => 's',
                '\u212A' => 'k',
                var c => char.ToLowerInvariant(c),
            };
        }
    });

    private sealed class Member(string parent, string name)
    {
        public string Name { get; } = name;

        public string Path { get; } = parent.Length == 0 ? name : parent + "." + name;

        public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(name);
    }
}
