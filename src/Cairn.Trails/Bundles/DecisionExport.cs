using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Decisions;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Bundles;

/// <summary>Puts what a trail's decisions rest on into its bundle: the policy bundles and the engine that they name (docs/spec/bundle.md §14).</summary>
internal sealed class DecisionExport(BundleAssembler bundle, IDecisionMaterial material)
{
    private readonly SortedDictionary<string, Digest> _policies = new(StringComparer.Ordinal);
    private readonly HashSet<Digest> _engines = [];

    /// <summary>Takes note of what a decision names.</summary>
    public void Take(in RecordView record)
    {
        if (!record.Kind.SequenceEqual("policy.decided"u8))
        {
            return;
        }

        var decided = PolicyDecided.Read(record.Body);
        if (decided.Policy is { } policy)
        {
            _policies[policy.ToString()] = policy;
        }

        if (decided.Engine is { } engine)
        {
            _engines.Add(engine);
        }
    }

    /// <summary>Adds them, as far as they are at hand.</summary>
    public void Finish()
    {
        foreach (var digest in _policies.Values)
        {
            if (material.Policy(digest) is { } policy)
            {
                bundle.Add(new BundledPolicy(digest, policy.Length), policy.Span);
            }
        }

        // A trail that was decided across an update of the engine has two: a bundle has room for one, the program's own.
        foreach (var engine in _engines)
        {
            if (material.Engine(engine) is { } wasm)
            {
                bundle.AddEngine(wasm.Span);
                break;
            }
        }
    }
}
