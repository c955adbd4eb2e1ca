namespace Cairn.Trails.Explaining;

/// <summary>What the agents had before them.</summary>
internal static class ContextAnswer
{
    private static readonly string[] Wanted = ["model", "prompt", "memory", "attestation"];

    public static IEnumerable<Sentence> Of(Trail trail)
    {
        foreach (var same in trail.Contexts.GroupBy(context => (context.Agent.Id, context.Subject, context.Name, context.Digest, context.Changed)))
        {
            var context = same.First();
            var parts = new[]
            {
                context.Name,
                context.Tools is { } tools ? $"{tools} tools" : null,
                context.Digest is { } digest ? Say.Short(digest) : null,
            }.Where(part => part is not null);
            yield return Say.Known(
                $"{context.Agent.Id} had {context.Subject}: {string.Join(", ", parts)}{(context.Changed ? "; it replaced another in mid-run" : "")}.", same.Select(one => one.Record));
        }

        var missing = Wanted.Where(subject => trail.Contexts.All(context => context.Subject != subject)).ToList();
        if (missing.Count > 0)
        {
            yield return Say.Unknown($"What the agents had as {string.Join(", ", missing)} can't be told: nobody captured it.");
        }
    }
}
