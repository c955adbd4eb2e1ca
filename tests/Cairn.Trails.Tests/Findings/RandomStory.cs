using Cairn.Evidence;
using Cairn.Evidence.Records;
using CsCheck;

namespace Cairn.Trails.Tests.Findings;

/// <summary>Stories that nobody thought of: tasks, delegations, decisions, credentials and acts in any mixture, good and bad.</summary>
internal static class RandomStory
{
    private static readonly string[] Emitters = ["gateway", "second", "agent/b"];
    private static readonly string[] Agents = ["a", "b", "c"];
    private static readonly string?[] Statuses = ["ok", "ok", "tool_error", "refused", "cancelled", "accepted", null];

    /// <summary>What may happen, as numbers: the kind of step and two choices for it.</summary>
    public static Gen<(int Step, int One, int Other)[]> Steps { get; } = Gen.Select(Gen.Int[0, 11], Gen.Int[0, 50], Gen.Int[0, 50]).Array[1, 25];

    public static TrailStory Tell((int Step, int One, int Other)[] steps, DateTimeOffset? begins = null)
    {
        var story = new TrailStory { Begins = begins ?? TrailStory.Start };
        var spans = new List<SpanId> { story.Begin() };
        var (actions, issued) = (new List<RecordId>(), new HashSet<int>());
        foreach (var (step, one, other) in steps)
        {
            var (by, agent, parent) = (Emitters[one % 3], Agents[other % 3], spans[one % spans.Count]);
            switch (step)
            {
                case 0:
                    spans.Add(story.Begin(parent, agent, by));
                    break;
                case 1:
                    spans.Add(story.Delegate(parent, "a", agent, other % 2 == 0 ? ["tool:read_file"] : ["tool:*", "pay"], other % 5 == 0 ? story.Now.AddSeconds(20) : null));
                    break;
                case 2 or 3:
                    actions.Add(story.Act(parent, other % 3 == 0 ? "bash" : "read_file", other % 2 == 0 ? new { credential = $"c{other % 2}" } : null, Statuses[other % 7], agent, by));
                    break;
                case 4:
                    var id = story.NewId();
                    var decision = story.Decide(id, other % 3 == 0 ? "deny" : other % 3 == 1 ? "allow" : "needs_approval", by);
                    actions.Add(story.Act(parent, more: new { decision = decision.ToString() }, status: Statuses[one % 7], agent: agent, by: by, id: id));
                    break;
                case 5:
                    // An id is issued once; a second issue is a finding of its own.
                    if (issued.Add(one % 2))
                    {
                        story.Issue($"c{one % 2}", agent, seconds: other + 1);
                    }

                    break;
                case 6:
                    story.Tell(RecordKinds.CredentialRevoked, body: new { id = $"c{one % 2}", reason = "over" }, by: by);
                    break;
                case 7:
                    story.Wait(other - 10);
                    break;
                case 8:
                    story.Finish(parent, agent, by);
                    break;
                case 9:
                    story.Tell(RecordKinds.EffectObserved, body: new { system = "s", event_id = "e", operation = "put", resource = "r", status = other % 2 == 0 ? "ok" : "denied", action = (actions.Count == 0 ? story.NewId() : actions[one % actions.Count]).ToString() }, by: "importer/s");
                    break;
                case 10:
                    story.Lose(by);
                    break;
                default:
                    story.Tell(RecordKinds.ContextCaptured, body: new { subject = "mcp.tools", digest = "sha256:aa", changed = other % 2 == 0, tools = new[] { new { name = "read_file", digest = "sha256:b" } } }, span: parent, by: by, agent: agent);
                    break;
            }
        }

        return story;
    }
}
