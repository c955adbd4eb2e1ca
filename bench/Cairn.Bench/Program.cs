using Cairn.Bench;
using Cairn.Bench.Verification;

try
{
    return args is [VerifyChild.Command, var bundle, var policy]
        ? VerifyChild.Run(bundle, policy)
        : await Spine.RunAsync(Options.Parse(args), Console.Out, Console.Error);
}
catch (BenchException failure)
{
    Console.Error.WriteLine($"bench: {failure.Message}");
    return 2;
}
