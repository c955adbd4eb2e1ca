using System.Security.Cryptography;
using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Trust;

/// <summary>
/// A verifier's whole trust: the log and its witnesses as C2SP tlog-policy lines, the emitters as <c>trustdomain</c> and
/// <c>emitter</c> lines, timestamp authorities as <c>timestamper</c> lines, and keys of emitters that were revoked as <c>revoked</c> lines.
/// </summary>
public sealed class TrustPolicy
{
    private readonly IReadOnlyList<PolicyLine> _logLines;

    private TrustPolicy(
        LogPolicy log, IReadOnlyList<PolicyLine> logLines, IReadOnlyList<TrustDomainRoot> roots, IReadOnlyList<EmitterRule> emitters, IReadOnlyList<Timestamper> timestampers) =>
        (Log, _logLines, Roots, Emitters, Timestampers) = (log, logLines, roots, emitters, timestampers);

    /// <summary>The logs, witnesses and quorum.</summary>
    public LogPolicy Log { get; }

    /// <summary>The trust domains' root certificates.</summary>
    public IReadOnlyList<TrustDomainRoot> Roots { get; }

    /// <summary>The emitters' rules.</summary>
    public IReadOnlyList<EmitterRule> Emitters { get; }

    /// <summary>The timestamp authorities, in the order of their first lines.</summary>
    public IReadOnlyList<Timestamper> Timestampers { get; }

    /// <summary>Keys that the verifier knows to be revoked.</summary>
    public IReadOnlyList<RevokedKey> Revoked { get; private init; } = [];

    /// <summary>A policy without witnesses for a log with these keys.</summary>
    public static TrustPolicy For(
        IEnumerable<VerifierKey> logKeys, IReadOnlyList<TrustDomainRoot> roots, IReadOnlyList<EmitterRule> emitters, IReadOnlyList<Timestamper>? timestampers = null,
        IReadOnlyList<RetiredKey>? retired = null)
    {
        var lines = new StringBuilder();
        AppendKeys(lines, logKeys.Select(key => new PolicyLog(key, null)), retired ?? []);
        var logLines = PolicyLine.Split(lines.Append("quorum none\n").ToString()).ToList();
        return new TrustPolicy(LogPolicy.Parse(logLines), logLines, roots, emitters, timestampers ?? []);
    }

    /// <summary>The same policy with the witnesses, groups and quorum of another in place of its own.</summary>
    public TrustPolicy WithWitnesses(LogPolicy other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var lines = new StringBuilder();
        foreach (var line in _logLines.Where(line => line.Words[0] is "log" or "retired"))
        {
            lines.Append(line).Append('\n');
        }

        foreach (var witness in other.Witnesses)
        {
            lines.Append("witness ").Append(witness.Name).Append(' ').Append(witness.Key).Append(witness.Url is { } url ? $" {url}" : "").Append('\n');
        }

        foreach (var group in other.Groups)
        {
            lines.Append("group ").Append(group.Name).Append(' ').Append(group.Threshold).Append(' ').AppendJoin(' ', group.Members).Append('\n');
        }

        var logLines = PolicyLine.Split(lines.Append("quorum ").Append(other.Quorum ?? "none").Append('\n').ToString()).ToList();
        return new TrustPolicy(LogPolicy.Parse(logLines), logLines, Roots, Emitters, Timestampers) { Revoked = Revoked };
    }

    /// <summary>The same policy with a log's keys as a verified bundle's successions left them: new ones in force, old ones retired.</summary>
    public TrustPolicy WithKeys(string origin, LogKeyHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var past = history.Successions.Where(one => one.Old.Any(key => !history.Newest.Contains(key))).SelectMany(one => one.Old.Select(key => new RetiredKey(key, one.Size)))
            .Concat(Log.Retired.Where(one => one.Key.Name == origin)).DistinctBy(one => one.Key).Where(one => !history.Newest.Contains(one.Key)).OrderBy(one => one.Size).ToList();
        var lines = new StringBuilder();
        var urls = Log.Logs.ToDictionary(log => log.Key, log => log.Url);
        AppendKeys(lines, history.Newest.Select(key => new PolicyLog(key, urls.GetValueOrDefault(key))), past);
        foreach (var line in _logLines.Where(line => line.Words[0] is not ("log" or "retired") || VerifierKey.Parse(line.Words[1]).Name != origin))
        {
            lines.Append(line).Append('\n');
        }

        var logLines = PolicyLine.Split(lines.ToString()).ToList();
        return new TrustPolicy(LogPolicy.Parse(logLines), logLines, Roots, Emitters, Timestampers);
    }

    /// <summary>Parses a policy file's octets; names that are not UTF-8 are told apart by their octets.</summary>
    /// <exception cref="EvidenceFormatException">A line has another form; the message names it.</exception>
    public static TrustPolicy Parse(ReadOnlySpan<byte> octets) => Parse(PolicyLine.Text(octets));

    /// <summary>Parses a policy file.</summary>
    /// <exception cref="EvidenceFormatException">A line has another form; the message names it.</exception>
    public static TrustPolicy Parse(string text)
    {
        var logLines = new List<PolicyLine>();
        var roots = new List<TrustDomainRoot>();
        var emitters = new List<EmitterRule>();
        var timestampers = new TimestamperLines();
        var revoked = new Dictionary<Digest, RevokedKey>();
        var ruled = new HashSet<(string Pattern, string? Key)>();
        foreach (var line in PolicyLine.Split(text))
        {
            switch (line.Words)
            {
                case ["trustdomain", var domain, var der]:
                    roots.Add(Root(line, domain, der));
                    break;
                case ["timestamper", var name, var der]:
                    timestampers.Add(line, name, CertificateOf(line, name, der));
                    break;
                case ["emitter", var role, var pattern, .. { Length: <= 1 } spki]:
                    var rule = Emitter(line, role, pattern, spki.FirstOrDefault());
                    if (!ruled.Add((pattern, spki.FirstOrDefault())))
                    {
                        throw line.Error($"the emitter {pattern} has a rule already");
                    }

                    emitters.Add(rule);
                    break;
                case ["revoked", var key, var since]:
                    if (RevokedKey.Parse(line, key, since) is var one && !revoked.TryAdd(one.Key, one))
                    {
                        throw line.Error($"the key {one.Key} is revoked already");
                    }

                    break;
                case ["trustdomain" or "emitter" or "timestamper" or "revoked", ..]:
                    throw line.Error(
                        "expected `trustdomain NAME BASE64-CERTIFICATE`, `emitter agent|gateway|importer|operator SPIFFE-ID [BASE64-SPKI]`, `timestamper NAME BASE64-CERTIFICATE` or `revoked SHA256-OF-SPKI TIME`");
                default:
                    logLines.Add(line);
                    break;
            }
        }

        return new TrustPolicy(LogPolicy.Parse(logLines), logLines, roots, emitters, timestampers.All()) { Revoked = [.. revoked.Values] };
    }

    /// <summary>The policy's text.</summary>
    public string Encode()
    {
        var text = new StringBuilder("# Trust policy: C2SP tlog-policy lines, and Cairn's `trustdomain`, `emitter` and `timestamper` lines.\n");
        foreach (var line in _logLines)
        {
            text.Append(line).Append('\n');
        }

        foreach (var root in Roots)
        {
            text.Append("trustdomain ").Append(root.TrustDomain).Append(' ').Append(Convert.ToBase64String(root.Certificate.Span)).Append('\n');
        }

        foreach (var rule in Emitters)
        {
            text.Append("emitter ").Append(RoleName(rule.Role)).Append(' ').Append(rule.Pattern);
            text.Append(rule.SubjectPublicKeyInfo is { } key ? $" {Convert.ToBase64String(key.Span)}" : "").Append('\n');
        }

        foreach (var (name, certificates) in Timestampers)
        {
            foreach (var certificate in certificates)
            {
                text.Append("timestamper ").Append(name).Append(' ').Append(Convert.ToBase64String(certificate.Span)).Append('\n');
            }
        }

        foreach (var key in Revoked)
        {
            text.Append(key).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The rule for an emitter that signs with an X.509-SVID: the longest pattern that covers it, of those without a key.</summary>
    public EmitterRule? RuleFor(SpiffeId issuer) => Longest(issuer, rule => rule.SubjectPublicKeyInfo is null);

    /// <summary>The rule for an emitter that signs by key id (SHA-256 of its SPKI).</summary>
    public EmitterRule? RuleFor(SpiffeId issuer, Digest keyId) =>
        Longest(issuer, rule => rule.SubjectPublicKeyInfo is { } key && Digest.Sha256(key.Span) == keyId);

    /// <summary>The root certificates of a trust domain.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> RootsOf(string trustDomain) =>
        [.. Roots.Where(root => root.TrustDomain == trustDomain).Select(root => root.Certificate)];

    private static void AppendKeys(StringBuilder lines, IEnumerable<PolicyLog> inForce, IReadOnlyList<RetiredKey> retired)
    {
        foreach (var (key, url) in inForce)
        {
            lines.Append("log ").Append(key).Append(url is null ? "" : $" {url}").Append('\n');
        }

        foreach (var (key, size) in retired)
        {
            lines.Append("retired ").Append(key).Append(' ').Append(size).Append('\n');
        }
    }

    private static string RoleName(EmitterRole role) => role switch
    {
        EmitterRole.Agent => "agent",
        EmitterRole.Gateway => "gateway",
        EmitterRole.Importer => "importer",
        _ => "operator",
    };

    private static TrustDomainRoot Root(PolicyLine line, string domain, string base64)
    {
        return SpiffeId.TryParse($"spiffe://{domain}", out var id) && id.TrustDomain == domain
            ? new TrustDomainRoot(domain, CertificateOf(line, domain, base64))
            : throw line.Error($"\"{Hex.Excerpt(domain)}\" is not a trust domain's name");
    }

    private static byte[] CertificateOf(PolicyLine line, string owner, string base64)
    {
        var der = Decode(line, base64);
        try
        {
            DerCertificate.Load(der).Dispose();
            return der;
        }
        catch (CryptographicException problem)
        {
            throw line.Error($"the root of {owner} is not a DER certificate and nothing else: {problem.Message}");
        }
    }

    private static EmitterRule Emitter(PolicyLine line, string role, string pattern, string? key)
    {
        var kind = role switch
        {
            "agent" => EmitterRole.Agent,
            "gateway" => EmitterRole.Gateway,
            "importer" => EmitterRole.Importer,
            "operator" => EmitterRole.Operator,
            _ => throw line.Error($"the role should be agent, gateway, importer or operator, found \"{Hex.Excerpt(role)}\""),
        };
        var id = pattern.EndsWith("/*", StringComparison.Ordinal) ? pattern[..^2] : pattern;
        return SpiffeId.TryParse(id, out _)
            ? new EmitterRule(kind, pattern, key is null ? (ReadOnlyMemory<byte>?)null : Key(line, key))
            : throw line.Error($"expected a SPIFFE ID, or one that ends in /*, found \"{Hex.Excerpt(pattern)}\"");
    }

    private static byte[] Key(PolicyLine line, string base64)
    {
        var spki = Decode(line, base64);
        try
        {
            StatementKey.FromSpki(spki).Dispose();
            return spki;
        }
        catch (EvidenceFormatException problem)
        {
            throw line.Error(problem.Message);
        }
    }

    private static byte[] Decode(PolicyLine line, string base64)
    {
        try
        {
            return CanonicalBase64.Decode(base64, "value");
        }
        catch (EvidenceFormatException problem)
        {
            throw line.Error(problem.Message);
        }
    }

    private EmitterRule? Longest(SpiffeId issuer, Func<EmitterRule, bool> fits) =>
        Emitters.Where(rule => fits(rule) && rule.Covers(issuer)).MaxBy(rule => rule.Specificity);
}
