using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Identity;

namespace Cairn.Ledger.Tests;

public class StreamIssuerTests
{
    [Fact]
    public async Task Another_emitter_cannot_continue_a_stream_even_with_the_right_order_and_a_trusted_key()
    {
        using var test = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var owner = test.Emitter();
        var first = owner.Next();
        await ledger.SubmitAsync([first], default);
        using var authority = LocalAuthority.Open(test.Directory.KeysPath, test.Directory.TrustDomain);
        var intruder = SpiffeId.Parse($"spiffe://{test.Directory.TrustDomain}/gateway/intruder");
        using var svid = authority.Issue(intruder, TimeSpan.FromHours(1));
        using var signer = StatementSigner.WithSvid(intruder, svid.Key, svid.Chain);
        var record = (ReadOnlyMemory<byte>)owner.Record();
        var payload = new StatementPayload(owner.Stream, 1, first.Statement.Hash, 1, MerkleHash.Leaf(record.Span), null);

        var refusal = await Assert.ThrowsAsync<SubmissionRejectedException>(async () =>
            await ledger.SubmitAsync([new Submission(signer.Sign(payload, includeChain: true), [record], [])], default));

        Assert.Equal("stream-issuer", refusal.Code);
        Assert.Equal(1, ledger.Count());
    }
}
