using System.CommandLine;
using Cairn.Cli;
using Cairn.Cli.Terminal;
using Cairn.Ledger.Vault;

var parsed = CairnCommand.Create().Parse(args, CairnCommand.Parsing);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        Console.Error.WriteLine($"cairn: {error.Message}");
    }

    var path = string.Join(' ', CairnCommand.PathOf(parsed));
    Console.Error.WriteLine($"Try: {path} --help");
    return ExitCode.CouldNotRun;
}

TokenPins.Prompt = Secret.Prompt;
try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception problem)
{
    Console.Error.WriteLine($"cairn: {Problem.Explain(problem)}");
    return ExitCode.CouldNotRun;
}
