namespace Cairn.Trails.Drills;

/// <summary>A structured attack on a trail's bundle, by somebody who makes manifest and checksums fit.</summary>
/// <param name="Name">What is done, in few words.</param>
/// <param name="How">How it is done.</param>
/// <param name="Codes">The reason codes that a verifier with its own policy must give; none where nothing is claimed and nothing changes.</param>
/// <param name="Make">The attacker's bundle.</param>
internal sealed record TamperAttack(string Name, string How, string[] Codes, Func<DrillStory, DrillBundle> Make);

/// <summary>What came of an attack.</summary>
/// <param name="Name">What was done.</param>
/// <param name="How">How it was done.</param>
/// <param name="Expected">The reason codes that it must bring up, sorted.</param>
/// <param name="Found">Those that it did, sorted.</param>
/// <param name="IsGood">
/// Whether they are the same and the bundle failed; for an attack on bytes of which nothing is claimed, whether the report stayed
/// the same.
/// </param>
public sealed record AttackOutcome(string Name, string How, IReadOnlyList<string> Expected, IReadOnlyList<string> Found, bool IsGood);
