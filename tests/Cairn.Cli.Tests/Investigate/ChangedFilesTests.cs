using Cairn.Cli.Investigate;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails;

namespace Cairn.Cli.Tests.Investigate;

public class ChangedFilesTests
{
    private static readonly string Old = $"sha256:{Digest.Sha256("old"u8)}";
    private static readonly string New = $"sha256:{Digest.Sha256("new"u8)}";

    private static List<string> Lines(FileChanges? changes)
    {
        var agent = new Actor(SpiffeId.Parse("spiffe://test.local/agent/builder"), "host:1", "pat@example.org");
        var action = new TrailAction(
            SpanId.New(), null, agent, agent.Id, "process.exec", "file:///usr/bin/make", null, DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(1),
            "ok", null, RecordId.New(DateTimeOffset.UnixEpoch), RecordId.New(DateTimeOffset.UnixEpoch))
        {
            Files = changes,
        };
        return [.. ChangedFiles.Lines(action)];
    }

    [Fact]
    public void Files_are_listed_with_their_digests_before_and_after()
    {
        var lines = Lines(new FileChanges(1, 1, 1, true,
        [
            new ChangedFile("a.txt", "modified", Old, New, 3),
            new ChangedFile("folder/b.txt", "created", null, New, 3),
            new ChangedFile("c.txt", "deleted", Old, null, null),
        ]));

        Assert.StartsWith("file:///usr/bin/make by /agent/builder: 1 created, 1 modified, 1 deleted (record ", lines[0], StringComparison.Ordinal);
        Assert.Equal(
            [
                $"  modified a.txt         {Old[..19]} → {New[..19]}, 3 B",
                $"  created  folder/b.txt  → {New[..19]}, 3 B",
                $"  deleted  c.txt         {Old[..19]} →",
            ],
            lines[1..]);
    }

    [Fact]
    public void Action_that_was_not_looked_at_has_no_lines_and_one_that_changed_nothing_says_so()
    {
        Assert.Empty(Lines(null));
        Assert.Contains("changed no file that was looked at; not every file was looked at", Assert.Single(Lines(new FileChanges(0, 0, 0, false, []))));
    }

    [Fact]
    public void Content_that_was_not_read_is_said_to_be_so_and_a_name_steers_no_terminal()
    {
        var lines = Lines(new FileChanges(0, 1, 0, true, [new ChangedFile("a\u001b[2J\nb", "modified", null, null, 1L << 40)]));

        Assert.Equal("  modified a\uFFFD[2J\uFFFDb  not read → not read, 1099511627776 B", lines[1]);
    }

    [Fact]
    public void Long_list_is_cut_and_says_how_many_there_were()
    {
        var lines = Lines(new FileChanges(500, 0, 0, true, [.. Enumerable.Range(0, 96).Select(n => new ChangedFile($"{n}", "created", null, New, 3))]));

        Assert.Equal(22, lines.Count);
        Assert.Equal("  and 480 more; --output json has what the record lists (96 of 500)", lines[^1]);
    }
}
