using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Tests.Verification;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Tests.Timestamps;

/// <summary>Bundles with anchors, stamped by a real authority (docs/spec/timestamps.md §4 to §6).</summary>
public sealed class AnchorTests : IDisposable
{
    private readonly TestLedger _ledger = TestLedger.Story();
    private readonly OpensslTimestamper _authority = new(TestAuthority.Now.AddHours(-1));
    private readonly CheckpointSigner _witness = CheckpointSigner.FromSeed(KeyType.CosignatureEd25519, "witness.example", [.. Enumerable.Repeat((byte)9, 32)]);

    private TrustPolicy Policy => TrustPolicy.Parse(
        $"{_ledger.Policy.Encode().Replace("quorum none", $"witness W {_witness.VerifierKey}\nquorum none", StringComparison.Ordinal)}timestamper acme {Convert.ToBase64String(_authority.Root)}\n");

    public void Dispose()
    {
        _ledger.Dispose();
        _authority.Dispose();
        _witness.Dispose();
    }

    [Fact]
    public void Trail_has_a_bracket_for_each_kind_of_party()
    {
        Anchor(10, TestAuthority.Now.AddMinutes(1), witness: TestAuthority.Now.AddMinutes(2), stamp: TestAuthority.Now.AddMinutes(3));

        var report = Verify();

        Assert.True(report.Verified, Codes(report));
        Assert.Equal(["log", "witness", "timestamper"], report.Times.Trail.Select(bracket => bracket.By));
        Assert.Equal(["2026-01-01T01:01:00Z", "2026-01-01T01:02:00Z", "2026-01-01T01:03:01Z"], report.Times.Trail.Select(bracket => bracket.NotAfter!.Time));
        Assert.Equal("acme", report.Times.Trail[2].NotAfter!.Name);
        Assert.DoesNotContain(report.Integrity.Limits, limit => limit.Code == "clocks");
        Assert.Contains(report.Integrity.Limits, limit => limit.Code == "bracket");
        Assert.Contains(VerificationText.Lines(report), line => line == "  by the word of a timestamper: not after 2026-01-01T01:03:01Z (acme)");
    }

    [Fact]
    public void Trail_is_not_stamped_as_a_whole_when_a_part_came_after_the_token()
    {
        Anchor(9, TestAuthority.Now.AddMinutes(1), stamp: TestAuthority.Now.AddMinutes(3));

        var report = Verify();

        Assert.True(report.Verified, Codes(report));
        Assert.DoesNotContain(report.Times.Trail, bracket => bracket.By == "timestamper");
        Assert.Contains(report.Integrity.Limits, limit => limit.Code == "clocks");
        Assert.Equal([9L, 10L], report.Times.Anchors.Select(anchor => anchor.Size));
    }

    [Fact]
    public void Statement_that_knew_a_tree_came_after_the_time_of_a_smaller_one()
    {
        using var ledger = new TestLedger();
        var emitter = ledger.Emitter("gateway/root");
        ledger.Append(emitter, emitter.OfAnotherTrail());
        ledger.Append(emitter, emitter.OfAnotherTrail());
        ledger.LeftOut.UnionWith([0, 1]);
        ledger.AppendKnowing(emitter, ledger.Head(), emitter.Started(), emitter.Ended());
        ledger.Anchors.Add((1, ledger.Checkpoint(ledger.Head(1)), []));

        var report = BundleBytes.Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal("2026-01-01T01:01:00Z", Assert.Single(report.Times.Trail).NotBefore!.Time);
    }

    [Fact]
    public void Token_over_another_tree_fails()
    {
        var other = new Checkpoint(TestLedger.Origin, 9, _ledger.Head(8).Root);
        _ledger.Anchors.Add((9, _ledger.Checkpoint(_ledger.Head(9)), [_authority.Stamp(System.Text.Encoding.UTF8.GetBytes(other.Body), TestAuthority.Now)]));

        Assert.Equal("timestamp-imprint", Codes(Verify()));
    }

    [Fact]
    public void Token_of_an_authority_that_the_policy_does_not_name_claims_nothing()
    {
        Anchor(10, TestAuthority.Now.AddMinutes(1), stamp: TestAuthority.Now.AddMinutes(3));

        var report = BundleBytes.Verify(_ledger.Bundle(), _ledger.Policy);

        Assert.True(report.Verified, Codes(report));
        Assert.Equal("timestamp-unknown", Assert.Single(report.Warnings).Code);
        Assert.DoesNotContain(report.Times.Trail, bracket => bracket.By == "timestamper");
    }

    [Fact]
    public void Token_after_its_certificate_ended_fails()
    {
        Anchor(10, TestAuthority.Now.AddMinutes(1), stamp: TestAuthority.Now.AddDays(40));

        Assert.Equal("timestamp-expired", Codes(Verify()));
    }

    [Fact]
    public void Token_that_was_backdated_before_a_smaller_tree_contradicts_it()
    {
        Anchor(9, TestAuthority.Now.AddMinutes(1), witness: TestAuthority.Now.AddMinutes(2));
        Anchor(10, TestAuthority.Now.AddMinutes(3), stamp: TestAuthority.Now.AddMinutes(-20));

        Assert.Equal("time-contradicted", Codes(Verify()));
    }

    [Fact]
    public void Anchor_of_a_fork_fails_and_claims_no_time()
    {
        _ledger.Anchors.Add((9, _ledger.Checkpoint(_ledger.Head(8) with { Size = 9 }), []));

        var report = Verify();

        Assert.Equal("head-inconsistent", Codes(report));
        Assert.Equal([10L], report.Times.Anchors.Select(anchor => anchor.Size));
    }

    [Fact]
    public void Anchor_without_the_logs_signatures_fails()
    {
        var head = _ledger.Head(9);
        var checkpoint = new Checkpoint(TestLedger.Origin, head.Size, head.Root);
        _ledger.Anchors.Add((9, new SignedNote(checkpoint.Body, [_witness.Sign(checkpoint, TestAuthority.Now)]), []));

        Assert.Equal("checkpoint-unsigned", Codes(Verify()));
    }

    [Fact]
    public void Anchor_with_a_bad_cosignature_fails()
    {
        var head = _ledger.Head(9);
        var note = _ledger.Checkpoint(head);
        _ledger.Anchors.Add((9, new SignedNote(note.Body, [.. note.Signatures, _witness.Sign(new Checkpoint(TestLedger.Origin, 8, head.Root), TestAuthority.Now)]), []));

        Assert.Equal("cosignature-invalid", Codes(Verify()));
    }

    [Fact]
    public void Anchors_out_of_order_end_the_reading()
    {
        Anchor(9, TestAuthority.Now.AddMinutes(1));
        Anchor(8, TestAuthority.Now.AddMinutes(1));

        Assert.Equal("line-malformed", Codes(Verify()));
    }

    private static string Codes(VerificationReport report) => string.Join(' ', report.Integrity.Failures.Concat(report.Completeness.Failures).Select(failure => failure.Code).Distinct());

    private void Anchor(int size, DateTimeOffset signed, DateTimeOffset? witness = null, DateTimeOffset? stamp = null)
    {
        var head = _ledger.Head(size);
        var checkpoint = new Checkpoint(TestLedger.Origin, head.Size, head.Root);
        var note = _ledger.CheckpointAt(head, signed);
        note = witness is { } seen ? new SignedNote(note.Body, [.. note.Signatures, _witness.Sign(checkpoint, seen)]) : note;
        _ledger.Anchors.Add((size, note, stamp is { } at ? [_authority.Stamp(System.Text.Encoding.UTF8.GetBytes(checkpoint.Body), at)] : []));
    }

    private VerificationReport Verify() => BundleBytes.Verify(_ledger.Bundle(), Policy);
}
