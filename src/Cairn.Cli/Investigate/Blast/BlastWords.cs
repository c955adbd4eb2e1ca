using Cairn.Trails.Compromises;

namespace Cairn.Cli.Investigate.Blast;

/// <summary>The words that a compromise's reach is told in, on the terminal and as JSON.</summary>
internal static class BlastWords
{
    public static string Of(Standing standing) => standing switch
    {
        Standing.SignerIsGood => "stand: whoever signed them is not compromised",
        Standing.AnchoredBefore => "stand: a checkpoint from before covers them",
        Standing.ClaimsToBeBefore => "degrade: they say that they are from before, and only their compromised signer's word proves it",
        Standing.SignedSince => "degrade: signed by a compromised emitter since then",
        _ => throw new ArgumentOutOfRangeException(nameof(standing), standing, null),
    };

    public static string Name(Standing standing) => standing switch
    {
        Standing.SignerIsGood => "signer_is_good",
        Standing.AnchoredBefore => "anchored_before",
        Standing.ClaimsToBeBefore => "claims_to_be_before",
        Standing.SignedSince => "signed_since",
        _ => throw new ArgumentOutOfRangeException(nameof(standing), standing, null),
    };

    /// <summary>What the analysis can't tell.</summary>
    public static IEnumerable<string> Limits(BlastReport report)
    {
        yield return "Only what is recorded is followed: an act that nobody recorded, or a credential used where no emitter stands, is not here.";
        yield return "Times are the emitters' clocks; records from before are left out even where a clock was set back.";
        if (report.Standing.BadEmitters.Count == 0)
        {
            yield return "The proofs rest on emitters that are taken to be good: this compromise gives nobody their keys.";
        }
        else if (report.Standing.Anchor is null)
        {
            yield return "No checkpoint from before is known here: the ledger keeps its newest alone. One that was kept elsewhere (in a bundle, by a witness) proves what it covers: --checkpoint FILE.";
        }

        if (report.Compromise.Kind == CompromiseKind.Tool)
        {
            yield return "The tool has seen the credentials that it was called with: where one is not bound to a key, look further with cairn blast credential ID.";
        }

        if (report.Compromise.Kind is CompromiseKind.Policy)
        {
            yield return "What the policy denied and should have allowed has nothing downstream; the decisions are counted.";
        }
    }
}
