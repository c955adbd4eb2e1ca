using Cairn.Bench;
using Cairn.Bench.Authority;
using Cairn.Bench.Verification;

try
{
    return args is [VerifyChild.Command, var bundle, var policy]
        ? VerifyChild.Run(bundle, policy)
        : Options.Parse(args) is { Area: "authority" } options
            ? await AuthorityArea.RunAsync(options, Console.Out, Console.Error)
            : await Spine.RunAsync(Options.Parse(args), Console.Out, Console.Error);
}
catch (BenchException failure)
{
    Console.Error.WriteLine($"bench: {failure.Message}");
    return 2;
}
