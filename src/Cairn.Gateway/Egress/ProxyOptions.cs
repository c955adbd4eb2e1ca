using System.Net;
using Cairn.Gateway.Tasks;

namespace Cairn.Gateway.Egress;

/// <summary>Where a proxy listens, whom it serves, and how much it takes on.</summary>
public sealed record ProxyOptions : TaskOptions
{
    /// <summary>Where it listens: a loopback address; port 0: any free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>What callers show in <c>Proxy-Authorization</c>: whoever has it acts as this run's agent.</summary>
    public required ProxyPassword Password { get; init; }

    /// <summary>The most connections at once; further ones wait.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>The most bytes of a request's or response's header.</summary>
    public int LongestHead { get; init; } = 64 * 1024;

    /// <summary>How long a caller may take to send a header, counted from its first byte or the connection's start.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection may be silent between requests, or within a body or a tunnel.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long connecting to a host may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the end of the run waits for what is under way.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The most bytes of one body that are kept, where the capture profile keeps any.</summary>
    public int KeptBytes { get; init; } = 1024 * 1024;

    /// <summary>Finds the addresses of a host's name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;
}
