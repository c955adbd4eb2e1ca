using Cairn.Broker.Clients;
using Cairn.Broker.Evidence;
using Cairn.Broker.Proofs;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Credentials;
using Microsoft.AspNetCore.Http;

namespace Cairn.Broker.Endpoints;

/// <summary>A request whose client is known.</summary>
/// <param name="Form">Its parameters.</param>
/// <param name="Client">The workload that asks.</param>
/// <param name="HolderKey">The key that it showed possession of: <c>jkt:</c> or <c>x5t#S256:</c> and the thumbprint; null: none.</param>
/// <param name="Context">The trail that it says it belongs to (<c>traceparent</c>); null: it says nothing.</param>
internal sealed record Caller(FormParameters Form, AuthenticatedClient Client, string? HolderKey, TraceParent? Context)
{
    /// <summary>The trail to write into: the caller's, else that of the token it is about, else a new one.</summary>
    public TraceParent ContextFor(CredentialEntry? entry) => Context ?? (entry is null ? Fresh() : new TraceParent(entry.Trace, entry.Span));

    public static TraceParent Fresh() => new(TraceId.New(), SpanId.New());
}

/// <summary>What every endpoint begins with: the parameters, who asks, with which key. A request that fails here is a record too.</summary>
internal sealed class Reception(CredentialBroker broker, EndpointAddresses addresses)
{
    /// <summary>Lets a request in.</summary>
    /// <exception cref="CredentialRefusedException">It is refused, and that is recorded.</exception>
    public async ValueTask<Caller> AdmitAsync(HttpContext http, string endpoint)
    {
        AuthenticatedClient? client = null;
        try
        {
            var form = new FormParameters(await http.Request.ReadFormAsync(http.RequestAborted));
            if (http.Request.Headers.Authorization.Count > 0)
            {
                throw new CredentialRefusedException("invalid_client", "clients authenticate by TLS client certificate or client_assertion, not in the Authorization header field");
            }

            var now = broker.Parts.Time.GetUtcNow();
            client = broker.Clients.Authenticate(
                new ClientProof
                {
                    ClientId = form["client_id"], Assertion = form["client_assertion"], AssertionType = form["client_assertion_type"],
                    Certificates = PeerCertificates.Of(http), Endpoint = addresses.Of(endpoint),
                },
                now);
            var proof = ProofOf(http, endpoint, now);
            await RequireFirstAsync(client, proof, now);
            var holder = proof is not null ? $"jkt:{proof.Key.Thumbprint}" : client.Certificate is { } thumbprint ? $"x5t#S256:{thumbprint}" : null;
            return new Caller(form, client, holder, TraceParent.TryParse(http.Request.Headers.TraceParent, out var context) ? context : null);
        }
        catch (CredentialRefusedException e)
        {
            // Who is not known yet writes into no trail of others: the refusal gets one of its own.
            await broker.RecordRefusalAsync(new Refusal(e.Error, $"{endpoint}: {e.Message}"), Caller.Fresh(), client is null ? null : new Actor(client.Id, "", ""));
            throw;
        }
    }

    // A proof binds before a certificate does: who sends one wants it so. With neither there is no holder.
    private DpopProof? ProofOf(HttpContext http, string endpoint, DateTimeOffset now) =>
        http.Request.Headers["DPoP"] is { Count: > 0 } proofs ? broker.ProofRules.Require(proofs, http.Request.Method, addresses.Of(endpoint), null, now) : null;

    // Last, so that only what is otherwise good is used up; both at once, so that they share the disk's time.
    private async ValueTask RequireFirstAsync(AuthenticatedClient client, DpopProof? proof, DateTimeOffset now)
    {
        var assertion = client.Once is { } once ? broker.Store.TrySeeAsync(once) : Task.FromResult(true);
        var shown = proof is null ? Task.FromResult(true) : broker.Store.TrySeeAsync(broker.Once(proof, now));
        await Task.WhenAll(assertion, shown);
        if (!await assertion)
        {
            throw new CredentialRefusedException("invalid_client", "the client assertion was used before (its \"jti\" was seen)");
        }

        if (!await shown)
        {
            throw new CredentialRefusedException("invalid_dpop_proof", "the proof was used before (its \"jti\" was seen)");
        }
    }
}
