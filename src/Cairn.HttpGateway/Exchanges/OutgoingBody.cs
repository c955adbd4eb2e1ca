using System.Text;
using Cairn.Gateway;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Messages;
using Cairn.HttpGateway.Configuration;
using Cairn.HttpGateway.Sessions;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>
/// The body that goes to the server: the caller's own, with each action's trace parent in <c>params._meta</c>, and its
/// credential where the route delivers it there: then what the caller itself puts under that name never passes, because it
/// would be believed in the gateway's name. Every other byte stays.
/// </summary>
internal static class OutgoingBody
{
    /// <summary>Makes the body.</summary>
    /// <param name="exchange">What the caller sent.</param>
    /// <param name="permits">The permits of its actions.</param>
    /// <param name="delivery">How credentials are delivered.</param>
    /// <param name="obstacle">Why the body can't be made; null: it is made.</param>
    public static ReadOnlyMemory<byte> Make(
        Exchange exchange, IReadOnlyDictionary<PendingRequest, ActionPermit> permits, CredentialDelivery delivery, out string? obstacle)
    {
        obstacle = null;
        var splices = new List<LineSplice>();
        var take = delivery == CredentialDelivery.Meta ? GatewayOptions.StandardCredentialMember : null;
        var actions = exchange.Actions.ToDictionary(a => exchange.MessageOf(a.Request), a => a.Request);
        foreach (var message in exchange.Scanned.Messages)
        {
            var members = MetaMembers.Of(message, exchange.Body.Span);
            if (!actions.TryGetValue(message, out var request))
            {
                splices.AddRange(members.Splices([], take));
                continue;
            }

            var permit = permits[request];
            var set = new List<(string Name, byte[] Json)>();
            if (McpMethods.ActionOf(request.Method, Direction.ClientToServer) is { Splices: true })
            {
                set.Add(("traceparent", Encoding.ASCII.GetBytes($"\"{permit.Context}\"")));
            }

            if (take is not null && permit.Credential is { } issued)
            {
                if (!members.HasPlace || members[take] is not null)
                {
                    obstacle = $"{request.Method} has no place for the credential that it needs: expected params with a _meta object, without a member {take}";
                    return default;
                }

                set.Add((take, GuardedForwarding.JsonOf(issued)));
            }

            splices.AddRange(members.Splices(set, take));
        }

        return splices.Count == 0 ? exchange.Body : LineSplice.Apply(exchange.Body.Span, splices);
    }
}
