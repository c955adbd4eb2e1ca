using Cairn.Evidence;
using Cairn.Policy.Engine;

namespace Cairn.Policy.Bundles;

/// <summary>
/// A bundle that was checked whole: it parses, its policies hold to its schema, its entities too, and requests of every
/// action that the schema has can be put to it. Data only: <see cref="Evaluation.PolicyEvaluator"/> decides with it.
/// </summary>
public sealed class PolicyBundle
{
    internal PolicyBundle(BundleFiles files, BundleManifest manifest, string schema, ActionTable actions, EntityStore entities,
        IReadOnlyList<BundlePolicy> policies, IReadOnlyList<PolicyProblem> warnings)
    {
        (Files, Manifest, Schema, Actions, Entities, Policies, Warnings) = (files, manifest, schema, actions, entities, policies, warnings);
        foreach (var policy in policies)
        {
            Needs.Add(policy.Json);
        }

        ById = policies.ToDictionary(p => p.Id, StringComparer.Ordinal);
    }

    /// <summary>The bundle's files.</summary>
    public BundleFiles Files { get; }

    /// <summary>SHA-256 of the sealed bundle.</summary>
    public Digest Digest => Files.Digest;

    /// <summary>What <c>bundle.json</c> says.</summary>
    public BundleManifest Manifest { get; }

    /// <summary>Its policies, in the order of files and lines.</summary>
    public IReadOnlyList<BundlePolicy> Policies { get; }

    /// <summary>What is odd about it and keeps nobody from using it.</summary>
    public IReadOnlyList<PolicyProblem> Warnings { get; }

    internal string Schema { get; }

    internal ActionTable Actions { get; }

    internal EntityStore Entities { get; }

    internal PolicyNeeds Needs { get; } = new();

    internal IReadOnlyDictionary<string, BundlePolicy> ById { get; }

    /// <summary>Checks a bundle.</summary>
    /// <exception cref="PolicyBundleException">It can't be used; the exception has every problem, with file and line.</exception>
    public static PolicyBundle Load(BundleFiles files, CedarModule module)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(module);
        return BundleLoader.Load(files, module, isRecorded: false);
    }

    /// <summary>
    /// The same for a bundle that decisions were made under, to recompute them. What a gateway demands before it takes a bundle into
    /// use and what changes no decision is not asked again (docs/spec/policy-bundle.md §10).
    /// </summary>
    /// <inheritdoc cref="Load"/>
    internal static PolicyBundle LoadRecorded(BundleFiles files, CedarModule module) => BundleLoader.Load(files, module, isRecorded: true);
}
