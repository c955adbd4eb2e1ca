using System.Net;
using System.Net.Sockets;

namespace Cairn.Gateway.Egress;

/// <summary>Connects to hosts: finds their addresses once, and connects to none but those that were checked.</summary>
internal sealed class Upstream(ProxyOptions options, Func<IPEndPoint> ourselves)
{
    /// <summary>Connects.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="isAllowed">Whether a policy that binds allowed exactly this host.</param>
    /// <param name="ct">Stops it.</param>
    /// <exception cref="UpstreamException">The host is not reached, or must not be.</exception>
    public async Task<Socket> ConnectAsync(Target target, bool isAllowed, CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(options.ConnectTimeout);
        try
        {
            var addresses = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await options.Resolve(target.Host, timeout.Token).ConfigureAwait(false);
            Check(target, addresses, isAllowed);
            return await ConnectAsync(addresses, target.Port, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new UpstreamException("connect_timeout", 504, $"the host was not reached within {options.ConnectTimeout.TotalSeconds:0.#} s");
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain
                ? new UpstreamException("host_unknown", 502, "the host's name has no address")
                : new UpstreamException("connect_failed", 502, $"the host was not reached: {e.SocketErrorCode}");
        }
    }

    /// <summary>Whether a host at these addresses may be connected to.</summary>
    /// <exception cref="UpstreamException">It must not.</exception>
    public void Check(Target target, IPAddress[] addresses, bool isAllowed)
    {
        if (addresses.Any(AddressGuard.IsGuarded) && !(isAllowed && AddressGuard.IsNamed(target.Host)))
        {
            throw new UpstreamException("address_guarded", 403, "the host's address is a metadata service's or link-local; a policy must allow it by name");
        }

        var own = ourselves();
        if (target.Port == own.Port && addresses.Any(address => address.Equals(own.Address) || IPAddress.IsLoopback(address)))
        {
            throw new UpstreamException("loop", 508, "the host is this proxy");
        }

        if (addresses.Length == 0)
        {
            throw new UpstreamException("host_unknown", 502, "the host's name has no address");
        }
    }

    private static async Task<Socket> ConnectAsync(IPAddress[] addresses, int port, CancellationToken ct)
    {
        for (var i = 0; ; i++)
        {
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(addresses[i], port), ct).ConfigureAwait(false);
                return socket;
            }
            catch (SocketException) when (i < addresses.Length - 1)
            {
                socket.Dispose(); // the next address may answer
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
