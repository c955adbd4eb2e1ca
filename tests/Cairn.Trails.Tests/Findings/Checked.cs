using Cairn.Evidence;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

/// <summary>What a story's findings are.</summary>
internal static class Checked
{
    public static IReadOnlyList<Finding> Findings(this TrailStory story, CheckOptions? options = null, ICredentialBook? book = null) =>
        [.. RuleCatalogue.Check(new TrailCase(story.Read(), book, options))];

    /// <summary>The one finding of a rule.</summary>
    public static Finding One(this TrailStory story, string rule, CheckOptions? options = null, ICredentialBook? book = null) =>
        Assert.Single(story.Findings(options, book), finding => finding.Rule == rule);

    /// <summary>There is none of a rule.</summary>
    public static void None(this TrailStory story, string rule, CheckOptions? options = null, ICredentialBook? book = null)
    {
        Assert.NotNull(RuleCatalogue.Find(rule));
        Assert.DoesNotContain(story.Findings(options, book), finding => finding.Rule == rule);
    }

    public static void RestsOn(this Finding finding, params RecordId[] records) => Assert.Equal(records, finding.Records);
}
