using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Index;
using Cairn.Trails.Tests.Findings;
using CsCheck;

namespace Cairn.Trails.Tests;

public sealed class RecordIndexTests
{
    private static readonly RecordFilter[] Questions =
    [
        Is(RecordField.Kind, RecordKinds.ActionRequested), Is(RecordField.Agent, "b"), Is(RecordField.Agent, "spiffe://cairn.local/agent/c"), Is(RecordField.Tool, "bash"),
        Is(RecordField.Resource, "mcp://*/tools/read*"), Is(RecordField.Credential, "c0"), Is(RecordField.Decision, "deny"), Is(RecordField.Status, "ok"), Is(RecordField.Status, "refused"),
        Is(RecordField.Owner, "team@example.org"), Is(RecordField.Person, "alice"), Is(RecordField.Emitter, "gateway/test"), Is(RecordField.Policy, "sha256:ab"), Is(RecordField.Digest, "sha256:aa"),
        new RecordFilter(RecordField.Decision, ["deny", "allow"]), Is(RecordField.Party, "c"), Is(RecordField.Type, "tool.*"),
    ];

    [Fact]
    public async Task Act_is_found_whole_by_its_tool_and_its_request_by_what_the_others_tell()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var story = Story();
        var (denied, allowed, other) = (story.NewId(), RecordId.Parse("019a0000-0000-7000-8000-000000000001"), RecordId.Parse("019a0000-0000-7000-8000-000000000002"));
        story.Decide(denied, "deny");
        story.Act(tool: "pay", status: "refused", id: denied);
        story.Decide(allowed, "allow");
        story.Act(tool: "pay", id: allowed, more: new { credential = "c1" });
        story.Decide(other, "deny");
        story.Act(tool: "read_file", status: "refused", id: other);
        await trails.TellAsync(story);

        Assert.Equal(["action.completed", "action.requested", "policy.decided"], (await FindAsync(trails, Is(RecordField.Tool, "pay"), Is(RecordField.Decision, "deny")))
            .Concat(await FindAsync(trails, Is(RecordField.Tool, "pay"), Is(RecordField.Status, "refused"))).DistinctBy(record => record.Record.Id).Select(record => record.Record.Kind).Order());
        Assert.Equal([denied], Requests(await FindAsync(trails, Is(RecordField.Tool, "pay"), Is(RecordField.Decision, "deny"))));
        Assert.Equal([allowed], Requests(await FindAsync(trails, Is(RecordField.Status, "ok"), Is(RecordField.Credential, "c1"))));
        Assert.Empty(await FindAsync(trails, Is(RecordField.Credential, "c1"), Is(RecordField.Decision, "deny")));
    }

    [Fact]
    public async Task Records_of_an_act_find_each_other_in_whatever_order_and_batches_they_arrive()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var story = Story();
        var id = story.NewId();
        story.Act(tool: "pay", id: id);
        story.Decide(id, "allow");
        await using var one = await TrailLedger.OpenAsync();
        using var index = TrailIndex.Open(one.Ledger, one.Directory);
        foreach (var record in story.Records.Reverse())
        {
            await one.SubmitAsync(record.Record.Bytes.ToArray());
            await index.CatchUpAsync(TestContext.Current.CancellationToken);
        }

        var page = await index.FindAsync(new RecordQuery { Filters = [Is(RecordField.Tool, "pay")] }, TestContext.Current.CancellationToken);
        Assert.Equal(3, page.Records.Count);
        page = await index.FindAsync(new RecordQuery { Filters = [Is(RecordField.Decision, "allow"), Is(RecordField.Status, "ok")] }, TestContext.Current.CancellationToken);
        Assert.Equal([id], Requests(page.Records));
    }

    [Fact]
    public async Task Records_are_found_by_time_attribute_and_trail()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var story = Story();
        story.Tell(RecordKinds.TaskStarted, body: new { principal = "alice" });
        await trails.TellAsync(story);
        var bytes = RecordWriter.Write(
            new RecordHeader(RecordId.New(DateTimeOffset.UtcNow), RecordKinds.ActionRequested, DateTimeOffset.UtcNow.AddSeconds(-1), story.Trace, SpanId.New(), null, null, 7, story.Records[0].Record.Actor),
            writer => writer.WriteString("resource", "r"), new Dictionary<string, object> { ["gen_ai.request.model"] = "m-1", ["retries"] = 3, ["deep"] = new[] { "x", "y" } });
        await trails.SubmitAsync(bytes);

        foreach (var found in new[] { "gen_ai.request.model=m-1", "retries=3", "deep=y", "retries" })
        {
            Assert.Single(await FindAsync(trails, Is(RecordField.Attribute, found)));
        }

        Assert.Empty(await FindAsync(trails, Is(RecordField.Attribute, "retries=4")));
        Assert.Equal(2, (await FindAsync(trails, Is(RecordField.Trace, story.Trace.ToString()))).Count);
        Assert.Empty(await FindAsync(trails, Is(RecordField.Trace, TraceId.New().ToString())));
        using var index = await OpenAsync(trails);
        Assert.Empty((await index.FindAsync(new RecordQuery { Since = DateTimeOffset.UtcNow.AddMinutes(2) }, default)).Records);
        Assert.Equal(2, (await index.FindAsync(new RecordQuery { Since = story.Begins.AddMinutes(-1), Until = DateTimeOffset.UtcNow.AddMinutes(1) }, default)).Records.Count);
    }

    /// <summary>The law: pages give every record once, newest first, whatever their size.</summary>
    [Fact]
    public async Task Pages_together_are_the_whole_answer_newest_first()
    {
        await using var trails = await TrailLedger.OpenAsync();
        for (var trail = 0; trail < 5; trail++)
        {
            // Clocks that differ: what arrives later is not always newer; and several records of one instant.
            await trails.TellAsync(new TrailStory { Begins = DateTimeOffset.UtcNow.AddSeconds(trail % 2 == 0 ? trail : -trail) }.Also(story => Enumerable.Range(0, 9).ToList().ForEach(_ => story.Wait(-0.001).Act())));
        }

        using var index = await OpenAsync(trails);
        var whole = (await index.FindAsync(new RecordQuery { Limit = 1000 }, default)).Records;
        Assert.Equal(90, whole.Count);
        Assert.Equal(whole.OrderByDescending(record => record.Record.Time).ThenByDescending(record => record.Record.Id.ToString(), StringComparer.Ordinal), whole);
        foreach (var size in new[] { 1, 7, 45, 90 })
        {
            var pages = new List<TrailRecord>();
            await foreach (var record in index.FindAllAsync(new RecordQuery { Limit = size }, TestContext.Current.CancellationToken))
            {
                pages.Add(record);
            }

            Assert.Equal(whole.Select(record => record.Record.Id), pages.Select(record => record.Record.Id));
        }
    }

    /// <summary>The law: an index that was kept up piece by piece answers as one that is made at once, and in whatever order trails arrived.</summary>
    [Fact]
    public async Task Answers_depend_on_the_records_alone()
    {
        foreach (var seed in new[] { 1, 2, 3 })
        {
            var chance = new Random(seed);
            var stories = Enumerable.Range(0, 4)
                .Select(_ => RandomStory.Tell([.. Enumerable.Range(0, 20).Select(_ => (chance.Next(12), chance.Next(51), chance.Next(51)))], DateTimeOffset.UtcNow.AddMinutes(15))).ToList();
            var (kept, made, shuffled) = (await AnswersAsync(stories, catchUps: true), await AnswersAsync(stories, catchUps: false), await AnswersAsync([.. stories.AsEnumerable().Reverse()], catchUps: true));
            Assert.Equal(made, kept);
            Assert.Equal(made, shuffled);
        }
    }

    [Fact]
    public async Task Index_of_another_version_is_made_anew_and_one_that_is_none_says_so()
    {
        await using var trails = await TrailLedger.OpenAsync();
        await trails.TellAsync(1);
        using (var index = await OpenAsync(trails))
        {
            Assert.Equal(4, index.Records);
        }

        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={trails.Directory.IndexPath};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 1";
            command.ExecuteNonQuery();
        }

        using (var index = await OpenAsync(trails))
        {
            Assert.Equal(4, index.Records);
            index.Clear();
            Assert.Equal(0, index.Records);
        }

        TrailIndex.Remove(trails.Directory);
        await File.WriteAllTextAsync(trails.Directory.IndexPath, "this is no database, however long it may be", TestContext.Current.CancellationToken);
        Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(() => TrailIndex.Open(trails.Ledger, trails.Directory));
        TrailIndex.Remove(trails.Directory);
        using var again = await OpenAsync(trails);
        Assert.Equal(4, again.Records);
    }

    [Fact]
    public void Set_of_ordinals_comes_back_as_it_was_in_both_forms() => Gen.Int[0, 65535].Array[0, 9000].Sample(
        numbers =>
        {
            var expected = numbers.Select(number => (ushort)number).Distinct().Order().ToArray();
            var encoded = OrdinalSet.Encode(numbers.Select(number => (ushort)number).ToList());
            var set = new OrdinalSet();
            set.Add(encoded);
            var read = new ushort[OrdinalSet.BlockSize];
            var merged = OrdinalSet.Merge(OrdinalSet.Encode(expected.Take(expected.Length / 2).ToList()), [.. expected.Skip(expected.Length / 2)]);
            return read.AsSpan(0, set.CopyTo(read)).SequenceEqual(expected) && encoded.Length <= 8192 && merged.AsSpan().SequenceEqual(encoded);
        },
        iter: 200);

    private static async Task<string> AnswersAsync(IReadOnlyList<TrailStory> stories, bool catchUps)
    {
        await using var trails = await TrailLedger.OpenAsync();
        using var index = TrailIndex.Open(trails.Ledger, trails.Directory);
        foreach (var story in stories)
        {
            await trails.TellAsync(story);
            if (catchUps)
            {
                await index.CatchUpAsync(TestContext.Current.CancellationToken);
            }
        }

        await index.CatchUpAsync(TestContext.Current.CancellationToken);
        var answers = new List<string>();
        foreach (var question in Questions.Select(question => new[] { question }).Concat(Questions.Zip(Questions.Skip(3), (one, other) => new[] { one, other })))
        {
            var page = await index.FindAsync(new RecordQuery { Filters = question, Limit = 7 }, TestContext.Current.CancellationToken);
            answers.Add($"{question[0].Field} {string.Join(' ', page.Records.Select(record => record.Record.Id))} {page.Next}");
        }

        Assert.Contains(answers, answer => answer.Length > 100);
        return string.Join('\n', answers);
    }

    private static RecordFilter Is(RecordField field, string value) => RecordFilter.Is(field, value);

    private static IEnumerable<RecordId> Requests(IEnumerable<TrailRecord> records) => records.Where(record => record.Record.Kind == RecordKinds.ActionRequested).Select(record => record.Record.Id);

    private static TrailStory Story() => new() { Begins = DateTimeOffset.UtcNow };

    private static async Task<TrailIndex> OpenAsync(TrailLedger trails)
    {
        var index = TrailIndex.Open(trails.Ledger, trails.Directory);
        await index.CatchUpAsync();
        return index;
    }

    private static async Task<IReadOnlyList<TrailRecord>> FindAsync(TrailLedger trails, params RecordFilter[] filters)
    {
        using var index = await OpenAsync(trails);
        return (await index.FindAsync(new RecordQuery { Filters = filters })).Records;
    }
}
