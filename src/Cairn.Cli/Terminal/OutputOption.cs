using System.CommandLine;

namespace Cairn.Cli.Terminal;

/// <summary>The <c>--output json|table</c> option.</summary>
internal static class OutputOption
{
    public static Option<string> Create()
    {
        var option = new Option<string>("--output")
        {
            Description = "json or table",
            HelpName = "json|table",
            DefaultValueFactory = _ => "table",
        };
        option.AcceptOnlyFromAmong("json", "table");
        return option;
    }

    public static bool IsJson(this ParseResult parsed, Option<string> option) => parsed.GetValue(option) == "json";
}
