using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Witness.Monitoring;

/// <summary>
/// Checks a ledger's entries one after the other: each is a statement, signed by an issuer of the policy, at its place in its
/// stream. The records that it signs are not in the public log; a bundle brings them.
/// </summary>
internal sealed class StatementFollower(TrustPolicy policy, MonitorStore store, Action<MonitorEvent> raise) : IDisposable
{
    private const int MostKeys = 4096;
    private readonly Dictionary<Digest, StatementKey?> _keys = [];

    public void Take(long index, ReadOnlyMemory<byte> entry)
    {
        SignedStatement statement;
        try
        {
            statement = SignedStatement.Decode(entry);
        }
        catch (EvidenceFormatException problem)
        {
            Alarm(MonitorCodes.StatementInvalid, index, problem.Message);
            return;
        }

        if (statement.X5Chain.Count > 0)
        {
            store.SetChain(statement.X5t!.Value, statement.X5Chain);
        }

        CheckIssuer(index, statement);
        CheckStream(index, statement);
    }

    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            key?.Dispose();
        }
    }

    private void CheckIssuer(long index, SignedStatement statement)
    {
        var kid = statement.KeyId is { } id ? new Digest(id.Span) : (Digest?)null;
        if ((kid is { } known ? policy.RuleFor(statement.Issuer, known) : policy.RuleFor(statement.Issuer)) is not { } rule)
        {
            Alarm(MonitorCodes.IssuerUntrusted, index, $"the policy has no emitter line for {statement.Issuer}");
            return;
        }

        var name = kid ?? statement.X5t!.Value;
        if (!_keys.TryGetValue(name, out var key))
        {
            if (_keys.Count >= MostKeys)
            {
                Dispose();
                _keys.Clear();
            }

            _keys[name] = key = KeyOf(index, statement, rule, name);
        }

        if (key is not null && !statement.Verify(key))
        {
            Alarm(MonitorCodes.StatementInvalid, index, $"the signature by {statement.Issuer} does not verify");
        }
    }

    /// <summary>The key that a statement names, once for all of its statements; null, and an alarm, where it is not to be trusted.</summary>
    private StatementKey? KeyOf(long index, SignedStatement statement, EmitterRule rule, Digest name)
    {
        try
        {
            if (statement.KeyId is not null)
            {
                return StatementKey.FromSpki(rule.SubjectPublicKeyInfo!.Value.Span);
            }

            if (store.Chain(name) is not { } chain)
            {
                Alarm(MonitorCodes.StatementInvalid, index, $"no statement before it brought the certificate {name} that it names");
                return null;
            }

            using var leaf = X509CertificateLoader.LoadCertificate(chain[0].Span);
            var check = SvidChain.Verify(chain, statement.Issuer, policy.RootsOf(statement.Issuer.TrustDomain), new DateTimeOffset(leaf.NotBefore.ToUniversalTime()));
            if (!check.IsGood)
            {
                Alarm(MonitorCodes.IssuerUntrusted, index, $"the certificate of {statement.Issuer}: {check.Reason}. Where roots were changed, take the policy anew by `cairn keys`");
                return null;
            }

            return StatementKey.FromCertificate(chain[0].Span);
        }
        catch (Exception problem) when (problem is EvidenceFormatException or CryptographicException)
        {
            Alarm(MonitorCodes.StatementInvalid, index, problem.Message);
            return null;
        }
    }

    private void CheckStream(long index, SignedStatement statement)
    {
        var (payload, issuer) = (statement.Payload, statement.Issuer.ToString());
        var known = store.Stream(payload.Stream);
        var (owner, next, last) = known ?? (issuer, 0, default);
        if (owner != issuer)
        {
            Alarm(MonitorCodes.StreamBroken, index, $"stream {payload.Stream} is of {owner}, and {issuer} continues it");
        }
        else if (payload.Seq > next)
        {
            Alarm(MonitorCodes.StatementMissing, index, $"stream {payload.Stream} of {issuer} goes on at {payload.Seq}; statements {next} to {payload.Seq - 1} are not in the ledger");
        }
        else if (payload.Seq < next)
        {
            Alarm(MonitorCodes.StreamBroken, index, $"stream {payload.Stream} of {issuer} had {next} statements, and number {payload.Seq} comes again");
            return;
        }
        else if (payload.Previous != last)
        {
            Alarm(MonitorCodes.StreamBroken, index, $"statement {payload.Seq} of stream {payload.Stream} does not follow the one before it");
        }

        store.SetStream(payload.Stream, owner, payload.Seq + 1, statement.Hash);
    }

    private void Alarm(string code, long index, string text) => raise(new MonitorEvent(true, code, $"statement {index}: {text}", index));
}
