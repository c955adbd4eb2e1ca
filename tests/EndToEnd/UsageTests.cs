namespace Cairn.EndToEnd;

public class UsageTests
{
    [Fact]
    public async Task Help_shows_examples_and_exit_codes()
    {
        var help = await CairnProgram.RunAsync("--help");

        Assert.Equal(0, help.ExitCode);
        Assert.Contains("cairn mcp -- npx", help.Output);
        Assert.Contains("Exit codes: 0 verified or done, 1 a check failed, 2 could not run", help.Output);
        Assert.Empty(help.Messages);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("show")]
    [InlineData("mcp")]
    [InlineData("verify")]
    [InlineData("trails --output yaml")]
    public async Task Wrong_usage_ends_with_code_2_and_names_the_help_to_read(string line)
    {
        var outcome = await CairnProgram.RunAsync(line.Split(' '));

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("Try: cairn", outcome.Messages);
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public async Task A_missing_data_directory_is_named_and_never_created_by_a_command_that_reads()
    {
        using var folder = new TemporaryFolder();
        foreach (var command in new[] { "trails", "fsck", "keys" })
        {
            var outcome = await CairnProgram.RunAsync(command, "--data", folder["absent"]);

            Assert.Equal(2, outcome.ExitCode);
            Assert.Contains(folder["absent"], outcome.Messages);
            Assert.False(Directory.Exists(folder["absent"]));
        }
    }

    [Fact]
    public async Task Completion_scripts_ask_the_program_for_words()
    {
        var script = await CairnProgram.RunAsync("completion", "bash");
        var words = await CairnProgram.RunAsync("[suggest:8]", "cairn ex");

        Assert.Contains("complete -o default -F _cairn cairn", script.Output);
        Assert.Contains("export", words.Output.Split('\n'));
    }
}
