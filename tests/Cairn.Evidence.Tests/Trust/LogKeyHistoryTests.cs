using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using CsCheck;

namespace Cairn.Evidence.Tests.Trust;

/// <summary>Which keys of a log must have signed a tree, by its size (docs/spec/verification.md §12).</summary>
public sealed class LogKeyHistoryTests
{
    private const string Origin = "example.org/log";

    private static readonly VerifierKey[] Pool =
        [.. Enumerable.Range(0, 40).Select(i => new VerifierKey(Origin, i % 2 == 0 ? KeyType.Ed25519 : KeyType.MlDsa44, Enumerable.Repeat((byte)(i + 1), i % 2 == 0 ? 32 : 1312).ToArray()))];

    /// <summary>
    /// Law: whoever starts from any generation of keys and follows all successions asks, for every size, for the keys that signed
    /// trees of that size; and so does whoever has the newest keys and a <c>retired</c> line for each of the others.
    /// </summary>
    [Fact]
    public void Every_starting_point_leads_to_the_keys_of_each_size() =>
        Gen.Select(Gen.Int[1, 6], Gen.Int[0, 2].Array[6], Gen.Int[1, 20].Array[6]).Sample((changes, which, gaps) =>
        {
            var (generations, successions) = Chain(changes, which, gaps);
            var newest = successions[^1].Size + 5;
            var policies = generations.Select(keys => Policy(keys, []))
                .Append(Policy(generations[^1], successions.SelectMany(one => one.Old.Select(key => (key, one.Size)))));
            foreach (var (policy, isBare) in policies.SelectMany(policy => new[] { (policy, false), (policy, true) }))
            {
                if (isBare && policy.Retired.Count == 0)
                {
                    continue; // without the bundle's word, only retired lines tell of the past
                }

                var history = new LogKeyHistory(policy, Origin, newest);
                foreach (var succession in isBare ? [] : successions)
                {
                    history.Follow(succession);
                }

                Assert.Equal(Set(generations[^1]), Set(history.Newest));
                for (var size = 1L; size <= newest; size++)
                {
                    Assert.Equal(Set(generations[successions.Count(one => one.Size < size)]), Set(history.At(size)));
                    Assert.Equal(Set(successions.Where(one => one.Size < size).SelectMany(one => one.Old)), Set(history.RetiredBefore(size)));
                }
            }
        }, iter: 200);

    /// <summary>Law: under retired lines, for every size as many algorithms are asked for as the newest keys have.</summary>
    [Fact]
    public void Retired_lines_ask_for_each_algorithm_at_every_size() =>
        Gen.Select(Gen.Int[1, 6], Gen.Int[0, 2].Array[6], Gen.Int[1, 20].Array[6]).Sample((changes, which, gaps) =>
        {
            var (generations, successions) = Chain(changes, which, gaps);
            var policy = Policy(generations[^1], successions.SelectMany(one => one.Old.Select(key => (key, one.Size))));
            for (var size = 1L; size <= successions[^1].Size + 5; size++)
            {
                Assert.Equal([KeyType.Ed25519, KeyType.MlDsa44], new LogKeyHistory(policy, Origin, size).Newest.Select(key => key.Type).Order());
            }
        }, iter: 200);

    private static (List<List<VerifierKey>> Generations, List<KeySuccession> Successions) Chain(int changes, int[] which, int[] gaps)
    {
        var (generations, successions, next, size) = (new List<List<VerifierKey>> { Pool[..2].ToList() }, new List<KeySuccession>(), 2, 0L);
        for (var i = 0; i < changes; i++)
        {
            // 0: both keys, 1: the Ed25519 key, 2: the ML-DSA-44 key.
            byte[] types = which[i] switch { 0 => [KeyType.Ed25519, KeyType.MlDsa44], 1 => [KeyType.Ed25519], _ => [KeyType.MlDsa44] };
            var old = generations[^1].Where(key => types.Contains(key.Type)).ToList();
            var made = types.Select(type => Pool[next + (type == KeyType.Ed25519 ? 0 : 1)]).ToList();
            next += 2;
            successions.Add(new KeySuccession(size += gaps[i], old, made));
            generations.Add([.. generations[^1].Except(old), .. made]);
        }

        return (generations, successions);
    }

    private static LogPolicy Policy(IEnumerable<VerifierKey> keys, IEnumerable<(VerifierKey Key, long Size)> retired) => LogPolicy.Parse(
        string.Concat(keys.Select(key => $"log {key}\n")) + string.Concat(retired.Select(one => $"retired {one.Key} {one.Size}\n")) + "quorum none\n");

    private static List<string> Set(IEnumerable<VerifierKey> keys) => [.. keys.Select(key => $"{key.KeyId:x8}").Order(StringComparer.Ordinal)];
}
