using System.Text.Json.Nodes;
using Cairn.Gateway.Hooks;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.Gateway.Tests.Hooks;

/// <summary>Settings are somebody else's file: what is not ours stays as it was.</summary>
public sealed class ClaudeCodeSettingsTests : IDisposable
{
    private const string Theirs = """{"model":"m","hooks":{"PreToolUse":[{"matcher":"Bash","hooks":[{"type":"command","command":"my-cairn hook-like pre"}]}],"Notification":[]},"permissions":{"allow":["Bash(ls:*)"]}}""";

    private readonly string _folder = TestPaths.Scratch();

    private string Settings => ClaudeCodeSettings.PathFor(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IReadOnlyList<string> Install() => ClaudeCodeSettings.Install(Settings, phase => $"'/opt/a b/cairn' hook {phase} --format claude-code", 65);

    private void Write(string json)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Settings)!);
        File.WriteAllText(Settings, json);
    }

    [Fact]
    public void Installing_makes_the_file_and_uninstalling_leaves_nothing_of_it()
    {
        var events = Install();

        var hooks = JsonNode.Parse(File.ReadAllText(Settings))!["hooks"]!.AsObject();
        Assert.Equal(events.Order(), hooks.Select(hook => hook.Key).Order());
        Assert.Equal("*", (string?)hooks["PreToolUse"]![0]!["matcher"]);
        Assert.Equal("'/opt/a b/cairn' hook pre --format claude-code", (string?)hooks["PreToolUse"]![0]!["hooks"]![0]!["command"]);
        Assert.Equal(events.Count, ClaudeCodeSettings.Uninstall(Settings));
        Assert.Empty(JsonNode.Parse(File.ReadAllText(Settings))!.AsObject());
        Assert.Equal(0, ClaudeCodeSettings.Uninstall(Settings));
    }

    [Fact]
    public void Installing_twice_leaves_one_of_each_and_what_others_put_there()
    {
        Write(Theirs);

        Install();
        Install();

        var hooks = JsonNode.Parse(File.ReadAllText(Settings))!["hooks"]!.AsObject();
        Assert.Equal(2, hooks["PreToolUse"]!.AsArray().Count);
        Assert.Equal(["my-cairn hook-like pre"], hooks["PreToolUse"]![0]!["hooks"]!.AsArray().Select(hook => (string?)hook!["command"]));
        ClaudeCodeSettings.Uninstall(Settings);
        var left = JsonNode.Parse(File.ReadAllText(Settings))!.AsObject();
        Assert.Equal("m", (string?)left["model"]);
        Assert.Single(left["hooks"]!["PreToolUse"]!.AsArray());
        Assert.Equal("Bash(ls:*)", (string?)left["permissions"]!["allow"]![0]);
    }

    [Theory]
    [InlineData("// a comment\n{}", "is not JSON")]
    [InlineData("[]", "no JSON object")]
    [InlineData("""{"hooks":[]}""", "hooks is no object")]
    [InlineData("""{"hooks":{"PreToolUse":{}}}""", "hooks.PreToolUse is no array")]
    public void File_that_is_not_understood_is_left_as_it_is(string json, string expected)
    {
        Write(json);

        Assert.Contains(expected, Assert.Throws<HookSettingsException>(Install).Message, StringComparison.Ordinal);
        Assert.Equal(json, File.ReadAllText(Settings));
    }

    [Fact]
    public void Permissions_of_the_file_and_a_link_to_it_stay()
    {
        Write("{}");
        var real = Path.Combine(_folder, "real.json");
        File.Move(Settings, real);
        File.SetUnixFileMode(real, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(Settings, real);

        Install();

        Assert.NotNull(new FileInfo(Settings).LinkTarget);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(real));
        Assert.Contains("hook pre", File.ReadAllText(real), StringComparison.Ordinal);
    }
}
