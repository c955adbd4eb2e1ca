using Cairn.Trails.Replay;
using Cairn.Trails.Tests.Findings;
using CsCheck;

namespace Cairn.Trails.Tests.Replay;

/// <summary>Laws over random trails.</summary>
public sealed class ReplayLaws
{
    [Fact]
    public void Law_every_state_is_the_same_whatever_the_order_of_arrival() => Gen.Select(RandomStory.Steps, Gen.Int[0, int.MaxValue]).Sample(
        (steps, seed) =>
        {
            var records = RandomStory.Tell(steps).Records.ToArray();
            var expected = Told(records);
            new Random(seed).Shuffle(records);
            return Told(records.Select((record, place) => record with { Statement = place })) == expected;
        },
        iter: 60);

    private static string Told(IEnumerable<TrailRecord> records) => string.Join('\n', ReplayState.All(Trail.From(records)).Select(state =>
        $"{state.Step} {state.Happened.Record.Id} rests {string.Join(',', state.RestsOn)} tasks {string.Join(',', state.Tasks.Select(task => task.Span))} "
        + $"open {string.Join(',', state.Actions.Select(action => action.Request))} delegations {string.Join(',', state.Delegations.Select(delegation => delegation.Record))} "
        + $"credentials {string.Join(',', state.Credentials.Select(credential => (credential.Id, credential.Uses.Count)))} waiting {string.Join(',', state.Waiting.Select(approval => approval.Request))}"));
}
