namespace Cairn.Gateway.Forwarding;

/// <summary>Which way a message goes.</summary>
internal enum Direction
{
    /// <summary>From the client that started the gateway to the wrapped server.</summary>
    ClientToServer,

    /// <summary>From the wrapped server to the client.</summary>
    ServerToClient,
}

/// <summary>Who is at which end.</summary>
internal static class Directions
{
    /// <summary>The other way.</summary>
    public static Direction Opposite(this Direction direction) =>
        direction == Direction.ClientToServer ? Direction.ServerToClient : Direction.ClientToServer;

    /// <summary>Who sends this way: <c>client</c> or <c>server</c>.</summary>
    public static string Sender(this Direction direction) => direction == Direction.ClientToServer ? "client" : "server";
}
