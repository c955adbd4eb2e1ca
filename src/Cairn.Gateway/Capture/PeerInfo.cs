using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Gateway.Capture;

/// <summary>What a client or server says of itself (<c>Implementation</c> in the MCP schema). Claimed, not verified.</summary>
/// <param name="Digest">SHA-256 of the JSON bytes it stands in.</param>
/// <param name="Name">Its name, at most 256 characters.</param>
/// <param name="Version">Its version, at most 256 characters.</param>
/// <param name="Protocol">The MCP revision spoken.</param>
internal sealed record PeerInfo(Digest Digest, string? Name, string? Version, string? Protocol)
{
    /// <param name="implementation">The bytes of the <c>Implementation</c> object.</param>
    /// <param name="digested">The bytes that the digest is over.</param>
    /// <param name="protocol">The revision.</param>
    public static PeerInfo Parse(ReadOnlyMemory<byte> implementation, ReadOnlySpan<byte> digested, string? protocol)
    {
        using var document = JsonDocument.Parse(implementation, new JsonDocumentOptions { MaxDepth = Messages.MessageScanner.MaxDepth });
        return new PeerInfo(
            Evidence.Digest.Sha256(digested), Text(document.RootElement, "name"), Text(document.RootElement, "version"),
            protocol is null ? null : ResourceNames.Bounded(protocol, 64));
    }

    private static string? Text(JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? ResourceNames.Bounded(value.GetString()!, 256)
                : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: no text that a record could hold. The digest still stands for it.
            return null;
        }
    }
}
