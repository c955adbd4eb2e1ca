using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>The keys of a log change (docs/spec/verification.md §12): who follows, and who is not led astray.</summary>
public sealed class SuccessionTests : IDisposable
{
    private readonly KeyStory _story = new();

    public void Dispose() => _story.Dispose();

    [Fact]
    public void Trail_across_a_change_of_the_logs_keys_verifies_under_the_old_policy_the_new_one_and_both()
    {
        _story.Change();
        _story.End();
        var bundle = _story.Bundle();
        var (old, next) = (_story.Generations[0], _story.Generations[1]);

        foreach (var policy in new[] { _story.Policy(old), _story.Policy(next), _story.Policy([.. old, .. next]), _story.Policy(next, _story.Retired(0)) })
        {
            var report = KeyStory.Verify(bundle, policy);
            Assert.True(report.Verified, string.Join('\n', VerificationText.Lines(report)));
            Assert.Equal(next.Select(key => key.VerifierKey), report.LogKeys!.Newest);
            Assert.Equal(_story.Sizes[0], Assert.Single(report.Trust.Successions).Size);
        }
    }

    [Fact]
    public void Several_changes_are_followed_from_wherever_the_policy_stands()
    {
        _story.Change();
        _story.Change(_story.Make(KeyType.Ed25519), old: [_story.Newest[0]]);
        _story.Change();
        _story.End();
        var bundle = _story.Bundle();

        foreach (var keys in _story.Generations)
        {
            Assert.Equal("", KeyStory.Codes(bundle, _story.Policy(keys)));
        }
    }

    [Fact]
    public void Change_that_the_exporter_hides_fails_closed()
    {
        _story.Change();
        _story.Change();
        _story.End();
        _story.Ledger.Successions.RemoveAt(0);

        Assert.Equal("checkpoint-unsigned", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
        Assert.Equal("", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[1])));
    }

    [Fact]
    public void Change_that_an_operator_tells_of_under_a_revoked_key_fails_unless_it_is_from_before()
    {
        _story.Change();
        _story.End();
        var bundle = _story.Bundle();

        Assert.Equal("key-revoked", KeyStory.Codes(bundle, _story.Policy(_story.Generations[0], $"revoked {_story.Operator.Key} 2026-01-01T00:00:00Z\n")));
        Assert.Equal("", KeyStory.Codes(bundle, _story.Policy(_story.Generations[0], $"revoked {_story.Operator.Key} 2026-01-02T00:00:00Z\n")));
    }

    [Fact]
    public void Anchors_are_judged_by_the_keys_of_their_time()
    {
        Anchor(1, _story.Newest);
        _story.Change();
        Anchor(_story.Ledger.Entries.Count, _story.Newest);
        _story.Change();
        _story.End();
        var bundle = _story.Bundle();

        foreach (var policy in _story.Generations.Select(keys => _story.Policy(keys)).Append(_story.Policy(_story.Newest, _story.Retired(1) + _story.Retired(0))).Append(_story.Policy(_story.Newest, _story.Retired(1))))
        {
            var report = KeyStory.Verify(bundle, policy);
            Assert.True(report.Verified, string.Join('\n', VerificationText.Lines(report)));
            Assert.Equal(3, report.Times.Anchors.Count);
        }
    }

    [Fact]
    public void Anchor_by_new_keys_in_the_time_of_the_old_ones_is_unsigned()
    {
        var next = _story.Make(KeyType.Ed25519, KeyType.MlDsa44);
        Anchor(1, next);
        _story.Change(next);
        _story.End();

        Assert.Equal("checkpoint-unsigned", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Fact]
    public void Retired_key_that_signs_on_is_named_also_where_the_new_keys_sign_too()
    {
        _story.Change();
        _story.End();
        var bundle = _story.Bundle([.. _story.Newest, _story.Generations[0][0]]);

        Assert.Equal("key-retired", KeyStory.Codes(bundle, _story.Policy(_story.Generations[0])));
        Assert.Equal("key-retired", KeyStory.Codes(bundle, _story.Policy(_story.Newest, _story.Retired(0))));
    }

    [Fact]
    public void Thief_of_retired_keys_can_not_extend_the_ledger_for_who_knows_that_they_are_retired()
    {
        _story.Change();
        _story.Ledger.Successions.Clear();
        _story.End();
        var forged = _story.Bundle(_story.Generations[0]);

        Assert.Equal("checkpoint-unsigned key-retired", KeyStory.Codes(forged, _story.Policy(_story.Newest, _story.Retired(0))));
        Assert.Equal("", KeyStory.Codes(forged, _story.Policy(_story.Generations[0]))); // who does not know: the stated limit
    }

    [Fact]
    public void Bundle_of_before_stays_good_for_who_has_the_new_keys_and_knows_of_the_old_ones()
    {
        _story.End();
        var before = _story.Bundle();
        _story.Change();

        Assert.Equal("", KeyStory.Codes(before, _story.Policy(_story.Newest, _story.Retired(0))));
        Assert.Equal("checkpoint-unsigned", KeyStory.Codes(before, _story.Policy(_story.Newest)));
        Assert.Equal("checkpoint-unsigned key-retired", KeyStory.Codes(before, _story.Policy(_story.Newest, $"retired {_story.Generations[0][0].VerifierKey} 1\n")));
    }

    [Fact]
    public void Downgrade_of_a_bundle_of_before_is_refused_by_the_retired_keys_too()
    {
        _story.End();
        var stripped = _story.Bundle([_story.Newest[0]]);
        _story.Change();

        Assert.Equal("checkpoint-unsigned", KeyStory.Codes(stripped, _story.Policy(_story.Newest, _story.Retired(0))));
    }

    [Fact]
    public void Succession_by_a_stranger_s_keys_moves_nothing()
    {
        _story.Change(signers: _story.Make(KeyType.Ed25519, KeyType.MlDsa44));
        _story.End();

        Assert.Equal("checkpoint-unsigned succession-malformed succession-unsigned", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Succession_needs_every_old_key_and_the_possession_of_every_new_one(int missing)
    {
        var next = _story.Make(KeyType.Ed25519, KeyType.MlDsa44);
        _story.Change(next, [.. _story.Newest.Concat(next).Where((_, i) => i != missing)]);
        _story.End();

        Assert.Equal("checkpoint-unsigned succession-malformed succession-unsigned", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Fact]
    public void Succession_that_an_agent_tells_of_moves_nothing()
    {
        _story.Operator = _story.Ledger.Operator(path: "agent/eve");
        _story.Change();
        _story.End();

        Assert.Equal("checkpoint-unsigned succession-untrusted", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Fact]
    public void Operator_under_a_root_of_a_stranger_is_not_believed()
    {
        using var root = Statements.TestAuthority.Root();
        _story.Operator = _story.Ledger.Operator(root, "operator/intruder");
        _story.Change();
        _story.End();

        Assert.Equal("certificate-untrusted", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Theory]
    [InlineData(KeyType.Ed25519)]
    [InlineData(KeyType.MlDsa44)]
    public void New_keys_that_lack_an_algorithm_of_the_old_are_refused(byte kept)
    {
        _story.Change(_story.Make(kept));
        _story.End();

        Assert.Equal("checkpoint-unsigned succession-downgrade", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
        Assert.Equal("", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Newest))); // the verifier's own policy says so
        Assert.Equal("", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0].Where(key => key.VerifierKey.Type == kept))));
    }

    [Fact]
    public void Key_of_an_algorithm_that_nobody_knows_is_refused_and_not_passed_over()
    {
        _story.Change(says: (rotation, json) =>
        {
            json.WriteString("by", "ops@example.org");
            json.WriteString("role", "log");
            json.WriteString("origin", rotation.Origin);
            json.WriteString("phase", "retired");
            WriteKeys(json, "old_keys", rotation.Old.Select(key => key.ToString()));
            WriteKeys(json, "new_keys", [.. rotation.New.Select(key => key.ToString()), $"{rotation.Origin}+00000000+{Convert.ToBase64String([0x7f, .. new byte[32]])}"]);
        });
        _story.End();

        Assert.Equal("algorithm-unknown checkpoint-unsigned", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
        Assert.Equal("algorithm-unknown", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Newest)));
    }

    [Theory]
    [InlineData("announced", true)]
    [InlineData("retired", false)]
    public void Record_that_retires_nothing_of_this_log_is_malformed(string phase, bool sameOrigin)
    {
        _story.Change(says: (rotation, json) => (rotation with
        {
            Phase = phase,
            Origin = sameOrigin ? rotation.Origin : "example.org/another",
            Old = sameOrigin ? rotation.Old : [.. rotation.Old.Select(key => new VerifierKey("example.org/another", key.Type, key.PublicKey))],
            New = sameOrigin ? rotation.New : [.. rotation.New.Select(key => new VerifierKey("example.org/another", key.Type, key.PublicKey))],
        }).WriteTo(json));
        _story.End();

        Assert.Equal("checkpoint-unsigned succession-malformed", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Fact]
    public void Succession_checkpoint_from_before_the_retirement_proves_nothing()
    {
        _story.Change();
        _story.End();
        var (index, _) = _story.Ledger.Successions[0];
        _story.Ledger.Successions[0] = (index, KeyStory.Sign(_story.Ledger.Head(index), _story.Generations[0].Concat(_story.Newest)));

        Assert.Equal("checkpoint-unsigned inclusion-path", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Fact]
    public void Succession_checkpoint_of_a_fork_is_inconsistent()
    {
        _story.Change();
        _story.End();
        var (index, note) = _story.Ledger.Successions[0];
        var head = Checkpoint.Of(note).Head with { Root = Digest.Sha256("another tree"u8) };
        _story.Ledger.Successions[0] = (index, KeyStory.Sign(head, _story.Generations[0].Concat(_story.Newest)));

        Assert.Equal("checkpoint-unsigned head-inconsistent", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Fact]
    public void One_retirement_makes_one_succession()
    {
        _story.Change();
        _story.End();
        _story.Ledger.Successions.Add((_story.Ledger.Successions[0].Index, KeyStory.Sign(_story.Ledger.Head(), _story.Generations[0].Concat(_story.Newest))));

        Assert.Equal("index-order key-retired", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])));
    }

    [Fact]
    public void Successions_out_of_order_end_the_reading()
    {
        _story.Change();
        _story.Change();
        _story.End();
        _story.Ledger.Successions.Reverse();

        Assert.Contains("line-malformed", KeyStory.Codes(_story.Bundle(), _story.Policy(_story.Generations[0])), StringComparison.Ordinal);
    }

    [Fact]
    public void Policy_goes_on_by_what_a_bundle_proves_and_refuses_the_old_keys_from_then_on()
    {
        _story.Change();
        _story.Change();
        _story.End();
        var old = _story.Policy(_story.Generations[0]);
        var followed = old.WithKeys(TestLedger.Origin, KeyStory.Verify(_story.Bundle(), old).LogKeys!);

        Assert.Equal(TrustPolicy.Parse(followed.Encode()).Encode(), followed.Encode());
        Assert.Equal(_story.Newest.Select(key => key.VerifierKey), followed.Log.Logs.Select(log => log.Key));
        Assert.Equal(_story.Generations[0].Concat(_story.Generations[1]).Select(key => key.VerifierKey), followed.Log.Retired.Select(one => one.Key));
        Assert.Equal("", KeyStory.Codes(_story.Bundle(), followed));
        Assert.Equal("checkpoint-unsigned key-retired", KeyStory.Codes(_story.Bundle(_story.Generations[0]), followed));
    }

    private void Anchor(int size, IEnumerable<CheckpointSigner> signers) => _story.Ledger.Anchors.Add((size, KeyStory.Sign(_story.Ledger.Head(size), signers), []));

    private static void WriteKeys(Utf8JsonWriter json, string name, IEnumerable<string> keys)
    {
        json.WriteStartArray(name);
        foreach (var key in keys)
        {
            json.WriteStringValue(key);
        }

        json.WriteEndArray();
    }
}
