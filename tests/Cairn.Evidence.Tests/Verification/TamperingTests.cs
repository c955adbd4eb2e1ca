using System.Text;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Verification;
using static Cairn.Evidence.Tests.Verification.BundleBytes;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>What a forger may do to a bundle who can also make its manifest fit. Each has its own clear message.</summary>
public sealed class TamperingTests
{
    [Fact]
    public void Tail_removed_is_named_by_the_counts_and_the_open_end()
    {
        using var ledger = TestLedger.Story();
        ledger.LeftOut.UnionWith([8, 9]);

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.False(report.Verified);
        Assert.Equal(VerdictState.Passed, report.Integrity.State);
        Assert.Equal([ReasonCodes.EmitterOpen], Codes(report.Completeness));
        Assert.Contains("tail was removed", report.Completeness.Failures[0].Found, StringComparison.Ordinal);
    }

    [Fact]
    public void Tail_of_one_emitter_removed_is_named_by_the_root_s_count()
    {
        using var ledger = TestLedger.Story();
        ledger.LeftOut.Add(8);

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal([ReasonCodes.EmitterOpen, ReasonCodes.RecordsMissing], Codes(report.Completeness));
    }

    [Fact]
    public void Middle_removed_is_named_with_the_number_of_missing_records()
    {
        using var ledger = TestLedger.Story();
        ledger.LeftOut.Add(2);

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal([ReasonCodes.SequenceGap], Codes(report.Completeness));
        Assert.Contains("2 records before it are missing", report.Completeness.Failures[0].Found, StringComparison.Ordinal);
    }

    [Fact]
    public void Record_hidden_behind_its_hash_is_a_gap()
    {
        using var ledger = TestLedger.Story();
        var bundle = ledger.Bundle();
        var hidden = ledger.Entries[2].Records[1];
        var proofs = EditLines(bundle, BundleFiles.Proofs, lines => lines[2] = lines[2]
            .Replace("\"records\":\"all\",\"siblings\":[]", $"\"records\":[0],\"siblings\":[\"{MerkleHash.Leaf(hidden).ToBase64()}\"]", StringComparison.Ordinal));

        var report = Verify(EditLines(proofs, BundleFiles.Records, lines => Assert.True(lines.Remove(Encoding.UTF8.GetString(hidden)))), ledger.Policy);

        Assert.Equal([ReasonCodes.SequenceGap, ReasonCodes.ActionOpen], Codes(report.Completeness));
    }

    [Fact]
    public void Whole_emitter_removed_is_named_by_those_who_counted_it()
    {
        using var ledger = TestLedger.Story();
        ledger.LeftOut.UnionWith([1, 3, 4, 6, 7, 8]);

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal([ReasonCodes.EmitterMissing], Codes(report.Completeness));
        Assert.Contains("spiffe://example.org/gateway/helper", report.Completeness.Failures[0].Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void Statements_reordered_are_named()
    {
        using var ledger = TestLedger.Story();

        var report = Verify(ledger.Bundle(order: [0, 1, 5, 3, 4, 2, 6, 7, 8, 9]), ledger.Policy);

        Assert.Contains(ReasonCodes.IndexOrder, Codes(report.Integrity));
        Assert.Contains(ReasonCodes.StreamOrder, Codes(report.Integrity));
        Assert.Contains(ReasonCodes.SequenceRepeated, Codes(report.Integrity));
    }

    [Fact]
    public void Records_reordered_within_a_statement_are_named()
    {
        using var ledger = TestLedger.Story();

        var report = Verify(EditLines(ledger.Bundle(), BundleFiles.Records, lines => (lines[2], lines[3]) = (lines[3], lines[2])), ledger.Policy);

        Assert.Contains(ReasonCodes.RecordsRoot, Codes(report.Integrity));
        Assert.Contains(ReasonCodes.SequenceRepeated, Codes(report.Integrity));
    }

    [Fact]
    public void Statement_duplicated_is_named()
    {
        using var ledger = TestLedger.Story();

        var report = Verify(ledger.Bundle(order: [0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9]), ledger.Policy);

        Assert.Contains(report.Integrity.Failures, failure => failure.Code == ReasonCodes.IndexOrder && failure.Found == "the same statement again");
        Assert.Contains(ReasonCodes.RecordDuplicate, Codes(report.Integrity));
    }

    [Fact]
    public void Record_altered_is_named_by_its_line()
    {
        using var ledger = TestLedger.Story();

        var report = Verify(EditLines(ledger.Bundle(), BundleFiles.Records, lines => lines[3] = lines[3].Replace("\"ok\"", "\"no\"", StringComparison.Ordinal)), ledger.Policy);

        var failure = Assert.Single(report.Integrity.Failures);
        Assert.Equal((ReasonCodes.RecordsRoot, "statement 2"), (failure.Code, failure.Subject.ToString()));
        Assert.Contains("records.jsonl line 4 was altered", failure.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void Statement_replaced_by_another_of_the_same_emitter_is_not_in_the_tree()
    {
        using var ledger = TestLedger.Story();
        var leaves = ledger.Head();
        var gateway = ledger.Emitter("gateway/root");
        var checkpoint = ledger.Checkpoint();
        ledger.Entries[0] = gateway.Sign(null, gateway.Started());

        var report = Verify(ledger.Bundle(checkpoint), ledger.Policy);

        Assert.Contains(ReasonCodes.InclusionRoot, Codes(report.Integrity));
        Assert.Equal(leaves, ledger.Head() with { Root = leaves.Root });
    }

    [Fact]
    public void Statements_signed_under_an_unknown_root_are_refused_even_in_the_tree()
    {
        using var ledger = new TestLedger();
        using var stranger = TestAuthority.Root();
        var gateway = ledger.Emitter("gateway/root", root: stranger);
        ledger.Append(gateway, gateway.Started(), gateway.Ended());

        var report = Verify(ledger.Bundle(), ledger.Policy);

        Assert.Equal([ReasonCodes.CertificateUntrusted], Codes(report.Integrity));
    }

    [Fact]
    public void Issuer_without_an_emitter_line_is_refused()
    {
        using var ledger = new TestLedger();
        var gateway = ledger.Emitter("somebody/else");
        ledger.Append(gateway, gateway.Started(), gateway.Ended());

        Assert.Equal([ReasonCodes.IssuerUnknown], Codes(Verify(ledger.Bundle(), ledger.Policy).Integrity));
    }

    [Fact]
    public void Statement_with_another_signature_of_its_key_is_refused()
    {
        using var ledger = TestLedger.Story();
        var files = Files(ledger.Bundle());
        files[BundleFiles.Statements][^1] ^= 1;

        var report = Verify(Zip(files), ledger.Policy);

        Assert.Equal([ReasonCodes.InclusionRoot, ReasonCodes.StatementSignature], Codes(report.Integrity));
    }

    [Fact]
    public void Checkpoint_of_another_log_is_named()
    {
        using var ledger = TestLedger.Story();

        var report = Verify(ledger.Bundle(), ledger.PolicyWith("quorum none\n", origin: "example.org/ledger/other"));

        Assert.Equal([ReasonCodes.CheckpointOrigin], Codes(report.Integrity));
        Assert.Contains("example.org/ledger/other", report.Integrity.Failures[0].Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void Checkpoint_with_a_bad_signature_of_a_known_key_is_named()
    {
        using var ledger = TestLedger.Story();
        var good = ledger.Checkpoint();
        var bad = new SignedNote(good.Body, [good.Signatures[0] with { Bytes = new byte[64] }, good.Signatures[1]]);

        Assert.Equal([ReasonCodes.CheckpointSignature], Codes(Verify(ledger.Bundle(bad), ledger.Policy).Integrity));
    }

    [Fact]
    public void Checkpoint_without_the_second_log_key_s_signature_is_named()
    {
        using var ledger = TestLedger.Story();
        var good = ledger.Checkpoint();

        Assert.Equal([ReasonCodes.CheckpointUnsigned], Codes(Verify(ledger.Bundle(new SignedNote(good.Body, [good.Signatures[0]])), ledger.Policy).Integrity));
    }

    [Theory]
    [InlineData("too long")]
    [InlineData("too short")]
    public void Inclusion_path_of_another_length_is_named(string how)
    {
        using var ledger = TestLedger.Story();
        var bundle = EditLines(ledger.Bundle(), BundleFiles.Proofs, lines =>
        {
            var at = lines[0].IndexOf("\"path\":[", StringComparison.Ordinal) + 8;
            lines[0] = how == "too long" ? lines[0].Insert(at, $"\"{Digest.Sha256([]).ToBase64()}\",") : lines[0].Remove(at, 47);
        });

        Assert.Equal([ReasonCodes.InclusionPath], Codes(Verify(bundle, ledger.Policy).Integrity));
    }

    [Fact]
    public void Manifest_edited_is_named()
    {
        using var ledger = TestLedger.Story();
        var bundle = ledger.Bundle();
        string Swap(string text, string what, string with) => text.Replace(what, with, StringComparison.Ordinal);

        var counts = Edit(bundle, BundleFiles.Manifest, text => Swap(text, "\"statements\": 10", "\"statements\": 11"), fitManifest: false);
        var trace = Edit(bundle, BundleFiles.Manifest, text => Swap(text, ledger.Trace.ToString(), TraceId.New().ToString()), fitManifest: false);
        var layout = Edit(bundle, BundleFiles.Manifest, text => text + " ", fitManifest: false);
        var records = Edit(bundle, BundleFiles.Records, text => Swap(text, "alice", "alicf"), fitManifest: false);

        Assert.Equal([ReasonCodes.ManifestMismatch], Codes(Verify(counts, ledger.Policy).Integrity));
        Assert.Equal([ReasonCodes.RecordTrace], Codes(Verify(trace, ledger.Policy).Integrity));
        Assert.Equal([ReasonCodes.ManifestMalformed], Codes(Verify(layout, ledger.Policy).Integrity));
        Assert.Equal([ReasonCodes.RecordsRoot, ReasonCodes.FileDigest], Codes(Verify(records, ledger.Policy).Integrity));
    }

    [Fact]
    public void Trust_policy_inside_the_bundle_has_no_part_in_a_pinned_verification()
    {
        using var ledger = TestLedger.Story();
        using var stranger = TestAuthority.Root();
        var forged = Edit(ledger.Bundle(), BundleFiles.TrustPolicy, _ => ledger.PolicyWith("quorum none\n", root: stranger).Encode());

        Assert.True(Verify(forged, ledger.Policy).Verified);
        Assert.Equal([ReasonCodes.CertificateUntrusted], Codes(Verify(forged, null).Integrity));
    }

    [Fact]
    public void Certificate_under_another_hash_is_named()
    {
        using var ledger = TestLedger.Story();
        var bundle = EditLines(ledger.Bundle(), BundleFiles.Certificates, lines => lines[0] = lines[0].Replace(lines[0][8..72], Digest.Sha256([]).ToString(), StringComparison.Ordinal));

        Assert.Equal(ReasonCodes.CertificateMismatch, Verify(bundle, ledger.Policy).Integrity.Failures[0].Code);
    }

    [Fact]
    public void Proofs_and_statements_of_different_number_are_named()
    {
        using var ledger = TestLedger.Story();

        var report = Verify(EditLines(ledger.Bundle(), BundleFiles.Proofs, lines => lines.RemoveAt(lines.Count - 1)), ledger.Policy);

        Assert.Contains(ReasonCodes.StatementUnpaired, Codes(report.Integrity));
        Assert.Equal(VerdictState.Unproven, report.Completeness.State);
    }
}
