using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;

namespace Cairn.Witness.Tests;

/// <summary>Keys and memory of a witness: made together, and never apart.</summary>
public sealed class WitnessDirectoryTests : IDisposable
{
    private readonly TestLog _log = new();
    private readonly TestWitness _witness = new();

    public void Dispose()
    {
        _log.Dispose();
        _witness.Dispose();
    }

    [Fact]
    public void A_witness_remembers_after_a_restart()
    {
        using (var first = _witness.Open(_log))
        {
            first.Add(_log.Request(0, 5));
        }

        using var second = _witness.Open(_log);

        Assert.Equal(409, second.Add(_log.Request(0, 5)).Status);
        Assert.Equal(422, second.Add(_log.Request(5, 8, forkedAt: 1)).Status);
        Assert.Equal(200, second.Add(_log.Request(5, 8)).Status);
    }

    [Fact]
    public void A_witness_for_no_log_does_not_start()
    {
        var problem = Assert.Throws<WitnessException>(() => _witness.Open());

        Assert.Contains("cairn keys", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_witness_without_its_memory_is_refused_and_nothing_is_made()
    {
        File.Delete(_witness.Directory.StatePath);

        Assert.Contains("second history", Assert.Throws<WitnessException>(() => WitnessDirectory.Open(_witness.Directory.Root)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_witness.Directory.StatePath));
    }

    [Fact]
    public void The_memory_of_another_witness_is_refused()
    {
        using var other = new TestWitness();
        File.Copy(other.Directory.StatePath, _witness.Directory.StatePath, overwrite: true);

        Assert.Contains("memory of other keys", Assert.Throws<WitnessException>(() => _witness.Open(_log)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_processes_on_one_memory_are_refused()
    {
        using var first = _witness.Open(_log);

        Assert.Throws<WitnessException>(() => _witness.Open(_log));
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused()
    {
        var key = Path.Combine(_witness.Directory.Root, "keys", "witness.ed25519");
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        Assert.Contains("chmod 600", Assert.Throws<WitnessException>(() => _witness.Open(_log)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_with_something_in_it_is_left_alone()
    {
        Assert.Throws<WitnessException>(() => WitnessDirectory.Create(_witness.Directory.Root, "witness.example/other"));
        Assert.Equal("witness.example/w", WitnessDirectory.Open(_witness.Directory.Root).Name);
    }

    [Fact]
    public void Its_lines_are_a_policys_and_ask_for_both_keys()
    {
        var policy = LogPolicy.Parse(_witness.Directory.PolicyLines("https://witness.example/") + "quorum witness.example/w\n");

        Assert.Equal([KeyType.CosignatureEd25519, KeyType.MlDsa44], policy.Witnesses.Select(one => one.Key.Type));
        Assert.False(policy.IsQuorum(["witness.example/w/ed25519"]));
        Assert.True(policy.IsQuorum(["witness.example/w/ed25519", "witness.example/w/mldsa44"]));
    }

    [Fact]
    public void A_damaged_memory_is_refused()
    {
        using (var stream = File.OpenWrite(_witness.Directory.StatePath))
        {
            stream.Write(new byte[200]);
        }

        Assert.Throws<WitnessException>(() => _witness.Open(_log));
    }
}
