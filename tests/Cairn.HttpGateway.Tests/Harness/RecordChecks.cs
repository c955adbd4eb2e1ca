using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Evidence.Tests.Records;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.HttpGateway.Tests.Harness;

/// <summary>What must hold of all records that a gateway left, whatever happened.</summary>
internal static class RecordChecks
{
    private static readonly StructuralSchema Schemas = new(Path.Combine(TestPaths.Root, "docs", "spec", "schemas"));

    /// <summary>Schemas hold, every request has its outcome, every trail its beginning, its end, and the number of records that the end says.</summary>
    public static void Hold(IReadOnlyList<Record> records)
    {
        Assert.Empty(records.SelectMany(r => Schemas.Errors($"{r.Kind}.schema.json", JsonElement.Parse(r.Bytes.Span)).Select(error => $"{r.Kind} {r.Id}{error}")));
        var completed = records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => GatewayBench.Body(r)["requested"]!.GetValue<string>()).ToHashSet();
        Assert.Empty(records.Where(r => r.Kind == RecordKinds.ActionRequested && !completed.Contains(r.Id.ToString())).Select(r => System.Text.Encoding.UTF8.GetString(r.Bytes.Span)));
        foreach (var trail in records.GroupBy(r => r.Trace))
        {
            Assert.Equal(RecordKinds.TaskStarted, trail.First().Kind);
            Assert.Equal(RecordKinds.TaskEnded, trail.Last().Kind);
            Assert.Equal(trail.Count(), GatewayBench.Body(trail.Last())["emitters"]![0]!["records"]!.GetValue<int>());
        }
    }
}
