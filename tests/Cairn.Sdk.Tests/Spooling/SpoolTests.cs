using Cairn.Evidence;
using Cairn.Sdk.Spooling;
using CsCheck;

namespace Cairn.Sdk.Tests.Spooling;

public sealed class SpoolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cairn-spool-").FullName;
    private readonly StreamId _stream = StreamId.New();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Whatever_was_appended_is_read_back_by_its_owner_and_by_its_heir() =>
        Gen.Byte.Array[0, 2000].Array[1, 30].Sample(submissions =>
        {
            var stream = StreamId.New();
            using (var spool = new StreamSpool(_folder, stream, new SpoolLimits(long.MaxValue, SegmentBytes: 4000)))
            {
                var seq = 0L;
                foreach (var chunk in submissions.Chunk(3))
                {
                    var positions = spool.Append([.. chunk.Select(s => (seq++, (ReadOnlyMemory<byte>)s))]);
                    Assert.All(chunk.Zip(positions), pair => Assert.Equal(pair.First, spool.Read(pair.Second)));
                }
            }

            var orphan = Assert.Single(SpoolDirectory.TakeOrphans(_folder));
            var read = orphan.Read().ToList();
            Assert.Equal(submissions, read.Select(r => r.Bytes));
            Assert.Equal(Enumerable.Range(0, submissions.Length).Select(i => (long)i), read.Select(r => r.Seq));
            Assert.Empty(orphan.Damage);
            orphan.Remove();
            Assert.Empty(Directory.GetFiles(_folder));
        }, iter: 50, threads: 1);

    [Fact]
    public void Spool_cut_at_any_byte_gives_all_whole_frames_before_it_and_names_the_damage()
    {
        byte[][] submissions = [[1, 2, 3], [], [.. Enumerable.Range(0, 40).Select(i => (byte)i)]];
        using (var spool = new StreamSpool(_folder, _stream, new SpoolLimits(long.MaxValue)))
        {
            spool.Append([.. submissions.Select((s, i) => ((long)i, (ReadOnlyMemory<byte>)s))]);
        }

        var path = SpoolDirectory.SegmentPath(_folder, _stream, 0);
        var whole = File.ReadAllBytes(path);
        var ends = submissions.Aggregate(new List<int> { SpoolSegment.HeaderBytes }, (list, s) => [.. list, list[^1] + SpoolFrame.FrameBytes(s.Length)]);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            using var orphan = Assert.Single(SpoolDirectory.TakeOrphans(_folder));
            var read = orphan.Read().ToList();
            Assert.Equal(Math.Max(0, ends.Count(e => e <= length) - 1), read.Count);
            Assert.Equal(submissions.Take(read.Count), read.Select(r => r.Bytes));
            Assert.Equal(length > 0 && !ends.Contains(length), orphan.Damage.Count == 1);
            Assert.All(orphan.Damage, d => Assert.True(d.IsTail));

            // The damage is cut off and kept, so that a second reading is clean.
            Assert.Equal(read.Count, orphan.Read().Count());
        }
    }

    [Fact]
    public void Spool_with_a_changed_bit_never_gives_other_bytes()
    {
        byte[][] submissions = [[1, 2, 3], [4, 5, 6, 7]];
        using (var spool = new StreamSpool(_folder, _stream, new SpoolLimits(long.MaxValue)))
        {
            spool.Append([.. submissions.Select((s, i) => ((long)i, (ReadOnlyMemory<byte>)s))]);
        }

        var path = SpoolDirectory.SegmentPath(_folder, _stream, 0);
        var whole = File.ReadAllBytes(path);
        for (var bit = 0; bit < whole.Length * 8; bit += 7)
        {
            var changed = whole.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, changed);
            using var orphan = Assert.Single(SpoolDirectory.TakeOrphans(_folder));
            var read = orphan.Read().ToList();
            Assert.True(read.Count < submissions.Length);
            Assert.Equal(submissions.Take(read.Count), read.Select(r => r.Bytes));
            Assert.Single(orphan.Damage);
        }
    }

    [Fact]
    public void Damage_before_the_end_is_told_apart_from_a_torn_tail_and_later_files_are_still_read()
    {
        using (var spool = new StreamSpool(_folder, _stream, new SpoolLimits(long.MaxValue, SegmentBytes: 1)))
        {
            spool.Append([(0, new byte[100])]);
            spool.Append([(1, new byte[100])]);
        }

        var first = SpoolDirectory.SegmentPath(_folder, _stream, 0);
        using (var file = File.OpenWrite(first))
        {
            file.Position = 60;
            file.WriteByte(9);
        }

        using var orphan = Assert.Single(SpoolDirectory.TakeOrphans(_folder));
        Assert.Equal([1], orphan.Read().Select(r => r.Seq));
        Assert.False(Assert.Single(orphan.Damage).IsTail);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(_folder, "rejected"), "*.damaged"));
    }

    [Fact]
    public void Acknowledged_segments_are_removed_and_the_last_one_at_the_end()
    {
        var spool = new StreamSpool(_folder, _stream, new SpoolLimits(long.MaxValue, SegmentBytes: 300));
        for (var i = 0; i < 10; i++)
        {
            spool.Append([(i, new byte[150])]);
        }

        Assert.Equal(5, SpoolDirectory.Segments(_folder, _stream).Length);
        spool.Release(6);
        Assert.Equal(2, SpoolDirectory.Segments(_folder, _stream).Length);
        spool.Remove();
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Quota_refuses_before_anything_is_written_and_counts_only_what_waits()
    {
        using var spool = new StreamSpool(_folder, _stream, new SpoolLimits(QuotaBytes: 1000));
        spool.Append([(0, new byte[800])]);
        var refused = Assert.Throws<SpoolException>(() => spool.Append([(1, new byte[800])]));
        Assert.Contains("1,000 bytes", refused.Message, StringComparison.Ordinal);
        spool.Release(0);
        spool.Append([(1, new byte[800])]);
    }

    [Fact]
    public void Disk_that_takes_no_more_is_an_error_and_leaves_what_was_there()
    {
        using var spool = new StreamSpool(_folder, _stream, new SpoolLimits(long.MaxValue, SegmentBytes: 100));
        var first = spool.Append([(0, new byte[150])])[0];
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserExecute); // no new file can be made
        try
        {
            if (Environment.IsPrivilegedProcess)
            {
                Directory.CreateDirectory(SpoolDirectory.SegmentPath(_folder, _stream, 1)); // root needs another obstacle
            }

            Assert.Throws<SpoolException>(() => spool.Append([(1, new byte[150])]));
            Assert.Equal(new byte[150], spool.Read(first));
        }
        finally
        {
            File.SetUnixFileMode(_folder, Identity.Files.DurableFile.OwnerOnlyDirectory);
        }
    }

    [Fact]
    public void Files_are_readable_by_their_owner_only()
    {
        using var spool = new StreamSpool(_folder, _stream, new SpoolLimits(long.MaxValue));
        spool.Append([(0, new byte[1])]);
        Assert.All(Directory.GetFiles(_folder), f => Assert.Equal(Identity.Files.DurableFile.OwnerOnly, File.GetUnixFileMode(f)));
    }
}
