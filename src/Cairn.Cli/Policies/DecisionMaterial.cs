using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Decisions;
using Cairn.Policy.Bundles;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;
using Cairn.Policy.Storage;
using Cairn.Trails.Bundles;

namespace Cairn.Cli.Policies;

/// <summary>What a data directory and this program have for recomputing decisions: the stored policy bundles, and the engine.</summary>
/// <param name="data">The data directory.</param>
/// <param name="further">Policy bundles besides those of its store, as a command line names them.</param>
internal sealed class DecisionMaterial(string data, IReadOnlyList<string> further) : IDecisionMaterial, IDisposable
{
    private readonly PolicyStore _store = PolicyStore.Open(data);
    private readonly Dictionary<Digest, BundleFiles> _further = further.Select(name => NamedBundle.Read(name, data).Files).ToDictionary(files => files.Digest);
    private readonly DecisionEngine _engine = new();

    /// <summary>The option that names further bundles.</summary>
    public static Option<string[]> PoliciesOption() => new("--policies") { Description = "With --decisions, a policy bundle besides those of the data directory; may be given several times", HelpName = "BUNDLE", AllowMultipleArgumentsPerToken = false };

    /// <summary>What the options ask for; null: nothing.</summary>
    /// <exception cref="CliException">Policy bundles are named, and decisions are not to come along.</exception>
    public static DecisionMaterial? Of(bool decisions, IReadOnlyList<string> policies, string data) => decisions ? new DecisionMaterial(data, policies)
        : policies.Count == 0 ? null
        : throw new CliException("--policies says something about --decisions, which is not given");

    /// <inheritdoc/>
    public IDecisionEngine Recompute => _engine;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? Policy(Digest policy) => (_further.GetValueOrDefault(policy) ?? _store.Find(policy))?.Seal();

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? Engine(Digest engine) => _engine.Has(engine) ? CedarModule.Bytes : default(ReadOnlyMemory<byte>?);

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();
}
