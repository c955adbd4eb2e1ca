using Cairn.Ledger;
using Cairn.Witness;
using Cairn.Witness.Serving;

namespace Cairn.Cli.Drills;

/// <summary>Three real witnesses on loopback, each with its folder, keys and memory.</summary>
internal sealed class DrillWitnesses : IAsyncDisposable
{
    private const int Count = 3;
    private readonly List<WitnessDirectory> _directories = [];
    private readonly List<WitnessServer> _servers = [];

    /// <summary>Their lines, and a quorum of two of them.</summary>
    public string Policy { get; private set; } = "";

    /// <summary>How many proofs of forks they keep.</summary>
    public int Proofs => _directories.Sum(directory => Directory.GetFiles(directory.ForksPath).Length);

    public static async Task<DrillWitnesses> StartAsync(string folder, LedgerDirectory ledger, CancellationToken cancel)
    {
        var witnesses = new DrillWitnesses();
        try
        {
            Directory.CreateDirectory(folder);
            var logs = ledger.TrustPolicy().Log.Logs;
            for (var i = 1; i <= Count; i++)
            {
                var directory = WitnessDirectory.Create(Path.Combine(folder, $"w{i}"), $"drill.example/w{i}");
                var server = await WitnessServer.StartAsync(new WitnessServerOptions { Path = directory.Root, Logs = logs, Url = "http://127.0.0.1:0", Log = static _ => { } }, cancel);
                witnesses._directories.Add(directory);
                witnesses._servers.Add(server);
                witnesses.Policy += directory.PolicyLines(server.Address.AbsoluteUri);
            }

            witnesses.Policy += $"group two-of-three 2 {string.Join(' ', witnesses._directories.Select(directory => directory.Name))}\nquorum two-of-three\n";
            return witnesses;
        }
        catch
        {
            await witnesses.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
