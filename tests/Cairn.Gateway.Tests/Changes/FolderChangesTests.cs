using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Gateway.Changes;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.Gateway.Tests.Changes;

/// <summary>What changed below a folder, found by stamps and read only where it has to be.</summary>
public sealed class FolderChangesTests : IDisposable
{
    private readonly string _folder = TestPaths.Scratch();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private FolderSnapshot Look(WatchLimits? limits = null, params string[] excluded)
    {
        var snapshot = FolderSnapshot.Take(_folder, excluded, limits ?? new WatchLimits());
        snapshot.ReadAhead(limits ?? new WatchLimits());
        return snapshot;
    }

    private FolderChanges Compare(FolderSnapshot before, WatchLimits? limits = null, params string[] excluded) =>
        FolderChanges.Between(before, FolderSnapshot.Take(_folder, excluded, limits ?? new WatchLimits()), limits ?? new WatchLimits());

    private static Digest Sha(string text) => Digest.Sha256(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Created_modified_and_deleted_files_have_their_digests()
    {
        File.WriteAllText(this["kept"], "same");
        File.WriteAllText(this["changed"], "old");
        File.WriteAllText(this["gone"], "bye");
        var before = Look();

        File.WriteAllText(this["changed"], "new");
        File.Delete(this["gone"]);
        Directory.CreateDirectory(this["deep/er"]);
        File.WriteAllText(this["deep/er/made"], "made");
        var changes = Compare(before);

        Assert.True(changes.IsWhole);
        Assert.Equal(
            [
                new FileChange("changed", "modified", Sha("old"), Sha("new"), 3),
                new FileChange("deep/er/made", "created", null, Sha("made"), 4),
                new FileChange("gone", "deleted", Sha("bye"), null, null),
            ],
            changes.Files);
    }

    [Fact]
    public void Change_that_keeps_size_and_sets_the_time_back_is_found()
    {
        File.WriteAllText(this["a"], "one");
        var time = File.GetLastWriteTimeUtc(this["a"]);
        var before = Look();

        File.WriteAllText(this["a"], "two");
        File.SetLastWriteTimeUtc(this["a"], time);

        Assert.Equal(new FileChange("a", "modified", Sha("one"), Sha("two"), 3), Assert.Single(Compare(before).Files));
    }

    [Fact]
    public void File_written_again_with_the_same_content_is_no_change_and_new_permissions_are()
    {
        File.WriteAllText(this["same"], "x");
        File.WriteAllText(this["script"], "x");
        var before = Look();

        File.WriteAllText(this["same"], "x");
        File.SetUnixFileMode(this["script"], File.GetUnixFileMode(this["script"]) | UnixFileMode.UserExecute);

        Assert.Equal("script", Assert.Single(Compare(before).Files).Path);
    }

    [Fact]
    public void Links_are_files_of_their_own_and_are_not_followed()
    {
        Directory.CreateDirectory(this["target"]);
        var before = Look();

        File.CreateSymbolicLink(this["link"], "target");
        File.WriteAllText(this["target/file"], "x");

        Assert.Equal(["link", "target/file"], Compare(before).Files.Select(file => file.Path));
        Assert.Equal(Sha("target"), Compare(before).Files[0].After);
    }

    [Fact]
    public void Object_stores_of_git_and_excluded_folders_are_not_looked_into()
    {
        Directory.CreateDirectory(this["sub/.git/objects/ab"]);
        Directory.CreateDirectory(this["data"]);
        var before = Look(null, this["data"]);

        File.WriteAllText(this["sub/.git/objects/ab/cd"], "x");
        File.WriteAllText(this["sub/.git/HEAD"], "x");
        File.WriteAllText(this["data/journal"], "x");

        Assert.Equal("sub/.git/HEAD", Assert.Single(Compare(before, null, this["data"]).Files).Path);
    }

    [Fact]
    public void Folder_with_more_files_than_are_looked_at_is_said_not_to_be_whole_and_nothing_is_called_created()
    {
        var limits = new WatchLimits { Files = 3 };
        for (var i = 0; i < 6; i++)
        {
            File.WriteAllText(this[$"{i}"], "x");
        }

        var before = Look(limits);
        File.WriteAllText(this["new"], "x");
        var changes = Compare(before, limits);

        Assert.False(changes.IsWhole);
        Assert.DoesNotContain(changes.Files, file => file.Operation is "created" or "deleted");
    }

    [Fact]
    public void File_too_large_to_be_read_has_no_digest_and_is_named_all_the_same()
    {
        File.WriteAllText(this["large"], new string('a', 1000));
        var limits = new WatchLimits { BytesBefore = 10, BytesAfter = 10 };
        var before = Look(limits);

        File.AppendAllText(this["large"], "b");

        Assert.Equal(new FileChange("large", "modified", null, null, 1001), Assert.Single(Compare(before, limits).Files));
    }

    [Fact]
    public void Record_lists_so_many_files_and_counts_all()
    {
        var before = Look();
        var longName = string.Concat(Enumerable.Repeat("é", 100));
        for (var i = 0; i < 300; i++)
        {
            File.WriteAllText(this[$"{i:000}-{longName}"], "x");
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            Compare(before, new WatchLimits { Listed = 1000 }, []).WriteTo(writer);
            writer.WriteEndObject();
        }

        using var json = JsonDocument.Parse(buffer.ToArray());
        var changes = json.RootElement.GetProperty("changes");
        Assert.Equal(300, changes.GetProperty("created").GetInt32());
        Assert.InRange(changes.GetProperty("files").GetArrayLength(), 30, 299);
        Assert.True(buffer.Length < 48 * 1024, $"{buffer.Length} bytes");
    }

    [Fact]
    public void Secret_in_a_file_name_does_not_reach_the_record()
    {
        var before = Look();
        File.WriteAllText(this["ghp_16C7e42F292c6912E7710c838347Ae178B4a"], "x");

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            Compare(before).WriteTo(writer);
            writer.WriteEndObject();
        }

        Assert.DoesNotContain("ghp_16C7e42F", Encoding.UTF8.GetString(buffer.ToArray()), StringComparison.Ordinal);
    }
}
