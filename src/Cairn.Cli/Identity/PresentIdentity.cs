using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Ledger;
using Cairn.Workload;

namespace Cairn.Cli.Identity;

/// <summary>An identity that this process has, or can have, here.</summary>
/// <param name="Id">The SPIFFE ID.</param>
/// <param name="Source">Who gives it.</param>
/// <param name="From">Start of its validity.</param>
/// <param name="Until">End of its validity.</param>
/// <param name="Hint">What the operator says it is for; empty when nothing.</param>
internal sealed record PresentIdentity(string Id, string Source, DateTimeOffset From, DateTimeOffset Until, string Hint = "")
{
    /// <summary>The identities that a Workload API gives this process.</summary>
    /// <exception cref="WorkloadApiException">It gives none.</exception>
    public static async Task<IReadOnlyList<PresentIdentity>> OfAsync(WorkloadEndpoint endpoint, CancellationToken cancel)
    {
        using var client = new WorkloadClient(endpoint);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            var update = await client.FetchX509Async(patience.Token);
            return [.. update.Svids.Select(svid => new PresentIdentity(svid.Id.ToString(), $"the Workload API at {endpoint}", svid.NotBefore, svid.NotAfter, svid.Hint))];
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new WorkloadApiException(WorkloadApiFault.Unavailable, $"the Workload API at {endpoint} did not answer within 5 s");
        }
    }

    /// <summary>What <c>cairn mcp</c> would sign with on a data directory.</summary>
    /// <exception cref="AuthorityException">The authority can't be opened.</exception>
    public static PresentIdentity Of(LedgerDirectory directory)
    {
        using var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        using var svid = authority.Issue(SpiffeId.Parse($"spiffe://{directory.TrustDomain}/gateway/mcp"), LocalAuthority.DefaultTtl);
        return new PresentIdentity(svid.Id.ToString(), $"the local authority in {directory.KeysPath}", svid.NotBefore, svid.NotAfter);
    }
}
