using System.Net;
using System.Net.Sockets;

namespace Cairn.Gateway.Egress;

/// <summary>
/// Addresses that hand out credentials to whoever asks: the metadata services of cloud machines, which answer on
/// link-local addresses and a few others. An agent that fetches what a stranger's text names must not get there.
/// </summary>
internal static class AddressGuard
{
    private static readonly string[] MetadataNames = ["metadata.google.internal", "metadata", "instance-data", "metadata.goog"];

    private static readonly IPAddress[] MetadataAddresses = [IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("100.100.100.200"), IPAddress.Parse("168.63.129.16")];

    /// <summary>Whether an address is one of them, however it is written.</summary>
    public static bool IsGuarded(IPAddress address)
    {
        address = Plain(address);
        return address.IsIPv6LinkLocal || MetadataAddresses.Contains(address)
            || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..]);
    }

    /// <summary>
    /// Whether a host as it was asked for names such an address by itself. Only then can a policy that allows the host have
    /// meant it; a name that merely resolves there is a trap.
    /// </summary>
    public static bool IsNamed(string host) =>
        MetadataNames.Contains(host.TrimEnd('.'), StringComparer.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IsGuarded(address));

    /// <summary>IPv4 inside IPv6: mapped (::ffff:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96) and 6to4 (2002::/16).</summary>
    private static IPAddress Plain(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            : bytes is [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] || (bytes.AsSpan(0, 12).IndexOfAnyExcept((byte)0) < 0 && bytes[12] != 0) ? new IPAddress(bytes.AsSpan(12))
            : bytes is [0x20, 0x02, ..] ? new IPAddress(bytes.AsSpan(2, 4))
            : address;
    }
}
