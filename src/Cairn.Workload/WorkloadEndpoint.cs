using System.Net;
using System.Net.Sockets;

namespace Cairn.Workload;

/// <summary>Where a Workload API is served (SPIFFE_Workload_Endpoint.md §4): <c>unix:///ABSOLUTE/PATH</c>, or <c>tcp://IP:PORT</c> on loopback.</summary>
public sealed record WorkloadEndpoint
{
    /// <summary>The environment variable that names it.</summary>
    public const string Variable = "SPIFFE_ENDPOINT_SOCKET";

    private const string Expected = "expected unix:///ABSOLUTE/PATH, or tcp://IP:PORT with a loopback address";

    private WorkloadEndpoint(string text, EndPoint address) => (Text, Address) = (text, address);

    /// <summary>The URI as it was given.</summary>
    public string Text { get; }

    /// <summary>The socket's address.</summary>
    public EndPoint Address { get; }

    /// <summary>The socket at a path.</summary>
    /// <exception cref="WorkloadApiException">The path is too long for a socket.</exception>
    public static WorkloadEndpoint At(string path) => Parse($"unix://{Path.GetFullPath(path)}");

    /// <summary>The endpoint that the environment names; null when it names none.</summary>
    /// <exception cref="WorkloadApiException">It names one in another form.</exception>
    public static WorkloadEndpoint? FromEnvironment() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? Parse(text) : null;

    /// <summary>Reads an endpoint's URI.</summary>
    /// <exception cref="WorkloadApiException">It has another form; the message says what is wrong.</exception>
    public static WorkloadEndpoint Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
        {
            throw Refuse(text, "it is no URI of scheme, place and nothing else");
        }

        return uri.Scheme switch
        {
            "unix" when uri.Host.Length > 0 => throw Refuse(text, $"it has the authority \"{uri.Host}\" (a path begins after unix://)"),
            "unix" when !uri.AbsolutePath.StartsWith('/') || uri.AbsolutePath == "/" => throw Refuse(text, "its path is not absolute"),
            "unix" => new WorkloadEndpoint(text, Socket(text, Uri.UnescapeDataString(uri.AbsolutePath))),
            "tcp" when uri.AbsolutePath is not ("" or "/") || text.EndsWith('/') => throw Refuse(text, "it has a path"),
            "tcp" when !IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) || !IPAddress.IsLoopback(ip) => throw Refuse(text, "its host is no loopback address"),
            "tcp" when uri.Port is < 1 or > 65535 => throw Refuse(text, "it has no port"),
            "tcp" => new WorkloadEndpoint(text, new IPEndPoint(IPAddress.Parse(uri.Host.Trim('[', ']')), uri.Port)),
            _ => throw Refuse(text, $"its scheme is {uri.Scheme}"),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static UnixDomainSocketEndPoint Socket(string text, string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw Refuse(text, $"its path has {path.Length} characters: more than a socket can have");
        }
    }

    private static WorkloadApiException Refuse(string text, string reason) =>
        new(WorkloadApiFault.Endpoint, $"\"{text}\" is not a Workload API endpoint: {reason}; {Expected}");
}
