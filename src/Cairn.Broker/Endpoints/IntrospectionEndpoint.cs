using System.Text.Json;
using Cairn.Identity.Credentials;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Cairn.Broker.Endpoints;

/// <summary>
/// Introspection (RFC 7662): whether a token holds now, and what it says. Cairn's own parameter <c>used_at</c> has the use
/// recorded first: an answer that lets a token be used leaves only when that record is durable.
/// </summary>
internal sealed class IntrospectionEndpoint(CredentialBroker broker, Reception reception) : IOpenIddictServerHandler<HandleIntrospectionRequestContext>
{
    private static readonly string[] Proofs = ["none", "dpop", "mtls", "x5t", "other"];

    public async ValueTask HandleAsync(HandleIntrospectionRequestContext context)
    {
        try
        {
            var caller = await reception.AdmitAsync(context.Http(), EndpointAddresses.Introspection);
            if (await ActiveAsync(caller, context.CancellationToken) is { } entry)
            {
                foreach (var (name, value) in Members(entry))
                {
                    context.Claims[name] = new OpenIddictParameter(value);
                }
            }
            else
            {
                // Becomes {"active":false} and nothing else (§2.2).
                context.Reject(OpenIddictConstants.Errors.InvalidToken);
            }
        }
        catch (CredentialRefusedException e)
        {
            context.Transaction.Refuse(broker, e);
            context.Reject(Refusals.CodeOf(e), Refusals.Describe(e.Message));
        }
    }

    private async ValueTask<CredentialEntry?> ActiveAsync(Caller caller, CancellationToken cancellationToken)
    {
        var token = caller.Form["token"] ?? throw new CredentialRefusedException("invalid_request", "the parameter \"token\" is missing");
        var proof = caller.Form["used_proof"] ?? "none";
        if (!Proofs.Contains(proof, StringComparer.Ordinal))
        {
            throw new CredentialRefusedException("invalid_request", $"used_proof is none of {string.Join(", ", Proofs)}");
        }

        var entry = broker.Recognise(token);
        if (!await broker.HoldsAsync(entry, caller.Context, caller.Client.Id))
        {
            return null;
        }

        if (caller.Form["used_at"] is { } resource)
        {
            await broker.RecordUseAsync(
                entry!, new CredentialUse { Resource = resource.Length <= 2048 ? resource : resource[..2048], Proof = proof, Context = caller.ContextFor(entry), By = null }, cancellationToken);
        }

        return entry;
    }

    private IEnumerable<(string Name, JsonElement Value)> Members(CredentialEntry entry)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("token_type"u8, entry.HolderKey?.StartsWith("jkt:", StringComparison.Ordinal) == true ? "DPoP"u8 : "Bearer"u8);
            broker.Tokens.Claims(json, entry);
            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return [.. document.RootElement.EnumerateObject().Select(m => (m.Name, m.Value.Clone()))];
    }
}
