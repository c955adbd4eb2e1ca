using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

public sealed class EnvironmentRuleTests
{
    private readonly TrailStory _story = new();

    [Fact]
    public void Tool_outside_the_manifest_is_found_with_the_manifest()
    {
        var task = _story.Begin();
        var manifest = Manifest(task, "read_file");
        var act = _story.Act(task, "delete_all");
        _story.One("environment.tool_not_in_manifest").RestsOn(act, manifest);
    }

    [Fact]
    public void Tool_outside_the_manifest_is_not_found_where_it_is_listed_in_a_second_part_or_no_manifest_was_captured()
    {
        var task = _story.Begin();
        _story.Act(task, "before_any_listing");
        Manifest(task, "read_file");
        Manifest(task, "write_file");
        _story.Act(task, "write_file");
        _story.Act(_story.Begin(task, by: "second"), "other_server", by: "second");
        _story.None("environment.tool_not_in_manifest");
    }

    [Fact]
    public void Changed_manifest_is_found_with_the_one_before()
    {
        var task = _story.Begin();
        var (before, after) = (Manifest(task, "read_file"), Manifest(task, "read_file", changed: true));
        _story.One("environment.manifest_changed").RestsOn(after, before);
    }

    [Fact]
    public void Changed_manifest_is_not_found_where_another_server_lists_others()
    {
        var task = _story.Begin();
        Manifest(task, "read_file");
        Manifest(_story.Begin(task, by: "second"), "pay", by: "second");
        _story.None("environment.manifest_changed");
    }

    [Fact]
    public void Unmanaged_server_is_found_where_only_the_agent_tells_of_calls()
    {
        var act = _story.Act(by: "agent/a");
        _story.One("environment.unmanaged_server").RestsOn(act);
    }

    [Fact]
    public void Unmanaged_server_is_not_found_where_a_gateway_saw_calls_to_it_too()
    {
        _story.Act(by: "agent/a");
        _story.Act();
        _story.None("environment.unmanaged_server");
    }

    [Theory]
    [InlineData("tool.call", "mcp://dev/tools/bash", true)]
    [InlineData("process.exec", "file:///usr/bin/bash", true)]
    [InlineData("process.exec", "file:///usr/bin/git", false)]
    [InlineData("tool.call", "mcp://bash/tools/read_file", false)]
    [InlineData("data.read", "file:///bin/sh", false)]
    public void Direct_shell_is_found_by_the_program_or_tool(string type, string resource, bool found)
    {
        _story.Act(type: type, resource: resource);
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "environment.direct_shell"));
    }

    [Theory]
    [InlineData("https://evil.example.net/x", true)]
    [InlineData("https://203.0.113.9/x", true)]
    [InlineData("https://api.example.org/x", false)]
    [InlineData("https://example.com/", false)]
    public void Unexpected_egress_is_found_by_the_list(string resource, bool found)
    {
        _story.Act(type: "http.request", resource: resource);
        var options = new CheckOptions { EgressHosts = ["*.example.org", "example.com"] };
        Assert.Equal(found, _story.Findings(options).Any(finding => finding.Rule == "environment.unexpected_egress"));
    }

    [Theory]
    [InlineData("https://203.0.113.9/x", true)]
    [InlineData("https://[2001:db8::1]/x", true)]
    [InlineData("http://127.0.0.1:8080/x", false)]
    [InlineData("https://evil.example.net/x", false)]
    public void Unexpected_egress_without_a_list_is_a_bare_address(string resource, bool found)
    {
        _story.Act(type: "http.request", resource: resource);
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "environment.unexpected_egress"));
    }

    private RecordId Manifest(SpanId task, string tool, bool changed = false, string by = "gateway") => _story.Tell(
        RecordKinds.ContextCaptured, body: new { subject = "mcp.tools", digest = "sha256:aa", tools = new[] { new { name = tool, digest = "sha256:bb" } }, changed }, span: task, by: by);
}
