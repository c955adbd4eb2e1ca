using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Ledger;
using Cairn.Ledger.Tests;
using Cairn.Witness.Serving;

namespace Cairn.Witness.Tests;

/// <summary>Real witnesses on loopback for one ledger, each of which can go away and come back at the same address.</summary>
internal sealed class WitnessGroup : IAsyncDisposable
{
    private readonly List<TestWitness> _witnesses = [];
    private readonly List<WitnessServer?> _servers = [];
    private readonly List<string> _urls = [];
    private readonly IReadOnlyList<PolicyLog> _logs;

    private readonly TimeProvider _time;

    private WitnessGroup(IReadOnlyList<PolicyLog> logs, TimeProvider time) => (_logs, _time) = (logs, time);

    public IReadOnlyList<TestWitness> Witnesses => _witnesses;

    /// <summary>Starts witnesses named w0, w1 … and writes a policy that asks for <paramref name="quorum"/> of them into the ledger's directory.</summary>
    public static async Task<WitnessGroup> StartAsync(TestLedger ledger, int count, string quorum, TimeProvider? time = null)
    {
        var group = new WitnessGroup(LogsOf(ledger.Directory), time ?? TimeProvider.System);
        for (var i = 0; i < count; i++)
        {
            group._witnesses.Add(new TestWitness($"w{i}"));
            group._servers.Add(null);
            group._urls.Add("http://127.0.0.1:0");
            await group.ComeAsync(i);
        }

        await File.WriteAllTextAsync(ledger.Directory.WitnessPolicyPath, group.Policy(quorum));
        return group;
    }

    public static IReadOnlyList<PolicyLog> LogsOf(LedgerDirectory directory) => directory.TrustPolicy().Log.Logs;

    public Uri Address(int witness) => new(_urls[witness]);

    public string Policy(string quorum) =>
        string.Concat(_witnesses.Select((witness, i) => witness.Directory.PolicyLines(_urls[i])))
        + (quorum == "none" ? "quorum none\n" : $"group Q {quorum} {string.Join(' ', _witnesses.Select(witness => witness.Directory.Name))}\nquorum Q\n");

    public async Task ComeAsync(int witness)
    {
        var server = await WitnessServer.StartAsync(
            new WitnessServerOptions { Path = _witnesses[witness].Directory.Root, Logs = _logs, Url = _urls[witness], Time = _time, Log = _witnesses[witness].Said.Add }, TestContext.Current.CancellationToken);
        (_servers[witness], _urls[witness]) = (server, server.Address.GetLeftPart(UriPartial.Authority));
    }

    public async Task LeaveAsync(int witness)
    {
        await _servers[witness]!.DisposeAsync();
        _servers[witness] = null;
    }

    public bool HasCosigned(int witness, SignedNote note) => _witnesses[witness].Keys.All(key => key.Verify(note).Result == NoteCheckResult.Good);

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.OfType<WitnessServer>())
        {
            await server.DisposeAsync();
        }

        _witnesses.ForEach(witness => witness.Dispose());
    }
}
