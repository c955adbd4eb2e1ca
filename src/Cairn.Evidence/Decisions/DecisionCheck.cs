using Cairn.Evidence.Records;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Decisions;

/// <summary>
/// Recomputes each decision whose input is disclosed (docs/spec/verification.md §13). What can't be recomputed is counted with its
/// reason; what comes out otherwise is a failure of corroboration: the record is what its emitter signed, and what it says does not
/// follow from what it rests on.
/// </summary>
internal sealed class DecisionCheck(PolicyMaterial material, IDecisionEngine? engine, FailureList corroboration)
{
    /// <summary>The largest input that is evaluated, in bytes. A gateway's own has some hundred, and at most 64 KiB of arguments.</summary>
    public const int MostInputBytes = 1 << 20;

    private const string EntryPoint = "authorize";
    private const string GaveUp = "the policy engine failed";
    private readonly Dictionary<string, long> _notRecomputed = new(StringComparer.Ordinal);
    private long _recorded, _recomputed;
    private ReadOnlyMemory<byte>? _input;
    private bool _isInputTooLarge;

    /// <summary>What came of it so far.</summary>
    public DecisionCounts Counts => new(
        _recorded, _recomputed, corroboration.Count,
        [.. DecisionReasons.All.Where(_notRecomputed.ContainsKey).Select(reason => new DecisionsNotRecomputed(reason, _notRecomputed[reason]))]);

    /// <summary>Whether a content is the input of the decision that a record is about.</summary>
    public static bool IsInput(in RecordView record, string member) => member == "input" && record.Kind.SequenceEqual("policy.decided"u8);

    /// <summary>The input of the next record's decision, which matched its commitment; null: it is too large to be held.</summary>
    public void Offer(byte[]? input) => (_input, _isInputTooLarge) = (input is null ? null : (ReadOnlyMemory<byte>?)input, input is null);

    /// <summary>Takes a record, after its contents.</summary>
    public void Take(in RecordView record)
    {
        if (!record.Kind.SequenceEqual("policy.decided"u8))
        {
            return;
        }

        var decided = PolicyDecided.Read(record.Body);
        material.Claim(decided.Policy, decided.Engine);
        _recorded++;
        var answer = WhyNot(decided) is { } known ? DecisionAnswer.None(known)
            : material.Find(decided.Policy!.Value) is { } policy ? engine!.Decide(decided.Policy.Value, policy, _input!.Value)
            : DecisionAnswer.None(DecisionReasons.NoPolicy);
        (_input, _isInputTooLarge) = (null, false);
        if (answer.Decision is not { } decision)
        {
            _notRecomputed[answer.WhyNot!] = _notRecomputed.GetValueOrDefault(answer.WhyNot!) + 1;
            return;
        }

        _recomputed++;
        if (DecisionDifference.Between(decided.Texts, decision) is { } difference)
        {
            corroboration.Add(ReasonCodes.DecisionDiffers, "record", record.Id.ToString(), difference.Recomputed, difference.Recorded);
        }
    }

    /// <summary>After the last record.</summary>
    public void Finish() => material.Finish();

    /// <summary>Why there is nothing to ask; null: there is an input, and an engine.</summary>
    private string? WhyNot(PolicyDecided decided) =>
        decided.EntryPoint != EntryPoint ? DecisionReasons.NotEvaluated
        : decided.Texts.Errors.Any(error => error.StartsWith(GaveUp, StringComparison.Ordinal)) ? DecisionReasons.EngineFailed
        : decided.IsInputRedacted ? DecisionReasons.InputRedacted
        : _isInputTooLarge ? DecisionReasons.InputTooLarge
        : _input is null ? DecisionReasons.NoInput
        : decided.Engine is not { } named || engine?.Has(named) != true ? DecisionReasons.EngineUnknown
        : decided.Policy is null ? DecisionReasons.NoPolicy
        : null;
}
