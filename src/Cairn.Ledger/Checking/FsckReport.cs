namespace Cairn.Ledger;

/// <summary>One thing that is not as it should be.</summary>
/// <param name="Code">A stable code, such as <c>leaf-mismatch</c>.</param>
/// <param name="Place">The file, journal row, entry or stream.</param>
/// <param name="Expected">What should be there.</param>
/// <param name="Found">What is there.</param>
public sealed record FsckProblem(string Code, string Place, string Expected, string Found)
{
    /// <summary>The problem as a line.</summary>
    public override string ToString() => $"{Code}: {Place}: expected {Expected}, found {Found}";
}

/// <summary>What a full check of a data directory found.</summary>
/// <param name="Checkpoint">Size of the published checkpoint.</param>
/// <param name="Statements">Statements checked.</param>
/// <param name="Records">Records checked.</param>
/// <param name="Tiles">Tiles and entry bundles compared.</param>
/// <param name="Waiting">Statements acknowledged and not yet under a published checkpoint.</param>
/// <param name="Problems">What is wrong; empty when all is well. At most <see cref="MostProblems"/>.</param>
/// <param name="Notes">What is worth knowing and not wrong.</param>
public sealed record FsckReport(
    long Checkpoint, long Statements, long Records, long Tiles, long Waiting, IReadOnlyList<FsckProblem> Problems, IReadOnlyList<string> Notes)
{
    /// <summary>Problems listed; further ones are only counted in a note.</summary>
    public const int MostProblems = 100;

    /// <summary>Whether everything is as it should be.</summary>
    public bool IsSound => Problems.Count == 0;
}
