namespace Cairn.Gateway.Egress;

/// <summary>A host was not reached, or must not be.</summary>
/// <param name="code">A word for records: host_unknown, address_guarded, connect_failed, connect_timeout, loop.</param>
/// <param name="status">The status that the client gets.</param>
/// <param name="message">In words for the client.</param>
internal sealed class UpstreamException(string code, int status, string message) : Exception(message)
{
    public string Code { get; } = code;

    public int Status { get; } = status;
}
