using Cairn.Gateway.Capture;
using Cairn.Sdk;

namespace Cairn.Gateway.Changes;

/// <summary>Files as resources: <c>file:///</c> and the absolute path, each segment percent-encoded (RFC 8089, RFC 3986 §2.1).</summary>
internal static class FileResource
{
    private const int Longest = 1024;

    public static string Of(string path) =>
        ResourceNames.Bounded("file://" + string.Join('/', Redactor.RedactText(Path.GetFullPath(path)).Split('/').Select(Uri.EscapeDataString)), Longest);
}
