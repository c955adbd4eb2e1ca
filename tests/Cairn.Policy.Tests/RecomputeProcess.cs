using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Tests;

/// <summary>This program started as <c>recompute BUNDLE INPUT</c>: prints what the input comes to, and ends.</summary>
internal static class RecomputeProcess
{
    public const string Word = "recompute";

    public static string Describe(PolicyEvaluation evaluation) =>
        $"{evaluation.Outcome} [{string.Join(',', evaluation.Determining)}] [{string.Join(',', evaluation.Errors)}] {evaluation.Reason} {CedarModule.Shared.Identity.Digest}";

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The test runner owns Main; the child must never get that far.")]
    internal static void RunAsChild()
    {
        if (Environment.GetCommandLineArgs() is [_, Word, var bundle, var input])
        {
            var loaded = PolicyBundle.Load(BundleFiles.Unseal(File.ReadAllBytes(bundle)), CedarModule.Shared);
            Console.Out.WriteLine(Describe(PolicyEvaluator.Recompute(loaded, CedarModule.Shared, File.ReadAllBytes(input))));
            Environment.Exit(0);
        }
    }
}
