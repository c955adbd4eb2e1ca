using Cairn.Evidence;
using Cairn.Identity.Credentials;

namespace Cairn.Broker;

/// <summary>A broker in this process says whether a token holds, and records its use as its introspection endpoint does.</summary>
/// <param name="broker">The broker; owned by the caller.</param>
/// <param name="resource">The workload that asks: a token that holds no more was shown to it.</param>
public sealed class LocalIntrospection(CredentialBroker broker, SpiffeId resource) : IIntrospection
{
    /// <inheritdoc/>
    public async ValueTask<bool> IsActiveAsync(string token, string? usedAt, string proof, TraceParent? context, CancellationToken cancellationToken)
    {
        var entry = ReadStore(token);
        if (!await broker.HoldsAsync(entry, context, resource))
        {
            return false;
        }

        if (usedAt is not null)
        {
            await broker.RecordUseAsync(entry!, new CredentialUse { Resource = usedAt, Proof = proof, Context = context }, cancellationToken);
        }

        return true;
    }

    private CredentialEntry? ReadStore(string token)
    {
        try
        {
            return broker.Recognise(token);
        }
        catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException or ObjectDisposedException or InvalidOperationException)
        {
            throw new CredentialRefusedException("unavailable", $"the broker's store can't be read: {e.Message}", e);
        }
    }
}
