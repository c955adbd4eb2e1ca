using System.Runtime.CompilerServices;
using System.Text.Json;
using Cairn.Cli.Investigate;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Cairn.Policy;
using Cairn.Policy.Checking;

namespace Cairn.Cli.Policies;

/// <summary>The decisions of a ledger, with the input documents that were kept and that match their commitments.</summary>
internal static class DecisionHistory
{
    public static async IAsyncEnumerable<RecordedDecision> ReadAsync(OpenLedger open, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var vault = File.Exists(open.Directory.VaultPath) ? TrailVault.Open(open.Directory.VaultPath) : null;
        await foreach (var entry in open.Ledger.ReadAsync(0, open.Ledger.Count(), cancel))
        {
            foreach (var bytes in entry.Records)
            {
                var record = Record.Parse(bytes);
                if (record.Kind == RecordKinds.PolicyDecided)
                {
                    yield return Read(open, vault, record);
                }
            }
        }
    }

    private static RecordedDecision Read(OpenLedger open, TrailVault? vault, Record record)
    {
        var policy = record.Body;
        var outcome = policy.GetProperty("decision").GetString() switch
        {
            "allow" => PolicyOutcome.Allow,
            "needs_approval" => PolicyOutcome.NeedsApproval,
            _ => PolicyOutcome.Deny,
        };
        RecordedDecision Without(string why) => new(record.Id.ToString(), outcome, null, why);

        if (policy.GetProperty("entry_point").GetString() != "authorize")
        {
            return Without("nothing was evaluated");
        }

        var held = HeldCommitment.Parse(policy.GetProperty("input"));
        if (held.Content != ContentHandling.Full)
        {
            return Without(held.Content == ContentHandling.None ? "the input was not kept" : "the input was kept with parts taken out");
        }

        if (vault is null || !vault.TryGet(record.Trace, out var key))
        {
            return Without("the trail's key is gone");
        }

        var content = open.Ledger.ContentsOf(record.Trace, record.Id).FirstOrDefault(c => c.Member == "input");
        if (content is null || !content.TryOpen(Commitment.ContentKey(key, record.Id, "input"), out var input))
        {
            return Without("the input is not in the ledger");
        }

        return Commitment.Matches(held.Value, Commitment.CommitmentKey(key, record.Id, "input"), input)
            ? new RecordedDecision(record.Id.ToString(), outcome, input, null)
            : Without("the input does not match its commitment");
    }
}
