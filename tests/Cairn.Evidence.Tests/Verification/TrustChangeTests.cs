using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>A trust domain's roots change while a trail goes on (docs/spec/verification.md §10). The vectors hold the same stories and more.</summary>
public sealed class TrustChangeTests : IDisposable
{
    private readonly TestLedger _ledger = new();
    private readonly X509Certificate2 _new = TestAuthority.Root();
    private readonly TestEmitter _operator;
    private readonly TestEmitter _old;
    private readonly TestEmitter _helper;
    private TrustChange? _last;

    public TrustChangeTests() =>
        (_operator, _old, _helper) = (_ledger.Operator(), _ledger.Emitter("gateway/root"), _ledger.Emitter("gateway/helper", "agent/b", _new));

    private TrustPolicy Policy => TrustPolicy.Parse(_ledger.Policy.Encode() + "emitter operator spiffe://example.org/operator/*\n");

    public void Dispose()
    {
        _ledger.Dispose();
        _new.Dispose();
    }

    [Fact]
    public void Trail_in_which_the_root_was_changed_verifies_under_the_policy_of_before()
    {
        _ledger.Append(_old, _old.Started());
        Change(_ledger.Root);
        Change(_ledger.Root, _new);
        _ledger.Append(_helper, _helper.Started(_old.Task), _helper.Ended());
        _ledger.Append(_old, _old.Ended(_helper));
        Change(_new);

        Assert.True(Verify().Verified, Codes(Verify()));
    }

    [Fact]
    public void Statement_under_the_new_root_before_its_introduction_has_a_code_of_its_own()
    {
        _ledger.Append(_old, _old.Started());
        _ledger.Append(_helper, _helper.Started(_old.Task), _helper.Ended());
        Change(_ledger.Root);
        Change(_ledger.Root, _new);
        _ledger.Append(_old, _old.Ended(_helper));

        Assert.Equal("root-not-yet-trusted", Codes(Verify()));
    }

    [Fact]
    public void Statement_under_a_removed_root_after_its_removal_has_a_code_of_its_own()
    {
        Story();
        Change(_new);
        _ledger.Append(_old, _old.Ended(_helper));

        Assert.Equal("root-removed", Codes(Verify()));
    }

    [Fact]
    public void Removal_counts_also_for_a_root_that_the_policy_names()
    {
        Story();
        Change(_new);
        _ledger.Append(_old, _old.Ended(_helper));
        var both = TrustPolicy.Parse(Policy.Encode() + $"trustdomain example.org {Convert.ToBase64String(_new.RawData)}\n");

        Assert.Equal("root-removed", Codes(Verify(both)));
    }

    [Fact]
    public void Policy_without_operators_pins_its_roots()
    {
        Story();
        _ledger.Append(_old, _old.Ended(_helper));

        Assert.Equal("certificate-untrusted issuer-unknown trust-change-untrusted", Codes(Verify(_ledger.Policy)));
    }

    [Fact]
    public void New_root_can_not_vouch_for_itself()
    {
        var intruder = _ledger.Operator(_new, "operator/intruder");
        _ledger.Append(_old, _old.Started());
        _ledger.AppendTrust(intruder, Next(_ledger.Root, _new));
        _ledger.Append(_helper, _helper.Started(_old.Task), _helper.Ended());
        _ledger.Append(_old, _old.Ended(_helper));

        Assert.Equal("certificate-untrusted", Codes(Verify()));
    }

    [Fact]
    public void Operator_under_a_removed_root_changes_nothing_any_more()
    {
        Story();
        Change(_new);
        _ledger.AppendTrust(_operator, Next(_ledger.Root, _new));
        _ledger.Append(_old, _old.Ended(_helper));

        Assert.Equal("root-removed", Codes(Verify()));
    }

    [Fact]
    public void Agent_can_not_change_trust()
    {
        var agent = _ledger.Operator(path: "agent/eve");
        _ledger.Append(_old, _old.Started());
        _ledger.AppendTrust(agent, Next(_ledger.Root, _new));
        _ledger.Append(_helper, _helper.Started(_old.Task), _helper.Ended());
        _ledger.Append(_old, _old.Ended(_helper));

        Assert.Equal("certificate-untrusted trust-change-untrusted", Codes(Verify()));
    }

    [Fact]
    public void Change_that_was_left_out_is_missed()
    {
        Story();
        _ledger.Append(_old, _old.Ended(_helper));
        _ledger.TrustChanges.RemoveAt(0);

        Assert.Contains("trust-change-missing", Codes(Verify()), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_changes_of_one_statement_are_taken_in_their_order()
    {
        _ledger.Append(_old, _old.Started());
        _ledger.AppendTrust(_operator, Next(_ledger.Root), Next(_ledger.Root, _new));
        _ledger.Append(_helper, _helper.Started(_old.Task), _helper.Ended());
        _ledger.Append(_old, _old.Ended(_helper));

        Assert.True(Verify().Verified, Codes(Verify()));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"keys\":[{\"use\":\"x509-svid\"}]}")]
    [InlineData("{\"keys\":[{\"use\":\"x509-svid\",\"x5c\":[]}]}")]
    [InlineData("{\"keys\":[{\"use\":\"x509-svid\",\"x5c\":[\"AAAA\"]}]}")]
    [InlineData("{\"keys\":[],\"keys\":[]}")]
    public void Document_that_is_no_spiffe_bundle_is_refused(string document) =>
        Assert.Throws<EvidenceFormatException>(() => new TrustChange("example.org", null, Encoding.UTF8.GetBytes(document), "ops", "first"));

    // The usual beginning: the first bundle, then one with both roots, and a helper under the new one.
    private void Story()
    {
        _ledger.Append(_old, _old.Started());
        Change(_ledger.Root);
        Change(_ledger.Root, _new);
        _ledger.Append(_helper, _helper.Started(_old.Task), _helper.Ended());
    }

    private void Change(params X509Certificate2[] roots) => _ledger.AppendTrust(_operator, Next(roots));

    private TrustChange Next(params X509Certificate2[] roots)
    {
        var keys = string.Join(',', roots.Select(root => $$"""{"use":"x509-svid","kty":"EC","x5c":["{{Convert.ToBase64String(root.RawData)}}"]}"""));
        return _last = new TrustChange("example.org", _last?.New, Encoding.UTF8.GetBytes($$"""{"keys":[{{keys}}]}"""), "ops@example.org", "rotation");
    }

    private VerificationReport Verify(TrustPolicy? policy = null)
    {
        using var zip = new MemoryStream(_ledger.Bundle());
        return BundleVerifier.Verify(zip, policy ?? Policy);
    }

    private static string Codes(VerificationReport report) => string.Join(' ', report.Integrity.Failures.Select(failure => failure.Code).Distinct().Order(StringComparer.Ordinal));
}
