using Cairn.Broker.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Credentials;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Cairn.Broker.Endpoints;

/// <summary>
/// Revocation (RFC 7009): a token and all that descend from it. Whoever got it, whoever acted before in its chain, and
/// gateways may do so. One that is not known or over is answered like one that was revoked (§2.2).
/// </summary>
internal sealed class RevocationEndpoint(CredentialBroker broker, Reception reception) : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    private const int MaxReason = 256;

    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        try
        {
            var caller = await reception.AdmitAsync(context.Http(), EndpointAddresses.Revocation);
            var token = caller.Form["token"] ?? throw new CredentialRefusedException("invalid_request", "the parameter \"token\" is missing");
            if (broker.Tokens.Find(token, broker.Parts.Time.GetUtcNow()) is { } entry)
            {
                await RequireRightAsync(caller, entry);
                var reason = caller.Form["reason"] is { } given ? given[..Math.Min(given.Length, MaxReason)] : "revoked by its client";
                await broker.RevokeAsync(entry.Id, reason, caller.Client.Id.ToString(), context.CancellationToken);
            }
        }
        catch (CredentialRefusedException e)
        {
            context.Transaction.Refuse(broker, e);
            context.Reject(Refusals.CodeOf(e), Refusals.Describe(e.Message));
        }
    }

    private async ValueTask RequireRightAsync(Caller caller, CredentialEntry entry)
    {
        var id = caller.Client.Id.ToString();
        if (entry.Client == id || entry.Actors.Contains(id, StringComparer.Ordinal) || broker.Settings.IsGateway(caller.Client.Id))
        {
            return;
        }

        var refused = new CredentialRefusedException("unauthorized_client", $"{id} neither got the token nor acted in its chain; it can't revoke it");
        await broker.RecordRefusalAsync(
            new Refusal(refused.Error, refused.Message) { Id = entry.Id, Subject = entry.Subject, Actors = entry.Actors }, caller.ContextFor(entry), new Actor(caller.Client.Id, "", ""));
        throw refused;
    }
}
