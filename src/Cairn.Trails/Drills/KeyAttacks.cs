using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using static Cairn.Evidence.Verification.ReasonCodes;

namespace Cairn.Trails.Drills;

/// <summary>An attack by way of the log's own keys.</summary>
/// <param name="Name">What is done, in few words.</param>
/// <param name="How">How it is done.</param>
/// <param name="Codes">The reason codes that it must bring up.</param>
/// <param name="Tell">The story that it is made in.</param>
/// <param name="Policy">The verifier's policy.</param>
/// <param name="Make">The attacker's bundle.</param>
internal sealed record KeyAttack(string Name, string How, string[] Codes, Func<KeyStory> Tell, Func<KeyStory, TrustPolicy> Policy, Func<KeyStory, DrillBundle> Make);

/// <summary>Attacks on changes of the log's keys (docs/spec/verification.md §12), each with the codes that it must bring up.</summary>
internal static class KeyAttacks
{
    public static IReadOnlyList<KeyAttack> All { get; } =
    [
        new("forge a succession", "the ledger continued by a stranger's keys, an operator of the stranger's, and a succession that only they signed",
            [CertificateUntrusted, CheckpointUnsigned, SuccessionMalformed, SuccessionUnsigned], KeyStory.Forged, story => story.Before, story => story.Bundle(story.Next, story.Next)),
        new("hand stolen keys on", "a thief of the old keys retires them in favour of the thief's own, without the operator's identity",
            [CertificateUntrusted], KeyStory.Forged, story => story.Before, story => story.Bundle(story.Next, [.. story.Old, .. story.Next])),
        new("succeed without possession", "an operator names new keys that never signed", [SuccessionMalformed, SuccessionUnsigned], () => KeyStory.Honest(), story => story.Before, story => story.Bundle(story.Old, story.Old)),
        new("hide the succession", "the bundle without its line", [CheckpointUnsigned], () => KeyStory.Honest(), story => story.Before, story => story.Bundle(story.Next, null)),
        new("drop an algorithm", "new keys without ML-DSA-44, with everybody's consent", [CheckpointUnsigned, SuccessionDowngrade], () => KeyStory.Honest(KeyType.Ed25519), story => story.Before, story => story.Bundle(story.Next, [.. story.Old, .. story.Next])),
        new("sign on, retired", "the retired keys sign a larger tree, their retirement left out", [CheckpointUnsigned, KeyRetired], () => KeyStory.Honest(), story => story.After, story => story.Bundle(story.Old, null)),
        new("sign on, retired here", "the retired keys sign a larger tree in the bundle that proves their retirement", [CheckpointUnsigned, KeyRetired], () => KeyStory.Honest(), story => story.Before, story => story.Bundle(story.Old, [.. story.Old, .. story.Next])),
    ];
}
