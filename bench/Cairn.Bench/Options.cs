namespace Cairn.Bench;

/// <summary>What to run.</summary>
/// <param name="Quick">A short run: the same rows, fewer repetitions.</param>
/// <param name="Sections">The sections to run: emit, ingest, verify, gateway.</param>
/// <param name="Data">A folder of this run alone, where its ledgers are made; removed before and afterwards.</param>
/// <param name="Root">The repository.</param>
internal sealed record Options(bool Quick, IReadOnlyList<string> Sections, string Data, string Root)
{
    public const string Usage = "usage: bench/run spine [--quick] [--only SECTION[,SECTION…]] [--data DIR]    sections: emit, ingest, verify, gateway";

    private static readonly string[] All = ["emit", "ingest", "verify", "gateway"];

    public string Peers => Path.Combine(Root, "bench", "peers");

    public string Results => Path.Combine(Root, "bench", "results", "spine.json");

    public bool Runs(string section) => Sections.Contains(section);

    /// <summary>Reads the command line.</summary>
    /// <exception cref="BenchException">It does not follow the usage.</exception>
    public static Options Parse(ReadOnlySpan<string> args)
    {
        if (args.IsEmpty || args[0] != "spine")
        {
            throw new BenchException(Usage);
        }

        var root = Environment.GetEnvironmentVariable("CAIRN_BENCH_ROOT") ?? throw new BenchException("start it with bench/run");
        var options = new Options(false, All, Path.Combine(root, "bench", "results", "data"), root);
        for (var i = 1; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--quick" => options with { Quick = true },
                "--only" when i + 1 < args.Length => options with { Sections = args[++i].Split(',') },
                "--data" when i + 1 < args.Length => options with { Data = Path.Combine(Path.GetFullPath(args[++i]), "cairn-bench") },
                _ => throw new BenchException($"unknown option {args[i]}\n{Usage}"),
            };
        }

        return options.Sections.Except(All).FirstOrDefault() is { } unknown
            ? throw new BenchException($"no such section: {unknown}\n{Usage}")
            : options;
    }
}
