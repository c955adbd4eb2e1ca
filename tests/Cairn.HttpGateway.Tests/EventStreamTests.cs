using System.Text;
using Cairn.HttpGateway.Exchanges;
using CsCheck;

namespace Cairn.HttpGateway.Tests;

/// <summary>An event stream is split as WHATWG HTML §9.2.6 says, however its bytes arrive, and no byte is changed.</summary>
public sealed class EventStreamTests
{
    /// <summary>The examples of §9.2.6, with what a browser dispatches.</summary>
    [Theory]
    [InlineData("data: YHOO\ndata: +2\ndata: 10\n\n", new[] { "YHOO\n+2\n10" })]
    [InlineData(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n", new[] { "first event", "second event" })]
    [InlineData("data\n\ndata\ndata\n\ndata:", new[] { "", "\n" })]
    [InlineData("data:test\n\ndata: test\n\n", new[] { "test", "test" })]
    [InlineData("\uFEFFdata: marked\r\rdata: a\r\n\r\nevent: x\n\n", new[] { "marked", "a" })]
    public async Task Examples_of_the_specification_give_their_events(string stream, string[] expected)
    {
        Assert.Equal(expected, (await ReadAsync(Encoding.UTF8.GetBytes(stream), 1024, 1)).Data);
        Assert.Equal(expected, (await ReadAsync(Encoding.UTF8.GetBytes(stream), 1024, 4096)).Data);
    }

    [Fact]
    public void Bytes_pass_unchanged_and_events_are_the_same_however_they_arrive()
    {
        string[] alphabet = ["data: x", "data:", "id: 1", ": c", "\n", "\r", "\r\n", "\n\n", "data: {\"a\":1}", "event: e", "ü", "\r\r"];
        var piece = Gen.Int[0, alphabet.Length - 1].Select(i => alphabet[i]);
        Gen.Select(piece.Array[0, 40], Gen.Int[1, 7]).Sample((pieces, step) =>
        {
            var bytes = Encoding.UTF8.GetBytes(string.Concat(pieces));
            var whole = ReadAsync(bytes, 4096, 4096).GetAwaiter().GetResult();
            var parts = ReadAsync(bytes, 4096, step).GetAwaiter().GetResult();
            return whole.Raw.AsSpan().SequenceEqual(bytes) && parts.Raw.AsSpan().SequenceEqual(bytes) && whole.Data.SequenceEqual(parts.Data);
        });
    }

    [Fact]
    public async Task Event_beyond_the_limit_passes_in_pieces_unread_and_the_next_one_is_read()
    {
        var stream = Encoding.UTF8.GetBytes($"data: {new string('x', 100_000)}\n\ndata: small\n\n");

        var (raw, data, tooLong) = await ReadAsync(stream, 16 * 1024, 5000);

        Assert.Equal(stream, raw);
        Assert.Equal(["small"], data);
        Assert.True(tooLong > 1);
    }

    [Fact]
    public async Task Comment_is_handed_on_before_its_blank_line_comes()
    {
        var pipe = new System.IO.Pipelines.Pipe();
        using var reader = new EventStreamReader(pipe.Reader.AsStream(), 1024, new BodyBudget(1024));
        await pipe.Writer.WriteAsync(": still here\n"u8.ToArray(), TestContext.Current.CancellationToken);

        var piece = await reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);

        Assert.Equal(": still here\n", Encoding.UTF8.GetString(piece!.Value.Raw.Span));
    }

    [Fact]
    public async Task Budget_grants_in_order_and_takes_back_what_is_given_up()
    {
        var budget = new BodyBudget(100);
        var first = await budget.TakeAsync(80, default);
        using var impatient = new CancellationTokenSource();
        var second = budget.TakeAsync(50, impatient.Token).AsTask();
        var third = budget.TakeAsync(20, default).AsTask();
        Assert.False(third.IsCompleted);

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        (await third.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken)).Dispose();
        first.Dispose();
        using var alone = await budget.TakeAsync(1000, default).AsTask().WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    private static async Task<(byte[] Raw, List<string> Data, int TooLong)> ReadAsync(byte[] bytes, int limit, int step)
    {
        using var reader = new EventStreamReader(new SteppedStream(bytes, step), limit, new BodyBudget(limit));
        var (raw, data, tooLong) = (new MemoryStream(), new List<string>(), 0);
        while (await reader.ReadAsync(default) is { } piece)
        {
            raw.Write(piece.Raw.Span);
            tooLong += piece.IsTooLong ? 1 : 0;
            if (piece.Data is { } text)
            {
                data.Add(Encoding.UTF8.GetString(text.Span));
            }
        }

        return (raw.ToArray(), data, tooLong);
    }

    private sealed class SteppedStream(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }
}
