namespace Cairn.HttpGateway.Sessions;

/// <summary>Whose session it is.</summary>
/// <param name="Route">The route's path.</param>
/// <param name="Agent">The agent's name: no other agent may use the session.</param>
/// <param name="Id">The server's <c>Mcp-Session-Id</c>, a secret: it stands in no record. Null where there is no session, and before it is known.</param>
internal readonly record struct SessionKey(string Route, string Agent, string? Id)
{
    /// <summary>Requests are answered within the session, not within one exchange.</summary>
    public bool IsSession => Id is not null;
}
