using Cairn.Bench;
using Cairn.Bench.Authority;
using Cairn.Bench.Proof;
using Cairn.Bench.Trails;
using Cairn.Bench.Verification;

try
{
    return args switch
    {
        [VerifyChild.Command, var bundle, var policy] => VerifyChild.Run(bundle, policy),
        [TrailChild.Command, var records] => TrailChild.Run(records),
        _ => Options.Parse(args) switch
        {
            { Area: "authority" } options => await AuthorityArea.RunAsync(options, Console.Out, Console.Error),
            { Area: "proof" } options => await ProofArea.RunAsync(options, Console.Out, Console.Error),
            { Area: "trails" } options => await TrailsArea.RunAsync(options, Console.Out, Console.Error),
            var options => await Spine.RunAsync(options, Console.Out, Console.Error),
        },
    };
}
catch (BenchException failure)
{
    Console.Error.WriteLine($"bench: {failure.Message}");
    return 2;
}
