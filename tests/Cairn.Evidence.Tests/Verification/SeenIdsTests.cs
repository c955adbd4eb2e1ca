using Cairn.Evidence.Verification;
using CsCheck;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>The set of ids that a verifier keeps to find records that are there twice.</summary>
public sealed class SeenIdsTests
{
    /// <summary>The set says what a general one says, however often it grew.</summary>
    [Fact]
    public void Id_is_new_exactly_the_first_time() => Gen.Int[0, 3000].Array[0, 6000].Sample(numbers =>
    {
        var (seen, expected) = (new SeenIds(), new HashSet<RecordId>());

        foreach (var id in numbers.Select(Id))
        {
            Assert.Equal(expected.Add(id), seen.Add(id));
        }
    }, iter: 50);

    private static RecordId Id(int number) => RecordId.Parse($"019b7647-b400-7000-8000-{number:x12}");
}
