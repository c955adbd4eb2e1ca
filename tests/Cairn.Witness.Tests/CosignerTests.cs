using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Witnessing;
using CsCheck;

namespace Cairn.Witness.Tests;

/// <summary>What a witness answers, case by case of C2SP tlog-witness, "add-checkpoint".</summary>
public sealed class CosignerTests : IDisposable
{
    private readonly TestLog _log = new();
    private readonly TestWitness _witness = new();

    public void Dispose()
    {
        _log.Dispose();
        _witness.Dispose();
    }

    [Fact]
    public void The_first_checkpoint_and_its_extension_are_cosigned_by_both_keys()
    {
        using var cosigner = _witness.Open(_log);

        Assert.Equal(0, Cosigned(cosigner.Add(_log.Request(0, 5)), 5).Count(one => one.Result != NoteCheckResult.Good));
        Assert.Equal(0, Cosigned(cosigner.Add(_log.Request(5, 8)), 8).Count(one => one.Result != NoteCheckResult.Good));
        Assert.Equal(0, Cosigned(cosigner.Add(_log.Request(8, 300)), 300).Count(one => one.Result != NoteCheckResult.Good));
    }

    [Fact]
    public void A_cosignature_has_a_time_which_never_goes_back()
    {
        var clock = new FixedClock(new DateTimeOffset(2026, 11, 25, 12, 0, 0, TimeSpan.Zero));
        using var cosigner = _witness.Open(clock, _log);

        var before = Cosigned(cosigner.Add(_log.Request(0, 5)), 5)[0].Time;
        clock.Now -= TimeSpan.FromHours(1);
        var after = Cosigned(cosigner.Add(_log.Request(5, 6)), 6);

        Assert.Equal(new DateTimeOffset(2026, 11, 25, 12, 0, 0, TimeSpan.Zero), before);
        Assert.All(after, one => Assert.Equal(before, one.Time));
    }

    [Fact]
    public void The_same_checkpoint_is_cosigned_again()
    {
        using var cosigner = _witness.Open(_log);
        cosigner.Add(_log.Request(0, 5));

        Assert.Equal(200, cosigner.Add(_log.Request(5, 5)).Status);
        Assert.Equal(200, cosigner.Add(_log.Request(5, 6)).Status);
    }

    [Fact]
    public void The_empty_tree_is_cosigned_and_grows()
    {
        using var cosigner = _witness.Open(_log);

        Assert.Equal(200, cosigner.Add(_log.Request(0, 0)).Status);
        Assert.Equal(200, cosigner.Add(_log.Request(0, 0)).Status);
        Assert.Equal(200, cosigner.Add(_log.Request(0, 3)).Status);
        Assert.Equal((409, "3\n"), Told(cosigner.Add(_log.Request(0, 0))));
    }

    [Fact]
    public void Another_old_size_is_answered_with_the_size_that_is_known()
    {
        using var cosigner = _witness.Open(_log);

        Assert.Equal((409, "0\n"), Told(cosigner.Add(_log.Request(3, 5))));
        cosigner.Add(_log.Request(0, 5));
        var answer = cosigner.Add(_log.Request(0, 8));

        Assert.Equal((409, "5\n"), Told(answer));
        Assert.Equal("text/x.tlog.size", answer.ContentType);
        Assert.Equal((409, "5\n"), Told(cosigner.Add(_log.Request(4, 4))));
    }

    [Fact]
    public void An_old_size_above_the_new_is_a_bad_request()
    {
        using var cosigner = _witness.Open(_log);
        cosigner.Add(_log.Request(0, 5));

        Assert.Equal(400, cosigner.Add(_log.Request(5, 3)).Status);
    }

    [Fact]
    public void An_unknown_log_is_not_found()
    {
        using var other = new TestLog("ledger.example/other");
        using var cosigner = _witness.Open(_log);

        Assert.Equal(404, cosigner.Add(other.Request(0, 5)).Status);
    }

    [Fact]
    public void A_checkpoint_that_the_log_did_not_sign_is_forbidden()
    {
        using var imposter = new TestLog();
        using var cosigner = _witness.Open(_log);
        var leaves = TestLog.Leaves(5);
        var signed = _log.Sign(leaves);
        var moved = new SignedNote(_log.Sign(TestLog.Leaves(6)).Body, signed.Signatures);

        Assert.Equal(403, cosigner.Add(imposter.Request(0, 5)).Status);
        Assert.Equal(403, cosigner.Add(new AddCheckpointRequest(0, [], moved).Encode()).Status);
        Assert.Equal(200, cosigner.Add(new AddCheckpointRequest(0, [], new SignedNote(signed.Body, [signed.Signatures[0]])).Encode()).Status);
    }

    [Fact]
    public void One_bad_signature_by_a_known_key_spoils_the_good_one_and_unknown_lines_do_not()
    {
        using var cosigner = _witness.Open(_log);
        var good = _log.Sign(TestLog.Leaves(5));
        var half = good.Signatures[1] with { Bytes = new byte[good.Signatures[1].Bytes.Length] };

        Assert.Equal(403, cosigner.Add(new AddCheckpointRequest(0, [], new SignedNote(good.Body, [good.Signatures[0], half])).Encode()).Status);
        Assert.Equal(200, cosigner.Add(new AddCheckpointRequest(0, [], good.With(new NoteSignature("grease", 7, new byte[9]))).Encode()).Status);
        Assert.DoesNotContain("grease", Encoding.UTF8.GetString(cosigner.Latest(OriginHash.Of(_log.Origin))!.Encode()));
    }

    [Fact]
    public void What_is_no_extension_is_unprocessable_and_nothing_is_cosigned()
    {
        using var cosigner = _witness.Open(_log);
        cosigner.Add(_log.Request(0, 5));
        var proof = MerkleTree.ConsistencyPath(TestLog.Leaves(8), 5);
        byte[] With(IReadOnlyList<Digest> path, int size = 8) => new AddCheckpointRequest(5, path, _log.Sign(TestLog.Leaves(size))).Encode();

        Assert.Equal(422, cosigner.Add(_log.Request(5, 8, forkedAt: 2)).Status);
        Assert.Equal(422, cosigner.Add(_log.Request(5, 5, forkedAt: 2)).Status);
        Assert.Equal(422, cosigner.Add(With([])).Status);
        Assert.Equal(422, cosigner.Add(With(proof[1..])).Status);
        Assert.Equal(422, cosigner.Add(With([.. proof, MerkleHash.EmptyTree])).Status);
        Assert.Equal(422, cosigner.Add(With(proof, size: 9)).Status);
        Assert.Equal(5, Checkpoint.Of(cosigner.Latest(OriginHash.Of(_log.Origin))!).Size);
        Assert.Equal(200, cosigner.Add(With(proof)).Status);
    }

    [Fact]
    public void A_proof_from_size_0_is_unprocessable()
    {
        using var cosigner = _witness.Open(_log);

        Assert.Equal(422, cosigner.Add(new AddCheckpointRequest(0, [MerkleHash.EmptyTree], _log.Sign(TestLog.Leaves(5))).Encode()).Status);
    }

    [Fact]
    public void A_tree_of_size_0_with_a_root_is_unprocessable()
    {
        using var cosigner = _witness.Open(_log);
        var root = MerkleHash.Leaf("x"u8).ToBase64();

        Assert.Equal(422, cosigner.Add(Encoding.UTF8.GetBytes($"old 0\n\n{_log.Origin}\n0\n{root}\n\n— {_log.Origin} AAAAAAA=\n")).Status);
        Assert.Equal(404, cosigner.Add(Encoding.UTF8.GetBytes($"old 0\n\nelsewhere\n0\n{root}\n\n— elsewhere AAAAAAA=\n")).Status);
    }

    /// <summary>Law: no bytes at all make a witness throw, and only what the log signed is cosigned.</summary>
    [Fact]
    public void Hostile_bytes_are_answered_and_never_cosigned()
    {
        using var cosigner = _witness.Open(_log);
        var request = _log.Request(0, 5);
        Gen.Select(Gen.Int[0, request.Length - 1], Gen.Byte).Sample(
            change =>
            {
                var changed = request.ToArray();
                changed[change.Item1] ^= (byte)(change.Item2 | 1);
                var status = cosigner.Add(changed).Status;
                Assert.Contains(status, (int[])[400, 403, 404, 409, 422, 200]);
                Assert.True(status != 200 || Encoding.UTF8.GetString(changed).StartsWith("old 0\n\n" + _log.Sign(TestLog.Leaves(5)).Body, StringComparison.Ordinal), "cosigned what the log did not sign");
            },
            iter: 500,
            threads: 1);
    }

    [Fact]
    public async Task Of_parallel_requests_from_one_size_exactly_one_is_cosigned()
    {
        using var cosigner = _witness.Open(_log);
        cosigner.Add(_log.Request(0, 5));
        var requests = Enumerable.Range(6, 12).Select(size => _log.Request(5, size)).ToList();

        var answers = await Task.WhenAll(requests.Select(request => Task.Run(() => cosigner.Add(request))));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(11, answers.Count(answer => answer.Status == 409));
    }

    [Fact]
    public void Whole_checkpoints_are_kept_for_every_size_that_was_cosigned()
    {
        using var cosigner = _witness.Open(_log);
        cosigner.Add(_log.Request(0, 5));
        cosigner.Add(_log.Request(5, 8));
        var hash = OriginHash.Of(_log.Origin);

        Assert.Equal(8, Checkpoint.Of(cosigner.Latest(hash)!).Size);
        Assert.All(_log.Keys.Select(log => log.Key).Concat(_witness.Keys), key => Assert.Equal(NoteCheckResult.Good, key.Verify(cosigner.At(hash, 5)!).Result));
        Assert.Null(cosigner.At(hash, 6));
        Assert.Equal(["5", "8"], cosigner.History(hash, 0, 10)!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
        Assert.Null(cosigner.Latest(OriginHash.Of("ledger.example/other")));
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(5, 9)]
    [InlineData(3, 3)]
    public void A_fork_that_the_log_itself_hands_over_is_proven_to_third_parties(int old, int size)
    {
        using var cosigner = _witness.Open(_log);
        cosigner.Add(_log.Request(0, 3));
        cosigner.Add(_log.Request(3, 5));
        cosigner.Add(_log.Request(old, size, forkedAt: 1));
        cosigner.Add(_log.Request(old, size, forkedAt: 1));

        var proof = ForkProof.Parse(File.ReadAllBytes(Assert.Single(Directory.GetFiles(_witness.Directory.ForksPath))));
        var verdict = ForkVerdict.Of(proof, [.. _log.Keys.Select(log => log.Key)], []);

        Assert.True(verdict.IsProven, string.Join("; ", verdict.Failures));
        Assert.Equal(2, verdict.Keys.Count);
        Assert.Equal(2, _witness.Said.Count);
    }

    [Fact]
    public void A_log_that_only_comes_late_is_not_accused()
    {
        using var cosigner = _witness.Open(_log);
        cosigner.Add(_log.Request(0, 5));
        cosigner.Add(_log.Request(5, 8));

        cosigner.Add(_log.Request(0, 5));
        cosigner.Add(_log.Request(5, 9));

        Assert.Empty(_witness.Said);
        Assert.Empty(Directory.GetFiles(_witness.Directory.ForksPath));
    }

    private static (int Status, string Body) Told(WitnessAnswer answer) => (answer.Status, Encoding.UTF8.GetString(answer.Body.Span));

    private List<NoteCheck> Cosigned(WitnessAnswer answer, int size)
    {
        Assert.Equal(200, answer.Status);
        var note = _log.Sign(TestLog.Leaves(size));
        var whole = new SignedNote(note.Body, AddCheckpointAnswer.ParseCosignatures(note, answer.Body.Span));
        return [.. _witness.Keys.Select(key => key.Verify(whole))];
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
