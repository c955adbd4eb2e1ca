using Cairn.Bench;

try
{
    return await Spine.RunAsync(Options.Parse(args), Console.Out, Console.Error);
}
catch (BenchException failure)
{
    Console.Error.WriteLine($"bench: {failure.Message}");
    return 2;
}
