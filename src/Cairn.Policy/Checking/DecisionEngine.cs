using System.Diagnostics;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Decisions;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Checking;

/// <summary>
/// Recomputes decisions for whoever verifies evidence, with this program's own engine. Each is asked whole: all policies, all of the
/// request, checked against the schema and never answered from before. So what gateways leave out to be fast is checked too.
/// </summary>
public sealed class DecisionEngine : IDecisionEngine, IDisposable
{
    /// <summary>Work of one decision: ten times a gateway's, since nothing is left out of the question.</summary>
    private const ulong Work = 10 * CedarInstance.DecisionFuel;

    /// <summary>Bundles that are held ready at once: an instance of the engine takes megabytes.</summary>
    private const int MostReady = 8;

    /// <summary>What a decision takes at most as a rule; and what all may take beyond it together before no more is asked: hostile evidence must not take days.</summary>
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MostBeyond = TimeSpan.FromMinutes(1);

    private readonly Dictionary<Digest, PolicyEvaluator?> _ready = [];
    private readonly Queue<Digest> _order = new();
    private TimeSpan _beyond;

    /// <inheritdoc/>
    public bool Has(Digest engine) => CedarModule.Shared.Identity.Digest == engine;

    /// <inheritdoc/>
    public DecisionAnswer Decide(Digest policy, ReadOnlyMemory<byte> sealedPolicy, ReadOnlyMemory<byte> input)
    {
        if (_beyond > MostBeyond)
        {
            return DecisionAnswer.None(DecisionReasons.EngineGaveUp);
        }

        var began = Stopwatch.GetTimestamp();
        var answer = Answer(policy, sealedPolicy, input);
        _beyond += Stopwatch.GetElapsedTime(began) is var taken && taken > Usual ? taken - Usual : TimeSpan.Zero;
        return answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var evaluator in _ready.Values)
        {
            evaluator?.Dispose();
        }
    }

    private DecisionAnswer Answer(Digest policy, ReadOnlyMemory<byte> sealedPolicy, ReadOnlyMemory<byte> input)
    {
        if (Ready(policy, sealedPolicy) is not { } evaluator)
        {
            return DecisionAnswer.None(DecisionReasons.PolicyUnusable);
        }

        var evaluation = evaluator.EvaluateWhole(input);
        return evaluation.EngineFailed
            ? DecisionAnswer.None(DecisionReasons.EngineGaveUp)
            : DecisionAnswer.Of(new DecidedTexts(
                OutcomeNames.Of(evaluation.Outcome), evaluation.Determining, evaluation.Errors, evaluation.Obligations, evaluation.Reason, evaluator.Bundle.Manifest.Version));
    }

    private PolicyEvaluator? Ready(Digest policy, ReadOnlyMemory<byte> sealedPolicy)
    {
        if (_ready.TryGetValue(policy, out var known))
        {
            return known;
        }

        if (_order.Count == MostReady && _ready.Remove(_order.Dequeue(), out var oldest))
        {
            oldest?.Dispose();
        }

        _order.Enqueue(policy);
        return _ready[policy] = Open(sealedPolicy);
    }

    /// <summary>Null for what is no bundle: whoever made the record can have written anything.</summary>
    private static PolicyEvaluator? Open(ReadOnlyMemory<byte> sealedPolicy)
    {
        try
        {
            return new PolicyEvaluator(PolicyBundle.LoadRecorded(BundleFiles.Unseal(sealedPolicy), CedarModule.Shared), CedarModule.Shared, instances: 1, Work);
        }
        catch (Exception e) when (e is PolicyBundleException or JsonException)
        {
            // Not to be used (JSON beyond the depth that is read is a JsonException): the verification counts it as such.
            return null;
        }
    }
}
