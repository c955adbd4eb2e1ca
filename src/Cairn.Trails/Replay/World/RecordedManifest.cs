using System.Text.Json;
using Cairn.Trails.Contents;

namespace Cairn.Trails.Replay.World;

/// <summary>A tool manifest as it was recorded.</summary>
/// <param name="Digest">The manifest's digest, as recorded.</param>
/// <param name="Seq">The ordinal, in its stream, of the record that captured it.</param>
/// <param name="Tools">Names and digests of the tools.</param>
/// <param name="Definitions">The tools' definitions, one JSON array for each record of the manifest; empty when they were not kept.</param>
/// <param name="WhyNot">Why the definitions are not, or not wholly, there; null: they are.</param>
public sealed record RecordedManifest(string Digest, long Seq, IReadOnlyList<ManifestTool> Tools, IReadOnlyList<JsonElement> Definitions, string? WhyNot)
{
    /// <summary>The manifests that a stream captured, in order; a long one is in several records.</summary>
    internal static IReadOnlyList<RecordedManifest> Of(IEnumerable<CapturedContext> contexts, Trail trail, IKeptContents contents)
    {
        var manifests = new List<RecordedManifest>();
        foreach (var context in contexts.Where(context => context.Subject == "mcp.tools").OrderBy(context => context.Seq))
        {
            var kept = contents.Find(trail.Find.Record(context.Record)!.Record, "commitment");
            IReadOnlyList<JsonElement> definitions = kept.Bytes is { } bytes ? [JsonElement.Parse(bytes.Span)] : [];
            var whyNot = kept.Bytes is null ? kept.WhyNot == "the record has no commitment" ? "the definitions were not kept" : kept.WhyNot
                : kept.IsRedacted ? "the definitions were kept with parts taken out" : null;
            if (manifests is [.., var last] && last.Digest == context.Digest && !last.Tools.Any(tool => context.Manifest.Contains(tool)))
            {
                manifests[^1] = last with
                {
                    Tools = [.. last.Tools, .. context.Manifest],
                    Definitions = definitions.Count == 0 ? [] : [.. last.Definitions, .. definitions],
                    WhyNot = last.WhyNot ?? whyNot,
                };
            }
            else
            {
                manifests.Add(new RecordedManifest(context.Digest ?? "", context.Seq, context.Manifest, definitions, whyNot));
            }
        }

        return manifests;
    }
}
