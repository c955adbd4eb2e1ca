namespace Cairn.Gateway.Egress;

/// <summary>A message is not HTTP/1.1 as this proxy passes it on (RFC 9112): the connection it came over ends.</summary>
/// <param name="status">The status that a client gets for it.</param>
/// <param name="message">What was expected and what was found, without content.</param>
internal sealed class HttpFault(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}
