using System.Text.Json;
using System.Text.Json.Serialization;
using Cairn.Identity.Files;

namespace Cairn.Ledger.Witnessing;

/// <summary>
/// What is remembered between runs of how each witness fared: <c>witnessing/state.json</c>. Nothing rests on it but patience:
/// a lost file is made again, and a witness says itself which size it knows.
/// </summary>
public sealed record WitnessProgress
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    /// <summary>Since when the newest head lacks its quorum; null when it has it.</summary>
    public DateTimeOffset? MissingSince { get; init; }

    /// <summary>Each witness by its URL.</summary>
    public IReadOnlyDictionary<string, WitnessState> Witnesses { get; init; } = new Dictionary<string, WitnessState>();

    /// <summary>Reads a data directory's; an empty one where there is none that can be read.</summary>
    public static WitnessProgress Read(LedgerDirectory directory)
    {
        try
        {
            return JsonSerializer.Deserialize<WitnessProgress>(File.ReadAllBytes(PathIn(directory)), Options) ?? new WitnessProgress();
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return new WitnessProgress();
        }
    }

    internal void Write(LedgerDirectory directory)
    {
        DurableFile.CreateDirectory(directory.WitnessingPath);
        DurableFile.Write(PathIn(directory), JsonSerializer.SerializeToUtf8Bytes(this, Options));
    }

    private static string PathIn(LedgerDirectory directory) => Path.Combine(directory.WitnessingPath, "state.json");
}

/// <summary>How one witness fared.</summary>
public sealed record WitnessState
{
    /// <summary>The size that it cosigned last, as far as this ledger knows.</summary>
    public long Size { get; init; }

    /// <summary>When it cosigned last.</summary>
    public DateTimeOffset? CosignedAt { get; init; }

    /// <summary>How often it has failed since; 0 when it answers.</summary>
    public int Failures { get; init; }

    /// <summary>Since when it fails.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Not before then is it asked again.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>What the last failure was.</summary>
    public string? Problem { get; init; }
}
