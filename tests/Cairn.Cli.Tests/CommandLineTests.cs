using Cairn.Cli;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Tests;

public class CommandLineTests
{
    [Fact]
    public void Every_command_says_what_it_does()
    {
        foreach (var command in CairnCommand.Create().Subcommands)
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), command.Name);
            Assert.All(command.Options.Where(option => !option.Hidden && !command.Hidden), option => Assert.False(string.IsNullOrWhiteSpace(option.Description), $"{command.Name} {option.Name}"));
        }
    }

    [Fact]
    public void A_wrapped_command_keeps_its_own_options_after_the_double_dash()
    {
        var parsed = CairnCommand.Create().Parse(["mcp", "--capture", "full", "--", "server", "--data", "x", "-v"]);

        Assert.Empty(parsed.Errors);
        Assert.Equal(["server", "--data", "x", "-v"], parsed.GetValue<string[]>("command")!);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1_610_612_736, "1.5 GiB")]
    public void Sizes_are_written_for_people(long bytes, string text) => Assert.Equal(text, Disk.Size(bytes));

    [Fact]
    public void An_unexpected_error_asks_for_a_report_and_an_expected_one_does_not()
    {
        Assert.Contains("please report", Problem.Explain(new InvalidOperationException("x")));
        Assert.Equal("no such trail\nTry: cairn trails", Problem.Explain(new CliException("no such trail", "cairn trails")));
    }
}
