namespace Cairn.Evidence.Decisions;

/// <summary>Why a decision was not recomputed (docs/spec/verification.md §13): stable codes, the first that applies, in this order.</summary>
public static class DecisionReasons
{
    /// <summary>Nothing was evaluated: the decision point timed out or failed.</summary>
    public const string NotEvaluated = "not-evaluated";

    /// <summary>The engine gave up then; what it gave up on need not come out the same elsewhere.</summary>
    public const string EngineFailed = "engine-failed";

    /// <summary>The input was kept with parts taken out.</summary>
    public const string InputRedacted = "input-redacted";

    /// <summary>The bundle does not disclose the input, or not the one that was committed to.</summary>
    public const string NoInput = "no-input";

    /// <summary>The input is larger than a verifier evaluates.</summary>
    public const string InputTooLarge = "input-too-large";

    /// <summary>The verifier does not know the engine.</summary>
    public const string EngineUnknown = "engine-unknown";

    /// <summary>The verifier knows the engine, and has none: the bundle does not bring it.</summary>
    public const string EngineMissing = "engine-missing";

    /// <summary>The bundle does not bring the policy bundle.</summary>
    public const string NoPolicy = "no-policy";

    /// <summary>The policy bundle is there, and is none that could have been used.</summary>
    public const string PolicyUnusable = "policy-unusable";

    /// <summary>The engine did not come to an end now.</summary>
    public const string EngineGaveUp = "engine-gave-up";

    /// <summary>All, in order.</summary>
    public static IReadOnlyList<string> All { get; } =
        [NotEvaluated, EngineFailed, InputRedacted, NoInput, InputTooLarge, EngineUnknown, EngineMissing, NoPolicy, PolicyUnusable, EngineGaveUp];

    /// <summary>A reason in words that continue "a decision …".</summary>
    public static string Words(string reason) => reason switch
    {
        NotEvaluated => "where nothing was evaluated",
        EngineFailed => "on which the engine gave up then",
        InputRedacted => "whose input was kept with parts taken out",
        NoInput => "whose input the bundle does not disclose",
        InputTooLarge => "whose input is larger than a verifier evaluates",
        EngineUnknown => "by an engine that this verifier does not know",
        EngineMissing => "whose engine the bundle does not bring",
        NoPolicy => "whose policy bundle the bundle does not bring",
        PolicyUnusable => "whose policy bundle can't be used",
        EngineGaveUp => "on which the engine gave up now",
        _ => throw new ArgumentException($"expected a reason of docs/spec/verification.md §13, found \"{reason}\"", nameof(reason)),
    };
}
