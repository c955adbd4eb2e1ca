using Cairn.Evidence;

namespace Cairn.Evidence.Tests.Identifiers;

public class RecordIdTests
{
    [Fact]
    public void New_ids_carry_their_time_version_and_variant_and_never_repeat_beyond_one_page_of_randomness()
    {
        var time = new DateTimeOffset(2026, 1, 31, 9, 30, 0, 123, TimeSpan.Zero);
        var ids = Enumerable.Range(0, 1000).Select(_ => RecordId.New(time).ToString()).ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id =>
        {
            Assert.Equal(id, RecordId.Parse(id).ToString());
            Assert.Equal(time.ToUnixTimeMilliseconds().ToString("x12"), id[..8] + id[9..13]);
            Assert.Equal('7', id[14]);
            Assert.Contains(id[19], "89ab");
        });
    }

    [Fact]
    public void New_id_is_refused_for_a_time_that_has_no_unix_milliseconds() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RecordId.New(DateTimeOffset.UnixEpoch.AddMilliseconds(-1)));
}
