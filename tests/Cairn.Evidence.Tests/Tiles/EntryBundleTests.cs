using System.Buffers;
using Cairn.Evidence.Tiles;
using CsCheck;

namespace Cairn.Evidence.Tests.Tiles;

public class EntryBundleTests
{
    [Fact]
    public void Entry_bundles_give_back_their_entries_and_no_part_of_one_does() =>
        Gen.Byte.Array[0, 300].Array[1, 256].Sample(entries =>
        {
            var bundle = Bundle(entries);

            Assert.Equal(entries, EntryBundle.Parse(bundle, new EntryBundleCoordinate(0, entries.Length)).Select(entry => entry.ToArray()));
            Assert.Throws<EvidenceFormatException>(() => EntryBundle.Parse(bundle[..^1]));
            Assert.Throws<EvidenceFormatException>(() => EntryBundle.Parse(bundle, new EntryBundleCoordinate(0, (entries.Length % 256) + 1)));
        });

    [Fact]
    public void Any_bytes_are_either_exactly_a_bundle_or_refused() =>
        Gen.Byte.Array[0, 600].Sample(bytes =>
        {
            try
            {
                Assert.Equal(bytes, Bundle([.. EntryBundle.Parse(bytes).Select(entry => entry.ToArray())]).ToArray());
            }
            catch (EvidenceFormatException problem)
            {
                Assert.Contains("entry", problem.Message);
            }
        });

    [Fact]
    public void The_largest_entry_fits_and_one_byte_more_is_refused()
    {
        Assert.Equal(65_535, Assert.Single(EntryBundle.Parse(Bundle(new byte[65_535]))).Length);
        Assert.Contains("65535", Assert.Throws<EvidenceFormatException>(() => Bundle(new byte[65_536])).Message);
    }

    [Fact]
    public void More_than_256_entries_are_refused() =>
        Assert.Contains("256", Assert.Throws<EvidenceFormatException>(() => EntryBundle.Parse(new byte[2 * 257])).Message);

    private static ReadOnlyMemory<byte> Bundle(params byte[][] entries)
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var entry in entries)
        {
            EntryBundle.Append(buffer, entry);
        }

        return buffer.WrittenMemory;
    }
}
