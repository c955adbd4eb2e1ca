using Cairn.Gateway.Tasks;
using Cairn.Policy;

namespace Cairn.Cli.Authorize;

/// <summary>The policy that a way in decides with, and the records of its bundles.</summary>
internal sealed class WayPolicy : IAsyncDisposable
{
    private readonly PolicyHost? _host;

    private WayPolicy(PolicyHost? host, BundleNotes notes) => (_host, Notes) = (host, notes);

    /// <summary>What decides; null: there is no policy.</summary>
    public IPolicyDecisionPoint? Decides => _host;

    /// <summary>Goes into the run's <see cref="TaskOptions.Bundles"/>.</summary>
    public BundleNotes Notes { get; }

    /// <summary>Loads the policy.</summary>
    /// <param name="choice">Which; null: none.</param>
    /// <param name="watch">Whether a changed bundle is taken into use: where the run is longer than one act.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="Policy.Bundles.PolicyBundleException">The bundle can't be used.</exception>
    public static async Task<WayPolicy> OpenAsync(PolicyChoice? choice, bool watch, CancellationToken cancel)
    {
        var notes = new BundleNotes();
        return new WayPolicy(
            choice is null ? null : await PolicyHost.OpenAsync(
                new PolicyHostOptions { Path = choice.Path, Mode = choice.Mode, Watch = watch, Changing = notes.RecordAsync, Log = Console.Error }, cancel),
            notes);
    }

    public ValueTask DisposeAsync() => _host?.DisposeAsync() ?? ValueTask.CompletedTask;
}
