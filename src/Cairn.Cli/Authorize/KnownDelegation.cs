using System.Globalization;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Ledger;

namespace Cairn.Cli.Authorize;

/// <summary>
/// The delegation that a run's caller works under, as the ledger of this machine tells it: from the span in TRACEPARENT
/// back through <c>delegation.granted</c> to the trail's beginning. A delegation counts when its giver signed it and not
/// its receiver, when it is not over, and when it was not ended; nothing that the agent itself says is in the chain.
/// </summary>
internal static class KnownDelegation
{
    private const int LongestChain = 16;

    /// <summary>Statements of a trail that are looked through; a longer one is another's burden, and its chain counts as unknown.</summary>
    private const int MostStatements = 2000;

    /// <summary>Who handed authority on, from the initiating principal to the last giver; empty when that is not known.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="agent">The agent that acts.</param>
    /// <param name="caller">Its position in its trace.</param>
    /// <param name="now">The time that delegations must last beyond.</param>
    /// <param name="cancel">Stops the search.</param>
    public static async Task<IReadOnlyList<string>> ChainAsync(EmbeddedLedger ledger, SpiffeId agent, TraceParent caller, DateTimeOffset now, CancellationToken cancel)
    {
        var known = new Facts();
        var statements = ledger.StatementsOf(caller.Trace);
        if (statements.Count > MostStatements)
        {
            return [];
        }

        foreach (var index in statements)
        {
            await foreach (var entry in ledger.ReadAsync(index, index + 1, cancel))
            {
                foreach (var record in entry.Records.Select(Record.Parse).Where(r => r.Trace == caller.Trace))
                {
                    known.Take(record, entry.Statement.Issuer);
                }
            }
        }

        return known.ChainOf(agent, caller.Span, now);
    }

    /// <param name="Record">The record that tells it.</param>
    /// <param name="From">The giver.</param>
    /// <param name="To">The receiver.</param>
    /// <param name="At">The giver's own span.</param>
    /// <param name="Expires">When it ends; null: with the task.</param>
    private sealed record Grant(string Record, SpiffeId From, SpiffeId To, SpanId At, DateTimeOffset? Expires);

    /// <summary>What the records of one trail say about who handed authority to whom.</summary>
    private sealed class Facts
    {
        private readonly Dictionary<SpanId, Grant> _grants = [];
        private readonly HashSet<string> _ended = [];
        private readonly Dictionary<SpanId, SpanId> _parents = [];
        private readonly List<(string Principal, SpiffeId Issuer)> _roots = [];

        public void Take(Record record, SpiffeId issuer)
        {
            switch (record.Kind)
            {
                case RecordKinds.DelegationGranted when SpanId.TryParse(Text(record, "child_span"), out var child) && SpiffeId.TryParse(Text(record, "from"), out var from)
                    && SpiffeId.TryParse(Text(record, "to"), out var to) && issuer == from && from != to:
                    var expires = Text(record, "expires") is not { } text ? (DateTimeOffset?)null
                        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var end) ? end : DateTimeOffset.MinValue;
                    _grants.TryAdd(child, new Grant(record.Id.ToString(), from, to, record.Span == child ? record.Parent ?? child : record.Span, expires));
                    break;
                case RecordKinds.DelegationEnded when Text(record, "granted") is { } granted:
                    _ended.Add(granted);
                    break;
                case RecordKinds.TaskStarted when record.Parent is { } parent:
                    _parents.TryAdd(record.Span, parent);
                    break;
                case RecordKinds.TaskStarted when Text(record, "principal") is { } principal:
                    _roots.Add((principal, issuer));
                    break;
            }
        }

        /// <summary>Walks from a span to the trail's beginning; the beginning must be told by somebody other than the agent that acts now.</summary>
        public List<string> ChainOf(SpiffeId agent, SpanId span, DateTimeOffset now)
        {
            var (chain, receiver, at, seen) = (new List<string>(), agent, span, new HashSet<SpanId>());
            while (seen.Add(at))
            {
                if (!_grants.TryGetValue(at, out var grant))
                {
                    if (!_parents.TryGetValue(at, out at))
                    {
                        break;
                    }

                    continue;
                }

                if (grant.To != receiver || _ended.Contains(grant.Record) || grant.Expires <= now || chain.Count >= LongestChain)
                {
                    return [];
                }

                chain.Insert(0, grant.From.ToString());
                (receiver, at) = (grant.From, grant.At);
            }

            if (chain.Count == 0 || _roots is not [var root] || root.Issuer == agent)
            {
                return [];
            }

            chain.Insert(0, root.Principal);
            return chain;
        }

        private static string? Text(Record record, string member) =>
            record.Body.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
