using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;

namespace Cairn.Bench.Gateway;

/// <summary>
/// What the gateway adds to a tool call: the official client calls <c>echo</c> of the npm server-everything one call after
/// the other, with and without <c>cairn mcp</c> between them, in turns of a few calls each so that both see the same machine.
/// </summary>
internal static class GatewaySection
{
    private const double AllowedBesideSync = 0.5e-3;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits)
    {
        var server = EchoClient.Server(options);
        var data = Path.Combine(options.Data, "gateway");
        var gateway = EchoClient.Gateway(options);
        await using var direct = await EchoClient.ConnectAsync("node", [server, "stdio"]);
        await using var through = await EchoClient.ConnectAsync(gateway, ["mcp", "--data", data, "--", "node", server, "stdio"]);

        var calls = options.Quick ? 500 : 4000;
        var (without, with) = await EchoClient.CompareAsync(direct, through, options, calls);
        return Rows(without, with, limits);
    }

    private static List<Row> Rows(Distribution without, Distribution with, MachineLimits limits)
    {
        var added = with.Median - without.Median;
        return
        [
            new("gateway.added.p50", "strict tool call, added by the gateway, p50", Unit.Time, Better.Lower, added)
            {
                Limit = new Beside(limits.Append.Median, "one append of 4 KiB + fsync, p50"),
                Aim = limits.Append.Median + AllowedBesideSync,
                Details = [("with the gateway", with.Median, Unit.Time), ("without", without.Median, Unit.Time), ("calls each way", with.Count, null)],
            },
            new("gateway.added.p99", "strict tool call, added by the gateway, p99", Unit.Time, Better.Lower, with.P99 - without.P99)
            {
                Limit = new Beside(limits.Append.P99, "one append of 4 KiB + fsync, p99"),
                Details = [("with the gateway", with.P99, Unit.Time), ("without", without.P99, Unit.Time)],
            },
        ];
    }
}
