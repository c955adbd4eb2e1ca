using Cairn.Bench.Credentials;
using Cairn.Bench.Measuring;

namespace Cairn.Bench.Authority;

/// <summary>The benchmarks of authority: what deciding costs before an act, what a credential costs, and what both add to a call.</summary>
internal static class AuthorityArea
{
    public static Task<int> RunAsync(Options options, TextWriter output, TextWriter progress) => AreaRun.RunAsync(
        options, output, progress,
        [
            new Section("decisions", "decisions…", _ => DecisionSection.MeasureAsync(options)),
            new Section("gateway", "gateway with everything on…", limits => GuardedGatewaySection.MeasureAsync(options, limits)),
            new Section("http", "the same over HTTP…", limits => HttpGatewaySection.MeasureAsync(options, limits)),
            new Section("credentials", "token exchanges…", limits => ExchangeSection.MeasureAsync(options, limits)),
        ]);
}
