namespace Cairn.Gateway.Capture;

/// <summary>
/// Puts the pages of <c>tools/list</c> together: the page asked for without a cursor begins a listing, the page asked
/// for with the cursor of an earlier page continues it, and the page without a next cursor completes it
/// (MCP, server §Utilities, Pagination).
/// </summary>
internal sealed class ToolListing
{
    private const int MostOpenListings = 64;
    private const int MostTools = 100_000;
    private const int MostDefinitionBytes = 4 * 1024 * 1024;

    private readonly Dictionary<string, List<ListedTool>> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ListedTool> _byName = new(StringComparer.Ordinal);

    /// <summary>The last complete manifest; null before the first.</summary>
    public ToolManifest? Manifest { get; private set; }

    /// <summary>The tool of that name as listed last, on whatever page.</summary>
    public ListedTool? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Takes a page.</summary>
    /// <param name="cursor">The cursor it was asked for with; null for a first page.</param>
    /// <param name="tools">Its tools.</param>
    /// <param name="nextCursor">Its next cursor; null for a last page.</param>
    /// <returns>
    /// The manifest that this page completed, when it is the first or differs from the last one, with the difference
    /// (null for the first); null when nothing new is known.
    /// </returns>
    public (ToolManifest Manifest, ManifestChange? Change)? Take(string? cursor, IReadOnlyList<ListedTool> tools, string? nextCursor)
    {
        foreach (var tool in tools)
        {
            if (_byName.Count < MostTools || _byName.ContainsKey(tool.Name))
            {
                _byName[tool.Name] = tool with { Definition = default };
            }
        }

        List<ListedTool>? listing = null;
        if (cursor is null)
        {
            listing = [];
        }
        else if (_open.Remove(cursor, out var earlier))
        {
            listing = earlier;
        }

        // A cursor nobody was given: this page's listing has no known beginning and can't become a manifest.
        if (listing is null || listing.Count + tools.Count > MostTools)
        {
            return null;
        }

        // Definitions are held until the listing is complete, and only so many: a server chooses how long they are.
        listing.AddRange(listing.Sum(t => (long)t.Definition.Length) + tools.Sum(t => (long)t.Definition.Length) <= MostDefinitionBytes
            ? tools
            : tools.Select(t => t with { Definition = default }));
        if (nextCursor is not null)
        {
            if (_open.Count < MostOpenListings)
            {
                _open[nextCursor] = listing;
            }

            return null;
        }

        return Complete(listing);
    }

    private (ToolManifest, ManifestChange?)? Complete(List<ListedTool> listing)
    {
        var manifest = ToolManifest.Of(listing);
        var previous = Manifest;
        if (previous is not null && previous.Digest == manifest.Digest)
        {
            return null;
        }

        Manifest = manifest;
        foreach (var gone in _byName.Keys.Except(listing.Select(t => t.Name)).ToList())
        {
            _byName.Remove(gone);
        }

        return (manifest, previous is null ? null : ManifestChange.Between(previous, manifest));
    }
}
