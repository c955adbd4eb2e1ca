namespace Cairn.Gateway.Forwarding;

/// <summary>Which way a message goes.</summary>
internal enum Direction
{
    /// <summary>From the client that started the gateway to the wrapped server.</summary>
    ClientToServer,

    /// <summary>From the wrapped server to the client.</summary>
    ServerToClient,
}
