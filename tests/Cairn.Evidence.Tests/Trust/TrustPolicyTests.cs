using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Tests.Trust;

public class TrustPolicyTests
{
    private static readonly CheckpointSigner Log = CheckpointSigner.Generate(KeyType.Ed25519, "example.org/log");
    private static readonly byte[] Spki = NewKey().ExportSubjectPublicKeyInfo();
    private static readonly byte[] Certificate = NewCertificate();

    private static string LogLines => $"log {Log.VerifierKey}\nquorum none\n";

    [Fact]
    public void A_trust_policy_survives_its_text()
    {
        var policy = TrustPolicy.Parse($"""
            # a comment
            log {Log.VerifierKey} https://log.example/
            trustdomain	example.org  {Convert.ToBase64String(Certificate)}
            quorum none
            emitter agent spiffe://example.org/*
            emitter importer spiffe://example.org/importer/cloudtrail {Convert.ToBase64String(Spki)}
            """);
        var again = TrustPolicy.Parse(Encoding.UTF8.GetBytes(policy.Encode()));

        Assert.Equal(policy.Encode(), again.Encode());
        Assert.Equal(Certificate, Assert.Single(again.RootsOf("example.org")).ToArray());
        Assert.Empty(again.RootsOf("example.com"));
        Assert.Equal("https://log.example/", Assert.Single(again.Log.Logs).Url);
        Assert.Equal([EmitterRole.Agent, EmitterRole.Importer], again.Emitters.Select(rule => rule.Role));
    }

    [Theory]
    [InlineData("spiffe://example.org/agent/a", Assurance.Reported)]
    [InlineData("spiffe://example.org/gateway/mcp", Assurance.Observed)]
    [InlineData("spiffe://example.org/gateway/mcp/deeper", Assurance.Observed)]
    [InlineData("spiffe://example.org/gateway/x", Assurance.Confirmed)]
    [InlineData("spiffe://example.org/gateway/y", Assurance.Reported)]
    [InlineData("spiffe://example.org/gateway", Assurance.Reported)]
    [InlineData("spiffe://example.org/gatewayer/mcp", Assurance.Reported)]
    [InlineData("spiffe://example.com/agent/a", null)]
    [InlineData("spiffe://example.org.evil/agent/a", null)]
    [InlineData("spiffe://example.org", null)]
    public void The_longest_pattern_decides_and_an_exact_one_is_longer_than_any_prefix(string id, Assurance? assurance)
    {
        // Exact patterns on both sides of the prefix, so that neither the first nor the last line wins by its place.
        var policy = TrustPolicy.Parse($"""
            {LogLines}
            emitter importer spiffe://example.org/gateway/x
            emitter agent spiffe://example.org/*
            emitter gateway spiffe://example.org/gateway/*
            emitter operator spiffe://example.org/gateway/y
            """);

        Assert.Equal(assurance, policy.RuleFor(SpiffeId.Parse(id))?.Assurance);
    }

    [Fact]
    public void A_rule_with_a_key_speaks_for_that_key_only()
    {
        var issuer = SpiffeId.Parse("spiffe://example.org/gateway/mcp");
        var policy = TrustPolicy.Parse($"{LogLines}emitter gateway spiffe://example.org/gateway/* {Convert.ToBase64String(Spki)}\n");

        Assert.Equal(EmitterRole.Gateway, policy.RuleFor(issuer, Digest.Sha256(Spki))?.Role);
        Assert.Null(policy.RuleFor(issuer, Digest.Sha256([1])));
        Assert.Null(policy.RuleFor(issuer));
    }

    [Theory]
    [InlineData("emitter agent", "expected `trustdomain")]
    [InlineData("emitter boss spiffe://example.org/a", "role should be")]
    [InlineData("emitter Agent spiffe://example.org/a", "role should be")]
    [InlineData("emitter agent https://example.org/a", "expected a SPIFFE ID")]
    [InlineData("emitter agent *", "expected a SPIFFE ID")]
    [InlineData("emitter agent spiffe://*", "expected a SPIFFE ID")]
    [InlineData("emitter agent spiffe://example.org/a*", "expected a SPIFFE ID")]
    [InlineData("emitter agent spiffe://example.org/*/b", "expected a SPIFFE ID")]
    [InlineData("emitter agent spiffe://example.org/a AAAA", "public key")]
    [InlineData("emitter agent spiffe://example.org/a AAA", "canonical base64")]
    [InlineData("emitter agent spiffe://example.org/a\nemitter gateway spiffe://example.org/a", "has a rule already")]
    [InlineData("trustdomain example.org", "expected `trustdomain")]
    [InlineData("trustdomain example.org/agent AAAA", "trust domain's name")]
    [InlineData("trustdomain Example.org AAAA", "trust domain's name")]
    [InlineData("trustdomain example.org AAAA", "not a DER certificate")]
    [InlineData("quorum none", "exactly one")]
    public void A_trust_policy_in_any_other_form_is_refused_with_the_line(string line, string reason)
    {
        var message = Assert.Throws<EvidenceFormatException>(() => TrustPolicy.Parse($"{LogLines}{line}\n")).Message;

        Assert.Contains(reason, message);
        Assert.Matches("^policy line [34]: ", message);
    }

    [Fact]
    public void A_root_is_one_der_certificate_and_nothing_else()
    {
        using var certificate = X509CertificateLoader.LoadCertificate(Certificate);
        foreach (var bytes in new[] { [.. Certificate, 0], Certificate[..^1], Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()) })
        {
            Assert.Contains("example.org", Assert.Throws<EvidenceFormatException>(
                () => TrustPolicy.Parse($"{LogLines}trustdomain example.org {Convert.ToBase64String(bytes)}\n")).Message);
        }
    }

    [Fact]
    public void A_policy_made_of_keys_trusts_those_logs_without_witnesses()
    {
        using var other = CheckpointSigner.Generate(KeyType.MlDsa44, "example.org/log");
        var policy = TrustPolicy.For([Log.VerifierKey, other.VerifierKey], [], [new EmitterRule(EmitterRole.Gateway, "spiffe://example.org/*")]);

        Assert.Equal([Log.VerifierKey, other.VerifierKey], TrustPolicy.Parse(policy.Encode()).Log.Logs.Select(log => log.Key));
        Assert.Null(policy.Log.Quorum);
    }

    [Fact]
    public void A_policy_beyond_the_bound_is_refused() =>
        Assert.Contains("at most", Assert.Throws<EvidenceFormatException>(() => TrustPolicy.Parse(new string('\n', (8 * 1024 * 1024) + 1))).Message);

    private static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static byte[] NewCertificate()
    {
        using var key = NewKey();
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return certificate.RawData;
    }
}
