using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using CsCheck;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>A key is revoked while a trail goes on (docs/spec/verification.md §14). The vectors hold the same stories and more.</summary>
public sealed class KeyRevocationTests : IDisposable
{
    private readonly TestLedger _ledger = new();
    private readonly CheckpointSigner _witness = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "witness.example/w");
    private readonly TestEmitter _operator;
    private readonly TestEmitter _root;
    private readonly TestEmitter _helper;

    public KeyRevocationTests() => (_operator, _root, _helper) = (_ledger.Operator(), _ledger.Emitter("gateway/root"), _ledger.Emitter("gateway/helper", "agent/b"));

    public void Dispose()
    {
        _ledger.Dispose();
        _witness.Dispose();
    }

    [Fact]
    public void Statements_stand_each_by_its_own_bracket()
    {
        Begin();
        Witness(At(10)); // the helper's first statement
        _ledger.Append(_helper, _helper.Ended());
        Witness(At(20)); // and its second
        Revoke(since: At(15));
        End();

        var report = Verify();

        Assert.Equal(["key-revoked statement 2"], Failures(report));
        var revoked = Assert.Single(report.Revoked);
        Assert.Equal((_helper.Key.ToString(), _helper.Issuer.ToString(), (long?)3, 2L, 1L), (revoked.Key, revoked.Emitter, revoked.Record, revoked.Statements, revoked.Unproven));
        Assert.Equal(new BeforeRevocation("witness", "w", "2026-01-01T01:00:10Z", 1), Assert.Single(revoked.Before));
        Assert.Contains(VerificationText.Lines(report), line => line.Contains("1 statement signed before, by the word of the witness w (not after 2026-01-01T01:00:10Z); 1 statement not provably signed before", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    [InlineData(-10_000_000, false)]
    public void Second_that_a_witness_names_has_to_have_ended(long ticks, bool stands)
    {
        Story(witnessed: At(10), since: At(11).AddTicks(10 * ticks));

        Assert.Equal(stands, Verify("quorum w\n").Verified);
    }

    [Fact]
    public void Log_s_own_word_is_a_warning_and_not_enough_for_who_asks_for_a_quorum()
    {
        Begin();
        _ledger.Append(_helper, _helper.Ended());
        _ledger.Anchors.Add((3, _ledger.CheckpointAt(_ledger.Head(), At(10)), []));
        Revoke(since: At(15));
        End();

        var report = Verify();

        Assert.True(report.Verified);
        Assert.Equal(["before-revocation-by-log", "before-revocation-by-log"], report.Warnings.Select(warning => warning.Code));
        Assert.Equal(("log", 2L), (report.Revoked.Single().Before.Single().By, report.Revoked.Single().Before.Single().Statements));
        Assert.Equal(["key-revoked statement 1", "key-revoked statement 2"], Failures(Verify("quorum w\n")));
    }

    [Fact]
    public void Without_a_time_the_place_in_the_ledger_decides()
    {
        Begin();
        Revoke(since: null);
        _ledger.Append(_helper, _helper.Ended());
        End();

        var report = Verify();

        Assert.Equal(["key-revoked statement 3"], Failures(report));
        Assert.Equal(new BeforeRevocation("place", null, null, 1), report.Revoked.Single().Before.Single());
        Assert.Null(report.Revoked.Single().Since);
    }

    [Fact]
    public void Statement_behind_the_record_fails_whatever_its_bracket()
    {
        Begin();
        Revoke(since: At(50));
        _ledger.Append(_helper, _helper.Ended());
        Witness(At(10));
        End();

        Assert.Equal(["key-revoked statement 3"], Failures(Verify()));
    }

    [Fact]
    public void Earlier_of_the_policy_s_time_and_the_record_s_counts()
    {
        Story(witnessed: At(10), since: At(15));

        Assert.True(Verify(more: $"revoked {_helper.Key} {Text(At(20))}\n").Verified);
        Assert.Equal(["key-revoked statement 1", "key-revoked statement 2"], Failures(Verify(more: $"revoked {_helper.Key} {Text(At(5))}\n")));
    }

    [Fact]
    public void Revocation_that_was_left_out_is_known_to_the_policy_that_names_it()
    {
        Story(witnessed: At(10), since: At(5));
        _ledger.TrustChanges.Clear();

        Assert.True(Verify().Verified);
        var report = Verify(more: $"revoked {_helper.Key} {Text(At(5))}\n");
        Assert.Equal(["key-revoked statement 1", "key-revoked statement 2"], Failures(report));
        Assert.Null(report.Revoked.Single().Record);
    }

    [Fact]
    public void Nobody_but_an_operator_revokes_and_only_for_its_own_trust_domain()
    {
        var agent = _ledger.Operator(path: "agent/eve");
        Begin();
        _ledger.AppendRevocation(agent, new KeyRevocation(_helper.Key, null, At(1), "eve", "spite"));
        _ledger.Append(_helper, _helper.Ended());
        End();

        var report = Verify();

        Assert.Equal(["trust-change-untrusted trust change 2"], Failures(report));
        Assert.Empty(report.Revoked);
    }

    [Fact]
    public void Later_revocation_with_a_later_time_takes_nothing_back()
    {
        Begin();
        _ledger.Append(_helper, _helper.Ended());
        Witness(At(10));
        Revoke(since: At(5));
        Revoke(since: At(50));
        End();

        Assert.Equal(["key-revoked statement 1", "key-revoked statement 2"], Failures(Verify()));
    }

    [Fact]
    public void Operator_whose_own_key_was_revoked_is_judged_by_the_same_rule()
    {
        var other = _ledger.Operator(path: "operator/second");
        Begin();
        _ledger.Append(_helper, _helper.Ended());
        Witness(At(10));
        Revoke(since: At(15));
        _ledger.AppendRevocation(other, new KeyRevocation(_operator.Key, null, At(12), "ops", "its key was stolen"));
        End();

        Assert.Equal(["key-revoked trust change 3"], Failures(Verify()));
    }

    [Fact]
    public void Earlier_time_never_makes_a_failing_statement_good() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 60], Gen.Int[0, 60], Gen.Bool).Sample((witnessed, since, earlier, byQuorum) =>
        {
            using var test = new KeyRevocationTests();
            test.Story(At(witnessed), At(since));
            using var same = new KeyRevocationTests();
            same.Story(At(witnessed), At(Math.Min(since, earlier)));
            var quorum = byQuorum ? "quorum w\n" : "quorum none\n";
            return test.Verify(quorum).Verified || !same.Verify(quorum).Verified;
        }, iter: 20, threads: 1);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"key":7}""")]
    [InlineData("""{"key":"ABCDEF0000000000000000000000000000000000000000000000000000000000"}""")]
    [InlineData("""{"key":"abcdef0000000000000000000000000000000000000000000000000000000000","since":null}""")]
    [InlineData("""{"key":"abcdef0000000000000000000000000000000000000000000000000000000000","since":"2026-01-01T00:00:00Z"}""")]
    [InlineData("[]")]
    public void Record_of_another_form_is_refused(string body) =>
        Assert.Throws<EvidenceFormatException>(() => KeyRevocation.Parse(JsonDocument.Parse(body).RootElement));

    [Theory]
    [InlineData("revoked")]
    [InlineData("revoked abcd 2026-01-01T00:00:00Z")]
    [InlineData("revoked ABCDEF0000000000000000000000000000000000000000000000000000000000 2026-01-01T00:00:00Z")]
    [InlineData("revoked abcdef0000000000000000000000000000000000000000000000000000000000")]
    [InlineData("revoked abcdef0000000000000000000000000000000000000000000000000000000000 2026-02-30T00:00:00Z")]
    [InlineData("revoked abcdef0000000000000000000000000000000000000000000000000000000000 2026-01-01T00:00:00.5Z")]
    [InlineData("revoked abcdef0000000000000000000000000000000000000000000000000000000000 2026-01-01T00:00:00Z x")]
    public void Policy_line_of_another_form_is_refused(string line) =>
        Assert.Contains("policy line 2", Assert.Throws<EvidenceFormatException>(() => TrustPolicy.Parse($"quorum none\n{line}\n")).Message, StringComparison.Ordinal);

    [Fact]
    public void Policy_keeps_its_revoked_keys_and_has_one_line_for_each()
    {
        var line = $"revoked {Digest.Sha256("key"u8)} 2026-01-31T09:30:00Z\n";

        Assert.Contains(line, TrustPolicy.Parse("quorum none\n" + line).Encode(), StringComparison.Ordinal);
        Assert.Throws<EvidenceFormatException>(() => TrustPolicy.Parse("quorum none\n" + line + line));
    }

    private static DateTimeOffset At(int seconds) => TestAuthority.Now.AddSeconds(seconds);

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static List<string> Failures(VerificationReport report) =>
        [.. report.Integrity.Failures.Select(failure => $"{failure.Code} {failure.Subject}").Where(text => !text.StartsWith("issuer-unknown", StringComparison.Ordinal))];

    private void Begin()
    {
        _ledger.Append(_root, _root.Started());
        _ledger.Append(_helper, _helper.Started(_root.Task));
    }

    private void Story(DateTimeOffset witnessed, DateTimeOffset? since)
    {
        Begin();
        _ledger.Append(_helper, _helper.Ended());
        Witness(witnessed);
        Revoke(since);
        End();
    }

    /// <summary>An anchor of what is there so far, by the log a second later than by the witness.</summary>
    private void Witness(DateTimeOffset time)
    {
        var signed = _ledger.CheckpointAt(_ledger.Head(), time.AddSeconds(1));
        var checkpoint = new Checkpoint(TestLedger.Origin, _ledger.Head().Size, _ledger.Head().Root);
        _ledger.Anchors.Add((_ledger.Entries.Count, new SignedNote(signed.Body, [.. signed.Signatures, _witness.Sign(checkpoint, time)]), []));
    }

    private void Revoke(DateTimeOffset? since) => _ledger.AppendRevocation(_operator, new KeyRevocation(_helper.Key, _helper.Issuer, since, "ops@example.org", "the host was taken over"));

    private void End() => _ledger.Append(_root, _root.Ended(_helper));

    private VerificationReport Verify(string quorum = "quorum none\n", string more = "")
    {
        var policy = TrustPolicy.Parse(_ledger.PolicyWith($"witness w {_witness.VerifierKey}\n{quorum}").Encode() + "emitter operator spiffe://example.org/operator/*\n" + more);
        using var zip = new MemoryStream(_ledger.Bundle(_ledger.Checkpoint(null, _witness)));
        return BundleVerifier.Verify(zip, policy);
    }
}
