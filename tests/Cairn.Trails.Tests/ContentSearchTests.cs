using System.Security.Cryptography;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Cairn.Trails.Index;

namespace Cairn.Trails.Tests;

public sealed class ContentSearchTests
{
    private const string Document = "We agree to pay 1,000,000 by Friday.\n";

    [Fact]
    public async Task Document_is_found_where_a_record_commits_to_it_and_in_no_record_that_commits_to_another_of_its_length()
    {
        await using var trails = await TrailLedger.OpenAsync();
        using var vault = TrailVault.Open(trails.Directory.VaultPath);
        var story = Story();
        var (first, second, other) = (story.NewId(), RecordId.Parse("019a0000-0000-7000-8000-000000000002"), RecordId.Parse("019a0000-0000-7000-8000-000000000003"));
        story.Act(id: first, more: new { input = Held(vault, story, first, "input", Document) });
        story.Act(id: second, more: new { input = Held(vault, story, second, "input", Document.TrimEnd()) });
        story.Act(id: other, more: new { input = Held(vault, story, other, "input", Document.Replace('1', '2')) });
        await trails.TellAsync(story);

        var answer = await FindAsync(trails, vault, Document);

        Assert.Equal(
            new[] { (first, "input", "as it is"), (second, "input", "without its last line break") }.ToHashSet(),
            answer.Matches.Select(match => (match.Entry.Record.Id, match.Member, match.Form)).ToHashSet());
        Assert.Equal((3, 0, 0), (answer.Tested, answer.Untested, answer.Keyless.Count));
        Assert.Empty((await FindAsync(trails, vault, "We agree to pay")).Matches);
        Assert.Equal(0, (await FindAsync(trails, vault, "We agree to pay")).Tested);
    }

    [Fact]
    public async Task Text_is_found_where_it_passed_as_a_JSON_string()
    {
        await using var trails = await TrailLedger.OpenAsync();
        using var vault = TrailVault.Open(trails.Directory.VaultPath);
        var story = Story();
        var id = story.NewId();
        story.Act(id: id, more: new { input = Held(vault, story, id, "input", "\"say \\\"yes\\\"\"") });
        await trails.TellAsync(story);

        Assert.Equal("as a JSON string", Assert.Single((await FindAsync(trails, vault, "say \"yes\"")).Matches).Form);
    }

    [Fact]
    public async Task Document_whose_digest_a_record_tells_is_found_without_any_key()
    {
        await using var trails = await TrailLedger.OpenAsync();
        using var vault = TrailVault.Open(trails.Directory.VaultPath);
        var story = Story();
        var digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Document)))}";
        var span = SpanId.New();
        story.Complete(story.Request(span, type: "process.exec"), span, more: new { changes = new { created = 1, modified = 0, deleted = 0, whole = true, files = new Dictionary<string, object> { ["contract.txt"] = new { operation = "created", after = digest, bytes = 37 } } } });
        await trails.TellAsync(story);

        var match = Assert.Single((await FindAsync(trails, vault, Document)).Matches);
        Assert.Equal(("changes", "as it is, by its SHA-256"), (match.Member, match.Form));
    }

    [Fact]
    public async Task Commitments_of_a_shredded_trail_are_counted_and_not_called_tested()
    {
        await using var trails = await TrailLedger.OpenAsync();
        using var vault = TrailVault.Open(trails.Directory.VaultPath);
        var story = Story();
        var id = story.NewId();
        story.Act(id: id, more: new { input = Held(vault, story, id, "input", Document) });
        await trails.TellAsync(story);
        vault.Shred(story.Trace);

        var answer = await FindAsync(trails, vault, Document);

        Assert.Empty(answer.Matches);
        Assert.Equal((0, 1, 1), (answer.Tested, answer.Untested, answer.Keyless.Count));
    }

    private static TrailStory Story() => new() { Begins = DateTimeOffset.UtcNow };

    private static object Held(TrailVault vault, TrailStory story, RecordId record, string member, string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var commitment = Commitment.Commit(Commitment.CommitmentKey(vault.KeyFor(story.Trace), record, member), bytes);
        return new { commitment = $"hmac-sha256:{commitment}", bytes = bytes.Length, media = "text/plain", content = "none" };
    }

    private static async Task<ContentAnswer> FindAsync(TrailLedger trails, TrailVault vault, string content)
    {
        using var index = TrailIndex.Open(trails.Ledger, trails.Directory);
        await index.CatchUpAsync();
        return await new ContentSearch(index, vault).FindAsync(Encoding.UTF8.GetBytes(content), new RecordQuery());
    }
}
