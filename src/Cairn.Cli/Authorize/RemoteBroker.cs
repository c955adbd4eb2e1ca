using System.Buffers.Text;
using System.Text.Json;
using Cairn.Broker;
using Cairn.Evidence;
using Cairn.Gateway;
using Cairn.Identity.Credentials;

namespace Cairn.Cli.Authorize;

/// <summary>A broker that is asked over HTTP, as the gateway's own workload. Its tokens are bound to a key that only this process holds.</summary>
internal sealed class RemoteBroker(BrokerClient client) : IRunBroker
{
    private readonly HttpCredentialSource _source = new(client);

    /// <inheritdoc/>
    public ValueTask<IssuedCredential> ObtainAsync(CredentialDemand demand, CancellationToken cancellationToken) => _source.ObtainAsync(demand, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> IsActiveAsync(IssuedCredential credential, CancellationToken cancellationToken) => _source.IsActiveAsync(credential, cancellationToken);

    /// <inheritdoc/>
    public ValueTask RevokeAsync(IssuedCredential credential, string reason, CancellationToken cancellationToken) => _source.RevokeAsync(credential, reason, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ShownAuthority?> ShownAsync(string token, SpiffeId agent, CancellationToken cancellationToken) =>
        await client.IsActiveAsync(token, null, "none", null, cancellationToken) ? Read(token, agent) : null;

    /// <inheritdoc/>
    public ValueTask<BrokerTokens> VerifierAsync(IReadOnlyList<string> audience, CancellationToken cancellationToken) =>
        new(new BrokerTokens(new DpopGuard(new DpopGuardOptions { Issuer = client.Issuer, Audience = audience, Introspection = client }), client.Issuer));

    public ValueTask DisposeAsync()
    {
        _source.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The claims of a token that its broker has just confirmed, signature included: its bytes say what the broker signed.</summary>
    internal static ShownAuthority? Read(string token, SpiffeId agent)
    {
        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]));
            var root = claims.RootElement;
            if (root.TryGetProperty("may_act", out var mayAct) && mayAct.GetProperty("sub").GetString() != agent.ToString())
            {
                return null;
            }

            // RFC 8693 §4.1: act is nested, the newest actor outermost; a chain begins with the principal.
            var givers = new List<string>();
            for (var at = root; at.TryGetProperty("act", out var act); at = act)
            {
                givers.Insert(0, act.GetProperty("sub").GetString()!);
            }

            return new ShownAuthority(
                root.GetProperty("jti").GetString()!, [root.GetProperty("sub").GetString()!, .. givers.Where(giver => giver != agent.ToString())],
                root.GetProperty("scope").GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
