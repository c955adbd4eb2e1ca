using System.Text;
using System.Text.Json;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Verification;
using static Cairn.Evidence.Tests.Verification.BundleBytes;

namespace Cairn.Evidence.Tests.Verification;

public sealed class BundleVerifierTests
{
    [Fact]
    public void Bundle_passes_all_three_verdicts_when_nothing_was_touched()
    {
        using var ledger = TestLedger.Story();

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.True(report.Verified, string.Join('\n', VerificationText.Lines(report)));
        Assert.Equal((VerdictState.Passed, VerdictState.Passed, VerdictState.Passed), (report.Integrity.State, report.Completeness.State, report.Corroboration.State));
        Assert.Equal(new CorroborationCounts(4, 0, 4, 0, 0), report.Actions);
        Assert.Equal((10L, 12L, 2L), (report.Counts.Statements, report.Counts.Records, report.Counts.Streams));
        Assert.True(report.Trust.Pinned);
        Assert.Empty(report.Warnings);
        Assert.Contains(report.Integrity.Limits, limit => limit.Code == "no-witnesses");
        Assert.Contains(report.Corroboration.Limits, limit => limit.Code == "no-target-log");
    }

    [Fact]
    public void Report_is_the_same_as_json_and_says_all_of_it()
    {
        using var ledger = TestLedger.Story();

        var json = JsonElement.Parse(VerificationJson.Encode(Verify(ledger.Bundle(), ledger.Policy)));

        Assert.Equal("cairn-verification/1", json.GetProperty("format").GetString());
        Assert.Equal("passed", json.GetProperty("integrity").GetProperty("state").GetString());
        Assert.Equal(2, json.GetProperty("emitters").GetArrayLength());
        Assert.Equal("gateway", json.GetProperty("emitters")[0].GetProperty("role").GetString());
    }

    [Fact]
    public void Bundle_is_the_same_bytes_when_made_twice()
    {
        using var ledger = TestLedger.Story();
        var checkpoint = ledger.Checkpoint();

        Assert.Equal(ledger.Bundle(checkpoint), ledger.Bundle(checkpoint));
    }

    [Fact]
    public void Trust_is_called_unpinned_when_the_verifier_brings_no_policy()
    {
        using var ledger = TestLedger.Story();

        var report = Verify(ledger.Bundle(), null);

        Assert.False(report.Trust.Pinned);
        Assert.True(report.Verified);
        Assert.Contains(report.Integrity.Limits, limit => limit.Code == "unpinned");
    }

    [Fact]
    public void Actions_are_only_reported_when_the_actor_is_the_issuer()
    {
        using var ledger = new TestLedger();
        var agent = ledger.Emitter("agent/a");
        ledger.Append(agent, agent.Started(), agent.Requested(out var id), agent.Completed(id), agent.Ended());

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal(new CorroborationCounts(1, 1, 0, 0, 0), report.Actions);
        Assert.Equal(VerdictState.Unproven, report.Corroboration.State);
        Assert.Contains(report.Corroboration.Limits, limit => limit.Code == "self-reported");
    }

    [Fact]
    public void Completeness_is_unproven_when_nobody_recorded_the_start()
    {
        using var ledger = new TestLedger();
        var gateway = ledger.Emitter("gateway/g");
        ledger.Append(gateway, gateway.Started(SpanId.New()), gateway.Ended());

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal(VerdictState.Unproven, report.Completeness.State);
        Assert.Contains(report.Completeness.Limits, limit => limit.Code == "no-root");
    }

    [Fact]
    public void Completeness_is_unproven_when_an_emitter_declares_a_gap()
    {
        using var ledger = new TestLedger();
        var gateway = ledger.Emitter("gateway/g");
        var other = ledger.Emitter("gateway/h");
        ledger.Append(gateway, gateway.Started(), gateway.Ended());
        ledger.Append(other, other.Gap());

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal(VerdictState.Unproven, report.Completeness.State);
        Assert.Equal(ReasonCodes.GapDeclared, Assert.Single(report.Warnings).Code);
    }

    [Fact]
    public void Disclosed_content_is_checked_against_its_commitment()
    {
        using var ledger = new TestLedger();
        var gateway = ledger.Emitter("gateway/g");
        var (trailKey, id, content) = (new byte[32], RecordId.New(TestAuthority.Now), "{\"path\":\"/etc/hosts\"}"u8.ToArray());
        var key = Commitment.CommitmentKey(trailKey, id, "input");
        var held = new HeldCommitment(Commitment.Commit(key, content), content.Length, "application/json", ContentHandling.Full);
        ledger.Append(gateway, gateway.Started(), gateway.Requested(out _, held, id), gateway.Completed(id), gateway.Ended());
        ledger.Contents.Add((id, "input", key, content));

        var honest = ledger.Bundle();
        var swapped = Edit(honest, BundleFiles.Content, text => text.Replace("hosts", "passw", StringComparison.Ordinal));
        var extra = Edit(honest, BundleFiles.Content, text => text + "x");
        var elsewhere = Edit(honest, BundleFiles.ContentIndex, text => text.Replace("\"input\"", "\"type\"", StringComparison.Ordinal));

        Assert.True(Verify(honest, ledger.Policy).Verified);
        Assert.Equal(1, Verify(honest, ledger.Policy).Counts.Contents);
        Assert.Equal([ReasonCodes.ContentMismatch], Codes(Verify(swapped, ledger.Policy).Integrity));
        Assert.Equal([ReasonCodes.ContentUnclaimed], Codes(Verify(extra, ledger.Policy).Integrity));
        Assert.Equal([ReasonCodes.ContentUnclaimed], Codes(Verify(elsewhere, ledger.Policy).Integrity));
    }

    [Fact]
    public void Quorum_of_witnesses_is_asked_for_when_the_policy_names_one()
    {
        using var ledger = TestLedger.Story();
        using var witness = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "witness.example/w");
        using var stranger = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "witness.example/w");
        var policy = ledger.PolicyWith($"witness w {witness.VerifierKey}\nquorum w\n");

        Assert.Equal([ReasonCodes.QuorumNotMet], Codes(Verify(ledger.Bundle(), policy).Integrity));
        Assert.Equal([ReasonCodes.QuorumNotMet], Codes(Verify(ledger.Bundle(ledger.Checkpoint(null, stranger)), policy).Integrity));
        var report = Verify(ledger.Bundle(ledger.Checkpoint(null, witness)), policy);
        Assert.True(report.Verified);
        Assert.DoesNotContain(report.Integrity.Limits, limit => limit.Code == "no-witnesses");
    }

    [Fact]
    public void Fork_is_named_when_an_emitter_was_shown_another_tree()
    {
        using var ledger = new TestLedger();
        var gateway = ledger.Emitter("gateway/g");
        ledger.Append(gateway, gateway.Started());
        ledger.AppendKnowing(gateway, new TreeHead(1, Digest.Sha256("another tree"u8)), gateway.Ended());

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal([ReasonCodes.HeadInconsistent], Codes(report.Integrity));
    }

    [Fact]
    public void Every_reason_code_is_explained_in_the_documentation()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Cairn.slnx")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        var text = File.ReadAllText(Path.Combine(folder, "docs", "verdicts.md"), Encoding.UTF8);
        var codes = typeof(ReasonCodes).GetFields().Select(field => (string)field.GetRawConstantValue()!);

        Assert.All(codes, code => Assert.Contains($"`{code}`", text, StringComparison.Ordinal));
    }
}
