namespace Cairn.Bench;

/// <summary>What to run.</summary>
/// <param name="Area">spine, authority, trails or proof.</param>
/// <param name="Quick">A short run: the same rows, fewer repetitions.</param>
/// <param name="Sections">The sections to run: of the spine emit, ingest, verify, gateway; of authority decisions, gateway, http, credentials; of trails reconstruct, findings, find; of proof verify, proofs, bytes, witness.</param>
/// <param name="Data">A folder of this run alone, where its ledgers are made; removed before and afterwards.</param>
/// <param name="Root">The repository.</param>
internal sealed record Options(string Area, bool Quick, IReadOnlyList<string> Sections, string Data, string Root)
{
    public const string Usage = "usage: bench/run spine|authority|trails|proof [--quick] [--only SECTION[,SECTION…]] [--data DIR] [--most RECORDS]    sections of spine: emit, ingest, verify, gateway; of authority: decisions, gateway, http, credentials; of trails: reconstruct, findings, find; of proof: verify, proofs, bytes, witness";

    private static readonly Dictionary<string, string[]> Areas = new()
    {
        ["spine"] = ["emit", "ingest", "verify", "gateway"],
        ["authority"] = ["decisions", "gateway", "http", "credentials"],
        ["trails"] = ["reconstruct", "findings", "find"],
        ["proof"] = ["verify", "proofs", "bytes", "witness"],
    };

    /// <summary>Of trails the largest size in records, powers of ten from 10,000 to 10 million; of proofs the largest ledger in statements, from 100.</summary>
    public long Most { get; init; } = 10_000_000;

    public string Peers => Path.Combine(Root, "bench", "peers");

    public string Results => Path.Combine(Root, "bench", "results", $"{Area}.json");

    public bool Runs(string section) => Sections.Contains(section);

    /// <summary>Reads the command line.</summary>
    /// <exception cref="BenchException">It does not follow the usage.</exception>
    public static Options Parse(ReadOnlySpan<string> args)
    {
        if (args.IsEmpty || !Areas.TryGetValue(args[0], out var all))
        {
            throw new BenchException(Usage);
        }

        var root = Environment.GetEnvironmentVariable("CAIRN_BENCH_ROOT") ?? throw new BenchException("start it with bench/run");
        var options = new Options(args[0], false, all, Path.Combine(root, "bench", "results", "data"), root);
        for (var i = 1; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--quick" => options with { Quick = true, Most = Math.Min(options.Most, 100_000) },
                "--most" when i + 1 < args.Length && long.TryParse(args[i + 1], out var most) && most >= 10_000 => options with { Most = long.Parse(args[++i]) },
                "--only" when i + 1 < args.Length => options with { Sections = args[++i].Split(',') },
                "--data" when i + 1 < args.Length => options with { Data = Path.Combine(Path.GetFullPath(args[++i]), "cairn-bench") },
                _ => throw new BenchException($"unknown option {args[i]}\n{Usage}"),
            };
        }

        return options.Sections.Except(all).FirstOrDefault() is { } unknown
            ? throw new BenchException($"no such section: {unknown}\n{Usage}")
            : options;
    }
}
